//! A batch's whole decision, in the order of the checks: a stored answer, then whether it has to
//! wait, then who vouches for it, then the rules of the order.

use wire::{
    Code, CommandBody, FenceEnd, FenceEnding, HeldReason, Lost, OpDecision, Order, Outcome,
    OutcomeKind, Region,
};

use crate::{
    Assignment, Attempt, CaseKind, Lapse, OpName, Request, Snapshot, Writes, explain, hold,
    record::Desk,
    right::{self, Revocation, Right},
    ruling::{self, Case, Ruling},
    view,
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
        Request::LeaseReleased { name, region, fence } => {
            OpDecision::Decided(release(desk, name, *region, *fence))
        }
    }
}

/// Ends the right, where it is the standing one. The release of one that has ended already is
/// answered alike: its holder has done what it should.
fn release(desk: &mut Desk<'_>, name: &OpName, region: Region, fence: u64) -> Outcome {
    let (now, lapse) = (desk.snapshot.now, desk.snapshot.lapse);
    let end = FenceEnd { at: now, how: FenceEnding::Released, by: None, why: None };
    let assignment = desk.assignment(region);
    if let Some(turned) = assignment.and_then(|held| held.released(name, fence, end, lapse)) {
        desk.turn(region, turned);
    }
    let kind = OutcomeKind::Applied;
    Outcome { kind, code: None, first: None, order: None, lost: None, decided_at: now }
}

fn command(desk: &mut Desk<'_>, attempt: &Attempt) -> Result<Outcome, HeldReason> {
    if let Some((outcome, listed)) = repeat(desk, attempt) {
        desk.list(attempt, &outcome, listed);
        return Ok(outcome);
    }
    let lapse = desk.snapshot.lapse;
    let region = region(desk, attempt);
    let held = hold::reason(attempt, region, |region| desk.assignment(region), lapse);
    if let Some(reason) = held.or_else(|| desk.waits_behind(attempt)) {
        return wait(desk, attempt, region, reason);
    }
    let (ruling, listed) = rule(desk, attempt, region);
    Ok(desk.put(attempt, ruling, listed))
}

/// Nothing is stored for what waits, so that nothing is final about it.
fn wait(
    desk: &mut Desk<'_>,
    attempt: &Attempt,
    region: Option<Region>,
    reason: HeldReason,
) -> Result<Outcome, HeldReason> {
    match desk.snapshot.lapse {
        Some(Lapse::HeldNotFinal) => {
            Ok(desk.put(attempt, Ruling::Refused(Code::RegionAssigningOffline), Vec::new()))
        }
        Some(Lapse::HeldBeforeChecks) => {
            let (ruling, listed) = rule(desk, attempt, region);
            let refused = matches!(ruling, Ruling::Refused(_));
            if refused { Ok(desk.put(attempt, ruling, listed)) } else { Err(reason) }
        }
        _ => {
            desk.waits(attempt);
            Err(reason)
        }
    }
}

/// The ruling, and what of it a person has to look at.
fn rule(desk: &Desk<'_>, attempt: &Attempt, region: Option<Region>) -> (Ruling, Vec<CaseKind>) {
    let Some(actor) = attempt.actor else {
        return (Ruling::Refused(Code::InvalidToken), Vec::new());
    };
    let lapse = desk.snapshot.lapse;
    let nobodys = Assignment::default();
    let assignment = region.and_then(|region| desk.assignment(region)).unwrap_or(&nobodys);
    let order_id = attempt.command.body.order_id();
    let standing = desk.standing(order_id);
    let right = Right::of(attempt, assignment);
    let by_known = right::by_what_the_edge_knew(attempt, actor, &right, standing);
    let revocation = right::revocation(attempt, by_known, lapse);
    if revocation == Revocation::Refuses {
        return (Ruling::Refused(Code::Revoked), Vec::new());
    }
    let rules = right::rules(attempt, assignment, by_known, lapse);
    let case = Case {
        attempt,
        actor,
        right: &right,
        rules: &rules,
        held_elsewhere: assignment.is_held_elsewhere(attempt.op().map(|op| &op.name)),
        met_closed: desk.met_closed(order_id, actor.user_id),
        provider_revoked: standing.is_some_and(|standing| desk.is_revoked(&standing.order)),
        lapse,
        now: desk.snapshot.now,
    };
    let ruling = ruling::rule(case, standing);
    let listed = listed(case, &ruling, revocation);
    (ruling, listed)
}

fn listed(case: Case<'_>, ruling: &Ruling, revocation: Revocation) -> Vec<CaseKind> {
    let mut kinds = Vec::new();
    match ruling {
        Ruling::Changed { under_rule: true, .. } => kinds.push(CaseKind::OfflineRule),
        Ruling::Meanwhile(_) => kinds.push(CaseKind::MetClosed),
        Ruling::Refused(Code::RegionTakenBack) => kinds.push(CaseKind::TakenBack),
        Ruling::Refused(_) if case.met_closed => kinds.push(CaseKind::MetClosed),
        Ruling::Changed { .. } | Ruling::AlreadySo | Ruling::Refused(_) => {}
    }
    let honoured = matches!(ruling, Ruling::Changed { .. } | Ruling::Meanwhile(_));
    if honoured && revocation == Revocation::Later {
        kinds.push(CaseKind::RevokedMeanwhile);
    }
    kinds
}

/// The answer to a command whose id is known, and what of it a person has to look at.
fn repeat(desk: &Desk<'_>, attempt: &Attempt) -> Option<(Outcome, Vec<CaseKind>)> {
    if desk.snapshot.lapse == Some(Lapse::AnswersKept) {
        return None;
    }
    let stored = desk.answer(attempt)?;
    let standing = desk.standing(stored.order_id).filter(|_| stored.order_version.is_some());
    let taken_back = standing.and_then(|standing| desk.taken_back(attempt, &standing.order));
    let lost = standing.and_then(|standing| explain::lost_again(attempt, standing, stored));
    // It may have lost as it was put to the next holder: why the promise did not hold is told all the
    // same, and listed once.
    let overturned = taken_back.is_some() && !stored.applied && !desk.is_listed(attempt);
    let listed = if overturned { vec![CaseKind::TakenBack] } else { Vec::new() };
    let lost = lost.map(|lost| Lost { taken_back, ..lost });
    let shown = |order: &Order| {
        let hidden = |actor| view::is_hidden(order, actor, attempt);
        stored.applied || !attempt.actor.is_none_or(hidden)
    };
    let order = standing.map(|standing| standing.order.clone()).filter(shown);
    Some((stored.repeated(attempt, order, lost, desk.snapshot.now), listed))
}

/// The region whose rules apply: where the order is, or would be; absent where nobody here knows it.
fn region(desk: &Desk<'_>, attempt: &Attempt) -> Option<Region> {
    match &attempt.command.body {
        CommandBody::PublishOrder { order, .. } => Some(order.location),
        body => desk.standing(body.order_id()).map(|standing| standing.order.location),
    }
}
