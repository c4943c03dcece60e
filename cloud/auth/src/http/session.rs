//! `POST /api/v1/auth/logout` and `GET /api/v1/auth/sessions`.

use axum::{extract::State, http::StatusCode};
use process::{
    problem::{ItemList, Page, Problem},
    trace::Trace,
};
use serde::Serialize;
use uuid::Uuid;
use wire::{SessionId, UnixMillis};

use super::Live;
use crate::{
    service::{Service, ServiceError},
    store::UserSession,
};

#[derive(Serialize)]
pub struct SessionItem {
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
) -> Result<ItemList<SessionItem>, Problem> {
    let before = page.after.unwrap_or(SessionId(Uuid::max()));
    let (user, now) = (caller.claims.sub, service.clock.now());
    let sessions = service.store.sessions(user, before, now, page.rows()).await;
    let list = page.of(sessions.map_err(ServiceError::from)?, |session| session.id);
    Ok(list.map(|session| SessionItem::of(&session, caller.claims.jti)))
}

impl SessionItem {
    fn of(session: &UserSession, current: SessionId) -> Self {
        Self {
            session_id: session.id,
            kind: session.kind.as_str(),
            created_at: session.created_at,
            expires_at: session.expires_at,
            current: session.id == current,
        }
    }
}
