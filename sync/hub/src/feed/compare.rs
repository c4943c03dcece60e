//! Compares a region's feed with its owner and repairs the feed.
//!
//! Invariants: the owner wins. A repair is a normal change: it gets the feed's next number and so
//! reaches every edge. Changes in transit are not lost, so a difference counts only after it has
//! persisted for a while.

use std::time::Duration;

use platform::upstream::UpstreamError;
use process::{clock::Clock, metrics, tasks::Tasks};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{
    Assignments, OrderFingerprint, OrderId, OrderRangeDigest, OrderRangeQuery, OrdersByIdQuery,
    OrdersByIdReply, Region, RegionAssignment, range_digest,
};

use crate::{
    domain::compare::{
        ComparisonCursors, OrderDifference, RangeScan, SuspectOrder, classify_difference,
        find_suspects,
    },
    peers::OwnerClient,
    polling::{RegionMarks, WorkSignal},
    store::{
        Store, StoreError,
        feed::{FeedEffect, orders::DepartedOrder},
    },
};

/// Maximum orders per range, and per request for full orders.
const RANGE_MAX: usize = 1_000;
const NAMED_MAX: usize = 200;
/// Maximum suspects per comparison; the next one starts after them.
const SUSPECTS_MAX: usize = 10_000;
/// Maximum orders that one comparison removes from a region because the owner lacks them. If there
/// are more, the owner's store is the likelier fault: all of them stay and raise an alarm.
const GONE_MAX: usize = 100;
/// A change may be in transit: an event leaves within moments, even from a busy owner.
const SETTLE: Duration = Duration::from_secs(5);
const ON_ITS_WAY_MS: i64 = 2_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ComparisonReport {
    /// Orders, and the region's assignment, now corrected in the feed.
    pub repaired: u64,
    /// Orders with different content at the same version, or with a version that the owner lacks.
    pub contradictions: u64,
    /// Repaired orders that have left the region.
    pub gone: u64,
    /// Changes may still be in transit; nothing was repaired.
    pub unsettled: bool,
}

impl ComparisonReport {
    /// Returns true if there may be more to repair than one comparison covers.
    pub(crate) fn is_part(&self) -> bool {
        self.repaired >= SUSPECTS_MAX as u64
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum CompareFault {
    #[error("could not list the orders of the order service")]
    Owner(#[from] UpstreamError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct FeedDifferences {
    orders: Vec<SuspectOrder>,
    /// The feed's assignment of the region, if the owner's is newer.
    assigns: Option<RegionAssignment>,
}

#[derive(Clone)]
pub(crate) struct FeedComparison {
    pub store: Store,
    pub clock: Clock,
    pub tasks: Tasks,
    pub order_client: OwnerClient,
    pub regions: RegionMarks,
    pub work: WorkSignal,
    pub resume: ComparisonCursors,
}

impl FeedComparison {
    pub(crate) async fn compare_region(
        &self,
        region: Region,
    ) -> Result<ComparisonReport, CompareFault> {
        let found = self.find_differences(region).await?;
        let mut compared = ComparisonReport::default();
        if !found.orders.is_empty() || found.assigns.is_some() {
            tokio::time::sleep(SETTLE).await;
            self.repair_feed(region, &found, &mut compared).await?;
            self.regions.reload_marks(&self.store).await?;
        }
        let ComparisonReport {
            repaired,
            contradictions,
            ..
        } = compared;
        self.store
            .note_comparison(region, repaired, contradictions, self.clock.now())
            .await?;
        metrics::HUB_REPAIRS.add([region.as_str(), "feed"], repaired);
        if repaired > 0 {
            tracing::warn!(%region, repaired, "Added {repaired} missing changes to the feed of {region}");
        }
        Ok(compared)
    }

    async fn find_differences(&self, region: Region) -> Result<FeedDifferences, CompareFault> {
        let mut orders: Vec<SuspectOrder> = Vec::new();
        let mut round = RangeScan::start_after(self.resume.cursor_for(region));
        loop {
            let after = round.range_start();
            let asked = range_request(region, after, None, false);
            let told: OrderRangeDigest = self.order_client.post("/internal/ranges", &asked).await?;
            let ours = self
                .store
                .list_order_marks(region, after, told.until, RANGE_MAX * 2)
                .await?;
            // We have a whole range more than the owner: the rest is checked next.
            let cut = (ours.len() == RANGE_MAX * 2).then(|| ours[ours.len() - 1].id);
            let end = if cut.is_some() || range_digest(&ours) != told.digest {
                let asked = range_request(region, after, cut.or(told.until), true);
                let told: OrderRangeDigest =
                    self.order_client.post("/internal/ranges", &asked).await?;
                let end = [cut, told.until].into_iter().flatten().min();
                let found = find_suspects(&told.marks, marks_up_to(&ours, end)).into_iter();
                orders.extend(found.filter(|suspect| round.contains_order(suspect.id)));
                end
            } else {
                told.until
            };
            if !round.finish_range(end) || orders.len() >= SUSPECTS_MAX {
                break;
            }
        }
        orders.truncate(SUSPECTS_MAX);
        let full = orders.len() == SUSPECTS_MAX;
        self.resume.save_cursor(
            region,
            orders.last().filter(|_| full).map(|suspect| suspect.id),
        );
        let ours = self.store.read_assignment(region).await?;
        let theirs = self.fetch_assignment(region).await?;
        let behind = theirs.is_some_and(|theirs| {
            theirs.policy_version > ours.policy_version && !is_initial_assignment(&ours, theirs)
        });
        Ok(FeedDifferences {
            orders,
            assigns: behind.then_some(ours),
        })
    }

    async fn repair_feed(
        &self,
        region: Region,
        found: &FeedDifferences,
        compared: &mut ComparisonReport,
    ) -> Result<(), CompareFault> {
        let mut differences = Vec::with_capacity(found.orders.len());
        for part in found.orders.chunks(NAMED_MAX) {
            let ids: Vec<OrderId> = part.iter().map(|suspect| suspect.id).collect();
            let asked = OrdersByIdQuery { ids: ids.clone() };
            let told: OrdersByIdReply = self.order_client.post("/internal/orders", &asked).await?;
            let now = self.clock.now();
            if told
                .unsent_since
                .is_some_and(|since| now.ms_since(since) > ON_ITS_WAY_MS)
            {
                compared.unsettled = true;
                return Ok(());
            }
            let ours = self.store.find_order_marks(region, &ids).await?;
            for suspect in part {
                let theirs = told
                    .orders
                    .iter()
                    .find(|order| order.id == suspect.id)
                    .cloned();
                let ours = ours.iter().find(|mark| mark.id == suspect.id).copied();
                differences.push((
                    suspect.id,
                    classify_difference(suspect, region, theirs, ours),
                ));
            }
        }
        let gone = differences
            .iter()
            .filter(|(_, difference)| matches!(difference, OrderDifference::Gone(_)))
            .count();
        for (id, difference) in differences {
            self.apply_difference(region, id, difference, gone > GONE_MAX, compared)
                .await?;
        }
        let Some(before) = &found.assigns else {
            return Ok(());
        };
        let ours = self.store.read_assignment(region).await?;
        if let Some(theirs) = self.fetch_assignment(region).await?
            && ours == *before
            && theirs.policy_version > ours.policy_version
        {
            tracing::warn!(%region, version = theirs.policy_version,
                "The assignment of {region} was missing from its feed");
            self.store
                .repair_assignment(region, &theirs, self.clock.now())
                .await?;
            self.work.request_retry();
            compared.repaired += 1;
        }
        Ok(())
    }

    async fn apply_difference(
        &self,
        region: Region,
        id: OrderId,
        difference: OrderDifference,
        too_many_gone: bool,
        compared: &mut ComparisonReport,
    ) -> Result<(), StoreError> {
        match difference {
            OrderDifference::None => return Ok(()),
            OrderDifference::Behind(order) => {
                tracing::warn!(order.id = %id, version = order.version,
                    "Order `{id}` was missing from the feed");
                if self.store.repair_order(&order, self.clock.now()).await? == FeedEffect::Known {
                    return Ok(());
                }
            }
            OrderDifference::Gone(version) if too_many_gone => {
                tracing::error!(order.id = %id, version,
                    "Too many orders would leave {region} at once; keeping `{id}`");
                compared.contradictions += 1;
                return Ok(());
            }
            OrderDifference::Gone(version) => {
                compared.gone += 1;
                tracing::warn!(order.id = %id, version,
                    "Order `{id}` is no longer in {region}; removed it from the feed");
                let gone = DepartedOrder {
                    region,
                    order_id: id,
                    version,
                };
                self.store.feed_gone(&gone, self.clock.now()).await?;
            }
            OrderDifference::Other(order) => {
                let version = order.version;
                tracing::error!(
                    order.id = %id, version,
                    "Order `{id}` was stored with its owner's version but different content; using \
                     the owner's copy"
                );
                compared.contradictions += 1;
                self.store.repair_order(&order, self.clock.now()).await?;
            }
            OrderDifference::Ahead => {
                tracing::error!(order.id = %id,
                    "Order `{id}` is newer in the feed than at its owner; keeping it");
                compared.contradictions += 1;
                return Ok(());
            }
        }
        compared.repaired += 1;
        Ok(())
    }

    async fn fetch_assignment(
        &self,
        region: Region,
    ) -> Result<Option<RegionAssignment>, UpstreamError> {
        let all: Assignments = self.order_client.get("/internal/assignments").await?;
        let here = all.items.into_iter().find(|item| item.region == region);
        Ok(here.map(|item| item.assignment))
    }
}

fn marks_up_to(ours: &[OrderFingerprint], end: Option<OrderId>) -> &[OrderFingerprint] {
    let known = end.map_or(ours.len(), |end| {
        ours.partition_point(|mark| mark.id <= end)
    });
    &ours[..known]
}

fn range_request(
    region: Region,
    after: Option<OrderId>,
    until: Option<OrderId>,
    marks: bool,
) -> OrderRangeQuery {
    let orders_max = u32::try_from(RANGE_MAX).unwrap_or(u32::MAX);
    OrderRangeQuery {
        region,
        after,
        until,
        orders_max,
        marks,
    }
}

/// The assignment that a region begins with has no event.
fn is_initial_assignment(ours: &RegionAssignment, theirs: RegionAssignment) -> bool {
    let begins = RegionAssignment::default();
    let theirs = RegionAssignment {
        policy_version: 0,
        rules_version: 0,
        ..theirs
    };
    *ours == begins && theirs == begins
}
