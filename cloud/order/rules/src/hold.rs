//! The wait for another edge that holds the region's right to assign. This check comes after the
//! stored answer and before every other one: the holder may have said firm already, even to this
//! very command, and an earlier decision here would contradict it.

use wire::{Action, HeldReason, Region};

use crate::{Assignment, Attempt, Lapse};

/// Why this waits; `None` where it is decided now. `region` is where the order is, as far as that
/// is known. Only an accept and an edge's approval wait; the desk makes their edge's next ops on
/// the same order wait behind them.
pub(crate) fn reason<'a>(
    attempt: &Attempt,
    region: Option<Region>,
    assignment: impl Fn(Region) -> Option<&'a Assignment>,
    lapse: Option<Lapse>,
) -> Option<HeldReason> {
    let op = attempt.op().map(|op| &op.name);
    let covered = match attempt.command.body.action() {
        Some(Action::Accept) => true,
        Some(Action::Approve) => op.is_some(),
        _ => false,
    };
    if !covered || lapsed(attempt, lapse) {
        return None;
    }
    let elsewhere =
        |region| assignment(region).is_some_and(|assignment| assignment.is_held_elsewhere(op));
    let held = match (region, attempt.op()) {
        (Some(region), _) => elsewhere(region),
        // Perhaps published at a holder that is away, in any region. An edge knows its own region
        // under its fence; all else waits while any region is held.
        (None, Some(op)) => {
            let own = assignment(op.region);
            let own = own.is_some_and(|own| {
                op.evidence.fence == Some(own.fence) && own.is_held_by(&op.name)
            });
            !own && Region::ALL.into_iter().any(elsewhere)
        }
        // A person at the portal is told that there is no such order, and may ask again.
        (None, None) => false,
    };
    held.then_some(HeldReason::Region)
}

fn lapsed(attempt: &Attempt, lapse: Option<Lapse>) -> bool {
    let fenced = attempt.op().is_some_and(|op| op.evidence.fence.is_some());
    match lapse {
        Some(Lapse::NonfenceHeld) => !fenced,
        Some(Lapse::OldfenceHeld) => fenced,
        _ => false,
    }
}
