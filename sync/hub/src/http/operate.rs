//! What an operator sees and sets. Admins only.

use axum::extract::State;
use process::{
    problem::{Json, Page, Path, Problem},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use wire::{
    Code, EdgeId, EdgeStatus, GateState, Policy, Region, Role, StatusReport, Text, UnixMillis,
};

use crate::{
    domain::status::{self, EdgeRecord, RegionRecord},
    feed::{self, CompareFault, Compared},
    hub::Hub,
};

pub(super) async fn status(
    caller: Caller,
    State(hub): State<Hub>,
) -> Result<Json<StatusReport>, Problem> {
    caller.require(Role::Admin)?;
    let (regions, edges) = hub.store.overview().await?;
    let mut report = status::report(&regions, &edges, hub.clock.now());
    let edges = report.regions.iter_mut().flat_map(|region| &mut region.edges);
    edges.for_each(|edge| hub.unsettled.mark(edge));
    Ok(Json(report))
}

#[derive(Serialize)]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

#[derive(Serialize)]
pub(super) struct EdgeItem {
    region: Region,
    created_at: UnixMillis,
    /// Absent while its code waits to be used.
    enrolled_at: Option<UnixMillis>,
    /// How far its log has come in this epoch.
    cursor_seq: u64,
    /// How far it has read outcomes and its region's feed.
    outcome_cursor: u64,
    feed_cursor: u64,
    #[serde(flatten)]
    status: EdgeStatus,
}

pub(super) async fn edges(
    caller: Caller,
    State(hub): State<Hub>,
    page: Page<EdgeId, 50, 200>,
) -> Result<Json<List<EdgeItem>>, Problem> {
    caller.require(Role::Admin)?;
    let limit = page.limit;
    let after = page.after.as_ref().map_or("", EdgeId::as_str);
    let mut edges = hub.store.edges(after, limit + 1).await?;
    let more = edges.len() > limit;
    edges.truncate(limit);
    let next = edges.last().filter(|_| more).map(|last| last.edge.to_string());
    let (regions, now) = (hub.store.regions().await?, hub.clock.now());
    let items = edges.iter().filter_map(|edge| item(edge, &regions, now)).collect();
    Ok(Json(List { items, next }))
}

fn item(edge: &EdgeRecord, regions: &[RegionRecord], now: UnixMillis) -> Option<EdgeItem> {
    let region = regions.iter().find(|region| region.region == edge.region)?;
    Some(EdgeItem {
        region: edge.region,
        created_at: edge.created_at,
        enrolled_at: edge.enrolled_at,
        cursor_seq: edge.cursor_seq,
        outcome_cursor: edge.outcome_cursor,
        feed_cursor: edge.feed_cursor,
        status: status::edge(edge, region, now),
    })
}

#[derive(Serialize)]
pub(super) struct RegionItem {
    region: Region,
    gate: GateState,
    policy: Policy,
    holder: Option<EdgeId>,
    feed_seq: u64,
    orders: u64,
}

impl From<RegionRecord> for RegionItem {
    fn from(state: RegionRecord) -> Self {
        Self {
            region: state.region,
            gate: state.gate,
            policy: state.policy,
            holder: state.holder,
            feed_seq: state.feed_seq,
            orders: state.orders,
        }
    }
}

pub(super) async fn regions(
    caller: Caller,
    State(hub): State<Hub>,
) -> Result<Json<List<RegionItem>>, Problem> {
    caller.require(Role::Admin)?;
    let items = hub.store.regions().await?.into_iter().map(Into::into).collect();
    Ok(Json(List { items, next: None }))
}

/// `POST /api/v1/admin/regions/{region}/comparison`: compares its feed with the order service now, and
/// puts right what it lacks.
pub(super) async fn compare(
    caller: Caller,
    State(hub): State<Hub>,
    Path(region): Path<Region>,
) -> Result<Json<Compared>, Problem> {
    caller.require(Role::Admin)?;
    match feed::compare(&hub, region).await {
        Ok(compared) => Ok(Json(compared)),
        Err(CompareFault::Store(error)) => Err(error.into()),
        Err(CompareFault::Owner(error)) => {
            tracing::warn!(%error, %region, "A region could not be compared with its owner");
            Err(Problem::new(Code::Unavailable).retry_after(2))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    gate: GateState,
}

pub(super) async fn set_region(
    caller: Caller,
    State(hub): State<Hub>,
    Path(region): Path<String>,
    Json(setting): Json<Setting>,
) -> Result<Json<RegionItem>, Problem> {
    caller.require(Role::Admin)?;
    let region: Region = region
        .parse()
        .map_err(|why: String| Problem::new(Code::NotFound).detail(Text::alike(why)))?;
    let (by, now) = (caller.actor.user_id, hub.clock.now());
    hub.store.set_gate(region, setting.gate, by, now).await?;
    tracing::info!(%region, gate = ?setting.gate, user.id = %by, "The gate of {region} is set");
    // The sessions of this replica hear of it now, those of others when they look next.
    hub.regions.refresh(&hub.store).await?;
    let state = hub.store.regions().await?.into_iter().find(|state| state.region == region);
    state.map(|state| Json(state.into())).ok_or_else(|| Code::NotFound.into())
}
