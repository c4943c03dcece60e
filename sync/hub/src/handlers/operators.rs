//! An operator's view of regions, edges and the op log: ops that wait for a decision, ops left
//! behind by ended epochs, and one op in full. Sets a region's gate, and retries work that its
//! owner failed on after an operator has reviewed it. Admins only, except for the list of cut-off
//! regions.

use axum::extract::State;
use process::{
    problem::{ItemList, Json, Page, Path, Problem, Query},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{
    Code, CommandId, EdgeId, FeedArrival, GateState, OpPlace, OpRecord, OpState, OrderFeedTrace,
    OrderId, Region, StatusReport, Text, TracedChange, UnixMillis, UserId, WaitingAcceptEntry,
    words,
};

use super::HubState;
use crate::{
    domain::status::{self, EdgeRecord, RegionLink, RegionRecord},
    feed::compare::{CompareFault, ComparisonReport},
    store::{Store, StoreError, edge_acks::OrderChange, operators::RetryResult},
};

pub(crate) async fn status(State(hub): State<HubState>) -> Result<Json<StatusReport>, Problem> {
    let (regions, edges) = hub.sessions.store.read_overview().await?;
    let mut report = status::build_report(&regions, &edges, hub.sessions.clock.now());
    hub.settling.set_unsettled_edges(&mut report);
    report.parts = hub.parts.list_parts();
    Ok(Json(report))
}

/// `GET /api/v1/regions`, for every signed-in user: a customer must see where the cloud may be out
/// of date.
pub(crate) async fn region_links(
    _: Caller,
    State(hub): State<HubState>,
) -> Result<ItemList<RegionLink>, Problem> {
    let (regions, edges) = hub.sessions.store.read_overview().await?;
    let report = status::build_report(&regions, &edges, hub.sessions.clock.now());
    Ok(ItemList::from_all_items(
        report.regions.iter().map(RegionLink::from_status).collect(),
    ))
}

/// `GET /api/v1/admin/edges`: includes edges with an unused code.
pub(crate) async fn edges(
    State(hub): State<HubState>,
    page: Page<EdgeId, 50, 200>,
) -> Result<ItemList<EdgeRecord>, Problem> {
    let after = page.after.as_ref().map_or("", EdgeId::as_str);
    let edges = hub
        .sessions
        .store
        .list_edges(after, page.rows_to_read())
        .await?;
    let regions = hub.sessions.store.list_regions().await?;
    let now = hub.sessions.clock.now();
    let edges = page.build_page(edges, |edge| edge.stored.edge.clone());
    Ok(edges.filter_map(|edge| {
        let region = regions.iter().find(|region| region.region == edge.region)?;
        Some(EdgeRecord {
            stored: status::derive_edge_status(&edge, region, now),
            ..edge
        })
    }))
}

pub(crate) async fn regions(
    State(hub): State<HubState>,
) -> Result<ItemList<RegionRecord>, Problem> {
    Ok(ItemList::from_all_items(
        hub.sessions.store.list_regions().await?,
    ))
}

/// `POST /api/v1/admin/regions/{region}/comparison`: compares the region's feed with the order
/// service now, and repairs it.
pub(crate) async fn compare(
    State(hub): State<HubState>,
    Path(region): Path<Region>,
) -> Result<Json<ComparisonReport>, Problem> {
    match hub.comparison.compare_region(region).await {
        Ok(compared) => Ok(Json(compared)),
        Err(CompareFault::Store(error)) => Err(error.into()),
        Err(CompareFault::Owner(error)) => {
            tracing::warn!(%error, %region, "Could not compare a region's feed with the order service");
            Err(Problem::new(Code::Unavailable).retry_after(2))
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GateSetting)]
pub(crate) struct Setting {
    gate: GateState,
}

pub(crate) async fn set_region(
    caller: Caller,
    State(hub): State<HubState>,
    Path(region): Path<String>,
    Json(setting): Json<Setting>,
) -> Result<Json<RegionRecord>, Problem> {
    let region: Region = region.parse().map_err(|why: String| {
        Problem::new(Code::NotFound).with_detail(Text::from_untranslated(why))
    })?;
    let by = caller.actor.user_id;
    let now = hub.sessions.clock.now();
    hub.sessions
        .store
        .set_gate(region, setting.gate, by, now)
        .await?;
    tracing::info!(%region, gate = ?setting.gate, user.id = %by, "Set the gate of {region}");
    // This replica's sessions get it now, others' with their next poll.
    hub.sessions
        .regions
        .reload_marks(&hub.sessions.store)
        .await?;
    let mut regions = hub.sessions.store.list_regions().await?.into_iter();
    regions
        .find(|state| state.region == region)
        .map(Json)
        .ok_or_else(|| Code::NotFound.into())
}

words! {
    /// The states that a caller may filter by. An unknown one is the caller's error, whereas
    /// `OpState` in an answer treats it as a newer hub's.
    WaitingOpState {
        Received "received",
        HeldRegion "held_region",
        NeedsOperator "needs_operator",
        Parked "parked",
    }
}

impl From<WaitingOpState> for OpState {
    fn from(state: WaitingOpState) -> Self {
        match state {
            WaitingOpState::Received => Self::Received,
            WaitingOpState::HeldRegion => Self::HeldRegion,
            WaitingOpState::NeedsOperator => Self::NeedsOperator,
            WaitingOpState::Parked => Self::Parked,
        }
    }
}

#[derive(Deserialize, Default, ToSchema)]
pub(crate) struct QueueFilter {
    edge: Option<EdgeId>,
    state: Option<WaitingOpState>,
    command: Option<CommandId>,
}

/// `GET /api/v1/admin/queue`: by edge in log order, or every waiting op with one command id.
pub(crate) async fn queue(
    State(hub): State<HubState>,
    Query(filter): Query<QueueFilter>,
    page: Page<OpPlace, 50, 200>,
) -> Result<ItemList<OpRecord>, Problem> {
    if let Some(id) = filter.command {
        let items = hub.sessions.store.find_waiting_command(id).await?;
        return Ok(ItemList::from_all_items(items));
    }
    let state = filter.state.map(OpState::from);
    let items = match &filter.edge {
        Some(edge) => {
            let after = page.after.as_ref().map_or(0, |place| place.seq);
            hub.sessions
                .store
                .list_waiting_ops(edge, state, after, page.rows_to_read())
                .await?
        }
        None => {
            read_queue_of_all_edges(&hub, state, page.after.clone(), page.rows_to_read()).await?
        }
    };
    Ok(page.build_page(items, |op| op.place.clone()))
}

async fn read_queue_of_all_edges(
    hub: &HubState,
    state: Option<OpState>,
    after: Option<OpPlace>,
    limit: usize,
) -> Result<Vec<OpRecord>, Problem> {
    let mut items = Vec::new();
    let mut done = String::new();
    if let Some(OpPlace { edge, seq, .. }) = after {
        items = hub
            .sessions
            .store
            .list_waiting_ops(&edge, state, seq, limit)
            .await?;
        done = edge.to_string();
    }
    while items.len() < limit {
        let edges = hub
            .sessions
            .store
            .list_waiting_edges(&done, EDGES_PART)
            .await?;
        let Some(last) = edges.last() else { break };
        done = last.to_string();
        for edge in &edges {
            let space = limit.saturating_sub(items.len());
            if space > 0 {
                items.extend(
                    hub.sessions
                        .store
                        .list_waiting_ops(edge, state, 0, space)
                        .await?,
                );
            }
        }
    }
    Ok(items)
}

/// Edges per read.
const EDGES_PART: usize = 50;

/// `GET /api/v1/admin/edges/{id}/left-behind`
pub(crate) async fn left_behind(
    State(hub): State<HubState>,
    Path(edge): Path<EdgeId>,
    page: Page<OpPlace, 50, 200>,
) -> Result<ItemList<OpRecord>, Problem> {
    let after = page
        .after
        .as_ref()
        .map_or((0, 0), |place| (place.epoch, place.seq));
    let items = hub
        .sessions
        .store
        .list_left_behind_ops(&edge, after, page.rows_to_read())
        .await?;
    Ok(page.build_page(items, |op| op.place.clone()))
}

/// `GET /api/v1/admin/ops/{edge}/{epoch}/{seq}`
pub(crate) async fn op(
    State(hub): State<HubState>,
    Path(place): Path<OpPlace>,
) -> Result<Json<OpRecord>, Problem> {
    let store = &hub.sessions.store;
    let mut op = store.find_op(&place).await?.ok_or(Code::NotFound)?;
    if let Some(outcome) = &mut op.outcome {
        let now = hub.sessions.clock.now();
        outcome.told_at = store.find_outcome_ack(&place, outcome, now).await?;
    }
    Ok(Json(op))
}

/// An order's newest changes in its trace. An order has about ten.
const CHANGES_MAX: usize = 20;
/// Edges of a region in the trace of one change.
const EDGES_MAX: usize = 50;

/// `GET /api/v1/admin/orders/{id}/feed`: the order's ops that wait here, and which edges have its
/// changes.
pub(crate) async fn order_feed(
    State(hub): State<HubState>,
    Path(order): Path<OrderId>,
) -> Result<Json<OrderFeedTrace>, Problem> {
    let store = &hub.sessions.store;
    let waiting = store.find_waiting_ops_of_order(order).await?;
    let stored = store.list_changes_of_order(order, CHANGES_MAX).await?;
    let (regions, edges) = store.read_overview().await?;
    let now = hub.sessions.clock.now();
    let mut changes = Vec::with_capacity(stored.len());
    for change in stored {
        let Some(region) = regions.iter().find(|known| known.region == change.region) else {
            continue;
        };
        let of_region = edges
            .iter()
            .filter(|edge| edge.region == change.region && edge.is_in_service());
        let mut arrivals = Vec::new();
        for edge in of_region.take(EDGES_MAX) {
            arrivals.push(trace_arrival(store, edge, region, &change, now).await?);
        }
        changes.push(TracedChange {
            region: change.region,
            feed_seq: change.feed_seq,
            version: change.version,
            gone: change.gone,
            at: change.at,
            edges: arrivals,
        });
    }
    Ok(Json(OrderFeedTrace { waiting, changes }))
}

async fn trace_arrival(
    store: &Store,
    record: &EdgeRecord,
    region: &RegionRecord,
    change: &OrderChange,
    now: UnixMillis,
) -> Result<FeedArrival, StoreError> {
    let edge = &record.stored.edge;
    let reached = record.feed_cursor >= change.feed_seq;
    let at = match reached {
        true => store.find_feed_ack(edge, change, now).await?,
        false => None,
    };
    Ok(FeedArrival {
        edge: edge.clone(),
        reached,
        at,
        link: status::derive_edge_status(record, region, now).link,
    })
}

/// `GET /api/v1/admin/asks`: the portal's accepts put to the holder of their region.
pub(crate) async fn asks(
    State(hub): State<HubState>,
    page: Page<AcceptCursor, 50, 200>,
) -> Result<ItemList<WaitingAcceptEntry>, Problem> {
    let first = (CommandId(Uuid::nil()), UserId(Uuid::nil()));
    let after = page
        .after
        .as_ref()
        .map_or(first, |AcceptCursor(id, user)| (*id, *user));
    let items = hub
        .sessions
        .store
        .list_waiting_accepts(after, page.rows_to_read())
        .await?;
    Ok(page.build_page(items, |accept| {
        format!("{}.{}", accept.command_id, accept.user_id)
    }))
}

/// An accept's id and its user.
pub(crate) struct AcceptCursor(CommandId, UserId);

impl std::str::FromStr for AcceptCursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not a cursor of this list";
        let (id, user) = text.split_once('.').ok_or(wrong)?;
        Ok(Self(
            id.parse().map_err(|_| wrong)?,
            user.parse().map_err(|_| wrong)?,
        ))
    }
}

/// `POST /api/v1/admin/edges/{edge}/queue/{epoch}/{seq}/retry`
pub(crate) async fn retry(
    caller: Caller,
    State(hub): State<HubState>,
    Path(OpPlace { edge, epoch, seq }): Path<OpPlace>,
) -> Result<Json<OpPlace>, Problem> {
    let by = caller.actor.user_id;
    let now = hub.sessions.clock.now();
    check_retried(
        hub.sessions
            .store
            .retry_op(&edge, epoch, seq, by, now)
            .await?,
    )?;
    tracing::warn!(
        edge.id = %edge, epoch, op.seq = seq, user.id = %by, "Retrying op {seq} of `{edge}`"
    );
    hub.sessions.work.wake_workers();
    Ok(Json(OpPlace { edge, epoch, seq }))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RetriedAccept {
    command_id: CommandId,
}

/// `POST /api/v1/admin/asks/{id}/retry`
pub(crate) async fn retry_asks(
    caller: Caller,
    State(hub): State<HubState>,
    Path(id): Path<CommandId>,
) -> Result<Json<RetriedAccept>, Problem> {
    let by = caller.actor.user_id;
    let now = hub.sessions.clock.now();
    check_retried(hub.sessions.store.retry_asks(id, by, now).await?)?;
    tracing::warn!(command.id = %id, user.id = %by, "Retrying acceptance `{id}`");
    hub.sessions.work.request_retry();
    Ok(Json(RetriedAccept { command_id: id }))
}

fn check_retried(result: RetryResult) -> Result<(), Code> {
    match result {
        RetryResult::Retried => Ok(()),
        RetryResult::NotStopped => Err(Code::OpNotStopped),
        RetryResult::Unknown => Err(Code::NotFound),
    }
}
