//! `POST /api/v1/auth/logout` and `GET /api/v1/auth/sessions`.

use axum::{extract::State, http::StatusCode};
use process::{
    problem::{Page, Problem},
    trace::Trace,
};
use serde::Serialize;
use uuid::Uuid;
use wire::{SessionId, UnixMillis};

use super::Live;
use crate::{
    service::{Service, ServiceError},
    store::Session,
};

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
    page: Page<SessionId>,
) -> Result<axum::Json<Sessions>, Problem> {
    let before = page.after.unwrap_or(SessionId(Uuid::max()));
    let limit = page.limit;
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
