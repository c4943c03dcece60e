//! A run of one edge's log on its way to the owner and back: the ops that the hub answers itself,
//! the ops that it hands over, the ops that wait, and the answers to them.
//!
//! Invariant: a log is worked in order. An op that waits holds back later ops on the same order and
//! the release of a lease; all others go on.

use std::collections::{HashMap, HashSet};

use engine::arrival::OpArrival;
use wire::{
    Action, Actor, BatchBody, BatchOp, Code, CommandId, Hash, HeldReason, OpAnswer, OpDecision,
    OrderId, Outcome, OutcomeKind, ProviderMark, Source, UnixMillis, UserId,
};

use super::op::ReceivedOp;

/// An op that fails alone this often, while its owner is there, waits for an operator.
pub const FAILURES_MAX: u32 = 3;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndecidedOp {
    pub seq: u64,
    pub hash: Hash,
    /// The number of times it failed alone.
    pub failures: u32,
    pub read: ReceivedOp,
    pub came: OpArrival,
    /// It came after the moment from which an operator trusts its edge no longer.
    pub distrusted: bool,
}

/// The judgement of the token that a command refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The person it names; `None` where it is not ours, or had expired when the edge took it.
    Known(Option<Person>),
    /// The keys are out of reach, so nothing may be said yet.
    KeysMissing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    pub actor: Actor,
    /// The version at which the region's feed told that they, or their session, are revoked.
    pub revoked_version: Option<u64>,
    /// When the edge took the command, as far as the hub believes it.
    pub taken_at: UnixMillis,
    /// The command stood before in a place that an operator trusts no longer.
    pub distrusted: bool,
    /// The word of the token about their verification.
    pub mark: ProviderMark,
}

/// The service that decides an op. A run that is handed over is for one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Order,
    Review,
}

impl Owner {
    pub fn of(body: &BatchBody) -> Self {
        match body {
            BatchBody::Command { command, .. } if command.body.action() == Some(Action::Review) => {
                Self::Review
            }
            BatchBody::Command { .. } | BatchBody::LeaseReleased { .. } => Self::Order,
        }
    }
}

/// The ops of a run, sorted by what happens to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunPlan {
    /// Answered by the hub.
    pub answered: Vec<DecidedOp>,
    /// For one owner, in log order.
    pub handed: Vec<BatchOp>,
    /// Waits for keys, or for its owner.
    pub parked: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidedOp {
    pub seq: u64,
    pub command_id: Option<CommandId>,
    /// The person of the command, as the edge has logged it.
    pub user_id: Option<UserId>,
    /// Where it was made, if it was put to the edge.
    pub made_at: Option<Source>,
    pub outcome: Outcome,
}

impl DecidedOp {
    /// Returns whether it is an acceptance that lost; a repeat of one is not another.
    pub fn has_lost(&self) -> bool {
        self.outcome.kind == OutcomeKind::Rejected && self.outcome.lost.is_some()
    }

    /// Sets the person of each command, as its edge has logged it: the owner knows only whom a
    /// token names.
    pub fn name_users(decided: &mut [Self], run: &[UndecidedOp]) {
        let user = |due: &UndecidedOp| match &due.read {
            ReceivedOp::Command(op) => Some((due.seq, op.actor.user_id)),
            _ => None,
        };
        let users: HashMap<u64, UserId> = run.iter().filter_map(user).collect();
        for decided in decided {
            decided.user_id = users.get(&decided.seq).copied();
        }
    }
}

/// The results of one pass over a run, stored in one transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    pub decided: Vec<DecidedOp>,
    pub held: Vec<(u64, HeldReason)>,
    /// The held accepts that the region's holder is to log. An accept behind another op of its edge
    /// on the same order is not among them, or it would lose to the op that it follows.
    pub for_holder: Vec<u64>,
    pub parked: Vec<u64>,
    /// An op that failed alone. The failure is counted, and the op tried again.
    pub failed: Option<u64>,
}

impl Progress {
    pub fn moved(&self) -> bool {
        !self.decided.is_empty()
    }

    /// The last op that has a result here.
    pub fn reaches(&self) -> Option<u64> {
        let decided = self.decided.iter().map(|decided| decided.seq);
        let held = self.held.iter().map(|(seq, _)| *seq);
        decided.chain(held).chain(self.parked.iter().copied()).max()
    }
}

/// Sorts a run. The handed part ends before it would exceed `bytes_max` and before the first op of
/// another owner, but holds at least one op; the ops behind it stay for the next run. So an op is
/// handed over when all before it on its order are decided. The ops of an owner that is away wait.
pub fn plan(
    run: &[UndecidedOp],
    now: UnixMillis,
    bytes_max: usize,
    away: Option<Owner>,
    mut judge: impl FnMut(&UndecidedOp, &wire::CommandOp) -> Judgement,
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
                plan.answered.push(answered(due.seq, applied(now)));
                continue;
            }
            ReceivedOp::Unknown => {
                plan.answered
                    .push(answered(due.seq, Outcome::rejected(Code::UnknownOp, None, now)));
                continue;
            }
            ReceivedOp::LeaseReleased { fence } => BatchBody::LeaseReleased { fence: *fence },
            ReceivedOp::Command(op) => match judge(due, op) {
                Judgement::Known(person) => command(due, op, person),
                Judgement::KeysMissing => {
                    barriers.wait(due.seq, &due.read);
                    plan.parked.push(due.seq);
                    continue;
                }
            },
        };
        let owner = Owner::of(&body);
        if away == Some(owner) {
            barriers.wait(due.seq, &due.read);
            plan.parked.push(due.seq);
            continue;
        }
        let op = BatchOp { seq: due.seq, hash: due.hash, body };
        bytes += size_of(&op);
        let is_of_another = plan.handed.first().is_some_and(|op| Owner::of(&op.body) != owner);
        if is_of_another || (bytes > bytes_max && !plan.handed.is_empty()) {
            break;
        }
        plan.handed.push(op);
    }
    plan
}

/// Joins the owner's answers to the ops handed over. `None` where the answers are not one per op,
/// in order: then none of them counts. No op handed over stands behind one that waits and is not
/// among them.
pub fn join(handed: &[BatchOp], answers: Vec<OpAnswer>) -> Option<Progress> {
    let fits = handed.len() == answers.len()
        && handed.iter().zip(&answers).all(|(op, answer)| op.seq == answer.seq);
    if !fits {
        return None;
    }
    let mut progress = Progress::default();
    let mut waiting = HashSet::new();
    for (op, answer) in handed.iter().zip(answers) {
        match answer.decision {
            OpDecision::Held(reason) => {
                progress.held.push((op.seq, reason));
                if let BatchBody::Command { command, .. } = &op.body {
                    let first = waiting.insert(command.body.order_id());
                    let accepts = command.body.action() == Some(Action::Accept);
                    if first && accepts && reason == HeldReason::Region {
                        progress.for_holder.push(op.seq);
                    }
                }
            }
            OpDecision::Decided(outcome) => {
                let (command_id, made_at) = match &op.body {
                    BatchBody::Command { command, evidence, .. } => {
                        (Some(command.id), evidence.made_at.clone())
                    }
                    BatchBody::LeaseReleased { .. } => (None, None),
                };
                let (seq, user_id) = (op.seq, None);
                progress.decided.push(DecidedOp { seq, command_id, user_id, made_at, outcome });
            }
        }
    }
    Some(progress)
}

fn command(due: &UndecidedOp, op: &wire::CommandOp, person: Option<Person>) -> BatchBody {
    let distrusted = due.distrusted || person.is_some_and(|person| person.distrusted);
    let mut evidence = due.came.evidence(
        op,
        person.map(|person| person.taken_at),
        person.and_then(|person| person.revoked_version),
        distrusted,
    );
    evidence.mark = person.map(|person| person.mark).filter(|mark| mark.version > 0);
    let actor = person.map(|person| person.actor);
    BatchBody::Command { command: op.command.clone(), actor, evidence }
}

fn answered(seq: u64, outcome: Outcome) -> DecidedOp {
    DecidedOp { seq, command_id: None, user_id: None, made_at: None, outcome }
}

fn applied(now: UnixMillis) -> Outcome {
    let kind = OutcomeKind::Applied;
    Outcome::plain(kind, now)
}

/// The op's size in the request, with its comma. An op that cannot be written is refused there.
fn size_of(op: &BatchOp) -> usize {
    serde_json::to_vec(op).map_or(0, |bytes| bytes.len() + 1)
}

/// The ops that hold others back: later ops on the same order, and the release of a lease, which
/// must be the last op under its fence.
#[derive(Debug, Default)]
pub struct Barriers {
    /// The place from which on an order's ops wait.
    orders: HashMap<OrderId, u64>,
    anything: Option<u64>,
}

impl Barriers {
    /// `op` waits, and so does everything that must not overtake it.
    pub fn wait(&mut self, seq: u64, op: &ReceivedOp) {
        self.anything = Some(self.anything.map_or(seq, |first| first.min(seq)));
        self.hold(seq, op);
    }

    /// `op` waits for its region, and so do later ops on the same order. The release of a lease
    /// does not: it may be what ends the wait.
    pub fn hold(&mut self, seq: u64, op: &ReceivedOp) {
        if let Some(order) = op.order_id() {
            let from = self.orders.entry(order).or_insert(seq);
            *from = seq.min(*from);
        }
    }

    pub fn stop(&self, seq: u64, op: &ReceivedOp) -> bool {
        let from = match op {
            ReceivedOp::Command(_) => {
                op.order_id().and_then(|order| self.orders.get(&order).copied())
            }
            ReceivedOp::LeaseReleased { .. } => self.anything,
            ReceivedOp::Boot | ReceivedOp::Token { .. } | ReceivedOp::Unknown => None,
        };
        from.is_some_and(|from| from <= seq)
    }
}

/// A walk over the undecided ops of a log: its place, and the ops it has left waiting. It ends
/// behind the last op, however many were parked on the way.
#[derive(Debug, Default)]
pub struct LogWalk {
    pub after: u64,
    /// One entry an order that waits; bounded by the undecided ops of the edge.
    pub barriers: Barriers,
}

impl LogWalk {
    /// Goes on behind all ops that have a result; parked ops are not met again.
    pub fn go_on(&mut self, run: &[UndecidedOp], progress: &Progress) {
        self.pass_by(run, progress);
        let held: HashMap<u64, HeldReason> = progress.held.iter().copied().collect();
        for due in run {
            match held.get(&due.seq) {
                Some(HeldReason::Region) => self.barriers.hold(due.seq, &due.read),
                Some(HeldReason::NeedsOperator) => self.barriers.wait(due.seq, &due.read),
                None => {}
            }
        }
        self.after = self.after.max(progress.reaches().unwrap_or(0));
    }

    /// Meets the ops handed over again, in smaller parts; parked ops are not met again.
    pub fn pass_by(&mut self, run: &[UndecidedOp], progress: &Progress) {
        let parked: HashSet<u64> = progress.parked.iter().copied().collect();
        for due in run.iter().filter(|due| parked.contains(&due.seq)) {
            self.barriers.wait(due.seq, &due.read);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
