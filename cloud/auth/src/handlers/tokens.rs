//! Issues further tokens for a live session. A device grant starts a separate session; all other
//! tokens keep the session, so one sign-out ends them.
//!
//! `POST /internal/sessions/renew`: the gateway renews with the access token that it holds for a
//! page. `POST /api/v1/auth/refresh`: programs hold a refresh token instead, so that an intercepted
//! access token is valid for an hour at most. Each use exchanges it for a new one; the reuse of a
//! copy reveals the theft and ends the session.
//!
//! `POST /api/v1/auth/edge-token` issues a token for the edges of one region to a signed-in person.
//! `POST /api/v1/auth/device-grants` issues a provider's tablet a token that is valid for days, so
//! that they keep working while the cloud is unreachable, and `POST /api/v1/auth/edge-logout` ends
//! the session of such a token. `POST /internal/command-tokens` issues a token for a single command
//! to the hub. Edge tokens expire and are revoked with their session. The cloud accepts none of
//! them, so a stolen edge cannot use them there.

use axum::{extract::State, http::StatusCode};
use process::{
    parts::CloudPart,
    problem::{Json, Problem},
    tokens::{Claims, ServiceCaller, TokenAudience, TokenKind},
    trace::{RequestTrace, TraceId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{
    Code, CommandId, CommandToken, CommandTokenForm, DeviceId, DeviceKey, EdgeGrant, Region,
    SessionId, UnixMillis,
};

use super::sessions::TokenForm;
use crate::{
    device_grants::{DeviceRegistration, Tablet},
    domain::{PresentedRefreshToken, RefreshUse},
    errors::ServiceError,
    service::{ACCESS_TOKEN_SECONDS, LiveCaller, Service},
    sign_in::{AccessGrant, TokenChoice, session_end},
    store::{SessionEnding, SessionKind, UserSession},
};

/// If a concurrent use of the token wins the first attempt, the second treats it as a repetition.
const SPEND_ATTEMPTS_MAX: usize = 2;

#[derive(Deserialize, ToSchema)]
pub(crate) struct RefreshForm {
    refresh_token: String,
    /// An idempotency key: generate one per use, and keep it until the answer arrives. The same
    /// token and attempt return the same result at any time; without an attempt, only within a
    /// minute.
    #[serde(default)]
    attempt: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RenewedAccess {
    access_token: String,
    /// Replaces the token of the request, which is now spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    expires_at: UnixMillis,
    /// The end of the session. Renewals do not extend it.
    ends_at: UnixMillis,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct EdgeTokenForm {
    region: Region,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct DeviceGrantForm {
    region: Region,
    /// The name of the tablet.
    device: DeviceId,
    /// The tablet's public key. Edges then admit the token only with a proof of this key.
    #[serde(default)]
    key: Option<DeviceKey>,
    /// What people call the tablet, with `key`.
    #[serde(default)]
    label: Option<String>,
}

pub(crate) async fn renew_session(
    State(service): State<Service>,
    _: ServiceCaller,
    Json(form): Json<TokenForm>,
) -> Result<Json<RenewedAccess>, Problem> {
    let renewed = service.renew_access(&form.token).await?;
    renewed
        .map(Json)
        .ok_or_else(|| Problem::new(Code::InvalidToken))
}

impl Service {
    /// Issues a new token for the same session, or `None` if it is not live.
    async fn renew_access(&self, token: &str) -> Result<Option<RenewedAccess>, ServiceError> {
        let Some(claims) = self.verify_live_token(token).await? else {
            return Ok(None);
        };
        let Some(created_at) = self.store.load_session_start(claims.jti).await? else {
            return Ok(None);
        };
        let iat = self.clock.now().0 / 1000;
        let ends_at = session_end(created_at);
        let exp = (iat + ACCESS_TOKEN_SECONDS).min(ends_at.0 / 1000);
        self.store
            .extend_session(claims.jti, UnixMillis(exp * 1000))
            .await?;
        // Check again: the extension does not apply to a session that was ended meanwhile.
        if !self.is_live(&claims).await? {
            return Ok(None);
        }
        let claims = self.with_current_mark(claims).await?;
        let access_token = self.signing.sign_claims(&Claims { iat, exp, ..claims });
        let expires_at = UnixMillis(exp * 1000);
        Ok(Some(RenewedAccess {
            access_token,
            refresh_token: None,
            expires_at,
            ends_at,
        }))
    }
}

pub(crate) async fn refresh(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Json(form): Json<RefreshForm>,
) -> Result<Json<RenewedAccess>, Problem> {
    let renewed = service
        .refresh_access(&form.refresh_token, form.attempt, &trace)
        .await?;
    renewed
        .map(Json)
        .ok_or_else(|| Problem::new(Code::InvalidToken))
}

impl Service {
    /// Exchanges a refresh token for a new access token and a new refresh token. Returns `None` if
    /// the token is invalid or spent, or its session is not live.
    async fn refresh_access(
        &self,
        token: &str,
        attempt: Option<Uuid>,
        trace: &TraceId,
    ) -> Result<Option<RenewedAccess>, ServiceError> {
        let now = self.clock.now();
        let Ok(claims) = self
            .verifier
            .keys
            .verify(token, TokenAudience::Refresh, now)
        else {
            return Ok(None);
        };
        if !self.is_live(&claims).await? {
            return Ok(None);
        }
        let Some(successor) = self.claim_successor_time(&claims, attempt, trace).await? else {
            return Ok(None);
        };
        let ends_at = claims.expires_at();
        let next = Claims {
            iat: successor.0 / 1000,
            ..claims.clone()
        };
        let refresh_token = Some(self.sign_refresh_token(&next, ends_at));
        let iat = now.0 / 1000;
        let exp = (iat + ACCESS_TOKEN_SECONDS).min(claims.exp);
        let kind = TokenKind::Access;
        let expires_at = UnixMillis(exp * 1000);
        let claims = self.with_current_mark(claims).await?;
        let access_token = self.signing.sign_claims(&Claims {
            iat,
            exp,
            kind,
            ..claims
        });
        Ok(Some(RenewedAccess {
            access_token,
            refresh_token,
            expires_at,
            ends_at,
        }))
    }

    /// Spends a refresh token and returns the issue time of its successor. Reuse of a spent token
    /// ends the session.
    async fn claim_successor_time(
        &self,
        claims: &Claims,
        attempt: Option<Uuid>,
        trace: &TraceId,
    ) -> Result<Option<UnixMillis>, ServiceError> {
        let session = claims.jti;
        let presented = PresentedRefreshToken {
            issued: UnixMillis(claims.iat * 1000),
            attempt,
        };
        for _ in 0..SPEND_ATTEMPTS_MAX {
            let Some(family) = self.store.load_refresh_family(session).await? else {
                break;
            };
            match family.classify_use(presented, self.clock.now()) {
                RefreshUse::First(successor) => {
                    if self
                        .store
                        .spend_refresh_token(session, presented, successor)
                        .await?
                    {
                        return Ok(Some(successor));
                    }
                }
                RefreshUse::Repeated(successor) => return Ok(Some(successor)),
                RefreshUse::Unknown => break,
                RefreshUse::Reused => {
                    let user = claims.sub;
                    tracing::warn!(user.id = %user, session.id = %session, "A spent refresh token was used again; ending its session");
                    let why = SessionEnding::RefreshReused;
                    self.end_session(claims, session, why, trace).await?;
                    break;
                }
            }
        }
        Ok(None)
    }
}

pub(crate) async fn edge_token(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Json(form): Json<EdgeTokenForm>,
) -> Result<Json<EdgeGrant>, Problem> {
    let grant = service
        .issue_edge_grant(&caller.claims, form.region)
        .await?;
    grant.map(Json).ok_or_else(|| Code::InvalidToken.into())
}

impl Service {
    /// Issues a token for the region's edges, or `None` if the session is not live.
    async fn issue_edge_grant(
        &self,
        claims: &Claims,
        region: Region,
    ) -> Result<Option<EdgeGrant>, ServiceError> {
        let Some(ends_at) = self.live_session_end(claims).await? else {
            return Ok(None);
        };
        let now = self.clock.now().0 / 1000;
        // A refreshable session outlives its tokens.
        let exp = (ends_at.0 / 1000).min(now + ACCESS_TOKEN_SECONDS);
        let edge_token = self.sign_edge_token(
            &self.with_current_mark(claims.clone()).await?,
            exp,
            region,
            None,
        );
        let expires_in = exp - now;
        let user_id = claims.sub;
        let role = claims.role;
        Ok(Some(EdgeGrant {
            edge_token,
            region,
            expires_in,
            user_id,
            role,
            device: None,
        }))
    }

    /// Adds an edge token for the chosen region to a sign-in, or replaces the cloud token with it.
    pub fn add_edge_token(&self, grant: &mut AccessGrant, choice: &TokenChoice) {
        let Some(region) = choice.region else {
            return;
        };
        if grant.edge_token.is_some() {
            // The sign-in already has a device grant for a tablet.
            return;
        }
        let claims = &grant.claims;
        grant.edge_token = Some(self.sign_edge_token(claims, claims.exp, region, None));
        if choice.edge_only {
            grant.access_token = None;
        }
    }

    fn sign_edge_token(
        &self,
        claims: &Claims,
        exp: i64,
        region: Region,
        command: Option<CommandId>,
    ) -> String {
        let UnixMillis(now) = self.clock.now();
        self.signing.sign_claims(&Claims {
            // After a readmission, `claims.iat` may be the next second.
            iat: (now / 1000).max(claims.iat),
            exp,
            kind: TokenKind::Edge,
            region: Some(region),
            command,
            ..claims.clone()
        })
    }
}

pub(crate) async fn device_grant(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Json(form): Json<DeviceGrantForm>,
) -> Result<Json<EdgeGrant>, Problem> {
    let DeviceGrantForm {
        region,
        device,
        key,
        label,
    } = form;
    let registration = DeviceRegistration::from_form(key, "label", label.as_deref(), &device)?;
    let tablet = Tablet {
        region,
        device,
        registration,
    };
    let grant = service
        .issue_device_grant(&caller.claims, tablet, &trace)
        .await?;
    grant.map(Json).ok_or_else(|| Code::InvalidToken.into())
}

impl Service {
    /// Issues a separate grant for a signed-in provider's tablet, or `None` if their session is not
    /// live.
    async fn issue_device_grant(
        &self,
        claims: &Claims,
        tablet: Tablet,
        trace: &TraceId,
    ) -> Result<Option<EdgeGrant>, ServiceError> {
        let Tablet {
            region,
            device,
            registration,
        } = tablet;
        let now = self.clock.now();
        let expires_in = self.grant_hours.to_seconds();
        let iat = (now.0 / 1000).max(claims.iat);
        let granted = Claims {
            jti: SessionId(self.clock.new_id()),
            iat,
            exp: iat + expires_in,
            kind: TokenKind::DeviceGrant,
            device: Some(device),
            region: Some(region),
            binding: registration.as_ref().map(DeviceRegistration::binding),
            ..claims.clone()
        };
        let granted = self.with_current_mark(granted).await?;
        let session = UserSession::from_claims(&granted, SessionKind::DeviceGrant, now);
        self.store.add_session(&session).await?;
        // Check again after the insert: the session may have ended meanwhile, with all others of
        // the person.
        if !self.is_live(claims).await? {
            self.end_session(&granted, granted.jti, SessionEnding::Replaced, trace)
                .await?;
            return Ok(None);
        }
        self.record_grant(&granted, &session, registration, trace)
            .await?;
        let edge_token = self.signing.sign_claims(&granted);
        let user_id = claims.sub;
        let role = claims.role;
        Ok(Some(EdgeGrant {
            edge_token,
            region,
            expires_in,
            user_id,
            role,
            device: None,
        }))
    }
}

/// The token itself authenticates the caller: an edge has no other proof.
pub(crate) async fn edge_logout(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Json(form): Json<TokenForm>,
) -> Result<StatusCode, Problem> {
    let claims = service
        .verify_edge_token(&form.token)
        .await?
        .ok_or(Code::InvalidToken)?;
    service.sign_out(&claims, &trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Service {
    /// Returns the claims of an edge token if its signature, expiry and session are valid.
    async fn verify_edge_token(&self, token: &str) -> Result<Option<Claims>, ServiceError> {
        let keys = &self.verifier.keys;
        let audience = keys.read(token).ok().and_then(|claims| claims.audience());
        let Some(audience @ TokenAudience::Edges(_)) = audience else {
            return Ok(None);
        };
        match keys.verify(token, audience, self.clock.now()) {
            Ok(claims) if self.is_live(&claims).await? => Ok(Some(claims)),
            _ => Ok(None),
        }
    }
}

pub(crate) async fn issue_command_token(
    State(service): State<Service>,
    ServiceCaller(from): ServiceCaller,
    Json(form): Json<CommandTokenForm>,
) -> Result<Json<CommandToken>, Problem> {
    if from != CloudPart::Hub.name() {
        return Err(Code::RoleForbidden.into());
    }
    let token = service.issue_command_token(&form).await?;
    token.map(Json).ok_or_else(|| Code::InvalidToken.into())
}

impl Service {
    /// Issues a token that authorises one command at its region's edges, or `None` if the person's
    /// token or session is not valid.
    async fn issue_command_token(
        &self,
        form: &CommandTokenForm,
    ) -> Result<Option<CommandToken>, ServiceError> {
        let Some(claims) = self.verify_live_token(&form.token).await? else {
            return Ok(None);
        };
        let claims = self.with_current_mark(claims).await?;
        let token = self.sign_edge_token(&claims, claims.exp, form.region, Some(form.command));
        Ok(Some(CommandToken { token }))
    }
}
