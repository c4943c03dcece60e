//! Owns sign-in at an edge: name and password are handed on to the cloud while the link is up. Back
//! comes a token for the edges of this region alone, so that no token that opens the cloud is ever
//! here. Tells also why a token opens nothing here.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, Request, StatusCode, header, response};
use process::{
    problem::{Json, Problem, Query, fault},
    tokens::bearer,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use wire::{Code, DeviceId, EdgeGrant, Role, UnixMillis, UserId};

use super::Rooms;
use crate::say;

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

#[derive(Deserialize, ToSchema)]
pub struct EdgeLoginForm {
    username: String,
    password: String,
    /// The secret that this device got at an earlier sign-in. An empty text asks for one.
    #[serde(default)]
    device: Option<String>,
    /// The tablet's name. A provider's token is bound to it then, and lives for days.
    #[serde(default)]
    tablet: Option<DeviceId>,
}

/// The part of auth's answer that is of use here.
#[derive(Deserialize)]
struct Grant {
    edge_token: String,
    expires_in: i64,
    user_id: UserId,
    role: Role,
    device: Option<String>,
}

const TIMEOUT: Duration = Duration::from_secs(15);
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The person of the token, or why it opens no connection of this device: MQTT 3.1.1 has no words
/// for it.
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
    let expires_at = claims.expires_at();
    Ok(Json(EdgeSession { user_id: claims.sub, role: claims.role, expires_at }))
}

/// A name and a password for a token of this region's edges, from the cloud. Its refusals are
/// passed on.
pub async fn sign_in(
    State(rooms): State<Rooms>,
    headers: HeaderMap,
    Json(EdgeLoginForm { username, password, device, tablet }): Json<EdgeLoginForm>,
) -> Result<Response, Problem> {
    let region = rooms.ground.identity.region;
    let form = json!({
        "username": username, "password": password, "region": region, "edge_only": true,
        "device": device, "tablet": tablet,
    });
    let (head, body) = ask_cloud(&rooms, "/api/v1/auth/login", &headers, &form).await?;
    if !head.status.is_success() {
        return Ok(passed_on(&head, body));
    }
    let grant = serde_json::from_slice(&body);
    // The answer holds secrets, so nothing of it is in the error.
    let grant = grant.map_err(|_| Problem::new(Code::Unavailable).detail(say::cloud_too_old))?;
    let Grant { edge_token, expires_in, user_id, role, device } = grant;
    Ok(Json(EdgeGrant { edge_token, region, expires_in, user_id, role, device }).into_response())
}

/// Ends the session of a token of this region's edges. Also hands the device over, where it is
/// named: the next person who uses it has it, even while the cloud is out of reach.
pub async fn sign_out(
    State(rooms): State<Rooms>,
    Query(TabletQuery { device }): Query<TabletQuery>,
    headers: HeaderMap,
) -> Result<StatusCode, Response> {
    let refused = Problem::into_response;
    let token = bearer(&headers).ok_or_else(|| refused(Code::InvalidToken.into()))?;
    let gate = &rooms.ground.gate;
    // The cloud would end a session for a token of any region's edges.
    gate.signed(token, None).ok_or_else(|| refused(Code::InvalidToken.into()))?;
    if let Some(device) = device
        && let Ok(claims) = gate.admit(token, Some(&device))
    {
        rooms.ground.people.hands_over(claims.sub, &device).await;
    }
    let form = json!({ "token": token });
    let asked = ask_cloud(&rooms, "/api/v1/auth/edge-logout", &headers, &form).await;
    let (head, body) = asked.map_err(refused)?;
    if head.status.is_success() { Ok(StatusCode::NO_CONTENT) } else { Err(passed_on(&head, body)) }
}

/// The cloud's answer. A region that is cut off for a drill is cut off for this, too.
async fn ask_cloud(
    rooms: &Rooms,
    path: &str,
    headers: &HeaderMap,
    form: &serde_json::Value,
) -> Result<(response::Parts, Bytes), Problem> {
    let away = || Problem::new(Code::Unavailable).detail(say::sign_in_needs_cloud).retry_after(5);
    if !rooms.link.borrow().up {
        return Err(away());
    }
    let gateway = rooms.ground.config.gateway_url.trim_end_matches('/');
    let mut request = Request::builder().method(Method::POST).uri(format!("{gateway}{path}"));
    request = request.header(header::CONTENT_TYPE, "application/json");
    if let Some(language) = headers.get(header::ACCEPT_LANGUAGE) {
        request = request.header(header::ACCEPT_LANGUAGE, language);
    }
    let request = request.body(Body::from(form.to_string()));
    let request = request.map_err(|error| fault("The sign-in could not be handed on", error))?;
    let exchange = async {
        let (head, body) = rooms.cloud.request(request).await.ok()?.into_parts();
        Some((head, to_bytes(body, ANSWER_BYTES_MAX).await.ok()?))
    };
    tokio::time::timeout(TIMEOUT, exchange).await.ok().flatten().ok_or_else(away)
}

fn passed_on(head: &response::Parts, body: Bytes) -> Response {
    let mut response = (head.status, body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    for name in [header::CONTENT_TYPE, header::RETRY_AFTER, header::WWW_AUTHENTICATE] {
        if let Some(value) = head.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}
