//! A batch's whole decision, in the order of the checks: a stored answer, then whether it has to
//! wait, then who vouches for it, then the rules of the order.

use wire::{Code, CommandBody, HeldReason, OpDecision, Outcome, OutcomeKind, Region};

use crate::{
    Assignment, Attempt, Request, Snapshot, Writes, explain, hold,
    record::Desk,
    ruling::{self, Case, Ruling},
};

/// Decides the requests in their order, each on what the ones before it left.
pub fn decide(snapshot: &Snapshot, requests: &[Request]) -> Writes {
    let mut desk = Desk::new(snapshot);
    let answers = requests.iter().map(|request| answer(&mut desk, request)).collect();
    desk.close(answers)
}

fn answer(desk: &mut Desk<'_>, request: &Request) -> OpDecision {
    match request {
        Request::Command(attempt) => match command(desk, attempt) {
            Ok(outcome) => OpDecision::Decided(outcome),
            Err(reason) => OpDecision::Held(reason),
        },
        // No fence is given out yet, so every release is of one that ended long ago.
        Request::LeaseReleased { .. } => OpDecision::Decided(Outcome {
            kind: OutcomeKind::Applied,
            code: None,
            first: None,
            order: None,
            lost: None,
            decided_at: desk.snapshot.now,
        }),
    }
}

fn command(desk: &mut Desk<'_>, attempt: &Attempt) -> Result<Outcome, HeldReason> {
    if let Some(outcome) = repeat(desk, attempt) {
        return Ok(outcome);
    }
    let assignment = assignment(desk, attempt);
    if let Some(reason) = hold::reason(&assignment, attempt) {
        return Err(reason);
    }
    let ruling = match attempt.actor {
        None => Ruling::Refused(Code::InvalidToken),
        Some(actor) => {
            let case = Case { attempt, actor, rules: assignment.rules, now: desk.snapshot.now };
            ruling::rule(case, desk.standing(attempt.command.body.order_id()))
        }
    };
    Ok(desk.put(attempt, ruling))
}

/// The answer to a command whose id is known.
fn repeat(desk: &Desk<'_>, attempt: &Attempt) -> Option<Outcome> {
    let stored = desk.answer(attempt.command.id)?;
    let standing = desk.standing(stored.order_id).filter(|_| stored.order_version.is_some());
    let lost = standing.and_then(|standing| explain::lost_again(attempt, standing, stored));
    let order = standing.map(|standing| standing.order.clone());
    Some(stored.repeated(attempt, order, lost, desk.snapshot.now))
}

fn assignment(desk: &Desk<'_>, attempt: &Attempt) -> Assignment {
    let region = region(desk, attempt);
    region.and_then(|region| desk.snapshot.regions.get(&region)).cloned().unwrap_or_default()
}

/// The region whose rules apply: where the order is, or would be.
fn region(desk: &Desk<'_>, attempt: &Attempt) -> Option<Region> {
    match &attempt.command.body {
        CommandBody::PublishOrder { order, .. } => Some(order.location),
        body => desk.standing(body.order_id()).map(|standing| standing.order.location),
    }
}
