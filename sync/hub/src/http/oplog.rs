//! Where ops stand: what waits for a decision, what ended epochs left behind, and one op in full.
//! Admins only.

use axum::extract::State;
use process::{
    problem::{Json, Page, Path, Problem, Query},
    tokens::Caller,
};
use serde::Deserialize;
use uuid::Uuid;
use wire::{Code, CommandId, EdgeId, OpPlace, OpRecord, OpState, Role, UserId, WaitingAsk};

use super::operate::List;
use crate::hub::Hub;

#[derive(Deserialize, Default)]
pub(super) struct Wanted {
    edge: Option<EdgeId>,
    state: Option<OpState>,
    command: Option<CommandId>,
}

/// `GET /api/v1/admin/queue`: by edge and in log order, or every op that waits under one command id.
pub(super) async fn queue(
    caller: Caller,
    State(hub): State<Hub>,
    Query(wanted): Query<Wanted>,
    page: Page<OpPlace, 50, 200>,
) -> Result<Json<List<OpRecord>>, Problem> {
    caller.require(Role::Admin)?;
    if let Some(id) = wanted.command {
        let items = hub.store.waiting_command(id).await?;
        return Ok(Json(List { items, next: None }));
    }
    let items = match &wanted.edge {
        Some(edge) => {
            let after = page.after.as_ref().map_or(0, |place| place.seq);
            hub.store.waiting_ops(edge, wanted.state, after, page.limit + 1).await?
        }
        None => of_every_edge(&hub, wanted.state, page.after, page.limit + 1).await?,
    };
    Ok(Json(paged(items, page.limit)))
}

async fn of_every_edge(
    hub: &Hub,
    state: Option<OpState>,
    after: Option<OpPlace>,
    limit: usize,
) -> Result<Vec<OpRecord>, Problem> {
    let mut items = Vec::new();
    let mut done = String::new();
    if let Some(OpPlace { edge, seq, .. }) = after {
        items = hub.store.waiting_ops(&edge, state, seq, limit).await?;
        done = edge.to_string();
    }
    while items.len() < limit {
        let edges = hub.store.edges_waiting(&done, EDGES_PART).await?;
        let Some(last) = edges.last() else { break };
        done = last.to_string();
        for edge in &edges {
            let space = limit.saturating_sub(items.len());
            if space > 0 {
                items.extend(hub.store.waiting_ops(edge, state, 0, space).await?);
            }
        }
    }
    Ok(items)
}

/// Edges looked through at once.
const EDGES_PART: usize = 50;

/// `GET /api/v1/admin/edges/{id}/left-behind`
pub(super) async fn left_behind(
    caller: Caller,
    State(hub): State<Hub>,
    Path(edge): Path<EdgeId>,
    page: Page<OpPlace, 50, 200>,
) -> Result<Json<List<OpRecord>>, Problem> {
    caller.require(Role::Admin)?;
    let after = page.after.map_or((0, 0), |place| (place.epoch, place.seq));
    let items = hub.store.left_behind(&edge, after, page.limit + 1).await?;
    Ok(Json(paged(items, page.limit)))
}

/// `GET /api/v1/admin/ops/{edge}/{epoch}/{seq}`
pub(super) async fn op(
    caller: Caller,
    State(hub): State<Hub>,
    Path((edge, epoch, seq)): Path<(EdgeId, u64, u64)>,
) -> Result<Json<OpRecord>, Problem> {
    caller.require(Role::Admin)?;
    let op = hub.store.op(&OpPlace { edge, epoch, seq }).await?;
    op.map(Json).ok_or_else(|| Code::NotFound.into())
}

/// `GET /api/v1/admin/asks`: the portal's accepts that are put to the holder of their region.
pub(super) async fn asks(
    caller: Caller,
    State(hub): State<Hub>,
    page: Page<AskCursor, 50, 200>,
) -> Result<Json<List<WaitingAsk>>, Problem> {
    caller.require(Role::Admin)?;
    let first = (CommandId(Uuid::nil()), UserId(Uuid::nil()));
    let after = page.after.map_or(first, |AskCursor(id, user)| (id, user));
    let mut items = hub.store.asks_waiting(after, page.limit + 1).await?;
    let more = items.len() > page.limit;
    items.truncate(page.limit);
    let next = items.last().filter(|_| more);
    let next = next.map(|ask| format!("{}.{}", ask.command_id, ask.user_id));
    Ok(Json(List { items, next }))
}

/// The id of an accept and whose it is.
pub(super) struct AskCursor(CommandId, UserId);

impl std::str::FromStr for AskCursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not a cursor of this list";
        let (id, user) = text.split_once('.').ok_or(wrong)?;
        Ok(Self(id.parse().map_err(|_| wrong)?, user.parse().map_err(|_| wrong)?))
    }
}

fn paged(mut items: Vec<OpRecord>, limit: usize) -> List<OpRecord> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|op| op.place.to_string());
    List { items, next }
}
