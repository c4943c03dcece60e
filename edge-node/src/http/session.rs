//! Owns sign-in at an edge: handed on to the cloud while the link is up, and the reason why a token opens
//! nothing here.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, Request, header};
use process::{
    problem::{Json, Problem, Query, fault},
    tokens::bearer,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, DeviceId, Role, UnixMillis, UserId};

use super::Rooms;
use crate::{gate::Pass, say};

#[derive(Deserialize, ToSchema)]
pub struct TabletQuery {
    device: Option<DeviceId>,
}

#[derive(Serialize, ToSchema)]
pub struct EdgeSession {
    user_id: UserId,
    role: Role,
    expires_at: UnixMillis,
}

const TIMEOUT: Duration = Duration::from_secs(15);
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The person of the token, or why it opens no connection of this device: MQTT 3.1.1 has no words for it.
pub async fn show(
    State(rooms): State<Rooms>,
    Query(TabletQuery { device }): Query<TabletQuery>,
    headers: HeaderMap,
) -> Result<Json<EdgeSession>, Problem> {
    let token = bearer(&headers).ok_or(Code::InvalidToken)?;
    let claims = rooms.ground.gate.admit(token, device.as_ref())?;
    if device.is_some_and(|device| !rooms.voice.broker.lets_in(&device, claims.sub)) {
        return Err(Code::DeviceInUse.into());
    }
    let expires_at = Pass::from(&claims).expires_at;
    Ok(Json(EdgeSession { user_id: claims.sub, role: claims.role, expires_at }))
}

/// A name and a password for a token, from the cloud.
pub async fn sign_in(
    State(rooms): State<Rooms>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    hand_on(&rooms, "/api/v1/auth/login", &headers, body).await
}

/// Also hands the device over, where it is named: the next person who uses it has it, even while the cloud
/// is out of reach.
pub async fn sign_out(
    State(rooms): State<Rooms>,
    Query(TabletQuery { device }): Query<TabletQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let (Some(device), Some(token)) = (device, bearer(&headers))
        && let Ok(claims) = rooms.ground.gate.admit(token, Some(&device))
    {
        rooms.ground.people.hands_over(claims.sub, &device).await;
    }
    hand_on(&rooms, "/api/v1/auth/logout", &headers, Bytes::new()).await
}

/// The cloud's answer as it is. A region that is cut off for a drill is cut off for this, too.
async fn hand_on(
    rooms: &Rooms,
    path: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let away = || Problem::new(Code::Unavailable).detail(say::sign_in_needs_cloud).retry_after(5);
    if !rooms.link.borrow().up {
        return Err(away());
    }
    let gateway = rooms.ground.config.gateway_url.trim_end_matches('/');
    let mut request = Request::builder().method(Method::POST).uri(format!("{gateway}{path}"));
    for name in [header::CONTENT_TYPE, header::ACCEPT_LANGUAGE, header::AUTHORIZATION] {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    let request = request.body(Body::from(body));
    let request = request.map_err(|error| fault("The sign-in could not be handed on", error))?;
    let exchange = async {
        let (head, body) = rooms.cloud.request(request).await.ok()?.into_parts();
        Some((head, to_bytes(body, ANSWER_BYTES_MAX).await.ok()?))
    };
    let answer = tokio::time::timeout(TIMEOUT, exchange).await.ok().flatten();
    let (head, body) = answer.ok_or_else(away)?;
    let mut response = (head.status, body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    for name in [header::CONTENT_TYPE, header::RETRY_AFTER] {
        if let Some(value) = head.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    Ok(response)
}
