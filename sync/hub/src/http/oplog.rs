//! The op log: ops that wait for a decision, ops left behind by ended epochs, and one op in full.
//! Admins only.

use axum::extract::State;
use process::{
    problem::{ItemList, Json, Page, Path, Problem, Query},
    tokens::AdminCaller,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Code, CommandId, EdgeId, OpPlace, OpRecord, OpState, UserId, WaitingAsk, words};

use super::state::HubState;

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
pub(super) struct QueueFilter {
    edge: Option<EdgeId>,
    state: Option<WaitingOpState>,
    command: Option<CommandId>,
}

/// `GET /api/v1/admin/queue`: by edge in log order, or every waiting op with one command id.
pub(super) async fn queue(
    _: AdminCaller,
    State(hub): State<HubState>,
    Query(filter): Query<QueueFilter>,
    page: Page<OpPlace, 50, 200>,
) -> Result<ItemList<OpRecord>, Problem> {
    if let Some(id) = filter.command {
        let items = hub.sessions.store.waiting_command(id).await?;
        return Ok(ItemList::from_all_items(items));
    }
    let state = filter.state.map(OpState::from);
    let items = match &filter.edge {
        Some(edge) => {
            let after = page.after.as_ref().map_or(0, |place| place.seq);
            hub.sessions
                .store
                .waiting_ops(edge, state, after, page.rows_to_read())
                .await?
        }
        None => of_every_edge(&hub, state, page.after.clone(), page.rows_to_read()).await?,
    };
    Ok(page.build_page(items, |op| op.place.clone()))
}

async fn of_every_edge(
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
            .waiting_ops(&edge, state, seq, limit)
            .await?;
        done = edge.to_string();
    }
    while items.len() < limit {
        let edges = hub.sessions.store.edges_waiting(&done, EDGES_PART).await?;
        let Some(last) = edges.last() else { break };
        done = last.to_string();
        for edge in &edges {
            let space = limit.saturating_sub(items.len());
            if space > 0 {
                items.extend(
                    hub.sessions
                        .store
                        .waiting_ops(edge, state, 0, space)
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
pub(super) async fn left_behind(
    _: AdminCaller,
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
        .left_behind(&edge, after, page.rows_to_read())
        .await?;
    Ok(page.build_page(items, |op| op.place.clone()))
}

/// `GET /api/v1/admin/ops/{edge}/{epoch}/{seq}`
pub(super) async fn op(
    _: AdminCaller,
    State(hub): State<HubState>,
    Path(place): Path<OpPlace>,
) -> Result<Json<OpRecord>, Problem> {
    let op = hub.sessions.store.find_op(&place).await?;
    op.map(Json).ok_or_else(|| Code::NotFound.into())
}

/// `GET /api/v1/admin/asks`: the portal's accepts put to the holder of their region.
pub(super) async fn asks(
    _: AdminCaller,
    State(hub): State<HubState>,
    page: Page<AskCursor, 50, 200>,
) -> Result<ItemList<WaitingAsk>, Problem> {
    let first = (CommandId(Uuid::nil()), UserId(Uuid::nil()));
    let after = page
        .after
        .as_ref()
        .map_or(first, |AskCursor(id, user)| (*id, *user));
    let items = hub
        .sessions
        .store
        .asks_waiting(after, page.rows_to_read())
        .await?;
    Ok(page.build_page(items, |ask| format!("{}.{}", ask.command_id, ask.user_id)))
}

/// An accept's id and its user.
pub(super) struct AskCursor(CommandId, UserId);

impl std::str::FromStr for AskCursor {
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
