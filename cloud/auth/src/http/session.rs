//! Sessions: login, logout, listing and ending sessions, `verify-token` for other systems, and the
//! public keys with which the other services verify tokens.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use platform::ClientAddress;
use process::{
    metrics,
    problem::{ItemList, Json, Page, Path, Problem},
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Code, DeviceId, Permission, Region, Role, SessionId, UnixMillis, UserId};

use super::{IntoProblem, LiveCaller, require_permission};
use crate::{
    entry::{CredentialRefusal, SignInAttempt},
    errors::AttemptError,
    grants::Tablet,
    limits::QuotaExceeded,
    say,
    service::{AccessGrant, Service},
};

#[derive(Deserialize, ToSchema)]
pub struct LoginForm {
    username: String,
    password: String,
    /// Also requests a token for this region's edges.
    #[serde(default)]
    region: Option<Region>,
    /// Requests only the edge token.
    #[serde(default)]
    edge_only: bool,
    /// The secret that this device received at an earlier sign-in. An empty text requests one.
    #[serde(default)]
    device: Option<String>,
    /// Requests a refresh token, which replaces the password, for programs that store it.
    #[serde(default)]
    refresh: bool,
    /// The requesting tablet, with `edge_only`. A provider's token is then bound to it and valid
    /// for days.
    #[serde(default)]
    tablet: Option<DeviceId>,
}

#[derive(Serialize, ToSchema)]
pub struct SessionItem {
    session_id: SessionId,
    kind: &'static str,
    created_at: UnixMillis,
    expires_at: UnixMillis,
    /// The session of this request.
    current: bool,
    /// The tablet that a grant is bound to, and the region of its edges.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<DeviceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

/// A person's session.
#[derive(Deserialize, ToSchema)]
pub struct SessionPath {
    id: UserId,
    session: SessionId,
}

/// The number of sessions ended.
#[derive(Serialize, ToSchema)]
pub struct EndedSessions {
    pub ended: usize,
}

#[derive(Deserialize, ToSchema)]
pub struct TokenForm {
    pub token: String,
}

#[derive(Serialize, ToSchema)]
pub struct TokenOwner {
    user_id: UserId,
    role: Role,
    /// Always true: inactive tokens get 401, for callers that check only the status.
    active: bool,
}

/// Issues an access token of an hour, or a token for a region's edges.
pub async fn login(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    from: ClientAddress,
    Json(form): Json<LoginForm>,
) -> Result<Json<AccessGrant>, Problem> {
    let LoginForm {
        username: typed_name,
        password,
        region,
        edge_only,
        device,
        refresh,
        tablet,
    } = form;
    if edge_only && region.is_none() {
        return Err(Problem::wrong_field("region", say::region_needs));
    }
    let refresh = refresh && !edge_only;
    let tablet = region.filter(|_| edge_only).zip(tablet);
    let tablet = tablet.map(|(region, device)| Tablet { region, device });
    let attempt = SignInAttempt {
        from,
        typed_name,
        password,
        device,
        refresh,
        tablet,
        trace,
    };
    let entered = service.sign_in(attempt).await;
    match &entered {
        Ok(_) => metrics::SIGN_INS.add(["done"], 1),
        Err(AttemptError::Refused(refusal)) => {
            metrics::SIGN_INS.add([to_metric_label(refusal)], 1);
        }
        Err(AttemptError::Failed(_)) => {}
    }
    let mut grant = entered.map_err(|error| error.into_problem(&service))?;
    if let Some(region) = region {
        service.add_edge_token(&mut grant, region, edge_only);
    }
    Ok(Json(grant))
}

fn to_metric_label(refusal: &CredentialRefusal) -> &'static str {
    match refusal {
        CredentialRefusal::Wrong => "wrong",
        CredentialRefusal::Locked(_) => "locked",
        CredentialRefusal::TooOften(_) => "too often",
    }
}

impl IntoProblem for CredentialRefusal {
    fn into_problem(self, service: &Service) -> Problem {
        match self {
            Self::Wrong => Code::InvalidCredentials.into(),
            Self::Locked(until) => {
                let left_s = until.ms_since(service.clock.now()) / 1000 + 1;
                Problem::new(Code::AccountLocked)
                    .with_member("locked_until", until)
                    .retry_after(u32::try_from(left_s).unwrap_or(u32::MAX))
            }
            Self::TooOften(QuotaExceeded { most, retry_s }) => {
                let why = say::sign_ins_of_name {
                    most: most.into(),
                    seconds: retry_s.into(),
                };
                Problem::new(Code::RateLimited)
                    .with_detail(why)
                    .retry_after(retry_s)
            }
        }
    }
}

pub async fn logout(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
) -> Result<StatusCode, Problem> {
    service.sign_out(&caller.claims, &trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn list(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    page: Page<SessionId>,
) -> Result<ItemList<SessionItem>, Problem> {
    list_live_sessions(&service, caller.claims.sub, page, Some(caller.claims.jti)).await
}

pub async fn list_of_person(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Path(user): Path<UserId>,
    page: Page<SessionId>,
) -> Result<ItemList<SessionItem>, Problem> {
    require_permission(&service, &caller, Permission::ReadPeople).await?;
    service.store.load_role(user).await?.ok_or(Code::NotFound)?;
    list_live_sessions(&service, user, page, None).await
}

async fn list_live_sessions(
    service: &Service,
    user: UserId,
    page: Page<SessionId>,
    current: Option<SessionId>,
) -> Result<ItemList<SessionItem>, Problem> {
    let before = page.after.unwrap_or(SessionId(Uuid::max()));
    let sessions = service
        .store
        .list_live_sessions(user, before, service.clock.now(), page.rows_to_read())
        .await;
    let list = page.build_page(sessions?, |session| session.id);
    Ok(list.map_items(|session| SessionItem {
        session_id: session.id,
        kind: session.kind.as_str(),
        created_at: session.created_at,
        expires_at: session.expires_at,
        current: Some(session.id) == current,
        device: session.device,
        region: session.region,
    }))
}

pub async fn end_of_person(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Path(SessionPath { id: user, session }): Path<SessionPath>,
) -> Result<StatusCode, Problem> {
    require_permission(&service, &caller, Permission::EndSessions).await?;
    let ended = service
        .end_session_by_admin(caller.actor.user_id, user, session, &trace)
        .await?;
    if ended {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Code::NotFound.into())
    }
}

/// Ends one of the caller's sessions, possibly the current one.
pub async fn end(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Path(session): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    let ended = service
        .end_own_session(&caller.claims, session, &trace)
        .await?;
    if ended {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Code::NotFound.into())
    }
}

pub async fn end_others(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
) -> Result<Json<EndedSessions>, Problem> {
    let ended = service.end_other_sessions(&caller.claims, &trace).await?;
    Ok(Json(EndedSessions { ended }))
}

pub async fn verify(
    State(service): State<Service>,
    Json(form): Json<TokenForm>,
) -> Result<Json<TokenOwner>, Problem> {
    let claims = service
        .verify_token_cached(&form.token)
        .await?
        .ok_or(Code::InvalidToken)?;
    Ok(Json(TokenOwner {
        user_id: claims.sub,
        role: claims.role,
        active: true,
    }))
}

pub async fn jwks(State(service): State<Service>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "public, max-age=15"),
    ];
    (headers, service.signing.jwks()).into_response()
}
