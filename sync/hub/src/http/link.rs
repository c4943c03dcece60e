//! Opens the link: an edge's token is checked before its connection becomes a WebSocket.

use axum::{
    extract::{
        State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    response::Response,
};
use http::HeaderMap;
use process::{
    metrics,
    problem::Problem,
    tokens::{bearer, edge_claim, verify_edge},
};
use wire::{Code, EdgeId, Text, UnixMillis};

use super::state::Routes;
use crate::store::edges::LinkKey;

pub(super) async fn open(
    State(hub): State<Routes>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let (edge, key, linked_at) = verified(&hub, &headers).await.inspect_err(|problem| {
        metrics::LINK_SESSIONS.add(["refused"], 1);
        tracing::info!(code = %problem.code(), "A connection to the link is refused");
    })?;
    let upgrade = upgrade.map_err(|rejection| {
        Problem::new(Code::MalformedBody).detail(Text::alike(rejection.body_text()))
    })?;
    let bytes_max = hub.sessions.message_bytes_max();
    let upgrade = upgrade.max_message_size(bytes_max).max_frame_size(bytes_max);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let tasks = hub.sessions.tasks.clone();
        tasks.spawn_once("session", hub.sessions.run(edge, key.region, linked_at, socket));
    }))
}

/// The edge that the token proves, and the moment at which the token was good. An unknown name and a wrong
/// key look alike.
async fn verified(
    hub: &Routes,
    headers: &HeaderMap,
) -> Result<(EdgeId, LinkKey, UnixMillis), Problem> {
    let token = bearer(headers).ok_or(Code::InvalidToken)?;
    let edge = edge_claim(token)?;
    let key = hub.sessions.store.link_key(&edge).await?.ok_or(Code::EdgeUnknown)?;
    let now = hub.sessions.clock.now();
    match verify_edge(token, &key.public_key, now) {
        Ok(_) if key.disabled => Err(Code::EdgeDisabled.into()),
        Ok(edge) => Ok((edge, key, now)),
        Err(process::tokens::TokenError::Expired) => Err(Code::TokenExpired.into()),
        Err(_) => Err(Code::EdgeUnknown.into()),
    }
}
