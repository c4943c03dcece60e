//! How a region assigns its orders, and every way in which that changes.
//!
//! Invariants: a right that was granted ends only by its holder's release or by a take-back on
//! record, never by a change of policy; a fence is given out once; `policy_version` rises with
//! every change.

use std::collections::BTreeMap;

use wire::{
    EdgeId, FenceEnd, FenceEnding, FenceRecord, Hash, OfflineRules, Policy, RegionAssignment,
    UnixMillis, UserId,
};

use crate::{Lapse, OpName};

/// A region's right to assign, and the rules of its edges while they are cut off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignment {
    pub policy_version: u64,
    pub policy: Policy,
    pub holder: Option<EdgeId>,
    /// The holder's epoch when it was granted the right.
    pub epoch: u64,
    /// The last fence given out; the holder's own, where there is a holder.
    pub fence: u64,
    /// The next assignment; it comes once the holder has given the right back, as it was asked to.
    pub wanted: Option<NextAssignment>,
    pub rules_version: u64,
    pub rules: OfflineRules,
    /// The rights, standing or ended, that the requests name.
    pub fences: BTreeMap<u64, FenceRecord>,
    /// The rules of earlier versions that the requests name.
    pub past_rules: BTreeMap<u64, OfflineRules>,
}

/// One epoch of an edge: only it can hold a right, another epoch of the same edge is someone else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    pub edge: EdgeId,
    pub epoch: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextAssignment {
    pub policy: Policy,
    pub holder: Option<Seat>,
    /// The operator behind it.
    pub by: UserId,
}

/// An operator's wish; absent parts stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    pub right: Option<NextAssignment>,
    pub rules: Option<OfflineRules>,
}

/// A change of a region's assignment. All of it is written in one transaction, and told in one
/// event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignmentTurn {
    pub after: Assignment,
    /// The right that ended.
    pub ended: Option<(u64, FenceEnd)>,
    /// The operator behind the new grant in `after`; its digest is read in the same transaction.
    pub granted: Option<UserId>,
    pub new_rules: bool,
}

impl Assignment {
    pub fn seat(&self) -> Option<Seat> {
        self.holder.clone().map(|edge| Seat { edge, epoch: self.epoch })
    }

    pub(crate) fn is_held_by(&self, op: &OpName) -> bool {
        self.holder.as_ref() == Some(&op.edge) && self.epoch == op.epoch
    }

    /// Returns whether another edge holds the right than the one this op comes from; a request over
    /// HTTP comes from none.
    pub(crate) fn is_held_elsewhere(&self, op: Option<&OpName>) -> bool {
        self.holder.is_some() && !op.is_some_and(|op| self.is_held_by(op))
    }

    /// The rules as an edge knew them. One that knew none is judged by today's.
    pub(crate) fn rules_at(&self, version: Option<u64>) -> &OfflineRules {
        version.and_then(|version| self.past_rules.get(&version)).unwrap_or(&self.rules)
    }

    /// As the region's feed tells it. The digest is of the standing grant.
    pub fn told(&self, digest: Option<Hash>) -> RegionAssignment {
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

    /// The change that an operator's wish makes; `None` where all is so already. A held right stays
    /// held: its holder is asked to give it back, and the rest waits for that.
    pub fn wished(&self, wish: Wish, lapse: Option<Lapse>) -> Option<AssignmentTurn> {
        let mut after = self.clone();
        if let Some(rules) = wish.rules.filter(|rules| *rules != self.rules) {
            after.rules = rules;
            after.rules_version += 1;
        }
        let mut granted = None;
        match wish.right {
            Some(right) if self.holder.is_some() && lapse != Some(Lapse::ReleaseOp) => {
                after.wanted = Some(right).filter(|right| !self.is_as(right));
            }
            Some(right) => granted = after.becomes(right),
            None => {}
        }
        self.turned(after, None, granted)
    }

    /// The holder's last word under a fence; `None` where it does not hold the right under that
    /// one. The next assignment comes now.
    pub fn released(
        &self,
        op: &OpName,
        fence: u64,
        at: UnixMillis,
        lapse: Option<Lapse>,
    ) -> Option<AssignmentTurn> {
        let current = fence == self.fence || lapse == Some(Lapse::AnyReleaseEnds);
        if !self.is_held_by(op) || !current {
            return None;
        }
        let how = match &self.wanted {
            None => FenceEnding::Released,
            Some(NextAssignment { holder: None, .. }) => FenceEnding::PolicyChanged,
            Some(NextAssignment { holder: Some(_), .. }) => FenceEnding::Reassigned,
        };
        let by = self.wanted.as_ref().map(|wanted| wanted.by);
        let end = FenceEnd { at, how, by, why: None };
        let mut after = self.clone();
        after.holder = None;
        let granted = after.wanted.take().and_then(|wanted| after.becomes(wanted));
        self.turned(after, Some((self.fence, end)), granted)
    }

    /// An operator takes the right back; `None` where nobody holds it. Nobody is granted it by
    /// this: that takes an operator again.
    pub fn taken_back(&self, end: FenceEnd) -> Option<AssignmentTurn> {
        self.holder.as_ref()?;
        let mut after = self.clone();
        after.holder = None;
        if let Some(wanted) = after.wanted.take() {
            after.policy = wanted.policy;
        }
        self.turned(after, Some((self.fence, end)), None)
    }

    /// The holder's view did not agree with its grant, so that it has answered nothing firm under
    /// it: the same holder gets a new fence, and with it a digest of how things stand now. `None`
    /// where it does not hold the right under that fence, or is asked to give it back. The operator
    /// behind the first grant is behind the new one.
    pub fn renewed(
        &self,
        seat: &Seat,
        fence: u64,
        end: FenceEnd,
        by: UserId,
    ) -> Option<AssignmentTurn> {
        let stands = self.seat().as_ref() == Some(seat) && self.fence == fence;
        if !stands || self.wanted.is_some() {
            return None;
        }
        let mut after = self.clone();
        after.fence += 1;
        self.turned(after, Some((fence, end)), Some(by))
    }

    /// An edge's epoch is over: its right is taken back, and the next right is not granted to it.
    pub fn epoch_ended(&self, over: &Seat, end: FenceEnd) -> Option<AssignmentTurn> {
        let is_over = |seat: &Seat| seat.edge == over.edge && seat.epoch <= over.epoch;
        if self.seat().as_ref().is_some_and(is_over) {
            return self.taken_back(end);
        }
        let mut after = self.clone();
        if let Some(wanted) = &mut after.wanted
            && wanted.holder.as_ref().is_some_and(is_over)
        {
            wanted.holder = None;
        }
        self.turned(after, None, None)
    }

    /// Returns whether the region assigns so already; a wish without a holder means today's holder.
    fn is_as(&self, right: &NextAssignment) -> bool {
        let same_holder = right.holder.is_none() || right.holder == self.seat();
        right.policy == self.policy && same_holder
    }

    /// The operator behind the grant, where this grants the right.
    fn becomes(&mut self, right: NextAssignment) -> Option<UserId> {
        self.policy = right.policy;
        self.holder = None;
        let Seat { edge, epoch } = right.holder?;
        self.holder = Some(edge);
        self.epoch = epoch;
        self.fence += 1;
        Some(right.by)
    }

    fn turned(
        &self,
        mut after: Self,
        ended: Option<(u64, FenceEnd)>,
        granted: Option<UserId>,
    ) -> Option<AssignmentTurn> {
        if after == *self {
            return None;
        }
        after.policy_version += 1;
        let new_rules = after.rules_version != self.rules_version;
        Some(AssignmentTurn { after, ended, granted, new_rules })
    }
}
