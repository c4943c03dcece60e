//! Authenticates callers by bearer token or session cookie, and authorizes them on their route. It
//! verifies the token's signature and expiry here and its session against the cache's revocation
//! list. If the list is unreliable, it calls auth's verify-token. A page's token is renewed before
//! it expires, so active users stay signed in. An admin's permissions come from the cached copy, or
//! from auth if there is no copy.
//!
//! Invariants: a token passes only after its revocation check succeeds, and an admin only after
//! their permissions load. Customers and providers have fixed roles, so their calls skip that
//! check.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode, header};
use platform::{
    cache::Cache,
    sessions::{self, SessionStatus},
    upstream::{Upstream, UpstreamError},
};
use process::{
    clock::Clock,
    parts::CloudPart,
    problem::{Problem, format_error_chain},
    routes::{Audience, PermissionRule},
    tokens::{Claims, ServiceKey, TokenAudience, TokenKeys, bearer_token},
};
use serde::{Deserialize, Serialize};
use wire::{Permission, Role, SessionId, UnixMillis, UserId};

use crate::{
    caller::{BrowserSession, VerifiedCaller, invalid_token, part_unavailable},
    cookies::SessionCookies,
    routes::Route,
};

const VERIFY_LIMIT: Duration = Duration::from_secs(2);
const VERIFY_PATH: &str = "/api/v1/auth/verify-token";
const RENEW_PATH: &str = "/internal/sessions/renew";
const PERMISSIONS_LIMIT: Duration = Duration::from_secs(2);
const PERMISSIONS_PATH: &str = "/internal/permissions";
/// A page without requests in the last 20 minutes of its token is signed out.
const RENEWED_BEFORE_MS: i64 = 20 * 60_000;
/// The current token is still valid, so do not wait long for auth.
const RENEW_LIMIT: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(crate) struct CallerVerifier {
    pub keys: TokenKeys,
    pub clock: Clock,
    pub cache: Cache,
    pub auth: Upstream,
    pub cookies: SessionCookies,
    pub service_key: ServiceKey,
}

impl CallerVerifier {
    /// Authenticates and authorizes a caller. `None` on open, sign-in and edge routes.
    pub(crate) async fn admit_caller(
        &self,
        route: &Route,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Option<VerifiedCaller>, Problem> {
        let mut caller = match route.audience {
            Audience::Open | Audience::Entrant => return Ok(None),
            Audience::Edge => {
                return bearer_token(headers)
                    .map(|_| None)
                    .ok_or_else(invalid_token);
            }
            Audience::Any | Audience::Roles(..) => self.verify_caller(method, headers).await?,
        };
        route.audience.check_role(caller.claims.role)?;
        caller.permissions = self
            .check_permissions(&caller.claims, route.permission)
            .await?;
        Ok(Some(caller))
    }

    /// A bearer token takes precedence over the cookie, even if the bearer is invalid.
    async fn verify_caller(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<VerifiedCaller, Problem> {
        if !headers.contains_key(header::AUTHORIZATION)
            && let Some(session) = self.cookies.read(headers)
        {
            return self.verify_page_session(method, headers, session).await;
        }
        let token = bearer_token(headers).ok_or_else(invalid_token)?.to_owned();
        let claims = self.verify_token(&token).await?;
        Ok(VerifiedCaller {
            claims,
            token,
            browser: None,
            cookie: None,
            permissions: None,
        })
    }

    async fn verify_page_session(
        &self,
        method: &Method,
        headers: &HeaderMap,
        session: BrowserSession,
    ) -> Result<VerifiedCaller, Problem> {
        let claims = self.verify_token(&session.token).await?;
        self.cookies.check_csrf(method, headers, &session)?;
        let renewed = self.renew_session(&session, &claims).await?;
        let cookie = renewed
            .as_ref()
            .map(|(session, _)| self.cookies.write(session));
        let (session, claims) = renewed.unwrap_or((session, claims));
        let token = session.token.clone();
        Ok(VerifiedCaller {
            claims,
            token,
            browser: Some(session),
            cookie,
            permissions: None,
        })
    }

    /// Checks a token's signature, expiry and session.
    pub(crate) async fn verify_token(&self, token: &str) -> Result<Claims, Problem> {
        if self.keys.is_empty() {
            // Tokens cannot be verified before auth's keys arrive.
            return Err(part_unavailable(CloudPart::Auth));
        }
        let claims = self
            .keys
            .verify(token, TokenAudience::Cloud, self.clock.now());
        let claims = claims.map_err(|_| invalid_token())?;
        match self.session_status(claims.jti).await {
            SessionStatus::Clear => Ok(claims),
            SessionStatus::Revoked => Err(invalid_token()),
            SessionStatus::Unknown => self.ask_auth(token, &claims).await.map(|()| claims),
        }
    }

    async fn session_status(&self, session: SessionId) -> SessionStatus {
        let listed = Cache::in_time(sessions::look_up(&self.cache, session)).await;
        listed.unwrap_or_else(|error| {
            tracing::warn!(%error, "Could not look up a session in the cache; asking auth instead");
            SessionStatus::Unknown
        })
    }

    async fn ask_auth(&self, token: &str, claims: &Claims) -> Result<(), Problem> {
        let body = VerifyTokenRequest { token };
        let asked =
            self.auth
                .call_json::<VerifyTokenAnswer>(Method::POST, VERIFY_PATH, None, Some(&body));
        match tokio::time::timeout(VERIFY_LIMIT, asked).await {
            Ok(Ok(answer)) if answer.confirms_claims(claims) => Ok(()),
            Ok(Ok(_)) => Err(invalid_token()),
            Ok(Err(UpstreamError::Refused {
                status: StatusCode::UNAUTHORIZED,
                ..
            })) => Err(invalid_token()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "Could not verify a session with the cache or with auth; the request is refused");
                Err(part_unavailable(CloudPart::Auth))
            }
            Err(_) => Err(part_unavailable(CloudPart::Auth)),
        }
    }

    /// Renews a token close to expiry. `None` if it is not due or auth does not answer.
    pub(crate) async fn renew_session(
        &self,
        session: &BrowserSession,
        claims: &Claims,
    ) -> Result<Option<(BrowserSession, Claims)>, Problem> {
        let left_ms = token_expiry(claims).ms_since(self.clock.now());
        if left_ms >= RENEWED_BEFORE_MS || !is_renewable(session, claims) {
            return Ok(None);
        }
        let Some(RenewedToken {
            access_token: token,
            ends_at,
        }) = self.request_renewal(&session.token).await?
        else {
            return Ok(None);
        };
        let claims = self
            .keys
            .verify(&token, TokenAudience::Cloud, self.clock.now());
        let session = BrowserSession {
            token,
            ends_at: Some(ends_at),
            ..session.clone()
        };
        Ok(claims.ok().map(|claims| (session, claims)))
    }

    async fn request_renewal(&self, token: &str) -> Result<Option<RenewedToken>, Problem> {
        let to = CloudPart::Auth.name();
        let own = self.service_key.issue_token(crate::NAME, to, &self.clock);
        let form = RenewalForm { token };
        let asked = self
            .auth
            .call_json(Method::POST, RENEW_PATH, Some(&own), Some(&form));
        match tokio::time::timeout(RENEW_LIMIT, asked).await {
            Ok(Ok(renewed)) => Ok(Some(renewed)),
            Ok(Err(UpstreamError::Refused {
                status: StatusCode::UNAUTHORIZED,
                ..
            })) => Err(invalid_token()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "Could not renew a browser session; the current token stays valid until it expires");
                Ok(None)
            }
            Err(_) => {
                tracing::warn!(
                    "Could not renew a browser session in time; the current token stays valid until it expires"
                );
                Ok(None)
            }
        }
    }

    /// Refuses a caller without the required permissions. Returns an admin's permissions if the
    /// route uses them.
    async fn check_permissions(
        &self,
        claims: &Claims,
        rule: PermissionRule,
    ) -> Result<Option<Vec<Permission>>, Problem> {
        if rule == PermissionRule::Nothing || claims.role != Role::Admin {
            return Ok(None);
        }
        let held = self.load_permissions(claims.sub).await?;
        rule.check_permissions(claims.role, &held)?;
        Ok(Some(held))
    }

    pub(crate) async fn load_permissions(&self, user: UserId) -> Result<Vec<Permission>, Problem> {
        match Cache::in_time(sessions::read_permissions(&self.cache, user)).await {
            Ok(Some(held)) => return Ok(held),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(
                    error = format_error_chain(&error),
                    "Could not look up a person's permissions in the cache; asking auth instead"
                );
            }
        }
        self.ask_permissions(user).await
    }

    async fn ask_permissions(&self, user_id: UserId) -> Result<Vec<Permission>, Problem> {
        let own = self
            .service_key
            .issue_token(crate::NAME, CloudPart::Auth.name(), &self.clock);
        let question = PermissionsQuestion { user_id };
        let asked = self.auth.call_json::<PermissionsAnswer>(
            Method::POST,
            PERMISSIONS_PATH,
            Some(&own),
            Some(&question),
        );
        match tokio::time::timeout(PERMISSIONS_LIMIT, asked).await {
            Ok(Ok(PermissionsAnswer { permissions })) => Ok(permissions
                .iter()
                .filter_map(|word| word.parse().ok())
                .collect()),
            Ok(Err(error)) => {
                tracing::warn!(
                    error = format_error_chain(&error),
                    "Could not ask auth for a person's permissions; the request is refused"
                );
                Err(part_unavailable(CloudPart::Auth))
            }
            Err(_) => Err(part_unavailable(CloudPart::Auth)),
        }
    }
}

#[derive(Serialize)]
struct VerifyTokenRequest<'t> {
    token: &'t str,
}

#[derive(Deserialize)]
struct VerifyTokenAnswer {
    user_id: UserId,
    role: Role,
    active: bool,
}

impl VerifyTokenAnswer {
    fn confirms_claims(&self, claims: &Claims) -> bool {
        self.active && self.user_id == claims.sub && self.role == claims.role
    }
}

#[derive(Serialize)]
struct RenewalForm<'t> {
    token: &'t str,
}

#[derive(Deserialize)]
struct RenewedToken {
    access_token: String,
    /// The end of the session; renewals do not extend it.
    ends_at: UnixMillis,
}

#[derive(Serialize)]
struct PermissionsQuestion {
    user_id: UserId,
}

#[derive(Deserialize)]
struct PermissionsAnswer {
    /// Strings, because a newer auth may define more permissions.
    permissions: Vec<String>,
}

/// The time until which a stream may rely on the token. The stream then ends, so that the next
/// request renews it. If renewal failed, the token counts until it expires.
pub(crate) fn stream_deadline(caller: &VerifiedCaller, now: UnixMillis) -> UnixMillis {
    let end = token_expiry(&caller.claims);
    let due = end.plus_ms(-RENEWED_BEFORE_MS);
    let browser = caller.browser.as_ref();
    let is_renewable = browser.is_some_and(|session| is_renewable(session, &caller.claims));
    if is_renewable && due > now { due } else { end }
}

fn is_renewable(session: &BrowserSession, claims: &Claims) -> bool {
    session
        .ends_at
        .is_none_or(|ends_at| token_expiry(claims) < ends_at)
}

fn token_expiry(claims: &Claims) -> UnixMillis {
    UnixMillis(claims.exp.saturating_mul(1_000))
}
