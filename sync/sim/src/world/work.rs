//! The work on the edges' logs, by any replica. Mirrors `sync/hub/src/work.rs`.

mod waiting_accepts;

use planted::is_planted;
use rules::OpIdentity;
use wire::{BatchOp, Code, CommandId, OpsBatch, Outcome, OutcomeKind};

use super::{World, WorldEvent, messages::OwnerMessage, words};
use crate::{
    bug::Bug,
    cast,
    cloud::{
        DecisionRequest, Drain, LogOutcome, OwnerReply, Requester, at, order_db,
        plan::{self, LogPlan},
        sync_db::{CLAIM_MS, LogClaim, OpStage},
    },
};

/// The owner's deadline to answer.
const OWNER_WITHIN_MS: u64 = 4_000;
/// Held ops and waiting accepts are resubmitted after this.
const AGAIN_AFTER_MS: u64 = 2_000;
const PAUSE_FIRST_MS: u64 = 200;
const PAUSE_MAX_MS: u64 = 5_000;
/// An op that fails alone this often waits for an operator.
const FAILURES_OF_POISON_OP: u32 = 3;

/// The result of a pass over a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PassResult {
    Decided,
    /// The submitted ops wait for their owner.
    OwnerAway,
    /// The owner is away: ops without an owner are answered.
    WithoutOwner,
    /// The batch fails, so a smaller one follows.
    BatchHalved,
    /// The failing op was alone.
    OpFailed,
}

impl World {
    /// Starts on every log that has work and is not already being worked by this replica.
    pub(crate) fn start_edge_workers(&mut self, r: usize) {
        if !self.replicas[r].is_running {
            return;
        }
        let run = self.replicas[r].run;
        for e in 0..cast::MACHINE_COUNT {
            if self.sync_db.edges[e].undecided == 0 {
                continue;
            }
            if let Some(drain) = self.replicas[r].drains.get_mut(&e) {
                drain.asked_for = true;
                continue;
            }
            let run_max = self.plan.tuning.run_max;
            let sweep = self.begin_sweep(r, e).then_some(0);
            self.replicas[r].drains.insert(
                e,
                Drain {
                    run_max,
                    sweep,
                    ..Drain::default()
                },
            );
            let begins = self.soon(0, 5);
            self.later(
                begins,
                WorldEvent::Passes {
                    replica: r,
                    run,
                    edge: e,
                },
            );
        }
    }

    pub(crate) fn run_worker_pass(&mut self, r: usize, run: u32, e: usize) {
        if self.replicas[r].run != run || !self.replicas[r].is_running {
            return;
        }
        let now = at(self.now, self.replicas[r].clock_error_ms);
        let worker = self.replicas[r].id;
        let Some(claim) = self.sync_db.claim(e, worker, now) else {
            self.end_worker(r, e);
            return;
        };
        let outcome_count = self.sync_db.edges[e].outcome_count;
        self.passes += 1;
        let pass = self.passes;
        let Some(drain) = self.replicas[r].drains.get_mut(&e) else {
            return;
        };
        drain.pass = pass;
        drain.claim = claim;
        drain.outcome_count = outcome_count;
        let run_max = drain.run_max;
        let sweep = drain.sweep;
        if drain.away {
            self.answer_without_owner(r, e, now);
            return;
        }
        let mut due = self.sync_db.due(e, run_max);
        drain.sweeping = false;
        // Ops that have arrived meanwhile go first.
        if let (true, Some(beyond)) = (due.is_empty(), sweep) {
            due = self.sync_db.held_again(e, beyond, run_max);
            drain.sweeping = !due.is_empty();
            self.counts.swept += due.len() as u64;
            if due.is_empty() {
                drain.sweep = None;
            }
        }
        if due.is_empty() {
            self.sync_db.give_up(e, claim);
            self.end_worker(r, e);
            return;
        }
        let LogPlan {
            answered,
            batch_ops: handed,
        } = plan::plan(&self.sync_db, e, due, now);
        let Some(drain) = self.replicas[r].drains.get_mut(&e) else {
            return;
        };
        drain.decided = answered;
        if handed.is_empty() {
            self.store_results(r, e, PassResult::Decided);
            return;
        }
        self.submit_to_owner(r, e, pass, handed);
    }

    /// Hands the ops to their owner, whose silence counts as an answer after a while.
    fn submit_to_owner(&mut self, r: usize, e: usize, pass: u64, ops: Vec<BatchOp>) {
        let run = self.replicas[r].run;
        let batch = OpsBatch {
            edge: cast::edge(e),
            region: cast::region(e),
            epoch: self.sync_db.edges[e].epoch,
            ops: ops.clone(),
        };
        let silence = OwnerMessage {
            replica: r,
            run,
            edge: e,
            pass,
            said: OwnerReply::Nothing,
            batch_ops: ops.clone(),
        };
        self.later(OWNER_WITHIN_MS, WorldEvent::OwnerAnswers(Box::new(silence)));
        let request = DecisionRequest {
            by: Requester::Hub {
                replica: r,
                run,
                edge: e,
                pass,
                batch_ops: ops,
            },
            submissions: order_db::requests(batch),
            locks: true,
            asked_at: self.now,
        };
        let takes = self.soon(1, 8);
        self.later(takes, WorldEvent::Asks(Box::new(request)));
    }

    /// Ops without an owner continue while it is away. The rest is parked and retried after a
    /// pause.
    fn answer_without_owner(&mut self, r: usize, e: usize, now: wire::UnixMillis) {
        let due = self.sync_db.not_parked(e, self.plan.tuning.run_max);
        if due.is_empty() {
            let sweeps = self.begin_sweep(r, e);
            let run = self.replicas[r].run;
            let Some(drain) = self.replicas[r].drains.get_mut(&e) else {
                return;
            };
            drain.away = false;
            drain.failures += 1;
            drain.sweep = drain.sweep.or(sweeps.then_some(0));
            let pause = (PAUSE_FIRST_MS << drain.failures.min(8)).min(PAUSE_MAX_MS);
            let claim = drain.claim;
            self.sync_db.give_up(e, claim);
            self.later(
                pause,
                WorldEvent::Passes {
                    replica: r,
                    run,
                    edge: e,
                },
            );
            return;
        }
        let LogPlan {
            answered,
            batch_ops: handed,
        } = plan::plan(&self.sync_db, e, due, now);
        self.sync_db.park(e, handed.iter().map(|op| op.seq));
        self.counts.parked += handed.len() as u64;
        let Some(drain) = self.replicas[r].drains.get_mut(&e) else {
            return;
        };
        drain.decided = answered;
        self.store_results(r, e, PassResult::WithoutOwner);
    }

    pub(crate) fn receive_owner_answer(&mut self, answer: OwnerMessage) {
        let r = answer.replica;
        let e = answer.edge;
        if self.replicas[r].run != answer.run || !self.replicas[r].is_running {
            return;
        }
        let Some(drain) = self.replicas[r].drains.get_mut(&e) else {
            return;
        };
        if drain.pass != answer.pass {
            return;
        }
        // Any other answer to this pass comes too late.
        drain.pass = 0;
        let answered = matches!(answer.said, OwnerReply::Answers(_));
        drain
            .decided
            .extend(plan::join(&answer.batch_ops, answer.answers()));
        drain.decided.sort_by_key(|decided| decided.seq);
        drain.held = plan::held(&answer.batch_ops, answer.answers());
        let fails = match answer.said {
            // If the owner no longer accepts even an empty batch, it is away.
            OwnerReply::Fails => self.orders.is_running,
            OwnerReply::Nothing => is_planted(Bug::AwayIsPoison),
            OwnerReply::Answers(_) => false,
        };
        let result = match (answered, fails) {
            (true, _) => PassResult::Decided,
            (false, true) => self.handle_failed_batch(r, e, &answer),
            (false, false) => {
                self.park_ops(r, e, &answer);
                PassResult::OwnerAway
            }
        };
        self.store_results(r, e, result);
    }

    /// Halves the batch down to a single op; counts that op's failure, and finally holds it for an
    /// operator, so that the log behind it continues.
    fn handle_failed_batch(&mut self, r: usize, e: usize, answer: &OwnerMessage) -> PassResult {
        let whole = is_planted(Bug::NotBisected);
        let Some(drain) = self.replicas[r].drains.get_mut(&e) else {
            return PassResult::OwnerAway;
        };
        let claim = drain.claim;
        drain.run_max = (answer.batch_ops.len() / 2).max(1);
        if answer.batch_ops.len() > 1 && !whole {
            self.counts.bisected += 1;
            return PassResult::BatchHalved;
        }
        for op in &answer.batch_ops {
            let row = self.sync_db.edges[e].ops.get(&op.seq);
            let stops = whole || row.is_some_and(|row| row.failures + 1 >= FAILURES_OF_POISON_OP);
            if self.sync_db.fail(e, claim, op.seq, stops) && stops {
                self.op_stops(e, op.seq);
            }
        }
        PassResult::OpFailed
    }

    fn park_ops(&mut self, r: usize, e: usize, answer: &OwnerMessage) {
        let now = at(self.now, self.replicas[r].clock_error_ms);
        let seqs: Vec<u64> = answer.batch_ops.iter().map(|op| op.seq).collect();
        self.sync_db.park(e, seqs.iter().copied());
        self.counts.parked += seqs.len() as u64;
        if is_planted(Bug::AwayIsRefused) {
            let Some(drain) = self.replicas[r].drains.get_mut(&e) else {
                return;
            };
            drain.decided.extend(seqs.iter().map(|seq| LogOutcome {
                seq: *seq,
                command_id: None,
                outcome: Outcome::new_rejected(Code::Unavailable, None, now),
            }));
        }
        if is_planted(Bug::ParkedIsDone) {
            let edge = &mut self.sync_db.edges[e];
            for seq in seqs {
                if let Some(op) = edge.ops.get_mut(&seq).filter(|op| !op.is_decided()) {
                    op.state = OpStage::Decided;
                    edge.undecided -= 1;
                }
            }
        }
    }

    fn store_results(&mut self, r: usize, e: usize, result: PassResult) {
        let answered = result == PassResult::Decided;
        let run = self.replicas[r].run;
        let until = at(self.now, self.replicas[r].clock_error_ms).plus_ms(CLAIM_MS);
        let Some(drain) = self.replicas[r].drains.get_mut(&e) else {
            return;
        };
        let claim = drain.claim;
        let counted = drain.outcome_count;
        let decided = std::mem::take(&mut drain.decided);
        let held = std::mem::take(&mut drain.held);
        if drain.sweeping {
            let reached = decided
                .iter()
                .map(|d| d.seq)
                .chain(held.iter().copied())
                .max();
            drain.sweep = drain.sweep.max(reached);
        }
        let commands: Vec<CommandId> = decided.iter().filter_map(|d| d.command_id).collect();
        let pauses = result == PassResult::OpFailed;
        match result {
            PassResult::OpFailed => drain.failures += 1,
            PassResult::OwnerAway => drain.away = true,
            PassResult::WithoutOwner => {}
            PassResult::Decided | PassResult::BatchHalved => drain.failures = 0,
        }
        if answered {
            drain.run_max = (drain.run_max * 2).min(self.plan.tuning.run_max);
        }
        let failures = drain.failures;
        let moved = !decided.is_empty() || !held.is_empty();
        let is_held = !held.is_empty();
        if !self.commit_results(e, claim, decided, &held, counted, until) {
            self.end_worker(r, e);
            return;
        }
        if moved {
            self.nudge(r, e);
        }
        self.notify_others(r, e, is_held, &commands);
        if answered && !moved {
            self.sync_db.give_up(e, claim);
            self.end_worker(r, e);
            return;
        }
        let pause = match pauses {
            false => self.soon(0, 3),
            true => (PAUSE_FIRST_MS << failures.min(8)).min(PAUSE_MAX_MS),
        };
        self.later(
            pause,
            WorldEvent::Passes {
                replica: r,
                run,
                edge: e,
            },
        );
    }

    fn commit_results(
        &mut self,
        e: usize,
        claim: LogClaim,
        decided: Vec<LogOutcome>,
        held: &[u64],
        counted: u64,
        until: wire::UnixMillis,
    ) -> bool {
        let told: Vec<LogOutcome> = decided.clone();
        if !self.sync_db.commit(e, claim, decided, held, counted, until) {
            self.counts.passes_void += 1;
            return false;
        }
        self.counts.held += held.len() as u64;
        for seq in held {
            let name = self.edges[e].edge_id.clone();
            self.note(18, *seq, |_| format!("op {seq} of {name} is held"));
        }
        // An answer that depends only on the id overtakes nothing.
        let by_its_id = |decided: &LogOutcome| {
            let outcome = &decided.outcome;
            let codes = [Some(Code::CommandIdReused), Some(Code::EdgeNotTrusted)];
            outcome.kind == OutcomeKind::Duplicate
                || codes.contains(&outcome.code)
                || outcome.code == Some(Code::InvalidToken)
                    && self.was_decided_for_another_op(e, decided)
        };
        let new = told.iter().filter(|decided| !by_its_id(decided));
        let seqs: Vec<u64> = new.map(|decided| decided.seq).collect();
        self.oracle.keeps_order(self.now, e, &self.sync_db, &seqs);
        for decided in told {
            if decided.command_id.is_some() {
                self.counts.outcome(&decided.outcome);
                let seq = decided.seq;
                let says = words::outcome(&decided.outcome);
                let name = self.edges[e].edge_id.clone();
                self.note(17, seq, |_| {
                    format!("op {seq} of {name} is decided: {says}")
                });
            }
            self.oracle
                .hub_decided(self.now, e, &self.sync_db, &self.order_db, &decided);
        }
        true
    }

    /// The command was decided for another op.
    fn was_decided_for_another_op(&self, e: usize, decided: &LogOutcome) -> bool {
        let edge = &self.sync_db.edges[e];
        let seq = decided.seq;
        let (Some(id), Some(op)) = (decided.command_id, edge.ops.get(&seq)) else {
            return false;
        };
        let name = OpIdentity {
            edge: cast::edge(e),
            epoch: edge.epoch,
            seq,
            hash: op.hash,
        };
        !self
            .order_db
            .answers(id)
            .any(|answer| answer.op.as_ref() == Some(&name))
    }

    /// Returns true if the edge's held ops are due for resubmission.
    fn begin_sweep(&mut self, r: usize, e: usize) -> bool {
        let now = self.now;
        let turns = self.replicas[r].turns;
        let last = self.replicas[r].sweeps.get(&e);
        let due = last.is_none_or(|(at, of)| *of != turns || now - at >= AGAIN_AFTER_MS);
        if due {
            self.replicas[r].sweeps.insert(e, (now, turns));
        }
        due && !is_planted(Bug::HeldForgotten)
    }

    /// Forwards ops held here to the region's holder, and wakes those that wait for the decided
    /// ones.
    fn notify_others(&mut self, r: usize, e: usize, is_held: bool, decided: &[CommandId]) {
        if let (true, Some(holder)) = (is_held, self.sync_db.holder(cast::region(e))) {
            self.nudge(r, holder);
        }
        let asking = &mut self.replicas[r].asking;
        let settled = decided.iter().filter(|id| asking.remove(id)).count();
        if settled > 0 {
            self.retry_held_ops(r);
        }
    }

    fn end_worker(&mut self, r: usize, e: usize) {
        let drain = self.replicas[r].drains.remove(&e);
        if drain.is_some_and(|drain| drain.asked_for) {
            self.start_edge_workers(r);
        }
    }
}
