//! A run of one edge's log on its way to the owner and back: what the hub answers itself, what it
//! hands over, and which answer belongs to which op.

use std::collections::{HashMap, HashSet};

use wire::{
    Action, Actor, BatchBody, BatchOp, Code, CommandId, Evidence, Hash, HeldReason, OpAnswer,
    OpDecision, Outcome, OutcomeKind, UnixMillis, UserId,
};

use super::{intake::Read, queue::Line};

/// What fails alone so often, while its owner is there, waits for an operator.
pub const FAILURES_MAX: u32 = 3;

/// An op that waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub seq: u64,
    pub hash: Hash,
    /// How often it failed alone.
    pub failures: u32,
    pub read: Read,
}

/// What the token says that a command refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// Its person; `None` where the token is none of ours, or had expired when the edge took it.
    Known(Option<Person>),
    /// The keys are out of reach: nothing may be said yet.
    NotYet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    pub actor: Actor,
    /// The version at which the region's feed told that they, or their session, are revoked.
    pub revoked_version: Option<u64>,
}

/// What becomes of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Answered by the hub.
    pub answered: Vec<Decided>,
    /// For the owner, in log order.
    pub handed: Vec<BatchOp>,
    /// Waits for keys.
    pub parked: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub seq: u64,
    pub command_id: Option<CommandId>,
    /// Whose the command is, as the edge has logged it.
    pub user_id: Option<UserId>,
    pub outcome: Outcome,
}

impl Decided {
    /// Whether it is an acceptance that lost; a repeat of one is not another.
    pub fn has_lost(&self) -> bool {
        self.outcome.kind == OutcomeKind::Rejected && self.outcome.lost.is_some()
    }

    /// Says whose each command is, as its edge has logged it: the owner knows only whom a token names.
    pub fn name_users(decided: &mut [Self], run: &[Due]) {
        let user = |due: &Due| match &due.read {
            Read::Command(op) => Some((due.seq, op.actor.user_id)),
            _ => None,
        };
        let users: HashMap<u64, UserId> = run.iter().filter_map(user).collect();
        for decided in decided {
            decided.user_id = users.get(&decided.seq).copied();
        }
    }
}

/// What one pass over a run has brought, to be stored in one transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    pub decided: Vec<Decided>,
    pub held: Vec<(u64, HeldReason)>,
    /// Of those that are held by their region: the accepts that its holder is to log. Not those behind
    /// another op of their edge on the same order, or they would lose to what they follow.
    pub for_holder: Vec<u64>,
    pub parked: Vec<u64>,
    /// An op that failed alone: counted, and tried again.
    pub failed: Option<u64>,
}

impl Progress {
    pub fn moved(&self) -> bool {
        !self.decided.is_empty()
    }

    /// The last op of which this says anything.
    pub fn reaches(&self) -> Option<u64> {
        let decided = self.decided.iter().map(|decided| decided.seq);
        let held = self.held.iter().map(|(seq, _)| *seq);
        decided.chain(held).chain(self.parked.iter().copied()).max()
    }
}

/// Sorts a run. The handed part ends before it would exceed `bytes_max`, but holds at least one op;
/// what follows stays for the next run, so that the log is worked in order.
pub fn plan(
    run: &[Due],
    now: UnixMillis,
    bytes_max: usize,
    mut judge: impl FnMut(&wire::CommandOp) -> Judged,
) -> Plan {
    let mut plan = Plan::default();
    let mut bytes = 0;
    let mut line = Line::default();
    for due in run {
        if line.stops(due.seq, &due.read) {
            plan.parked.push(due.seq);
            continue;
        }
        let body = match &due.read {
            Read::Boot | Read::Token { .. } => {
                plan.answered.push(answered(due.seq, applied(now)));
                continue;
            }
            Read::Unknown => {
                plan.answered
                    .push(answered(due.seq, Outcome::rejected(Code::UnknownOp, None, now)));
                continue;
            }
            Read::LeaseReleased { fence } => BatchBody::LeaseReleased { fence: *fence },
            Read::Command(op) => match judge(op) {
                Judged::Known(person) => command(op, person),
                Judged::NotYet => {
                    line.wait(due.seq, &due.read);
                    plan.parked.push(due.seq);
                    continue;
                }
            },
        };
        let op = BatchOp { seq: due.seq, hash: due.hash, body };
        bytes += size_of(&op);
        if bytes > bytes_max && !plan.handed.is_empty() {
            break;
        }
        plan.handed.push(op);
    }
    plan
}

/// Joins the owner's answers to what was handed over, of which nothing stands behind an op that is not
/// among it and waits. `None` where they are not one per op, in order:
/// such an answer says nothing.
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
                let command_id = match &op.body {
                    BatchBody::Command { command, .. } => Some(command.id),
                    BatchBody::LeaseReleased { .. } => None,
                };
                let (seq, user_id) = (op.seq, None);
                progress.decided.push(Decided { seq, command_id, user_id, outcome });
            }
        }
    }
    Some(progress)
}

fn command(op: &wire::CommandOp, person: Option<Person>) -> BatchBody {
    let evidence = Evidence::of(op, person.and_then(|person| person.revoked_version));
    let actor = person.map(|person| person.actor);
    BatchBody::Command { command: op.command.clone(), actor, evidence }
}

fn answered(seq: u64, outcome: Outcome) -> Decided {
    Decided { seq, command_id: None, user_id: None, outcome }
}

fn applied(now: UnixMillis) -> Outcome {
    let kind = OutcomeKind::Applied;
    Outcome { kind, code: None, first: None, order: None, lost: None, decided_at: now }
}

/// As it will stand in the request, with its comma. What cannot be written is refused there.
fn size_of(op: &BatchOp) -> usize {
    serde_json::to_vec(op).map_or(0, |bytes| bytes.len() + 1)
}

#[cfg(test)]
mod tests {
    use wire::{Command, CommandBody, CommandOp, OrderId, Role, UserId, Verdict};

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

    fn person() -> Person {
        Person { actor: actor(), revoked_version: None }
    }

    fn actor() -> Actor {
        Actor { user_id: UserId(uuid::Uuid::from_u128(1)), role: Role::Provider }
    }

    fn accept(n: u128) -> Read {
        let order_id = OrderId(uuid::Uuid::from_u128(n));
        Read::Command(Box::new(CommandOp {
            command: Command {
                id: CommandId(uuid::Uuid::from_u128(n)),
                body: CommandBody::AcceptOrder { order_id },
                device: None,
                device_seq: None,
                tapped_at: None,
                trace: None,
            },
            token_seq: 1,
            actor: actor(),
            verdict: Verdict::Provisional,
            fence: None,
            received_at: NOW,
            policy_version: None,
            rules_version: None,
            revocations_version: None,
            relogged: None,
        }))
    }

    fn run(reads: Vec<Read>) -> Vec<Due> {
        let due = |(read, seq)| Due { seq, hash: Hash::ZERO, failures: 0, read };
        reads.into_iter().zip(1..).map(due).collect()
    }

    fn seqs(handed: &[BatchOp]) -> Vec<u64> {
        handed.iter().map(|op| op.seq).collect()
    }

    #[test]
    fn the_hub_answers_what_needs_no_owner_and_what_nobody_can_read() {
        let run = run(vec![
            Read::Boot,
            Read::Token { token: "t".into() },
            Read::Unknown,
            accept(4),
            Read::LeaseReleased { fence: 9 },
        ]);
        let plan = plan(&run, NOW, 10_000, |_| Judged::Known(Some(person())));
        let codes: Vec<_> = plan.answered.iter().map(|d| (d.seq, d.outcome.code)).collect();
        assert_eq!(codes, [(1, None), (2, None), (3, Some(Code::UnknownOp))]);
        assert_eq!(seqs(&plan.handed), [4, 5]);
    }

    #[test]
    fn a_run_ends_before_it_is_too_large_but_holds_one_op() {
        let run = run((1..=9).map(accept).collect());
        let one = plan(&run, NOW, 1, |_| Judged::Known(None));
        assert_eq!(seqs(&one.handed), [1]);
        let size = size_of(&one.handed[0]);
        let three = plan(&run, NOW, size * 3 + size / 2, |_| Judged::Known(None));
        assert_eq!(seqs(&three.handed), [1, 2, 3]);
    }

    #[test]
    fn a_command_whose_token_cannot_be_judged_waits_with_what_must_not_overtake_it() {
        let release = Read::LeaseReleased { fence: 1 };
        let run = run(vec![Read::Boot, accept(2), accept(3), accept(2), release]);
        let mut first = true;
        let plan = plan(&run, NOW, 10_000, |_| {
            if std::mem::take(&mut first) { Judged::NotYet } else { Judged::Known(Some(person())) }
        });
        assert_eq!(
            (plan.answered.len(), seqs(&plan.handed), plan.parked),
            (1, vec![3], vec![2, 4, 5])
        );
    }

    #[test]
    fn what_an_op_that_logs_anew_was_first_answered_goes_with_it() {
        let edge = wire::EdgeId::new("north-1").unwrap();
        let (verdict, fence) = (Verdict::Firm, Some(4));
        let first = wire::FirstAnswer { edge: edge.clone(), epoch: 1, verdict, fence };
        let Read::Command(mut op) = accept(1) else { unreachable!() };
        let (at, why) = (wire::Chain::start(&edge), wire::QuarantineWhy::EdgeRestored);
        op.relogged = Some(wire::Relogged { edge, epoch: 1, at, verdict, fence, why });
        let plan =
            plan(&run(vec![Read::Command(op)]), NOW, 10_000, |_| Judged::Known(Some(person())));
        let BatchBody::Command { evidence, .. } = &plan.handed[0].body else { unreachable!() };
        assert_eq!(evidence.relogged.as_ref(), Some(&first));
    }

    #[test]
    fn answers_that_are_not_one_per_op_say_nothing() {
        let run = run(vec![accept(1), accept(2)]);
        let handed = plan(&run, NOW, 10_000, |_| Judged::Known(None)).handed;
        let answer = |seq| OpAnswer {
            seq,
            decision: OpDecision::Decided(Outcome::rejected(Code::OrderNotFound, None, NOW)),
        };
        assert_eq!(join(&handed, vec![answer(1)]), None);
        assert_eq!(join(&handed, vec![answer(2), answer(1)]), None);
        let held = OpAnswer { seq: 2, decision: OpDecision::Held(HeldReason::Region) };
        let progress = join(&handed, vec![answer(1), held]).unwrap();
        assert_eq!(progress.held, [(2, HeldReason::Region)]);
        assert_eq!(progress.decided[0].command_id, Some(CommandId(uuid::Uuid::from_u128(1))));
    }
}
