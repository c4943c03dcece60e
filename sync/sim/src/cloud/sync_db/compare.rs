//! The state of feeds and edges for comparisons, and the repairs. Mirrors
//! `sync/hub/src/store/feed/reads.rs`, the repairs in `store/feed.rs` and `feed/orders.rs`, and the
//! differences of `domain/checksum.rs`. Equal versions with other content do not occur here.

use planted::is_planted;
use wire::{Hash, Order, OrderId, Region, RegionAssignment};

use super::{EdgeRow, RegionRow, SyncDb};
use crate::bug::Bug;

/// The delay before another snapshot, if the last one did not help.
const AGAIN_AFTER_MS: u64 = 20_000;

impl SyncDb {
    /// Stores the owner's version of an order. Returns its feed number if it is newer.
    pub fn repair_order(&mut self, order: &Order) -> Option<u64> {
        let lowers = is_planted(Bug::RepairLowers);
        let region = self.regions.get_mut(&order.location)?;
        if region.version_of(order.id) >= order.version && !lowers {
            return None;
        }
        let number = region.feed_seq + 1;
        region.arrives(number, order, false);
        Some(number)
    }

    /// Stores the owner's assignment of a region, if it is newer.
    pub fn repair_assignment(
        &mut self,
        region: Region,
        assignment: &RegionAssignment,
    ) -> Option<u64> {
        let region = self.regions.get_mut(&region)?;
        if region.assignment.policy_version >= assignment.policy_version {
            return None;
        }
        let number = region.feed_seq + 1;
        region.assigns(number, assignment);
        Some(number)
    }

    /// Removes an order that its owner does not have in this region.
    pub fn feed_gone(&mut self, region: Region, order_id: OrderId, version: u64) -> Option<u64> {
        let region = self.regions.get_mut(&region)?;
        let known = region.newest.get(&order_id)?;
        if known.member.is_none() || known.version > version {
            return None;
        }
        let number = region.feed_seq + 1;
        region.leaves(number, order_id, version);
        Some(number)
    }

    /// Returns true if an edge's view differs, at a feed number that allows a comparison.
    pub fn differs(&self, e: usize) -> bool {
        let edge = &self.edges[e];
        let Some(region) = self.regions.get(&edge.region) else {
            return false;
        };
        let (Some(word), true) = (edge.word, edge.enrolled && edge.link_up) else {
            return false;
        };
        let at_the_end = edge.feed_cursor == region.feed_seq;
        let assigns_otherwise =
            |known: Hash| at_the_end && known != region.assignment.compute_digest();
        mismatch(edge, region) == Some(true) || word.assignment.is_some_and(assigns_otherwise)
    }

    /// Returns true if the edge has read its feed to the end and still has orders ahead of it.
    pub fn is_ahead(&self, e: usize) -> bool {
        let edge = &self.edges[e];
        let says = edge.enrolled && edge.link_up && edge.word.is_some_and(|word| word.ahead > 0);
        let end = self.regions.get(&edge.region).map(|region| region.feed_seq);
        says && end == Some(edge.feed_cursor)
    }

    /// Returns true if its orders differ, or `None` while the two are not comparable.
    pub fn is_mismatch(&self, e: usize) -> Option<bool> {
        let edge = &self.edges[e];
        mismatch(edge, self.regions.get(&edge.region)?)
    }

    /// The fence that it holds but that its view disagreed with.
    pub fn unproven(&self, e: usize, edge_id: &wire::EdgeId) -> Option<u64> {
        let edge = &self.edges[e];
        let fence = edge.word.and_then(|word| word.unproven)?;
        let now = &self.regions.get(&edge.region)?.assignment;
        let holds = now.holder.as_ref() == Some(edge_id) && now.epoch == edge.epoch;
        (edge.link_up && holds && now.fence == fence).then_some(fence)
    }

    /// Requests a snapshot. Returns true if this is the first request.
    pub fn ask_repair(&mut self, e: usize, now: u64) -> bool {
        let edge = &mut self.edges[e];
        let lately = edge.repaired_at.is_some_and(|at| now < at + AGAIN_AFTER_MS);
        if lately || edge.repair_asked_at.is_some() {
            return false;
        }
        edge.repair_asked_at = Some(now);
        true
    }
}

fn mismatch(edge: &EdgeRow, region: &RegionRow) -> Option<bool> {
    let word = edge.word.filter(|word| word.ahead == 0)?;
    let kept = edge.feed_cursor >= region.compacted_to;
    let there = region.feed.get(&edge.feed_cursor).filter(|_| kept)?;
    Some(word.digest != there.digest)
}
