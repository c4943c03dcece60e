//! Records address disclosure: each timeline entry says if its author could read the order's
//! address because of it, even if the attempt failed.

use wire::{Action, AddressShown, Code, Verdict};

use crate::{Assignment, Attempt, OrderState};

/// `before` is the order as the attempt found it; `code` is the reason if the attempt changed
/// nothing.
pub(crate) fn address_shown(
    attempt: &Attempt,
    before: Option<&OrderState>,
    assignment: Option<&Assignment>,
    code: Option<Code>,
) -> Option<AddressShown> {
    match attempt.command.body.order_action()? {
        Action::Accept if was_promised(attempt) => Some(AddressShown::Firm),
        Action::Accept => code.is_none().then_some(AddressShown::Decided),
        Action::Start => {
            let early = is_shown_at_start(attempt, assignment) && !was_decided(attempt, before);
            early.then_some(AddressShown::Started)
        }
        _ => None,
    }
}

/// True if an edge answered firm, in this epoch or an earlier one.
fn was_promised(attempt: &Attempt) -> bool {
    let Some(op) = attempt.op() else { return false };
    let first = op.evidence.relogged.as_ref().map(|first| first.verdict);
    op.evidence.verdict == Verdict::Firm || first == Some(Verdict::Firm)
}

/// True if the region's rules show the address at a start, now or in the edge's version: the edge
/// may have received the rule after logging the start.
fn is_shown_at_start(attempt: &Attempt, assignment: Option<&Assignment>) -> bool {
    let (Some(op), Some(assignment)) = (attempt.op(), assignment) else {
        return false;
    };
    let known = assignment.rules_at(op.evidence.rules_version);
    known.address_at_start || assignment.rules.address_at_start
}

/// True if the person's acceptance was decided before the edge logged the start; that acceptance's
/// entry then records the disclosure.
fn was_decided(attempt: &Attempt, before: Option<&OrderState>) -> bool {
    let (Some(op), Some(before)) = (attempt.op(), before) else {
        return false;
    };
    let actor = attempt.actor.map(|actor| actor.user_id);
    let own = before
        .acceptance
        .as_ref()
        .filter(|_| before.order.provider_id == actor);
    own.is_some_and(|acceptance| acceptance.decided_at <= op.evidence.received_at)
}
