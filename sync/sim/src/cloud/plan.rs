//! The plan for a run of an edge's log. Mirrors `sync/hub/src/domain/run.rs` and `sync/hub/src/work/run.rs`.

use std::rc::Rc;

use wire::{
    Actor, BatchBody, BatchOp, Code, CommandOp, Evidence, Hash, Op, OpAnswer, OpDecision, Outcome,
    OutcomeKind, UnixMillis,
};

use super::{LogOutcome, sync_db::SyncDb};
use crate::{cast, world::tokens};

#[derive(Default)]
pub struct LogPlan {
    pub answered: Vec<LogOutcome>,
    pub handed: Vec<BatchOp>,
}

pub fn plan(
    db: &SyncDb,
    e: usize,
    run: Vec<(u64, Hash, Option<Rc<Op>>)>,
    now: UnixMillis,
) -> LogPlan {
    let mut plan = LogPlan::default();
    for (seq, hash, op) in run {
        let answered = |outcome| LogOutcome { seq, command_id: None, outcome };
        let body = match op.as_deref() {
            Some(Op::Boot { .. } | Op::Token { .. }) => {
                plan.answered.push(answered(applied(now)));
                continue;
            }
            Some(Op::LeaseReleased { fence }) => BatchBody::LeaseReleased { fence: *fence },
            Some(Op::Command(op)) => {
                let actor = actor(db, e, op);
                let user = actor.map(|actor| actor.user_id);
                let revoked = user.and_then(|user| db.revoked_version(cast::region(e), user));
                let (command, evidence) = (op.command.clone(), Evidence::of(op, revoked));
                BatchBody::Command { command, actor, evidence }
            }
            #[allow(unreachable_patterns)]
            _ => {
                plan.answered.push(answered(Outcome::rejected(Code::UnknownOp, None, now)));
                continue;
            }
        };
        plan.handed.push(BatchOp { seq, hash, body });
    }
    plan
}

/// Joins the owner's answers to the ops that were handed over.
pub fn join(handed: &[BatchOp], answers: &[OpAnswer]) -> Vec<LogOutcome> {
    let pairs = handed.iter().zip(answers);
    let decided = pairs.filter_map(|(op, answer)| match &answer.decision {
        OpDecision::Decided(outcome) => {
            let command_id = match &op.body {
                BatchBody::Command { command, .. } => Some(command.id),
                BatchBody::LeaseReleased { .. } => None,
            };
            Some(LogOutcome { seq: op.seq, command_id, outcome: outcome.clone() })
        }
        OpDecision::Held(_) => None,
    });
    decided.collect()
}

/// The ops that the owner leaves waiting.
pub fn held(handed: &[BatchOp], answers: &[OpAnswer]) -> Vec<u64> {
    let pairs = handed.iter().zip(answers);
    let held = pairs.filter(|(_, answer)| matches!(answer.decision, OpDecision::Held(_)));
    held.map(|(op, _)| op.seq).collect()
}

/// The person behind a command, by its token, judged at the moment when the edge took it.
fn actor(db: &SyncDb, e: usize, op: &CommandOp) -> Option<Actor> {
    match db.token(e, op.token_seq).as_deref() {
        Some(Op::Token { token }) => match tokens::verify(token, op.received_at) {
            // The edge took it before, and had checked the token then: a receipt says so, and not when.
            Err(Code::TokenExpired) if op.relogged.is_some() => {
                tokens::read(token).map(|(actor, _)| actor)
            }
            verified => verified.ok(),
        },
        _ => None,
    }
}

fn applied(now: UnixMillis) -> Outcome {
    let kind = OutcomeKind::Applied;
    Outcome::plain(kind, now)
}
