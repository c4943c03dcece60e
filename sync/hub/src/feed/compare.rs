//! Compares what a region's feed has brought with what its owner has, and puts the feed right.
//!
//! Invariants: the owner wins, and a repair is a change like any other: it gets the next number of the
//! feed and so reaches every edge; what is still on its way is not taken for lost, so a difference counts
//! only when it has stood for a while without moving.

use std::time::Duration;

use http::Method;
use platform::upstream::UpstreamError;
use process::{
    metrics,
    trace::{self, TraceId},
};
use serde::{Serialize, de::DeserializeOwned};
use wire::{
    Assignments, OrderId, OrderMark, OrdersAsked, OrdersTold, RangeAsked, RangeTold, Region,
    RegionAssignment, range_digest,
};

use crate::{
    NAME,
    domain::compare::{Round, Suspect, Verdict, judge, suspects},
    hub::Hub,
    store::{Fed, Gone, StoreError},
};

const ORDER: &str = "order";
/// Orders of one range, and of one closer look.
const RANGE_MAX: usize = 1_000;
const NAMED_MAX: usize = 200;
/// What one comparison holds in memory; what is beyond it is found by the next, which begins there.
const SUSPECTS_MAX: usize = 10_000;
/// So many orders that their owner does not know leave a region in one comparison. An owner that knows
/// more of them no longer is more likely a store that was mistaken for it: then all of them stay, and
/// are an alarm.
const GONE_MAX: usize = 100;
/// What differs may be on its way: an event leaves within a moment, however busy it is.
const SETTLE: Duration = Duration::from_secs(5);
const ON_ITS_WAY_MS: i64 = 2_000;

/// What a comparison has found and done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Compared {
    /// Orders, and how the region assigns, that the feed has now as their owner has them.
    pub repaired: u64,
    /// Orders of which the two ends said different things at one version, or of which the feed had a
    /// version that its owner has not.
    pub contradictions: u64,
    /// Of the repaired: orders that have left the region.
    pub gone: u64,
    /// What differs may still be on its way; nothing was repaired.
    pub unsettled: bool,
}

impl Compared {
    /// Whether there may be more to repair than one comparison looks at.
    pub fn is_part(&self) -> bool {
        self.repaired >= SUSPECTS_MAX as u64
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum CompareFault {
    #[error("the order service did not say what it has")]
    Owner(#[from] UpstreamError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was found at the first look.
struct Found {
    orders: Vec<Suspect>,
    /// The feed's word about how the region assigns, where the owner's is newer.
    assigns: Option<RegionAssignment>,
}

pub(crate) async fn compare(hub: &Hub, region: Region) -> Result<Compared, CompareFault> {
    let found = look(hub, region).await?;
    let mut compared = Compared::default();
    if !found.orders.is_empty() || found.assigns.is_some() {
        tokio::time::sleep(SETTLE).await;
        mend(hub, region, &found, &mut compared).await?;
        hub.regions.refresh(&hub.store).await?;
    }
    let Compared { repaired, contradictions, .. } = compared;
    hub.store.note_comparison(region, repaired, contradictions, hub.clock.now()).await?;
    metrics::HUB_REPAIRS.add([region.as_str(), "feed"], repaired);
    if repaired > 0 {
        tracing::warn!(%region, repaired, "{repaired} changes of {region} had not arrived; they are in its feed now");
    }
    Ok(compared)
}

async fn look(hub: &Hub, region: Region) -> Result<Found, CompareFault> {
    let mut orders: Vec<Suspect> = Vec::new();
    let mut round = Round::behind(hub.compared.of(region));
    loop {
        let after = round.after();
        let asked = range(region, after, None, false);
        let told: RangeTold = ask(hub, "/internal/ranges", &asked).await?;
        let ours = hub.store.marks(region, after, told.until, RANGE_MAX * 2).await?;
        // More than the owner has by a whole range: what was not read is looked at next.
        let cut = (ours.len() == RANGE_MAX * 2).then(|| ours[ours.len() - 1].id);
        let end = if cut.is_some() || range_digest(&ours) != told.digest {
            let asked = range(region, after, cut.or(told.until), true);
            let told: RangeTold = ask(hub, "/internal/ranges", &asked).await?;
            let end = [cut, told.until].into_iter().flatten().min();
            let found = suspects(&told.marks, upto(&ours, end)).into_iter();
            orders.extend(found.filter(|suspect| round.has(suspect.id)));
            end
        } else {
            told.until
        };
        if !round.reached(end) || orders.len() >= SUSPECTS_MAX {
            break;
        }
    }
    orders.truncate(SUSPECTS_MAX);
    let full = orders.len() == SUSPECTS_MAX;
    hub.compared.note(region, orders.last().filter(|_| full).map(|suspect| suspect.id));
    let ours = hub.store.how_it_assigns(region).await?;
    let theirs = assigns(hub, region).await?;
    let behind = theirs.is_some_and(|theirs| {
        theirs.policy_version > ours.policy_version && !is_the_beginning(&ours, theirs)
    });
    Ok(Found { orders, assigns: behind.then_some(ours) })
}

fn upto(ours: &[OrderMark], end: Option<OrderId>) -> &[OrderMark] {
    let known = end.map_or(ours.len(), |end| ours.partition_point(|mark| mark.id <= end));
    &ours[..known]
}

async fn mend(
    hub: &Hub,
    region: Region,
    found: &Found,
    compared: &mut Compared,
) -> Result<(), CompareFault> {
    let mut verdicts = Vec::with_capacity(found.orders.len());
    for part in found.orders.chunks(NAMED_MAX) {
        let ids: Vec<OrderId> = part.iter().map(|suspect| suspect.id).collect();
        let asked = OrdersAsked { ids: ids.clone() };
        let told: OrdersTold = ask(hub, "/internal/orders", &asked).await?;
        let now = hub.clock.now();
        if told.unsent_since.is_some_and(|since| now.since(since) > ON_ITS_WAY_MS) {
            compared.unsettled = true;
            return Ok(());
        }
        let ours = hub.store.marks_of(region, &ids).await?;
        for suspect in part {
            let theirs = told.orders.iter().find(|order| order.id == suspect.id).cloned();
            let ours = ours.iter().find(|mark| mark.id == suspect.id).copied();
            verdicts.push((suspect.id, judge(suspect, region, theirs, ours)));
        }
    }
    let gone = verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Gone(_))).count();
    for (id, verdict) in verdicts {
        settle(hub, region, id, verdict, gone > GONE_MAX, compared).await?;
    }
    let Some(before) = &found.assigns else { return Ok(()) };
    let ours = hub.store.how_it_assigns(region).await?;
    if let Some(theirs) = assigns(hub, region).await?
        && ours == *before
        && theirs.policy_version > ours.policy_version
    {
        tracing::warn!(%region, version = theirs.policy_version, "How {region} assigns had not arrived");
        hub.store.repair_assignment(region, &theirs, now(hub)).await?;
        hub.wake.hand_in_again();
        compared.repaired += 1;
    }
    Ok(())
}

async fn settle(
    hub: &Hub,
    region: Region,
    id: OrderId,
    verdict: Verdict,
    too_many_gone: bool,
    compared: &mut Compared,
) -> Result<(), StoreError> {
    match verdict {
        Verdict::Fine => return Ok(()),
        Verdict::Behind(order) => {
            tracing::warn!(order.id = %id, version = order.version, "Order `{id}` had not arrived");
            if hub.store.repair_order(&order, now(hub)).await? == Fed::Known {
                return Ok(());
            }
        }
        Verdict::Gone(version) if too_many_gone => {
            tracing::error!(order.id = %id, version, "{region} loses too many orders; `{id}` stays");
            compared.contradictions += 1;
            return Ok(());
        }
        Verdict::Gone(version) => {
            compared.gone += 1;
            tracing::warn!(order.id = %id, version, "Order `{id}` is none of {region} any more");
            let gone = Gone { region, order_id: id, version };
            hub.store.feed_gone(&gone, now(hub)).await?;
        }
        Verdict::Other(order) => {
            let version = order.version;
            tracing::error!(
                order.id = %id, version,
                "Order `{id}` stood with equal version and other content; its owner's counts"
            );
            compared.contradictions += 1;
            hub.store.repair_order(&order, now(hub)).await?;
        }
        Verdict::Ahead => {
            tracing::error!(order.id = %id, "Order `{id}` is ahead of its owner; it stays");
            compared.contradictions += 1;
            return Ok(());
        }
    }
    compared.repaired += 1;
    Ok(())
}

fn now(hub: &Hub) -> wire::UnixMillis {
    hub.clock.now()
}

fn range(
    region: Region,
    after: Option<OrderId>,
    until: Option<OrderId>,
    marks: bool,
) -> RangeAsked {
    let orders_max = u32::try_from(RANGE_MAX).unwrap_or(u32::MAX);
    RangeAsked { region, after, until, orders_max, marks }
}

/// How a region assigns before anybody has changed it is told by no event.
fn is_the_beginning(ours: &RegionAssignment, theirs: RegionAssignment) -> bool {
    let begins = RegionAssignment::default();
    let theirs = RegionAssignment { policy_version: 0, rules_version: 0, ..theirs };
    *ours == begins && theirs == begins
}

async fn assigns(hub: &Hub, region: Region) -> Result<Option<RegionAssignment>, UpstreamError> {
    let token = hub.service_key.token(NAME, ORDER, &hub.clock);
    let call = hub.order.get("/internal/assignments", Some(&token));
    let all: Assignments = trace::scope(TraceId::random(), call).await?;
    let here = all.items.into_iter().find(|item| item.region == region);
    Ok(here.map(|item| item.assignment))
}

pub(super) async fn ask<T: DeserializeOwned>(
    hub: &Hub,
    path: &str,
    asked: &impl Serialize,
) -> Result<T, UpstreamError> {
    let token = hub.service_key.token(NAME, ORDER, &hub.clock);
    let call = hub.order.json(Method::POST, path, Some(&token), Some(asked));
    trace::scope(TraceId::random(), call).await
}
