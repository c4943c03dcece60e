//! Sessions: login, logout, listing and ending sessions, by their owner or an admin, and
//! `verify-token` for other systems.

use axum::{extract::State, http::StatusCode};
use platform::ClientAddress;
use process::{
    metrics,
    problem::{ItemList, Json, Page, Path, Problem, no_content_or_not_found},
    tokens::{Claims, TokenAudience},
    trace::{RequestTrace, TraceId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Code, DeviceId, DeviceKey, EventType, Region, Role, SessionId, UnixMillis, UserId};

use crate::{
    device_grants::{Tablet, TabletForm},
    domain::{Password, Username},
    errors::{AttemptError, ServiceError},
    limits::QuotaExceeded,
    say,
    service::{IntoProblem, LiveCaller, Service, build_user_event},
    session_cache::CachedSession,
    sign_in::{AccessGrant, CredentialRefusal, TokenChoice},
    store::SessionEnding,
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct LoginForm {
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
    /// The tablet's public key, with `tablet`. Edges then admit the token only with a proof of this
    /// key.
    #[serde(default)]
    tablet_key: Option<DeviceKey>,
    /// What people call the tablet, with `tablet_key`.
    #[serde(default)]
    tablet_label: Option<String>,
}

struct SignInAttempt {
    pub from: ClientAddress,
    pub typed_name: String,
    pub password: String,
    /// The device secret; an empty text requests one.
    pub device: Option<String>,
    /// Requests a refresh token.
    pub refresh: bool,
    /// Requests a device grant for this tablet instead of an access token of an hour.
    pub tablet: Option<Tablet>,
    pub trace: TraceId,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SessionItem {
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
pub(crate) struct SessionPath {
    id: UserId,
    session: SessionId,
}

/// The number of sessions ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndedSessions {
    pub ended: usize,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct TokenForm {
    pub token: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TokenOwner {
    user_id: UserId,
    role: Role,
    /// Always true: inactive tokens get 401, for callers that check only the status.
    active: bool,
}

/// Issues an access token of an hour, or a token for a region's edges.
pub(crate) async fn login(
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
        tablet_key,
        tablet_label,
    } = form;
    let tablet = tablet.map(|device| TabletForm {
        device,
        key: tablet_key,
        label: tablet_label,
    });
    let tokens = TokenChoice::from_form(region, edge_only, refresh, tablet)?;
    let attempt = SignInAttempt {
        from,
        typed_name,
        password,
        device,
        refresh: tokens.refresh,
        tablet: tokens.tablet.clone(),
        trace,
    };
    let result = service.sign_in(attempt).await;
    match &result {
        Ok(_) => metrics::SIGN_INS.add(["done"], 1),
        Err(AttemptError::Refused(refusal)) => {
            metrics::SIGN_INS.add([to_metric_label(refusal)], 1);
        }
        Err(AttemptError::Failed(_)) => {}
    }
    let mut grant = result.map_err(|error| error.into_problem(&service))?;
    service.add_edge_token(&mut grant, &tokens);
    Ok(Json(grant))
}

impl Service {
    async fn sign_in(
        &self,
        attempt: SignInAttempt,
    ) -> Result<AccessGrant, AttemptError<CredentialRefusal>> {
        let SignInAttempt {
            from,
            typed_name,
            password,
            device,
            refresh,
            tablet,
            trace,
        } = attempt;
        let password = Password::new(password).ok();
        let Some(username) = Username::parse_typed(&typed_name) else {
            // The same work as for a known name, so that the time of the refusal reveals nothing.
            let lane = self.limits.choose_lane(from).await;
            self.passwords
                .acquire_permit(from, lane)
                .await?
                .verify(password, None)
                .await?;
            return Err(CredentialRefusal::Wrong.into());
        };
        let (origin, permit) = self.admit_attempt(&username, from, device).await?;
        let verified = self.verify_password(&permit, &username, password).await?;
        let Some(account) = verified else {
            self.record_failure(&origin).await?;
            return Err(CredentialRefusal::Wrong.into());
        };
        let begun = self
            .begin_session(&account, origin, refresh, tablet, &trace)
            .await
            .map_err(|error| error.map_refusal(CredentialRefusal::SecondFactor))?;
        Ok(begun.ok_or(CredentialRefusal::Wrong)?)
    }
}

fn to_metric_label(refusal: &CredentialRefusal) -> &'static str {
    match refusal {
        CredentialRefusal::Wrong => "wrong",
        CredentialRefusal::Locked(_) => "locked",
        CredentialRefusal::TooOften(_) => "too often",
        CredentialRefusal::SecondFactor(_) => "second factor",
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
            Self::SecondFactor(step) => step.into_problem(service),
        }
    }
}

pub(crate) async fn logout(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
) -> Result<StatusCode, Problem> {
    service.sign_out(&caller.claims, &trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Service {
    pub async fn sign_out(&self, claims: &Claims, trace: &TraceId) -> Result<(), ServiceError> {
        self.end_session(claims, claims.jti, SessionEnding::SignedOut, trace)
            .await
    }
}

pub(crate) async fn list(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    page: Page<SessionId>,
) -> Result<ItemList<SessionItem>, Problem> {
    list_live_sessions(&service, caller.claims.sub, page, Some(caller.claims.jti)).await
}

pub(crate) async fn list_of_person(
    State(service): State<Service>,
    Path(user): Path<UserId>,
    page: Page<SessionId>,
) -> Result<ItemList<SessionItem>, Problem> {
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

/// Ends one of the caller's sessions, possibly the current one.
pub(crate) async fn end(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Path(session): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    let ended = service
        .end_own_session(&caller.claims, session, &trace)
        .await?;
    no_content_or_not_found(ended)
}

impl Service {
    /// Ends one of the caller's sessions. Returns false if it is not live or not theirs.
    async fn end_own_session(
        &self,
        claims: &Claims,
        session: SessionId,
        trace: &TraceId,
    ) -> Result<bool, ServiceError> {
        let state = self.store.session_state(session, self.clock.now()).await?;
        let is_own = state.is_some_and(|state| state.live && state.user_id == claims.sub);
        if is_own {
            self.end_session(claims, session, SessionEnding::ByOwner, trace)
                .await?;
        }
        Ok(is_own)
    }
}

pub(crate) async fn end_others(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
) -> Result<Json<EndedSessions>, Problem> {
    let ended = service.end_other_sessions(&caller.claims, &trace).await?;
    Ok(Json(EndedSessions { ended }))
}

impl Service {
    /// Ends all of the person's sessions except the caller's. Returns the number it ended.
    async fn end_other_sessions(
        &self,
        claims: &Claims,
        trace: &TraceId,
    ) -> Result<usize, ServiceError> {
        let user = claims.sub;
        let why = SessionEnding::ByOwner;
        let change = self.begin_account_change(user, claims.role, Some(claims.jti), why, trace);
        let ended = self
            .store
            .revoke_others(change.revocation, |session| change.build_event(session))
            .await?;
        let ended = change.finish(&ended).await;
        tracing::info!(user.id = %user, ended, "A person ended their other sessions");
        Ok(ended)
    }
}

pub(crate) async fn end_of_person(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Path(SessionPath { id: user, session }): Path<SessionPath>,
) -> Result<StatusCode, Problem> {
    let ended = service
        .end_session_by_admin(caller.actor.user_id, user, session, &trace)
        .await?;
    no_content_or_not_found(ended)
}

impl Service {
    /// Ends a session of the given person. Returns false if it is not live or not theirs.
    async fn end_session_by_admin(
        &self,
        by: UserId,
        user: UserId,
        session: SessionId,
        trace: &TraceId,
    ) -> Result<bool, ServiceError> {
        let now = self.clock.now();
        let state = self.store.session_state(session, now).await?;
        let Some(state) = state.filter(|state| state.live && state.user_id == user) else {
            return Ok(false);
        };
        let kind = EventType::SessionRevoked;
        let event = build_user_event(kind, &self.clock, trace, user, state.role, Some(session))?;
        let ending = self.sessions.begin_revocation();
        if self.store.revoke_by_admin(session, by, now, &event).await? {
            tracing::info!(user.id = %user, session.id = %session, by = %by, "An admin ended a session");
        }
        self.blacklist_ended(ending, &[session], now).await;
        // If the call revoked nothing, another request ended the session after the check above.
        Ok(true)
    }
}

pub(crate) async fn verify(
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

impl Service {
    /// Like [`Self::verify_live_token`], for read-only callers: uses the cache if it has the
    /// session.
    async fn verify_token_cached(&self, token: &str) -> Result<Option<Claims>, ServiceError> {
        let asked_at = self.clock.now();
        let verified = self
            .verifier
            .keys
            .verify(token, TokenAudience::Cloud, asked_at);
        let Ok(claims) = verified else {
            return Ok(None);
        };
        let can_store = match self.sessions.lookup_session(&claims).await {
            CachedSession::Live => return Ok(Some(claims)),
            CachedSession::Revoked => return Ok(None),
            CachedSession::Unknown { can_store } => can_store,
        };
        let Some(ends_at) = self.live_session_end(&claims).await? else {
            return Ok(None);
        };
        if can_store {
            self.sessions
                .cache_live_session(&claims, asked_at, ends_at)
                .await;
        }
        Ok(Some(claims))
    }
}
