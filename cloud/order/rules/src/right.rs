//! What an edge's firm answer stands on when it is decided, and what it may be judged by.

use wire::{Action, Actor, FenceEnd, OfflineRules, Verdict};

use crate::{Assignment, Attempt, Lapse, Origin, Standing};

/// The right under which an edge answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Right {
    /// The answer was provisional, or its fence is none of this edge's epoch.
    None,
    /// The edge holds the region under that fence.
    Stands,
    /// It did when it answered, be it in an epoch that is over; the right was taken back since.
    TakenBack(FenceEnd),
}

impl Right {
    pub fn of(attempt: &Attempt, assignment: &Assignment) -> Self {
        let Some(op) = attempt.op() else { return Self::None };
        let name = &op.name;
        let firm = op.evidence.fence.filter(|_| op.evidence.verdict == Verdict::Firm);
        if firm == Some(assignment.fence) && assignment.is_held_by(name) {
            return Self::Stands;
        }
        let first = op.evidence.relogged.as_ref().filter(|first| first.verdict == Verdict::Firm);
        let promise = match (firm, first) {
            (Some(fence), _) => Some((&name.edge, name.epoch, fence)),
            (None, Some(first)) => first.fence.map(|fence| (&first.edge, first.epoch, fence)),
            (None, None) => None,
        };
        let Some((edge, epoch, fence)) = promise else { return Self::None };
        let record = assignment.fences.get(&fence);
        let own = record.filter(|record| (&record.holder, record.epoch) == (edge, epoch));
        match own.and_then(|record| record.end.as_ref()) {
            Some(end) if end.how.is_take_back() => Self::TakenBack(end.clone()),
            _ => Self::None,
        }
    }

    pub fn is_firm(&self) -> bool {
        *self != Self::None
    }
}

/// Whether this is judged by what the edge knew: a firm answer is, and so is what the same provider
/// then does at an edge on an order that he got by one.
pub(crate) fn by_what_the_edge_knew(
    attempt: &Attempt,
    actor: Actor,
    right: &Right,
    standing: Option<&Standing>,
) -> bool {
    let follows = standing.is_some_and(|standing| {
        let firm = standing.acceptance.as_ref().is_some_and(|acceptance| acceptance.firm);
        let accept = attempt.command.body.action() == Some(Action::Accept);
        firm && !accept && standing.order.provider_id == Some(actor.user_id)
    });
    right.is_firm() || (attempt.op().is_some() && follows)
}

/// The rules to judge by.
pub(crate) fn rules(
    attempt: &Attempt,
    assignment: &Assignment,
    by_known: bool,
    lapse: Option<Lapse>,
) -> OfflineRules {
    let named = attempt.op().and_then(|op| op.evidence.rules_version);
    let named = named.filter(|_| by_known && lapse != Some(Lapse::RuleVersion));
    assignment.rules_at(named).clone()
}

/// What a revocation means for this command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revocation {
    None,
    /// It came after what the edge knew: honoured, and listed for an admin to act on.
    Later,
    Refuses,
}

pub(crate) fn revocation(attempt: &Attempt, by_known: bool, lapse: Option<Lapse>) -> Revocation {
    let op = match &attempt.origin {
        // Nothing was promised, so today's lists count.
        Origin::Waited { revoked: true } => return Revocation::Refuses,
        Origin::Waited { revoked: false } | Origin::Portal => return Revocation::None,
        Origin::Edge(op) => op,
    };
    let Some(revoked) = op.evidence.revoked_version else { return Revocation::None };
    let unseen = op.evidence.revocations_version.is_none_or(|seen| seen < revoked);
    if by_known && unseen && lapse != Some(Lapse::RevokeSeen) {
        Revocation::Later
    } else {
        Revocation::Refuses
    }
}
