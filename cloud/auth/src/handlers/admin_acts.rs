//! `GET /api/v1/admin/acts` lists the changes by admins. The gateway records each change before it
//! passes it on (`POST /internal/acts`), and then the status of the answer.
//!
//! Invariant: a record holds the route and the path, and nothing of a query or a body.

use axum::{extract::State, http::StatusCode};
use process::{
    problem::{ItemList, Json, Page, Path, Problem, Query, TimeCursor, no_content_or_not_found},
    tokens::ServiceCaller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{UnixMillis, UserId};

use crate::{
    say,
    service::Service,
    store::{ActFilter, AdminAct},
};

/// A longer path has more than ids in it.
const PATH_CHARS_MAX: usize = 300;

#[derive(Deserialize)]
pub(crate) struct NewAct {
    by: UserId,
    method: String,
    route: String,
    path: String,
    key: Option<Uuid>,
    trace: String,
}

#[derive(Serialize)]
pub(crate) struct RecordedAct {
    id: Uuid,
}

#[derive(Deserialize)]
pub(crate) struct ActEnd {
    status: u16,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct ActsQuery {
    /// The admin.
    by: Option<UserId>,
    /// Method and route of the change, such as `POST /api/v1/orders/{id}/approve`.
    change: Option<String>,
    since: Option<UnixMillis>,
    /// Exclusive.
    until: Option<UnixMillis>,
}

/// What an admin has changed, or tried to.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminAct)]
pub(crate) struct AdminActItem {
    id: Uuid,
    at: UnixMillis,
    by: UserId,
    method: String,
    /// The pattern of the path.
    route: String,
    path: String,
    trace: String,
    /// The HTTP status of the answer: below 300 it was done, from 400 on it was refused. Absent if no
    /// answer was seen, so it may have been done.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<i64>,
}

impl From<AdminAct> for AdminActItem {
    fn from(act: AdminAct) -> Self {
        Self {
            id: act.id,
            at: act.at,
            by: act.by_user,
            method: act.method,
            route: act.route,
            path: act.path,
            trace: act.trace,
            status: act.status,
        }
    }
}

pub(crate) async fn list_acts(
    State(service): State<Service>,
    Query(query): Query<ActsQuery>,
    page: Page<TimeCursor>,
) -> Result<ItemList<AdminActItem>, Problem> {
    let change = query.change.as_deref().map(split_change).transpose()?;
    let filter = ActFilter {
        by: query.by,
        change,
        since: query.since,
        until: query.until,
    };
    let rows = service
        .store
        .list_acts(
            &filter,
            page.after.unwrap_or(TimeCursor::START),
            page.rows_to_read(),
        )
        .await?;
    let list = page.build_page(rows, |act| TimeCursor {
        at: act.at,
        id: act.id,
    });
    Ok(list.map_items(AdminActItem::from))
}

fn split_change(change: &str) -> Result<(String, String), Problem> {
    let (method, route) = change
        .split_once(' ')
        .ok_or_else(|| Problem::wrong_field("change", say::change_needs))?;
    Ok((method.to_owned(), route.to_owned()))
}

pub(crate) async fn record_act(
    State(service): State<Service>,
    _: ServiceCaller,
    Json(act): Json<NewAct>,
) -> Result<Json<RecordedAct>, Problem> {
    let act = AdminAct {
        id: service.clock.new_id(),
        at: service.clock.now(),
        by_user: act.by,
        method: act.method,
        route: act.route,
        path: act.path.chars().take(PATH_CHARS_MAX).collect(),
        request_key: act.key,
        trace: act.trace,
        status: None,
    };
    let id = act.id;
    service.store.record_act(act).await?;
    Ok(Json(RecordedAct { id }))
}

pub(crate) async fn end_act(
    State(service): State<Service>,
    _: ServiceCaller,
    Path(id): Path<Uuid>,
    Json(ActEnd { status }): Json<ActEnd>,
) -> Result<StatusCode, Problem> {
    no_content_or_not_found(service.store.end_act(id, status).await?)
}
