//! The work on the edges' logs, by any replica. Mirrors `sync/hub/src/work.rs`.

use planted::is_planted;
use rules::OpIdentity;
use wire::{Code, CommandId, OpsBatch, Outcome, OutcomeKind};

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
const FAILURES_MAX: u32 = 3;

/// The result of a pass over a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Passed {
    Whole,
    /// The submitted ops wait for their owner.
    Parked,
    /// The owner is away: ops without an owner are answered.
    Beside,
    /// The batch fails, so a smaller one follows.
    Smaller,
    /// The failing op was alone.
    Alone,
}

impl World {
    /// Starts on every log that has work and is not already being worked by this replica.
    pub fn wake(&mut self, r: usize) {
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
            let sweep = self.sweep_begins(r, e).then_some(0);
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

    pub fn drain_passes(&mut self, r: usize, run: u32, e: usize) {
        if self.replicas[r].run != run || !self.replicas[r].is_running {
            return;
        }
        let now = at(self.now, self.replicas[r].clock_error_ms);
        let worker = self.replicas[r].id;
        let Some(claim) = self.sync_db.claim(e, worker, now) else {
            self.drain_ends(r, e);
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
            self.passes_by(r, e, now);
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
            self.sync_db.release(e, claim);
            self.drain_ends(r, e);
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
            self.drain_stores(r, e, Passed::Whole);
            return;
        }
        let batch = OpsBatch {
            edge: cast::edge(e),
            region: cast::region(e),
            epoch: self.sync_db.edges[e].epoch,
            ops: handed.clone(),
        };
        let nothing = OwnerMessage {
            replica: r,
            run,
            edge: e,
            pass,
            said: OwnerReply::Nothing,
            batch_ops: handed.clone(),
        };
        self.later(OWNER_WITHIN_MS, WorldEvent::OwnerAnswers(Box::new(nothing)));
        let asked = DecisionRequest {
            by: Requester::Hub {
                replica: r,
                run,
                edge: e,
                pass,
                batch_ops: handed,
            },
            submissions: order_db::requests(batch),
            locks: true,
            asked_at: self.now,
        };
        let takes = self.soon(1, 8);
        self.later(takes, WorldEvent::Asks(Box::new(asked)));
    }

    /// Ops without an owner continue while it is away. The rest is parked and retried after a
    /// pause.
    fn passes_by(&mut self, r: usize, e: usize, now: wire::UnixMillis) {
        let due = self.sync_db.not_parked(e, self.plan.tuning.run_max);
        if due.is_empty() {
            let sweeps = self.sweep_begins(r, e);
            let run = self.replicas[r].run;
            let Some(drain) = self.replicas[r].drains.get_mut(&e) else {
                return;
            };
            (drain.away, drain.failures) = (false, drain.failures + 1);
            drain.sweep = drain.sweep.or(sweeps.then_some(0));
            let pause = (PAUSE_FIRST_MS << drain.failures.min(8)).min(PAUSE_MAX_MS);
            let claim = drain.claim;
            self.sync_db.release(e, claim);
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
        self.drain_stores(r, e, Passed::Beside);
    }

    pub fn owner_answers(&mut self, answer: OwnerMessage) {
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
        let passed = match (answered, fails) {
            (true, _) => Passed::Whole,
            (false, true) => self.batch_fails(r, e, &answer),
            (false, false) => {
                self.owner_is_out_of_reach(r, e, &answer);
                Passed::Parked
            }
        };
        self.drain_stores(r, e, passed);
    }

    /// Halves the batch down to a single op; counts that op's failure, and finally holds it for an
    /// operator, so that the log behind it continues.
    fn batch_fails(&mut self, r: usize, e: usize, answer: &OwnerMessage) -> Passed {
        let whole = is_planted(Bug::NotBisected);
        let Some(drain) = self.replicas[r].drains.get_mut(&e) else {
            return Passed::Parked;
        };
        let claim = drain.claim;
        drain.run_max = (answer.batch_ops.len() / 2).max(1);
        if answer.batch_ops.len() > 1 && !whole {
            self.counts.bisected += 1;
            return Passed::Smaller;
        }
        for op in &answer.batch_ops {
            let row = self.sync_db.edges[e].ops.get(&op.seq);
            let stops = whole || row.is_some_and(|row| row.failures + 1 >= FAILURES_MAX);
            if self.sync_db.fail(e, claim, op.seq, stops) && stops {
                self.op_stops(e, op.seq);
            }
        }
        Passed::Alone
    }

    fn owner_is_out_of_reach(&mut self, r: usize, e: usize, answer: &OwnerMessage) {
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

    fn drain_stores(&mut self, r: usize, e: usize, passed: Passed) {
        let answered = passed == Passed::Whole;
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
        let pauses = passed == Passed::Alone;
        match passed {
            Passed::Alone => drain.failures += 1,
            Passed::Parked => drain.away = true,
            Passed::Beside => {}
            Passed::Whole | Passed::Smaller => drain.failures = 0,
        }
        if answered {
            drain.run_max = (drain.run_max * 2).min(self.plan.tuning.run_max);
        }
        let failures = drain.failures;
        let moved = !decided.is_empty() || !held.is_empty();
        let is_held = !held.is_empty();
        if !self.drain_commits(e, claim, decided, &held, counted, until) {
            self.drain_ends(r, e);
            return;
        }
        if moved {
            self.nudge(r, e);
        }
        self.tell_others(r, e, is_held, &commands);
        if answered && !moved {
            self.sync_db.release(e, claim);
            self.drain_ends(r, e);
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

    fn drain_commits(
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
                || outcome.code == Some(Code::InvalidToken) && self.is_repeat(e, decided)
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
    fn is_repeat(&self, e: usize, decided: &LogOutcome) -> bool {
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
    fn sweep_begins(&mut self, r: usize, e: usize) -> bool {
        let now = self.now;
        let turns = self.replicas[r].turns;
        let last = self.replicas[r].sweeps.get(&e);
        let due = last.is_none_or(|(at, of)| *of != turns || now - at >= AGAIN_AFTER_MS);
        if due {
            self.replicas[r].sweeps.insert(e, (now, turns));
        }
        due && !is_planted(Bug::HeldForgotten)
    }

    /// Held ops may be free now.
    pub fn hand_in_again(&mut self, r: usize) {
        self.replicas[r].turns += 1;
        self.wake(r);
        let run = self.replicas[r].run;
        self.later(
            0,
            WorldEvent::HandsIn {
                replica: r,
                run,
                again: false,
            },
        );
    }

    /// Forwards ops held here to the region's holder, and wakes those that wait for the decided
    /// ones.
    fn tell_others(&mut self, r: usize, e: usize, is_held: bool, decided: &[CommandId]) {
        if let (true, Some(holder)) = (is_held, self.sync_db.holder(cast::region(e))) {
            self.nudge(r, holder);
        }
        let asking = &mut self.replicas[r].asking;
        let settled = decided.iter().filter(|id| asking.remove(id)).count();
        if settled > 0 {
            self.hand_in_again(r);
        }
    }

    pub fn hands_in(&mut self, r: usize, run: u32, again: bool) {
        if self.replicas[r].run != run || !self.replicas[r].is_running {
            return;
        }
        let db = &self.sync_db;
        let waiting = db.asks.values().map(|ask| {
            let revoked = db
                .revoked_version(ask.accept.region, ask.accept.actor.user_id)
                .is_some();
            (ask.accept.clone(), revoked)
        });
        for (accept, revoked) in waiting.collect::<Vec<_>>() {
            let id = accept.command.id;
            let actor = Some(accept.actor);
            let origin = rules::Origin::Waited { revoked };
            let attempt = rules::Attempt {
                command: accept.command,
                actor,
                verification: None,
                origin,
            };
            let requests = vec![rules::Submission::Command(Box::new(attempt))];
            let by = Requester::Waiting { replica: r, id };
            let takes = self.soon(1, 8);
            let asked = DecisionRequest {
                by,
                submissions: requests,
                locks: false,
                asked_at: self.now,
            };
            self.later(takes, WorldEvent::Asks(Box::new(asked)));
        }
        if again {
            self.later(
                AGAIN_AFTER_MS,
                WorldEvent::HandsIn {
                    replica: r,
                    run,
                    again: true,
                },
            );
        }
    }

    fn drain_ends(&mut self, r: usize, e: usize) {
        let drain = self.replicas[r].drains.remove(&e);
        if drain.is_some_and(|drain| drain.asked_for) {
            self.wake(r);
        }
    }
}
