//! Makes a command wait while another edge holds the region's assignment right. Runs after the
//! stored answer and before every other check: the holder may already have answered firm, even to
//! this very command, and an earlier decision here would contradict it.

use wire::{Action, HeldReason, Region};

use crate::{Assignment, Attempt, DisabledRule};

/// Why this command waits; `None` to decide it now. `region` is the order's region, if known. Only
/// accepts and edge approvals wait; the same edge's later ops on that order then wait behind them.
pub(crate) fn held_reason<'a>(
    attempt: &Attempt,
    region: Option<Region>,
    assignment: impl Fn(Region) -> Option<&'a Assignment>,
    disabled: Option<DisabledRule>,
) -> Option<HeldReason> {
    let author_op = attempt.op().map(|op| &op.identity);
    let covered = match attempt.command.body.order_action() {
        Some(Action::Accept) => true,
        Some(Action::Approve) => author_op.is_some(),
        _ => false,
    };
    if !covered || is_rule_disabled(attempt, disabled) {
        return None;
    }
    let held = match (region, attempt.op()) {
        (Some(region), _) => {
            assignment(region).is_some_and(|held| held.is_held_elsewhere(author_op))
        }
        // The order may have been published at an unreachable holder, in any region. An edge is
        // sure of its own region under its fence; otherwise wait while any region is held.
        (None, Some(op)) => {
            let own = assignment(op.region);
            let own = own.is_some_and(|own| {
                op.evidence.fence == Some(own.fence) && own.is_held_by(&op.identity)
            });
            let mut assignments = Region::ALL.into_iter().filter_map(assignment);
            !own && assignments.any(|held| held.is_held_elsewhere(author_op))
        }
        // A portal user gets "order not found" and may retry.
        (None, None) => false,
    };
    held.then_some(HeldReason::Region)
}

fn is_rule_disabled(attempt: &Attempt, disabled: Option<DisabledRule>) -> bool {
    let fenced = attempt.op().is_some_and(|op| op.evidence.fence.is_some());
    match disabled {
        Some(DisabledRule::NonfenceHeld) => !fenced,
        Some(DisabledRule::OldfenceHeld) => fenced,
        _ => false,
    }
}
