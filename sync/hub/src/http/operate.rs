//! An operator's view of regions and edges, and a region's settings. Admins only.

use axum::extract::State;
use process::{
    problem::{ItemList, Json, Page, Path, Problem},
    tokens::{AdminCaller, Caller},
};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{Code, EdgeId, GateState, Region, StatusReport, Text};

use super::state::HubState;
use crate::{
    domain::status::{self, EdgeRecord, RegionLink, RegionRecord},
    feed::compare::{CompareFault, ComparisonReport},
};

pub(super) async fn status(
    _: AdminCaller,
    State(hub): State<HubState>,
) -> Result<Json<StatusReport>, Problem> {
    let (regions, edges) = hub.sessions.store.read_overview().await?;
    let mut report = status::build_report(&regions, &edges, hub.sessions.clock.now());
    let edges = report
        .regions
        .iter_mut()
        .flat_map(|region| &mut region.edges);
    edges.for_each(|edge| hub.settling.set_unsettled_since(edge));
    Ok(Json(report))
}

/// `GET /api/v1/regions`, for every signed-in user: a customer must see where the cloud may be out
/// of date.
pub(super) async fn region_links(
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
pub(super) async fn edges(
    _: AdminCaller,
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

pub(super) async fn regions(
    _: AdminCaller,
    State(hub): State<HubState>,
) -> Result<ItemList<RegionRecord>, Problem> {
    Ok(ItemList::from_all_items(
        hub.sessions.store.list_regions().await?,
    ))
}

/// `POST /api/v1/admin/regions/{region}/comparison`: compares the region's feed with the order
/// service now, and repairs it.
pub(super) async fn compare(
    _: AdminCaller,
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
pub(super) struct Setting {
    gate: GateState,
}

pub(super) async fn set_region(
    AdminCaller(caller): AdminCaller,
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
