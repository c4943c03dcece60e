//! Whether a request has to wait because another edge holds the region's right to assign. It is asked
//! after the stored answer and before every other check: the holder may have said firm already, to
//! this very command even, and whatever were decided here first would contradict it.

use wire::{Action, HeldReason, Region};

use crate::{Assignment, Attempt, Lapse};

/// Why this waits; `None` where it is decided now. `region` is where the order is, as far as that is
/// known. Only an accept and an edge's approval wait; what their edge did next on the same order then
/// waits behind them, which is the desk's to know.
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
        // Published at a holder that is away, perhaps: nobody here can say in which region. What an
        // edge says of its own region under its fence it knows; all else waits while any is held.
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
