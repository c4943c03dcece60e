//! Puts right what an edge has: one whose orders, or whose word about how its region assigns, differ
//! from the cloud's gets an image, and so does one whose view lacks what its feed has brought; a holder
//! whose view did not agree with its grant gets a new fence once the region is put right.
//!
//! Invariant: every replica looks, and what it does is safe to repeat: an image is asked for once, a
//! fence is renewed only while it stands.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use process::metrics;
use wire::{ChecksumState, EdgeId, Hash, LinkState, Region, RegionAssignment, RenewAsked};

use super::compare::{CompareFault, ask, compare};
use crate::{
    domain::status::{self, EdgeRecord, RegionRecord},
    hub::Hub,
    store::StoreError,
};

const LOOK: Duration = Duration::from_secs(5);
/// An image that did not help is not sent again at once, nor a fence given out again.
const AGAIN_AFTER_MS: i64 = 10 * 60 * 1000;
const RENEW_AGAIN_AFTER: Duration = Duration::from_secs(60);
const COMPARE_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// What one look has found.
#[derive(Default)]
struct Found {
    differing: HashSet<EdgeId>,
    ahead: HashSet<EdgeId>,
}

#[derive(Default)]
struct Seen {
    /// By the last look. A difference counts when two looks see it.
    before: Found,
    /// When a feed was last compared with its owner for the edges that are ahead of it. One entry a
    /// region.
    compared: HashMap<Region, Duration>,
    /// When a fence was last renewed. One entry a region.
    renewed: HashMap<Region, Duration>,
}

pub(super) async fn follow(hub: &Hub) {
    let stop = hub.tasks.token();
    let (mut seen, mut fails) = (Seen::default(), false);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let result = tokio::select! {
            () = stop.cancelled() => return,
            result = look(hub, &mut seen) => result,
        };
        if let Err(fault) = &result
            && !fails
        {
            let cause = process::problem::chain(fault);
            tracing::warn!(cause, "What edges have cannot be put right now");
        }
        fails = result.is_err();
    }
}

/// First what needs no owner, then what asks the owners: one that is away or keeps silent keeps no image
/// waiting that needs none, and no other region's owner from being asked. Answers with the first fault.
async fn look(hub: &Hub, seen: &mut Seen) -> Result<(), CompareFault> {
    let (regions, edges) = hub.store.overview().await?;
    let mut now = Found::default();
    let mut questions = Vec::new();
    for region in &regions {
        let here = edges.iter().filter(|e| e.region == region.region && e.enrolled_at.is_some());
        questions.push(look_at(hub, &seen.before, &mut now, region, here).await?);
    }
    seen.before = now;
    let mut result = Ok(());
    for question in questions {
        result = result.and(ask_owner(hub, seen, question).await);
    }
    result
}

/// What only the owner of a region can tell.
struct Question<'a> {
    region: &'a RegionRecord,
    /// An edge that holds the region, and the fence of its grant.
    doubtful: Option<(&'a EdgeRecord, u64)>,
    ahead: Vec<&'a EdgeRecord>,
}

async fn look_at<'a>(
    hub: &Hub,
    before: &Found,
    now: &mut Found,
    region: &'a RegionRecord,
    edges: impl Iterator<Item = &'a EdgeRecord>,
) -> Result<Question<'a>, StoreError> {
    let assigns = hub.store.how_it_assigns(region.region).await?;
    let (mut ahead, mut doubtful) = (Vec::new(), None);
    for edge in edges {
        if differs(hub, region, edge, &assigns) {
            now.differing.insert(edge.edge.clone());
            if before.differing.contains(&edge.edge) {
                repair(hub, edge).await?;
            }
        }
        if is_ahead(hub, region, edge) {
            now.ahead.insert(edge.edge.clone());
            ahead.extend(before.ahead.contains(&edge.edge).then_some(edge));
        }
        doubtful = doubtful.or(unproven(hub, region, edge, &assigns).map(|fence| (edge, fence)));
    }
    Ok(Question { region, doubtful, ahead })
}

async fn ask_owner(hub: &Hub, seen: &mut Seen, question: Question<'_>) -> Result<(), CompareFault> {
    if let Some((holder, fence)) = question.doubtful {
        renew(hub, seen, holder, fence).await?;
    }
    repair_ahead(hub, seen, question.region, &question.ahead).await
}

/// Whether what it has differs at a number of the feed at which that can be told.
fn differs(
    hub: &Hub,
    region: &RegionRecord,
    edge: &EdgeRecord,
    assigns: &RegionAssignment,
) -> bool {
    let shown = status::edge(edge, region, hub.clock.now());
    let at_the_end = edge.feed_cursor == region.feed_seq;
    let assigns_otherwise = |known: Hash| at_the_end && known != assigns.digest();
    shown.link == LinkState::Up
        && (shown.checksum == ChecksumState::Mismatch
            || edge.assignment.is_some_and(assigns_otherwise))
}

/// Whether it has read its feed to the end, and yet has orders that an outcome brought ahead of it.
fn is_ahead(hub: &Hub, region: &RegionRecord, edge: &EdgeRecord) -> bool {
    let shown = status::edge(edge, region, hub.clock.now());
    shown.link == LinkState::Up && edge.ahead > 0 && edge.feed_cursor == region.feed_seq
}

/// An outcome is ahead of a feed only while that is behind its owner. Who is ahead of one that was read
/// to the end and lacks nothing has lost what it had read, and no change will ever bring it again.
async fn repair_ahead(
    hub: &Hub,
    seen: &mut Seen,
    region: &RegionRecord,
    edges: &[&EdgeRecord],
) -> Result<(), CompareFault> {
    let now = hub.clock.elapsed();
    let lately = |at: &Duration| now.saturating_sub(*at) < COMPARE_AGAIN_AFTER;
    if edges.is_empty() || seen.compared.get(&region.region).is_some_and(lately) {
        return Ok(());
    }
    seen.compared.insert(region.region, now);
    let unsettled = compare(hub, region.region).await?.unsettled;
    // One that has moved on meanwhile was behind, or says nothing of what the edges had before.
    let stands =
        |state: &RegionRecord| state.region == region.region && state.feed_seq == region.feed_seq;
    if unsettled || !hub.store.regions().await?.iter().any(stands) {
        return Ok(());
    }
    for edge in edges {
        repair(hub, edge).await?;
    }
    Ok(())
}

async fn repair(hub: &Hub, edge: &EdgeRecord) -> Result<(), StoreError> {
    let now = hub.clock.now();
    let lately = edge.repaired_at.is_some_and(|at| now.since(at) < AGAIN_AFTER_MS);
    if lately || !hub.store.ask_repair(&edge.edge, now).await? {
        return Ok(());
    }
    metrics::HUB_REPAIRS.add([edge.region.as_str(), "edge"], 1);
    let name = &edge.edge;
    tracing::warn!(edge.id = %name, "What `{name}` has differs from the cloud; it gets an image");
    hub.nudges.nudge(name);
    Ok(())
}

fn unproven(
    hub: &Hub,
    region: &RegionRecord,
    edge: &EdgeRecord,
    assigns: &RegionAssignment,
) -> Option<u64> {
    let fence = edge.unproven?;
    let holds = assigns.holder.as_ref() == Some(&edge.edge) && assigns.epoch == edge.epoch;
    let up = status::edge(edge, region, hub.clock.now()).link == LinkState::Up;
    (up && holds && assigns.fence == fence).then_some(fence)
}

/// First the feed is put right, then the edge, then it is granted anew: only then can its view agree.
async fn renew(
    hub: &Hub,
    seen: &mut Seen,
    edge: &EdgeRecord,
    fence: u64,
) -> Result<(), CompareFault> {
    let (now, region) = (hub.clock.elapsed(), edge.region);
    let lately = |at: &Duration| now.saturating_sub(*at) < RENEW_AGAIN_AFTER;
    if seen.renewed.get(&region).is_some_and(lately) {
        return Ok(());
    }
    if compare(hub, region).await?.unsettled {
        return Ok(());
    }
    let (regions, edges) = hub.store.overview().await?;
    let record = edges.iter().find(|record| record.edge == edge.edge);
    let state = regions.iter().find(|state| state.region == region);
    let (Some(record), Some(state)) = (record, state) else { return Ok(()) };
    match status::edge(record, state, hub.clock.now()).checksum {
        ChecksumState::Match | ChecksumState::Settling => {}
        ChecksumState::Mismatch => return Ok(repair(hub, record).await?),
        ChecksumState::Unknown => return Ok(()),
    }
    let (name, epoch) = (edge.edge.clone(), edge.epoch);
    tracing::warn!(edge.id = %name, fence, "`{name}` is granted {region} anew: its view did not agree");
    let asked = RenewAsked { region, edge: name, epoch, fence };
    let _: RegionAssignment = ask(hub, "/internal/renewals", &asked).await?;
    seen.renewed.insert(region, now);
    metrics::HUB_REPAIRS.add([region.as_str(), "grant"], 1);
    Ok(())
}
