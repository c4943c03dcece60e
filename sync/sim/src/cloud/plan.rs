//! The plan for a run of an edge's log. Mirrors `sync/hub/src/domain/run_plan.rs` and
//! `sync/hub/src/work/run_submission.rs`.

use std::rc::Rc;

use engine::trusted_time::{FirstArrival, OpArrival};
use planted::is_planted;
use wire::{
    Actor, BatchBody, BatchOp, Code, CommandOp, Hash, Op, OpAnswer, OpDecision, Outcome,
    OutcomeKind, UnixMillis,
};

use super::{LogOutcome, sync_db::SyncDb};
use crate::{bug::Bug, cast, tokens};

#[derive(Default)]
pub(crate) struct LogPlan {
    pub answered: Vec<LogOutcome>,
    pub batch_ops: Vec<BatchOp>,
}

pub(crate) fn plan(
    db: &SyncDb,
    e: usize,
    run: Vec<(u64, Hash, Option<Rc<Op>>)>,
    now: UnixMillis,
) -> LogPlan {
    let mut plan = LogPlan::default();
    for (seq, hash, op) in run {
        let answered = |outcome| LogOutcome {
            seq,
            command_id: None,
            outcome,
        };
        let body = match op.as_deref() {
            Some(Op::Boot { .. } | Op::Token { .. }) => {
                plan.answered.push(answered(applied(now)));
                continue;
            }
            Some(Op::LeaseReleased { fence }) => BatchBody::LeaseReleased { fence: *fence },
            Some(Op::Command(op)) => command(db, e, seq, op),
            #[allow(unreachable_patterns)]
            _ => {
                plan.answered
                    .push(answered(Outcome::new_rejected(Code::UnknownOp, None, now)));
                continue;
            }
        };
        plan.batch_ops.push(BatchOp { seq, hash, body });
    }
    plan
}

/// Joins the owner's answers to the submitted ops.
pub(crate) fn join(batch_ops: &[BatchOp], answers: &[OpAnswer]) -> Vec<LogOutcome> {
    let pairs = batch_ops.iter().zip(answers);
    let decided = pairs.filter_map(|(op, answer)| match &answer.decision {
        OpDecision::Decided(outcome) => {
            let command_id = match &op.body {
                BatchBody::Command { command, .. } => Some(command.id),
                BatchBody::LeaseReleased { .. } => None,
            };
            Some(LogOutcome {
                seq: op.seq,
                command_id,
                outcome: outcome.clone(),
            })
        }
        OpDecision::Held(_) => None,
    });
    decided.collect()
}

/// The ops that the owner leaves waiting.
pub(crate) fn held(batch_ops: &[BatchOp], answers: &[OpAnswer]) -> Vec<u64> {
    let pairs = batch_ops.iter().zip(answers);
    let held = pairs.filter(|(_, answer)| matches!(answer.decision, OpDecision::Held(_)));
    held.map(|(op, _)| op.seq).collect()
}

/// The hub's view of a command: the person named by its token, the time that counts, and the edge's
/// knowledge.
fn command(db: &SyncDb, e: usize, seq: u64, op: &CommandOp) -> BatchBody {
    let edge = &db.edges[e];
    let came = edge
        .ops
        .get(&seq)
        .map(|row| row.arrival)
        .unwrap_or_default();
    let token = match db.token(e, op.token_seq).as_deref() {
        Some(Op::Token { token }) => tokens::read(token),
        _ => None,
    };
    let names_nobody = || person(token, &came, op, None).is_none();
    let first = came
        .needs_first_arrival(op, edge.cut_off.is_some(), names_nobody)
        .then(|| db.first_arrival(e, op))
        .flatten();
    let person = person(token, &came, op, first.as_ref());
    let actor = person.map(|(actor, _)| actor);
    let taken_at = person.map(|(_, at)| at);
    let revoked = actor.and_then(|actor| db.revoked_version(cast::region(e), actor.user_id));
    let again = first.is_some_and(|first| first.distrusted) && person.is_some();
    let own = edge.distrusts(edge.epoch, came.received_at) && !is_planted(Bug::DistrustIgnored);
    let evidence = came.build_evidence(op, taken_at, revoked, own || again);
    BatchBody::Command {
        command: op.command.clone(),
        actor,
        evidence,
    }
}

/// The person named by a token, and the time when the edge took the command. `None` if the token
/// had expired by then.
fn person(
    token: Option<(Actor, UnixMillis)>,
    arrival: &OpArrival,
    op: &CommandOp,
    first: Option<&FirstArrival>,
) -> Option<(Actor, UnixMillis)> {
    let (actor, expires_at) = token?;
    let moment = arrival.trusted_time(op, first, expires_at);
    moment
        .was_token_valid(expires_at)
        .then_some((actor, moment.taken_at))
}

fn applied(now: UnixMillis) -> Outcome {
    let kind = OutcomeKind::Applied;
    Outcome::new_plain(kind, now)
}
