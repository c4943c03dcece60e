//! `POST /api/v1/auth/logout` and `GET /api/v1/auth/sessions`.

use axum::{extract::State, http::StatusCode};
use process::{
    problem::{Problem, Query, Said},
    trace::Trace,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{Code, SessionId, UnixMillis};

use super::Live;
use crate::{
    service::{Service, ServiceError},
    store::Session,
};

const LIMIT_DEFAULT: usize = 20;
const LIMIT_MAX: usize = 100;

#[derive(Deserialize)]
pub struct Page {
    limit: Option<usize>,
    cursor: Option<String>,
}

#[derive(Serialize)]
pub struct Sessions {
    items: Vec<Item>,
    next: Option<SessionId>,
}

#[derive(Serialize)]
struct Item {
    session_id: SessionId,
    kind: &'static str,
    created_at: UnixMillis,
    expires_at: UnixMillis,
    /// The one this request came with.
    current: bool,
}

pub async fn logout(
    State(service): State<Service>,
    Trace(trace): Trace,
    Live(caller): Live,
) -> Result<StatusCode, Problem> {
    service.sign_out(&caller.claims, &trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The caller's live sessions, newest first.
pub async fn list(
    State(service): State<Service>,
    Live(caller): Live,
    Query(page): Query<Page>,
) -> Result<axum::Json<Sessions>, Problem> {
    let before = match &page.cursor {
        None => SessionId(Uuid::max()),
        Some(cursor) => cursor.parse().map_err(|_| {
            let why = Said::both("The `next` of an earlier page.", "请填写上一页返回的 `next`。");
            Problem::new(Code::InvalidInput).field("cursor", why)
        })?,
    };
    let limit = page.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    let now = service.clock.now();
    let found = service.store.sessions(caller.claims.sub, before, now, limit + 1).await;
    let mut found = found.map_err(ServiceError::from)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|session| session.id);
    let current = caller.claims.jti;
    let items = found.iter().map(|session| Item::of(session, current)).collect();
    Ok(axum::Json(Sessions { items, next }))
}

impl Item {
    fn of(session: &Session, current: SessionId) -> Self {
        Self {
            session_id: session.id,
            kind: session.kind.as_str(),
            created_at: session.created_at,
            expires_at: session.expires_at,
            current: session.id == current,
        }
    }
}
