//! Repairs edges. An edge gets a snapshot if its orders or its assignment differ from the cloud's,
//! or if its view lacks orders that its feed delivered. A holder with a view that did not match its
//! grant gets a new fence once the region is correct.
//!
//! Invariant: every replica runs this, and every repair is safe to repeat: a snapshot is requested
//! once, and a fence is renewed only while it is current.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use process::metrics;
use tokio::time::sleep;
use wire::{
    ChecksumState, EdgeId, EdgeStatus, LeaseRenewalRequest, LinkState, Region, RegionAssignment,
};

use super::compare::{CompareFault, FeedComparison};
use crate::{
    domain::status::{self, EdgeRecord, RegionRecord},
    polling::{EdgeSignals, PollLoop},
    store::StoreError,
};

const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// Time before an ineffective snapshot is sent again.
const AGAIN_AFTER_MS: i64 = 10 * 60 * 1000;
/// Minimum time between two requests to an owner about the edges of a region.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// The edges with problems in one check.
#[derive(Default)]
struct EdgeProblems {
    differing: HashSet<EdgeId>,
    ahead: HashSet<EdgeId>,
}

#[derive(Default)]
struct RepairState {
    /// From the last check. A difference counts after two checks in a row.
    before: EdgeProblems,
    /// When a feed was last compared with its owner because edges were ahead of it. One entry per
    /// region.
    compared: HashMap<Region, Duration>,
    /// When a fence was last renewed. One entry per region.
    renewed: HashMap<Region, Duration>,
}

/// A question that only the owner of a region can answer.
struct OwnerQuestion<'a> {
    region: &'a RegionRecord,
    /// An edge that holds the region, and the fence of its grant.
    doubtful: Option<(&'a EdgeRecord, u64)>,
    ahead: Vec<&'a EdgeRecord>,
}

pub(super) struct EdgeRepairer {
    pub comparison: FeedComparison,
    pub signals: EdgeSignals,
}

impl EdgeRepairer {
    pub(super) async fn run_checks(&self) {
        let stop = self.comparison.tasks.stop_token();
        let mut poll_loop = PollLoop::new(
            &self.comparison.tasks,
            "Could not check and repair the edges' orders",
        );
        let mut seen = RepairState::default();
        let mut result = Ok(());
        while poll_loop.next(result, sleep(POLL_INTERVAL)).await {
            result = tokio::select! {
                () = stop.cancelled() => return,
                result = self.check_edges(&mut seen) => result,
            };
        }
    }

    /// First does the repairs that work without an owner, then calls the owners: an unreachable or
    /// silent owner delays neither those snapshots nor other regions. Returns the first fault.
    async fn check_edges(&self, seen: &mut RepairState) -> Result<(), CompareFault> {
        let (regions, edges) = self.comparison.store.read_overview().await?;
        let mut now = EdgeProblems::default();
        let mut questions = Vec::new();
        for region in &regions {
            let here = edges
                .iter()
                .filter(|e| e.region == region.region && e.is_in_service());
            questions.push(
                self.check_region(&seen.before, &mut now, region, here)
                    .await?,
            );
        }
        seen.before = now;
        let mut result = Ok(());
        for question in questions {
            result = result.and(self.ask_owner(seen, question).await);
        }
        result
    }

    async fn check_region<'a>(
        &self,
        before: &EdgeProblems,
        now: &mut EdgeProblems,
        region: &'a RegionRecord,
        edges: impl Iterator<Item = &'a EdgeRecord>,
    ) -> Result<OwnerQuestion<'a>, StoreError> {
        let assigns = self.comparison.store.read_assignment(region.region).await?;
        let mut ahead = Vec::new();
        let mut doubtful = None;
        for edge in edges {
            let shown = status::derive_edge_status(edge, region, self.comparison.clock.now());
            if shown.link != LinkState::Up {
                continue;
            }
            let name = &shown.edge;
            if shown.checksum == ChecksumState::Mismatch
                || knows_other_assignment(region, edge, &assigns)
            {
                now.differing.insert(name.clone());
                if before.differing.contains(name) {
                    self.request_snapshot(edge).await?;
                }
            }
            if edge.ahead > 0 && edge.feed_cursor == region.feed_seq {
                now.ahead.insert(name.clone());
                ahead.extend(before.ahead.contains(name).then_some(edge));
            }
            doubtful = doubtful.or(find_unproven_fence(edge, &assigns).map(|fence| (edge, fence)));
        }
        Ok(OwnerQuestion {
            region,
            doubtful,
            ahead,
        })
    }

    async fn ask_owner(
        &self,
        seen: &mut RepairState,
        question: OwnerQuestion<'_>,
    ) -> Result<(), CompareFault> {
        if let Some((holder, fence)) = question.doubtful {
            self.renew_grant(seen, holder, fence).await?;
        }
        self.repair_ahead(seen, question.region, &question.ahead)
            .await
    }

    /// An outcome is ahead of a feed only while the feed lags its owner. An edge ahead of a
    /// complete feed has lost changes that it had read, and only a snapshot restores them.
    async fn repair_ahead(
        &self,
        seen: &mut RepairState,
        region: &RegionRecord,
        edges: &[&EdgeRecord],
    ) -> Result<(), CompareFault> {
        let now = self.comparison.clock.elapsed();
        if edges.is_empty() || is_recent(&seen.compared, region.region, now) {
            return Ok(());
        }
        seen.compared.insert(region.region, now);
        let unsettled = self
            .comparison
            .compare_region(region.region)
            .await?
            .unsettled;
        if unsettled {
            return Ok(());
        }
        // A feed that moved meanwhile was behind, or proves nothing about the edges.
        let regions = self.comparison.store.list_regions().await?;
        let is_unmoved = regions
            .iter()
            .any(|state| state.region == region.region && state.feed_seq == region.feed_seq);
        if !is_unmoved {
            return Ok(());
        }
        for edge in edges {
            self.request_snapshot(edge).await?;
        }
        Ok(())
    }

    async fn request_snapshot(&self, edge: &EdgeRecord) -> Result<(), StoreError> {
        let now = self.comparison.clock.now();
        let lately = edge
            .stored
            .repaired_at
            .is_some_and(|at| now.ms_since(at) < AGAIN_AFTER_MS);
        if lately
            || !self
                .comparison
                .store
                .request_repair(&edge.stored.edge, now)
                .await?
        {
            return Ok(());
        }
        metrics::HUB_REPAIRS.add([edge.region.as_str(), "edge"], 1);
        let name = &edge.stored.edge;
        tracing::warn!(edge.id = %name,
            "The orders of `{name}` differ from the cloud's; sending it a snapshot");
        self.signals.wake_sessions(name);
        Ok(())
    }

    /// Repairs the feed, then the edge, then renews the grant: only then can its view match.
    async fn renew_grant(
        &self,
        seen: &mut RepairState,
        edge: &EdgeRecord,
        fence: u64,
    ) -> Result<(), CompareFault> {
        let now = self.comparison.clock.elapsed();
        let region = edge.region;
        if is_recent(&seen.renewed, region, now)
            || self.comparison.compare_region(region).await?.unsettled
        {
            return Ok(());
        }
        let (regions, edges) = self.comparison.store.read_overview().await?;
        let record = edges
            .iter()
            .find(|record| record.stored.edge == edge.stored.edge);
        let state = regions.iter().find(|state| state.region == region);
        let (Some(record), Some(state)) = (record, state) else {
            return Ok(());
        };
        match status::derive_edge_status(record, state, self.comparison.clock.now()).checksum {
            ChecksumState::Match | ChecksumState::Settling => {}
            ChecksumState::Mismatch => return Ok(self.request_snapshot(record).await?),
            ChecksumState::Unknown => return Ok(()),
        }
        let name = edge.stored.edge.clone();
        let epoch = edge.stored.epoch;
        tracing::warn!(edge.id = %name, fence, "Granted {region} to `{name}` again: its view did not match");
        let asked = LeaseRenewalRequest {
            region,
            edge: name,
            epoch,
            fence,
        };
        let _: RegionAssignment = self
            .comparison
            .order_client
            .post("/internal/renewals", &asked)
            .await?;
        seen.renewed.insert(region, now);
        metrics::HUB_REPAIRS.add([region.as_str(), "grant"], 1);
        Ok(())
    }
}

/// Returns true if the edge has read its feed to the end but knows a different assignment.
fn knows_other_assignment(
    region: &RegionRecord,
    edge: &EdgeRecord,
    assigns: &RegionAssignment,
) -> bool {
    let finish_walk = edge.feed_cursor == region.feed_seq;
    finish_walk
        && edge
            .assignment
            .is_some_and(|known| known != assigns.compute_digest())
}

/// The fence of the current grant, if the holder's view did not match it.
fn find_unproven_fence(edge: &EdgeRecord, assigns: &RegionAssignment) -> Option<u64> {
    let EdgeStatus {
        edge: name,
        epoch,
        unproven,
        ..
    } = &edge.stored;
    let holds = assigns.holder.as_ref() == Some(name) && assigns.epoch == *epoch;
    unproven.filter(|fence| holds && assigns.fence == *fence)
}

fn is_recent(last: &HashMap<Region, Duration>, region: Region, now: Duration) -> bool {
    last.get(&region)
        .is_some_and(|at| now.saturating_sub(*at) < ASK_AGAIN_AFTER)
}
