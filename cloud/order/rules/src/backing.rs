//! Determines the right behind an edge's firm answer, and the rules that apply to it.

use wire::{Action, Actor, FenceEnd, OfflineRules, Verdict};

use crate::{Acceptance, Assignment, Attempt, DisabledRule, OrderState, Origin};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PromiseBacking {
    /// Provisional answer, or its fence does not belong to this edge's epoch.
    None,
    /// The edge holds the region under that fence.
    Stands,
    /// The edge held it when it answered, possibly in an earlier epoch; the right was taken back
    /// since.
    TakenBack(FenceEnd),
}

impl PromiseBacking {
    pub fn from_evidence(attempt: &Attempt, assignment: &Assignment) -> Self {
        let Some(op) = attempt.op() else {
            return Self::None;
        };
        let name = &op.identity;
        let firm = op
            .evidence
            .fence
            .filter(|_| op.evidence.verdict == Verdict::Firm);
        if firm == Some(assignment.fence) && assignment.is_held_by(name) {
            return Self::Stands;
        }
        let first = op
            .evidence
            .relogged
            .as_ref()
            .filter(|first| first.verdict == Verdict::Firm);
        let promise = match (firm, first) {
            (Some(fence), _) => Some((&name.edge, name.epoch, fence)),
            (None, Some(first)) => first.fence.map(|fence| (&first.edge, first.epoch, fence)),
            (None, None) => None,
        };
        let Some((edge, epoch, fence)) = promise else {
            return Self::None;
        };
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

/// True if this is judged by the edge's view at the time: firm answers, and later edge steps by the
/// provider who won the order through one.
pub(crate) fn by_what_the_edge_knew(
    attempt: &Attempt,
    actor: Actor,
    backing: &PromiseBacking,
    state: Option<&OrderState>,
) -> bool {
    let follows = state.is_some_and(|state| {
        let firm = state.acceptance.as_ref().is_some_and(Acceptance::is_firm);
        let accept = attempt.command.body.order_action() == Some(Action::Accept);
        firm && !accept && state.order.provider_id == Some(actor.user_id)
    });
    backing.is_firm() || (attempt.op().is_some() && follows)
}

pub(crate) fn applicable_rules(
    attempt: &Attempt,
    assignment: &Assignment,
    by_known: bool,
    disabled: Option<DisabledRule>,
) -> OfflineRules {
    let named = attempt.op().and_then(|op| op.evidence.rules_version);
    let named = named.filter(|_| by_known && disabled != Some(DisabledRule::RuleVersion));
    assignment.rules_at(named).clone()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RevocationEffect {
    None,
    /// The edge could not have seen it: honour the answer and open a case for an admin.
    Later,
    Refuses,
}

pub(crate) fn revocation_effect(
    attempt: &Attempt,
    by_known: bool,
    disabled: Option<DisabledRule>,
) -> RevocationEffect {
    let op = match &attempt.origin {
        // No edge promised anything, so today's revocation list counts.
        Origin::Waited { revoked: true } => return RevocationEffect::Refuses,
        Origin::Waited { revoked: false } | Origin::Portal => return RevocationEffect::None,
        Origin::Edge(op) => op,
    };
    let Some(revoked) = op.evidence.revoked_version else {
        return RevocationEffect::None;
    };
    let unseen = op
        .evidence
        .revocations_version
        .is_none_or(|seen| seen < revoked);
    if by_known && unseen && disabled != Some(DisabledRule::RevokeSeen) {
        RevocationEffect::Later
    } else {
        RevocationEffect::Refuses
    }
}
