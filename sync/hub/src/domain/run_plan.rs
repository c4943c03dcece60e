//! The plan for one run of an edge's log, on its way to the owner and back: ops that the hub
//! answers, ops handed to the owner, ops that wait, and the owner's answers.
//!
//! Invariant: a log is worked in order. A waiting op holds back later ops on the same order and the
//! release of a lease; all other ops proceed.

use std::collections::{HashMap, HashSet};

use wire::{
    Action, Actor, BatchBody, BatchOp, Code, CommandId, HeldReason, OpAnswer, OpDecision, OrderId,
    Outcome, OutcomeKind, ProviderVerification, Source, UnixMillis, UserId,
};

use super::op::{ReceivedOp, UndecidedOp};

/// A poison op: one that fails alone this often while its owner is up. It waits for an operator.
pub(crate) const FAILURES_OF_POISON_OP: u32 = 3;

/// The result of checking the token that a command refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenVerdict {
    /// The token's user; `None` if the token is not ours or had expired when the edge took the
    /// command.
    Known(Option<TokenUser>),
    /// The keys are unreachable, so the token cannot be checked yet.
    KeysMissing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenUser {
    pub actor: Actor,
    /// The feed version that revoked this user or session.
    pub revoked_version: Option<u64>,
    /// When the edge took the command, as far as the hub trusts that time.
    pub taken_at: UnixMillis,
    /// The command was logged before in a place that an operator now distrusts.
    pub distrusted: bool,
    /// The provider verification that the token claims.
    pub verification: ProviderVerification,
}

/// The service that decides an op. Each handed-over batch goes to one owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecidingService {
    Order,
    Review,
}

impl DecidingService {
    pub(crate) fn from_batch_body(body: &BatchBody) -> Self {
        match body {
            BatchBody::Command { command, .. }
                if command.body.order_action() == Some(Action::Review) =>
            {
                Self::Review
            }
            BatchBody::Command { .. } | BatchBody::LeaseReleased { .. } => Self::Order,
        }
    }
}

/// The ops of a run, grouped by their next step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RunPlan {
    /// Answered by the hub.
    pub answered: Vec<DecidedOp>,
    /// For one owner, in log order.
    pub batch_ops: Vec<BatchOp>,
    /// Wait for keys or for their owner.
    pub parked: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DecidedOp {
    pub seq: u64,
    pub command_id: Option<CommandId>,
    /// The command's user, as the edge logged it.
    pub user_id: Option<UserId>,
    /// The place where the command was made, if it was put to the edge.
    pub made_at: Option<Source>,
    pub outcome: Outcome,
}

impl DecidedOp {
    /// Returns true for an acceptance that lost; a repeat of one does not count.
    pub(crate) fn has_lost(&self) -> bool {
        self.outcome.kind == OutcomeKind::Rejected && self.outcome.lost.is_some()
    }

    /// Sets each command's user from the edge's log: the owner knows only the token's user.
    pub(crate) fn set_users(decided: &mut [Self], run: &[UndecidedOp]) {
        let users: HashMap<u64, UserId> = run
            .iter()
            .filter_map(|due| match &due.read {
                ReceivedOp::Command(op) => Some((due.seq, op.actor.user_id)),
                _ => None,
            })
            .collect();
        for decided in decided {
            decided.user_id = users.get(&decided.seq).copied();
        }
    }
}

/// The results of one pass over a run, stored in one transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PassResults {
    pub decided: Vec<DecidedOp>,
    pub held: Vec<(u64, HeldReason)>,
    /// The held accepts that the region's holder should log. Excludes an accept behind another op
    /// of its edge on the same order, because it would lose to the op that it follows.
    pub for_holder: Vec<u64>,
    pub parked: Vec<u64>,
    /// An op that failed alone. The failure is counted and the op retried.
    pub failed: Option<u64>,
}

impl PassResults {
    pub(crate) fn has_decided(&self) -> bool {
        !self.decided.is_empty()
    }

    /// The last op with a result in this pass.
    pub(crate) fn last_resolved_seq(&self) -> Option<u64> {
        let decided = self.decided.iter().map(|decided| decided.seq);
        let held = self.held.iter().map(|(seq, _)| *seq);
        decided.chain(held).chain(self.parked.iter().copied()).max()
    }
}

/// Groups the ops of a run. The handed part ends before it exceeds `bytes_max` and before the first
/// op of another owner, but contains at least one op; later ops stay for the next run. So an op is
/// handed over only after all earlier ops on its order are decided. Ops for an owner that is away
/// wait.
pub(crate) fn plan_run(
    run: &[UndecidedOp],
    now: UnixMillis,
    bytes_max: usize,
    away: Option<DecidingService>,
    mut judge: impl FnMut(&UndecidedOp, &wire::CommandOp) -> TokenVerdict,
) -> RunPlan {
    let mut plan = RunPlan::default();
    let mut bytes = 0;
    let mut barriers = Barriers::default();
    for due in run {
        if barriers.stop(due.seq, &due.read) {
            plan.parked.push(due.seq);
            continue;
        }
        let body = match &due.read {
            ReceivedOp::Boot | ReceivedOp::Token { .. } => {
                plan.answered
                    .push(new_decided_op(due.seq, applied_outcome(now)));
                continue;
            }
            ReceivedOp::Unknown => {
                plan.answered.push(new_decided_op(
                    due.seq,
                    Outcome::new_rejected(Code::UnknownOp, None, now),
                ));
                continue;
            }
            ReceivedOp::LeaseReleased { fence } => BatchBody::LeaseReleased { fence: *fence },
            ReceivedOp::Command(op) => match judge(due, op) {
                TokenVerdict::Known(person) => build_command_body(due, op, person),
                TokenVerdict::KeysMissing => {
                    barriers.add_blocking_op(due.seq, &due.read);
                    plan.parked.push(due.seq);
                    continue;
                }
            },
        };
        let owner = DecidingService::from_batch_body(&body);
        if away == Some(owner) {
            barriers.add_blocking_op(due.seq, &due.read);
            plan.parked.push(due.seq);
            continue;
        }
        let op = BatchOp {
            seq: due.seq,
            hash: due.hash,
            body,
        };
        bytes += size_of(&op);
        let is_of_another = plan
            .batch_ops
            .first()
            .is_some_and(|op| DecidingService::from_batch_body(&op.body) != owner);
        if is_of_another || (bytes > bytes_max && !plan.batch_ops.is_empty()) {
            break;
        }
        plan.batch_ops.push(op);
    }
    plan
}

/// Matches the owner's answers with the handed ops. Returns `None`, and discards all answers,
/// unless there is exactly one per op, in order. A handed op never follows a waiting op outside
/// `batch_ops`.
pub(crate) fn match_answers(batch_ops: &[BatchOp], answers: Vec<OpAnswer>) -> Option<PassResults> {
    let fits = batch_ops.len() == answers.len()
        && batch_ops
            .iter()
            .zip(&answers)
            .all(|(op, answer)| op.seq == answer.seq);
    if !fits {
        return None;
    }
    let mut progress = PassResults::default();
    let mut waiting = HashSet::new();
    for (op, answer) in batch_ops.iter().zip(answers) {
        match answer.decision {
            OpDecision::Held(reason) => {
                progress.held.push((op.seq, reason));
                if let BatchBody::Command { command, .. } = &op.body {
                    let first = waiting.insert(command.body.order_id());
                    let accepts = command.body.order_action() == Some(Action::Accept);
                    if first && accepts && reason == HeldReason::Region {
                        progress.for_holder.push(op.seq);
                    }
                }
            }
            OpDecision::Decided(outcome) => {
                let (command_id, made_at) = match &op.body {
                    BatchBody::Command {
                        command, evidence, ..
                    } => (Some(command.id), evidence.made_at.clone()),
                    BatchBody::LeaseReleased { .. } => (None, None),
                };
                let seq = op.seq;
                let user_id = None;
                progress.decided.push(DecidedOp {
                    seq,
                    command_id,
                    user_id,
                    made_at,
                    outcome,
                });
            }
        }
    }
    Some(progress)
}

fn build_command_body(
    due: &UndecidedOp,
    op: &wire::CommandOp,
    person: Option<TokenUser>,
) -> BatchBody {
    let distrusted = due.distrusted || person.is_some_and(|person| person.distrusted);
    let mut evidence = due.arrival.build_evidence(
        op,
        person.map(|person| person.taken_at),
        person.and_then(|person| person.revoked_version),
        distrusted,
    );
    evidence.mark = person
        .map(|person| person.verification)
        .filter(|mark| mark.version > 0);
    let actor = person.map(|person| person.actor);
    BatchBody::Command {
        command: op.command.clone(),
        actor,
        evidence,
    }
}

fn new_decided_op(seq: u64, outcome: Outcome) -> DecidedOp {
    DecidedOp {
        seq,
        command_id: None,
        user_id: None,
        made_at: None,
        outcome,
    }
}

fn applied_outcome(now: UnixMillis) -> Outcome {
    let kind = OutcomeKind::Applied;
    Outcome::new_plain(kind, now)
}

/// The op's size in the request, with its comma. An op that fails to serialise also fails the
/// request.
fn size_of(op: &BatchOp) -> usize {
    serde_json::to_vec(op).map_or(0, |bytes| bytes.len() + 1)
}

/// The ops that hold others back: later ops on the same order, and the release of a lease, which
/// must be the last op under its fence.
#[derive(Debug, Default)]
pub(crate) struct Barriers {
    /// The seq from which an order's ops wait.
    orders: HashMap<OrderId, u64>,
    anything: Option<u64>,
}

impl Barriers {
    /// `op` waits, together with every op that must not overtake it.
    pub(crate) fn add_blocking_op(&mut self, seq: u64, op: &ReceivedOp) {
        self.anything = Some(self.anything.map_or(seq, |first| first.min(seq)));
        self.add_held_op(seq, op);
    }

    /// `op` waits for its region, together with later ops on the same order. A lease release still
    /// passes: it may be the event that ends the wait.
    pub(crate) fn add_held_op(&mut self, seq: u64, op: &ReceivedOp) {
        if let Some(order) = op.order_id() {
            let from = self.orders.entry(order).or_insert(seq);
            *from = seq.min(*from);
        }
    }

    pub(crate) fn stop(&self, seq: u64, op: &ReceivedOp) -> bool {
        let from = match op {
            ReceivedOp::Command(_) => op
                .order_id()
                .and_then(|order| self.orders.get(&order).copied()),
            ReceivedOp::LeaseReleased { .. } => self.anything,
            ReceivedOp::Boot | ReceivedOp::Token { .. } | ReceivedOp::Unknown => None,
        };
        from.is_some_and(|from| from <= seq)
    }
}

/// A walk over the undecided ops of a log: its position, and the ops left waiting. It ends after
/// the last op, even if many were parked on the way.
#[derive(Debug, Default)]
pub(crate) struct LogWalk {
    pub after: u64,
    /// One entry per waiting order; bounded by the edge's undecided ops.
    pub barriers: Barriers,
}

impl LogWalk {
    /// Advances past every op with a result; this walk skips parked ops from now on.
    pub(crate) fn advance(&mut self, run: &[UndecidedOp], results: &PassResults) {
        self.skip_parked_ops(run, results);
        let held: HashMap<u64, HeldReason> = results.held.iter().copied().collect();
        for due in run {
            match held.get(&due.seq) {
                Some(HeldReason::Region) => self.barriers.add_held_op(due.seq, &due.read),
                Some(HeldReason::NeedsOperator) => {
                    self.barriers.add_blocking_op(due.seq, &due.read)
                }
                None => {}
            }
        }
        self.after = self.after.max(results.last_resolved_seq().unwrap_or(0));
    }

    /// Skips parked ops from now on, and reads the handed ops again in smaller parts.
    pub(crate) fn skip_parked_ops(&mut self, run: &[UndecidedOp], results: &PassResults) {
        let parked: HashSet<u64> = results.parked.iter().copied().collect();
        for due in run.iter().filter(|due| parked.contains(&due.seq)) {
            self.barriers.add_blocking_op(due.seq, &due.read);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
