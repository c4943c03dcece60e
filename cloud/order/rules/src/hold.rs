//! Whether a request has to wait because another edge holds the region's right to assign. It is asked
//! after the stored answer and before every other check.

use wire::{HeldReason, Policy};

use crate::{Assignment, Attempt};

/// Why this waits; `None` where it is decided now.
///
/// No region is ever granted to a holder yet, so both policies decide at once. The rule for a held
/// region (only an accept or an edge's approval waits, then whatever that edge did next on the same
/// order) belongs here and nowhere else.
pub(crate) fn reason(assignment: &Assignment, _attempt: &Attempt) -> Option<HeldReason> {
    match assignment.policy {
        Policy::Optimistic | Policy::Exclusive => None,
    }
}
