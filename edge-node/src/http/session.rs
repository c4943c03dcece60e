//! Sign-in at an edge: forwards name and password, or phone number and code, to the cloud while the
//! link is up. The returned token is valid only for this region's edges: a token that opens the
//! cloud is never stored here. A code requested here opens only this region's edges too.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, Request, StatusCode, header, response};
use process::{
    problem::{Json, Problem, Query, log_fault},
    tokens::bearer_token,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use wire::{Code, DeviceId, DeviceKey, EdgeGrant, Role, UnixMillis, UserId};

use super::EdgeApiState;
use crate::{authentication::IssuedNonce, rate_limiter::RateLimiter, say};

#[derive(Deserialize, ToSchema)]
pub(super) struct TabletQuery {
    device: Option<DeviceId>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct EdgeSession {
    user_id: UserId,
    role: Role,
    expires_at: UnixMillis,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct EdgeLoginForm {
    username: String,
    password: String,
    /// The device secret from an earlier sign-in; an empty string requests a new one.
    #[serde(default)]
    device: Option<String>,
    /// The tablet's name. Binds a provider's token to the tablet and extends it to days.
    #[serde(default)]
    tablet: Option<DeviceId>,
    /// The tablet's public key, with `tablet`. The token then admits only with a proof of this key.
    #[serde(default)]
    tablet_key: Option<DeviceKey>,
    /// What people call the tablet, with `tablet_key`.
    #[serde(default)]
    tablet_label: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ProofNonce {
    /// Sign it to prove the key that a token is bound to.
    nonce: String,
    /// In seconds.
    expires_in: u64,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct EdgePhoneForm {
    /// With `+` and the country code, or in national format.
    phone: String,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct EdgeCodeForm {
    phone: String,
    /// Six digits. Spaces do not matter.
    code: String,
    /// The device secret from an earlier sign-in; an empty string requests a new one.
    #[serde(default)]
    device: Option<String>,
    /// The device's name. Binds the token of a kiosk's account to it and extends it to days.
    #[serde(default)]
    tablet: Option<DeviceId>,
}

/// The fields of auth's answer that are used here.
#[derive(Deserialize)]
struct CloudGrant {
    edge_token: String,
    expires_in: i64,
    user_id: UserId,
    role: Role,
    device: Option<String>,
}

const CODES_PATH: &str = "/api/v1/auth/codes";
const MINUTE: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(15);
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Returns the token's person, or why this device cannot connect with it: MQTT 3.1.1 carries no
/// reason.
pub(super) async fn show(
    State(state): State<EdgeApiState>,
    Query(TabletQuery { device }): Query<TabletQuery>,
    headers: HeaderMap,
) -> Result<Json<EdgeSession>, Problem> {
    let token = bearer_token(&headers).ok_or(Code::InvalidToken)?;
    let claims = state
        .context
        .authenticator
        .admit_token(token, device.as_ref())?;
    if device.is_some_and(|device| !state.publisher.broker.would_admit(&device, claims.sub)) {
        return Err(Code::DeviceInUse.into());
    }
    let expires_at = claims.expires_at();
    Ok(Json(EdgeSession {
        user_id: claims.sub,
        role: claims.role,
        expires_at,
    }))
}

/// Issues a nonce to anyone: it stores nothing, and only a signature makes it worth something.
pub(super) async fn issue_nonce(State(state): State<EdgeApiState>) -> Json<ProofNonce> {
    let IssuedNonce { nonce, valid_for } = state.context.authenticator.issue_nonce();
    Json(ProofNonce {
        nonce,
        expires_in: valid_for.as_secs(),
    })
}

pub(crate) fn sign_in_rate_limiter(a_minute: NonZeroU32) -> Arc<RateLimiter<IpAddr>> {
    Arc::new(RateLimiter::new(a_minute.get(), MINUTE / a_minute.get()))
}

/// Gets a token for this region's edges from the cloud, and passes its refusals on.
pub(super) async fn sign_in(
    State(state): State<EdgeApiState>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(EdgeLoginForm {
        username,
        password,
        device,
        tablet,
        tablet_key,
        tablet_label,
    }): Json<EdgeLoginForm>,
) -> Result<Response, Problem> {
    count_sign_in(&state, from)?;
    let region = state.context.identity.region;
    let form = json!({
        "username": username, "password": password, "region": region, "edge_only": true,
        "device": device, "tablet": tablet, "tablet_key": tablet_key,
        "tablet_label": tablet_label,
    });
    forward_sign_in(&state, "/api/v1/auth/login", &headers, &form).await
}

/// Shows if a code can be sent to a phone, which the cloud's operator decides.
pub(super) async fn code_offer(
    State(state): State<EdgeApiState>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    count_sign_in(&state, from)?;
    let (head, body) = ask_cloud(&state, Method::GET, CODES_PATH, &headers, None).await?;
    Ok(forward_response(&head, body))
}

/// Sends a code that opens only this region's edges.
pub(super) async fn send_code(
    State(state): State<EdgeApiState>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(EdgePhoneForm { phone }): Json<EdgePhoneForm>,
) -> Result<Response, Problem> {
    count_sign_in(&state, from)?;
    let form = json!({ "phone": phone, "region": state.context.identity.region });
    let (head, body) = ask_cloud(&state, Method::POST, CODES_PATH, &headers, Some(&form)).await?;
    Ok(forward_response(&head, body))
}

/// Signs a customer in with the code from their phone, as `sign_in` does with a password.
pub(super) async fn sign_in_by_code(
    State(state): State<EdgeApiState>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(EdgeCodeForm {
        phone,
        code,
        device,
        tablet,
    }): Json<EdgeCodeForm>,
) -> Result<Response, Problem> {
    count_sign_in(&state, from)?;
    let region = state.context.identity.region;
    let form = json!({
        "phone": phone, "code": code, "region": region, "edge_only": true,
        "device": device, "tablet": tablet,
    });
    forward_sign_in(&state, "/api/v1/auth/codes/sign-in", &headers, &form).await
}

/// Counts an address's sign-in calls to the cloud: passwords, requested codes and tries alike.
fn count_sign_in(state: &EdgeApiState, from: SocketAddr) -> Result<(), Problem> {
    let now = state.context.clock.elapsed();
    if !state.sign_in_pace.try_take(from.ip().to_canonical(), now) {
        return Err(Problem::new(Code::TooManyRequests).retry_after(1));
    }
    Ok(())
}

/// Answers with the token for this region's edges, or with the cloud's refusal.
async fn forward_sign_in(
    state: &EdgeApiState,
    path: &str,
    headers: &HeaderMap,
    form: &serde_json::Value,
) -> Result<Response, Problem> {
    let region = state.context.identity.region;
    let (head, body) = ask_cloud(state, Method::POST, path, headers, Some(form)).await?;
    if !head.status.is_success() {
        return Ok(forward_response(&head, body));
    }
    let grant = serde_json::from_slice(&body);
    // Drop the parse error: it could quote secrets from the answer.
    let grant =
        grant.map_err(|_| Problem::new(Code::Unavailable).with_detail(say::cloud_too_old))?;
    let CloudGrant {
        edge_token,
        expires_in,
        user_id,
        role,
        device,
    } = grant;
    Ok(Json(EdgeGrant {
        edge_token,
        region,
        expires_in,
        user_id,
        role,
        device,
    })
    .into_response())
}

/// Ends the session of a token for this region's edges. Also hands over `device`, even while the
/// cloud is unreachable: its next user owns it.
pub(super) async fn sign_out(
    State(state): State<EdgeApiState>,
    Query(TabletQuery { device }): Query<TabletQuery>,
    headers: HeaderMap,
) -> Result<StatusCode, Response> {
    let refused = Problem::into_response;
    let token = bearer_token(&headers).ok_or_else(|| refused(Code::InvalidToken.into()))?;
    let authenticator = &state.context.authenticator;
    // Check here: the cloud would accept a token of any region's edges.
    let checked = authenticator
        .check_token(token, None)
        .ok_or_else(|| refused(Code::InvalidToken.into()))?;
    // Otherwise a thief of a copy could sign its owner out.
    if checked.refusal == Some(Code::ProofRequired) {
        return Err(refused(Code::ProofRequired.into()));
    }
    if let Some(device) = device
        && let Ok(claims) = authenticator.admit_token(token, Some(&device))
    {
        state
            .context
            .people
            .hand_over_device(claims.sub, &device)
            .await;
    }
    let form = json!({ "token": checked.token });
    let path = "/api/v1/auth/edge-logout";
    let asked = ask_cloud(&state, Method::POST, path, &headers, Some(&form)).await;
    let (head, body) = asked.map_err(refused)?;
    if head.status.is_success() {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(forward_response(&head, body))
    }
}

/// Fails while the link is down: a region cut off for a drill gets no sign-ins either.
async fn ask_cloud(
    state: &EdgeApiState,
    method: Method,
    path: &str,
    headers: &HeaderMap,
    form: Option<&serde_json::Value>,
) -> Result<(response::Parts, Bytes), Problem> {
    if !state.link.borrow().up {
        return Err(build_unreachable_problem());
    }
    let gateway = state.context.config.gateway_url.trim_end_matches('/');
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{gateway}{path}"));
    request = request.header(header::CONTENT_TYPE, "application/json");
    if let Some(language) = headers.get(header::ACCEPT_LANGUAGE) {
        request = request.header(header::ACCEPT_LANGUAGE, language);
    }
    let body = form.map_or_else(Body::empty, |form| Body::from(form.to_string()));
    let request = request.body(body);
    let request = request.map_err(|error| log_fault("Could not forward the sign-in", error))?;
    let exchange = async {
        let (head, body) = state.cloud.send_request(request).await.ok()?.into_parts();
        Some((head, to_bytes(body, ANSWER_BYTES_MAX).await.ok()?))
    };
    tokio::time::timeout(TIMEOUT, exchange)
        .await
        .ok()
        .flatten()
        .ok_or_else(build_unreachable_problem)
}

fn build_unreachable_problem() -> Problem {
    Problem::new(Code::Unavailable)
        .with_detail(say::sign_in_needs_cloud)
        .retry_after(5)
}

fn forward_response(head: &response::Parts, body: Bytes) -> Response {
    let mut response = (head.status, body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    for name in [
        header::CONTENT_TYPE,
        header::RETRY_AFTER,
        header::WWW_AUTHENTICATE,
    ] {
        if let Some(value) = head.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}
