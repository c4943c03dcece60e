//! One order's data from all parts: its timeline from the order service, its ops and feed from the
//! hub, and outboxes, inboxes and receipts from the parts that publish and consume events.

use wire::{
    EdgeId, EdgeStatus, OpPlace, OpRecord, Order, OrderEventTrace, OrderFeedTrace, OrderId,
    StatusReport, TimelineEntry, TracedChange, TracedEvent, UnixMillis, WaitingAcceptEntry,
};

use crate::{
    explain::order::load_order,
    gateway::{Gateway, ListPage, none_if_not_found},
    output::{CommandFailure, ExitKind, Result},
};

/// An order has about ten ops; one that was contested for long has more.
const OPS_MAX: usize = 100;
/// Acceptances that wait for the holder of a region, across all orders.
const ACCEPTS_MAX: usize = 1_000;

/// A larger error of an edge's clock confuses a reader of its times. A slow network alone looks like
/// a few seconds.
const CLOCK_DOUBT_MS: u64 = 5_000;

const ORDER: &str = "order";
pub(super) const HUB: &str = "hub";
const GATEWAY: &str = "gateway";

pub(super) struct TraceSources {
    pub id: OrderId,
    /// Absent if the order service does not answer.
    pub order: Option<Order>,
    pub timeline: Vec<TimelineEntry>,
    pub status: Option<StatusReport>,
    pub events: Option<OrderEventTrace>,
    pub feed: Option<OrderFeedTrace>,
    /// The ops of the timeline's entries, as the hub has them.
    pub ops: Vec<OpRecord>,
    /// The order's acceptances that wait for the holder of its region.
    pub accepts: Vec<WaitingAcceptEntry>,
    /// The parts that did not answer.
    pub unanswered: Vec<String>,
}

impl TraceSources {
    pub(super) async fn load(gateway: &Gateway, name: &str) -> Result<Self> {
        let mut unanswered = Vec::new();
        let (id, order, timeline) = load_timeline(gateway, name, &mut unanswered).await?;
        let events: Option<OrderEventTrace> = note_silence(
            gateway
                .get(&format!("/api/v1/admin/orders/{id}/events"))
                .await,
            GATEWAY,
            &mut unanswered,
        );
        let missing = events.iter().flat_map(|events| &events.missing);
        unanswered.extend(missing.cloned());
        let feed = note_silence(
            gateway
                .get(&format!("/api/v1/admin/orders/{id}/feed"))
                .await,
            HUB,
            &mut unanswered,
        );
        let status = note_silence(gateway.fetch_status().await, HUB, &mut unanswered);
        let mut accepts: Vec<WaitingAcceptEntry> = note_silence(
            gateway.list_first("/api/v1/admin/asks?", ACCEPTS_MAX).await,
            HUB,
            &mut unanswered,
        )
        .unwrap_or_default();
        accepts.retain(|accept| accept.order_id == Some(id));
        let ops = load_ops(gateway, &timeline, &mut unanswered).await;
        unanswered.sort();
        unanswered.dedup();
        Ok(Self {
            id,
            order,
            timeline,
            status,
            events,
            feed,
            ops,
            accepts,
            unanswered,
        })
    }

    pub(super) fn has_older_events(&self) -> bool {
        self.events.as_ref().is_some_and(|events| events.more)
    }

    pub(super) fn find_op(&self, entry: &TimelineEntry) -> Option<&OpRecord> {
        let place = place_of_entry(entry)?;
        self.ops.iter().find(|op| op.place == place)
    }

    /// The change that the hub made of the event at that moment.
    pub(super) fn find_change(&self, event: &TracedEvent, at: UnixMillis) -> Option<&TracedChange> {
        let mut changes = self.feed.iter().flat_map(|feed| &feed.changes);
        changes.find(|change| change.at == at && Some(change.version) == event.order_version)
    }

    /// True if the hub last saw the edge's clock too far off.
    pub(super) fn has_wrong_clock(&self, edge: &EdgeId) -> bool {
        self.edges().any(|known| {
            let error = known.clock_error_ms.unwrap_or_default();
            known.edge == *edge && error.unsigned_abs() > CLOCK_DOUBT_MS
        })
    }

    /// The edges of the order's region, as last reported to the hub.
    pub(super) fn edges(&self) -> impl Iterator<Item = &EdgeStatus> {
        let region = self.order.as_ref().map(|order| order.location);
        let regions = self.status.iter().flat_map(|status| &status.regions);
        regions
            .filter(move |known| Some(known.region) == region)
            .flat_map(|known| &known.edges)
    }
}

/// Fails if no order has that name. If the order service is away, an id is still enough for the
/// other parts.
async fn load_timeline(
    gateway: &Gateway,
    name: &str,
    unanswered: &mut Vec<String>,
) -> Result<(OrderId, Option<Order>, Vec<TimelineEntry>)> {
    let order = match (load_order(gateway, name).await, name.parse()) {
        (Ok(order), _) => order,
        (Err(failure), Ok(id)) if is_away(&failure) => {
            unanswered.push(ORDER.to_owned());
            return Ok((id, None, Vec::new()));
        }
        (Err(failure), _) => return Err(failure),
    };
    let path = format!("/api/v1/orders/{}/timeline", order.id);
    let timeline = note_silence(
        gateway.get::<ListPage<TimelineEntry>>(&path).await,
        ORDER,
        unanswered,
    );
    let entries = timeline.map(|page| page.items).unwrap_or_default();
    Ok((order.id, Some(order), entries))
}

async fn load_ops(
    gateway: &Gateway,
    timeline: &[TimelineEntry],
    unanswered: &mut Vec<String>,
) -> Vec<OpRecord> {
    let mut ops = Vec::new();
    for place in timeline.iter().filter_map(place_of_entry).take(OPS_MAX) {
        let path = format!("/api/v1/admin/ops/{place}");
        // The hub drops ops that are older than any backup of an edge.
        let found = none_if_not_found(gateway.get(&path).await);
        ops.extend(note_silence(found, HUB, unanswered).flatten());
    }
    ops
}

fn place_of_entry(entry: &TimelineEntry) -> Option<OpPlace> {
    Some(OpPlace {
        edge: entry.edge.clone()?,
        epoch: entry.epoch?,
        seq: entry.seq?,
    })
}

fn is_away(failure: &CommandFailure) -> bool {
    matches!(failure.exit, ExitKind::Unreachable | ExitKind::TimedOut)
}

/// Names the part if it gave no usable answer.
fn note_silence<T>(answer: Result<T>, part: &str, unanswered: &mut Vec<String>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(_) => {
            unanswered.push(part.to_owned());
            None
        }
    }
}
