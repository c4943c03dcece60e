//! The regions' rights to assign in order_db. Mirrors `cloud/order/src/store/assignments.rs`
//! and `assignment_rows.rs`: a region's row, every fence and its end, every version of the rules.

use std::collections::BTreeMap;

use rules::{Assignment, AssignmentTransition, HolderEpoch, OfflineRules};
use wire::{
    EdgeId, FenceEnd, FenceRecord, Hash, Order, Region, RegionAssignment, UnixMillis, UserId,
};

pub struct Rights {
    pub regions: BTreeMap<Region, Assignment>,
    fences: BTreeMap<(Region, u64), FenceRecord>,
    digests: BTreeMap<(Region, u64), Hash>,
    past_rules: BTreeMap<(Region, u64), OfflineRules>,
    /// Each edge's newest ended epoch: neither it nor an earlier one gets a grant.
    pub ended_epochs: BTreeMap<EdgeId, u64>,
}

/// The region where work begun at an edge may start without held funds.
const UNPAID_START: Region = Region::East;

/// The policy version of a new region. An edge without any feed has version 0.
pub(crate) const FIRST_VERSION: u64 = 1;

impl Default for Rights {
    fn default() -> Self {
        let rules = |region| OfflineRules {
            unpaid_start: region == UNPAID_START,
            ..OfflineRules::default()
        };
        let first = |region| Assignment {
            policy_version: FIRST_VERSION,
            rules_version: FIRST_VERSION,
            rules: rules(region),
            ..Assignment::default()
        };
        Self {
            regions: Region::ALL.map(|region| (region, first(region))).into(),
            fences: BTreeMap::new(),
            digests: BTreeMap::new(),
            past_rules: Region::ALL.map(|r| ((r, FIRST_VERSION), rules(r))).into(),
            ended_epochs: BTreeMap::new(),
        }
    }
}

impl Rights {
    /// The row for a deciding transaction, with the fences and rules that its requests may name.
    pub fn read(&self, region: Region) -> Assignment {
        let mut assignment = self.regions.get(&region).cloned().unwrap_or_default();
        let whole = (region, 0)..=(region, u64::MAX);
        let fences = self.fences.range(whole.clone());
        assignment.fences = fences
            .map(|((_, fence), record)| (*fence, record.clone()))
            .collect();
        let rules = self.past_rules.range(whole);
        assignment.past_rules = rules
            .map(|((_, version), r)| (*version, r.clone()))
            .collect();
        assignment
    }

    /// Returns true if that epoch of the edge is over.
    pub fn is_over(&self, holder: &HolderEpoch) -> bool {
        self.ended_epochs
            .get(&holder.edge)
            .is_some_and(|ended| holder.epoch <= *ended)
    }

    pub fn end_epoch(&mut self, holder: &HolderEpoch) {
        let ended = self.ended_epochs.entry(holder.edge.clone()).or_default();
        *ended = holder.epoch.max(*ended);
    }

    pub fn is_held(&self, region: Region) -> bool {
        self.regions
            .get(&region)
            .is_some_and(|assignment| assignment.holder.is_some())
    }

    /// The end of an issued fence, if it has ended.
    pub fn end_of(&self, region: Region, fence: u64) -> Option<&FenceEnd> {
        self.fences.get(&(region, fence))?.end.as_ref()
    }

    pub fn was_of(&self, region: Region, fence: u64) -> Option<&EdgeId> {
        self.fences
            .get(&(region, fence))
            .map(|record| &record.holder)
    }

    pub fn granted_by(&self, region: Region, fence: u64) -> Option<UserId> {
        self.fences
            .get(&(region, fence))
            .map(|record| record.granted_by)
    }

    pub fn rules_of(&self, region: Region, version: u64) -> Option<&OfflineRules> {
        self.past_rules.get(&(region, version))
    }

    /// Returns true if any version of the region's rules had such work paid for afterwards.
    pub fn was_ever_paid_afterwards(&self, region: Region, order: &Order) -> bool {
        let mut rules = self.past_rules.range((region, 0)..=(region, u64::MAX));
        rules.any(|(_, rules)| rules.paid_afterwards.contains(&order.service_type))
    }

    /// Writes a change; `open` is the digest of the region's open orders in this transaction.
    pub fn turn(
        &mut self,
        region: Region,
        transition: &AssignmentTransition,
        at: UnixMillis,
        open: Hash,
    ) -> RegionAssignment {
        let mut after = transition.after.clone();
        if let Some((fence, end)) = &transition.ended
            && let Some(record) = self.fences.get_mut(&(region, *fence))
        {
            record.end = Some(end.clone());
        }
        if transition.new_rules {
            self.past_rules
                .insert((region, after.rules_version), after.rules.clone());
        }
        if let (Some(granted_by), Some(holder)) = (transition.granted, after.holder.clone()) {
            let fence = after.fence;
            let epoch = after.epoch;
            let granted_at = at;
            let end = None;
            let record = FenceRecord {
                region,
                fence,
                holder,
                epoch,
                granted_at,
                granted_by,
                end,
            };
            self.fences.insert((region, fence), record);
            self.digests.insert((region, fence), open);
        }
        after.fences.clear();
        after.past_rules.clear();
        let word = self.told(region, &after);
        self.regions.insert(region, after);
        word
    }

    pub fn told(&self, region: Region, assignment: &Assignment) -> RegionAssignment {
        assignment.to_region_assignment(self.digests.get(&(region, assignment.fence)).copied())
    }
}
