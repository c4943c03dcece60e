//! A region's assignment right and all of its changes.
//!
//! Invariants: a granted right ends only by its holder's release or a recorded take-back, never by
//! a policy change; a fence is issued once; `policy_version` rises with every change.

use std::collections::BTreeMap;

use wire::{
    EdgeId, FenceEnd, FenceEnding, FenceRecord, Hash, OfflineRules, Policy, RegionAssignment,
    UnixMillis, UserId,
};

use crate::{OrderRule, is_disabled};

/// A region's assignment right, and the offline rules of its edges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignment {
    pub policy_version: u64,
    pub policy: Policy,
    pub holder: Option<EdgeId>,
    /// The holder's epoch when it was granted the right.
    pub epoch: u64,
    /// The last fence issued; the holder's own, if there is a holder.
    pub fence: u64,
    /// The next assignment, effective once the holder releases the right as requested.
    pub wanted: Option<NextAssignment>,
    pub rules_version: u64,
    pub rules: OfflineRules,
    /// The current and ended rights that the requests name.
    pub fences: BTreeMap<u64, FenceRecord>,
    /// Earlier versions of the rules that the requests name.
    pub past_rules: BTreeMap<u64, OfflineRules>,
}

/// One epoch of an edge, the unit that can hold a right: another epoch of the same edge is a
/// different holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderEpoch {
    pub edge: EdgeId,
    pub epoch: u64,
}

/// Identifies exactly one op, even if a restored edge reuses a seq.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpIdentity {
    pub edge: EdgeId,
    pub epoch: u64,
    pub seq: u64,
    pub hash: Hash,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextAssignment {
    pub policy: Policy,
    pub holder: Option<HolderEpoch>,
    pub by: UserId,
}

/// An operator's requested change; absent parts stay unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestedAssignment {
    pub right: Option<NextAssignment>,
    pub rules: Option<OfflineRules>,
}

/// One change of a region's assignment: one transaction, one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignmentTransition {
    pub after: Assignment,
    /// The right that ended.
    pub ended: Option<(u64, FenceEnd)>,
    /// The operator behind the new grant; its digest is read in the same transaction.
    pub granted: Option<UserId>,
    pub new_rules: bool,
}

impl Assignment {
    pub fn holder_epoch(&self) -> Option<HolderEpoch> {
        self.holder.clone().map(|edge| HolderEpoch {
            edge,
            epoch: self.epoch,
        })
    }

    pub(crate) fn is_held_by(&self, op: &OpIdentity) -> bool {
        self.holder.as_ref() == Some(&op.edge) && self.epoch == op.epoch
    }

    /// True if an edge other than this op's holds the right. HTTP requests have no op.
    pub(crate) fn is_held_elsewhere(&self, op: Option<&OpIdentity>) -> bool {
        self.holder.is_some() && !op.is_some_and(|op| self.is_held_by(op))
    }

    /// The rules in the version the edge had; today's if it had none.
    pub(crate) fn rules_at(&self, version: Option<u64>) -> &OfflineRules {
        version
            .and_then(|version| self.past_rules.get(&version))
            .unwrap_or(&self.rules)
    }

    /// The assignment as published in the region's feed. `digest` belongs to the current grant.
    pub fn to_region_assignment(&self, digest: Option<Hash>) -> RegionAssignment {
        RegionAssignment {
            policy_version: self.policy_version,
            policy: self.policy,
            holder: self.holder.clone(),
            epoch: self.epoch,
            fence: self.fence,
            release_asked: self.wanted.is_some(),
            digest: digest.filter(|_| self.holder.is_some()),
            rules_version: self.rules_version,
            rules: self.rules.clone(),
        }
    }

    /// Applies an operator's request; `None` if it changes nothing. A held right stays with its
    /// holder until released; the next grant waits for that.
    pub fn apply_request(&self, wish: RequestedAssignment) -> Option<AssignmentTransition> {
        let mut after = self.clone();
        if let Some(rules) = wish.rules.filter(|rules| *rules != self.rules) {
            after.rules = rules;
            after.rules_version += 1;
        }
        let mut granted = None;
        match wish.right {
            Some(right) if self.holder.is_some() && !is_disabled(OrderRule::ReleaseOp) => {
                after.wanted = Some(right).filter(|right| !self.is_as(right));
            }
            Some(right) => granted = after.apply_next(right),
            None => {}
        }
        self.transition_to(after, None, granted)
    }

    /// The holder releases the right; `None` if it does not hold `fence`. The next assignment takes
    /// effect now.
    pub fn release_right(
        &self,
        op: &OpIdentity,
        fence: u64,
        at: UnixMillis,
    ) -> Option<AssignmentTransition> {
        let current = fence == self.fence || is_disabled(OrderRule::AnyReleaseEnds);
        if !self.is_held_by(op) || !current {
            return None;
        }
        let how = match &self.wanted {
            None => FenceEnding::Released,
            Some(NextAssignment { holder: None, .. }) => FenceEnding::PolicyChanged,
            Some(NextAssignment {
                holder: Some(_), ..
            }) => FenceEnding::Reassigned,
        };
        let by = self.wanted.as_ref().map(|wanted| wanted.by);
        let end = FenceEnd {
            at,
            how,
            by,
            why: None,
        };
        let mut after = self.clone();
        after.holder = None;
        let granted = after
            .wanted
            .take()
            .and_then(|wanted| after.apply_next(wanted));
        self.transition_to(after, Some((self.fence, end)), granted)
    }

    /// An operator takes the right back; `None` if it is not held. Grants it to no edge: that takes
    /// another operator request.
    pub fn taken_back(&self, end: FenceEnd) -> Option<AssignmentTransition> {
        self.holder.as_ref()?;
        let mut after = self.clone();
        after.holder = None;
        if let Some(wanted) = after.wanted.take() {
            after.policy = wanted.policy;
        }
        self.transition_to(after, Some((self.fence, end)), None)
    }

    /// Issues a new fence and digest to a holder that answered nothing firm, because its view
    /// disagreed with its grant. `None` if it does not hold that fence or must release it. The
    /// grant keeps its operator.
    pub fn renew_right(
        &self,
        holder: &HolderEpoch,
        fence: u64,
        end: FenceEnd,
        by: UserId,
    ) -> Option<AssignmentTransition> {
        let stands = self.holder_epoch().as_ref() == Some(holder) && self.fence == fence;
        if !stands || self.wanted.is_some() {
            return None;
        }
        let mut after = self.clone();
        after.fence += 1;
        self.transition_to(after, Some((fence, end)), Some(by))
    }

    /// Ends an edge's epoch: takes its right back and removes it from the next assignment.
    pub fn epoch_ended(&self, over: &HolderEpoch, end: FenceEnd) -> Option<AssignmentTransition> {
        if let Some(holder) = self.holder_epoch()
            && has_ended(&holder, over)
        {
            return self.taken_back(end);
        }
        let mut after = self.clone();
        if let Some(wanted) = &mut after.wanted
            && let Some(holder) = &wanted.holder
            && has_ended(holder, over)
        {
            wanted.holder = None;
        }
        self.transition_to(after, None, None)
    }

    /// True if the region already assigns this way. A request without a holder means the current
    /// one.
    fn is_as(&self, right: &NextAssignment) -> bool {
        let same_holder = right.holder.is_none() || right.holder == self.holder_epoch();
        right.policy == self.policy && same_holder
    }

    /// Applies `right`. Returns the operator if this grants the right to a holder.
    fn apply_next(&mut self, right: NextAssignment) -> Option<UserId> {
        self.policy = right.policy;
        self.holder = None;
        let HolderEpoch { edge, epoch } = right.holder?;
        self.holder = Some(edge);
        self.epoch = epoch;
        self.fence += 1;
        Some(right.by)
    }

    fn transition_to(
        &self,
        mut after: Self,
        ended: Option<(u64, FenceEnd)>,
        granted: Option<UserId>,
    ) -> Option<AssignmentTransition> {
        if after == *self {
            return None;
        }
        after.policy_version += 1;
        let new_rules = after.rules_version != self.rules_version;
        Some(AssignmentTransition {
            after,
            ended,
            granted,
            new_rules,
        })
    }
}

/// True if the end of the epoch `over` also ends this one.
fn has_ended(holder: &HolderEpoch, over: &HolderEpoch) -> bool {
    holder.edge == over.edge && holder.epoch <= over.epoch
}
