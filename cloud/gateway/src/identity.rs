//! Authenticates callers by bearer token or session cookie. It verifies the token's signature and
//! expiry here and its session against the cache's revocation list. If the list is unreliable, it
//! calls auth's verify-token.
//!
//! Invariant: a token passes only after its revocation check succeeds.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use platform::{
    cache::Cache,
    sessions::{self, SessionStatus},
    upstream::{Upstream, UpstreamError},
};
use process::{
    clock::Clock,
    parts::CloudPart,
    problem::Problem,
    tokens::{Claims, Keys, ServiceKey, TokenAudience, bearer},
};
use serde::{Deserialize, Serialize};
use wire::{Code, Permission, Role, SessionId, UserId};

use crate::{
    routes::{Audience, Route},
    session::{BrowserSession, Cookies},
};

const VERIFY_LIMIT: Duration = Duration::from_secs(2);
const UNAVAILABLE_RETRY_S: u32 = 2;
const VERIFY_PATH: &str = "/api/v1/auth/verify-token";

#[derive(Clone)]
pub struct Identity {
    pub keys: Keys,
    pub clock: Clock,
    pub cache: Cache,
    pub auth: Upstream,
    pub cookies: Cookies,
    pub service_key: ServiceKey,
}

/// A caller with a valid token.
pub struct KnownCaller {
    pub claims: Claims,
    pub token: String,
    /// Set if the caller used a cookie.
    pub browser: Option<BrowserSession>,
    /// The renewed session cookie.
    pub cookie: Option<HeaderValue>,
    /// Set for an admin on a route that uses permissions.
    pub permissions: Option<Vec<Permission>>,
}

impl Identity {
    /// Authenticates and authorizes a caller. `None` on open, sign-in and edge routes.
    pub async fn admit(
        &self,
        route: &Route,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Option<KnownCaller>, Problem> {
        let mut caller = match route.audience {
            Audience::Open | Audience::Entrant => return Ok(None),
            Audience::Edge => return bearer(headers).map(|_| None).ok_or_else(invalid),
            Audience::Any => self.verify(method, headers).await?,
            Audience::Roles(roles, refusal) => {
                let caller = self.verify(method, headers).await?;
                if !roles.contains(&caller.claims.role) {
                    return Err(Problem::new(refusal));
                }
                caller
            }
        };
        caller.permissions = self.permit(&caller.claims, route.needs).await?;
        Ok(Some(caller))
    }

    /// A bearer token takes precedence over the cookie, even if the bearer is invalid.
    async fn verify(&self, method: &Method, headers: &HeaderMap) -> Result<KnownCaller, Problem> {
        if !headers.contains_key(header::AUTHORIZATION)
            && let Some(session) = self.cookies.read(headers)
        {
            return self.page(method, headers, session).await;
        }
        let token = bearer(headers).ok_or_else(invalid)?.to_owned();
        let claims = self.live(&token).await?;
        Ok(KnownCaller { claims, token, browser: None, cookie: None, permissions: None })
    }

    async fn page(
        &self,
        method: &Method,
        headers: &HeaderMap,
        session: BrowserSession,
    ) -> Result<KnownCaller, Problem> {
        let claims = self.live(&session.token).await?;
        self.cookies.check(method, headers, &session)?;
        let renewed = self.renewed(&session, &claims).await?;
        let cookie = renewed.as_ref().map(|(session, _)| self.cookies.write(session));
        let (session, claims) = renewed.unwrap_or((session, claims));
        let token = session.token.clone();
        Ok(KnownCaller { claims, token, browser: Some(session), cookie, permissions: None })
    }

    /// Checks a token's signature, expiry and session.
    pub async fn live(&self, token: &str) -> Result<Claims, Problem> {
        if self.keys.is_empty() {
            // Tokens cannot be verified before auth's keys arrive.
            return Err(unavailable(CloudPart::Auth));
        }
        let claims = self.keys.verify(token, TokenAudience::Cloud, self.clock.now());
        let claims = claims.map_err(|_| invalid())?;
        match self.listed(claims.jti).await {
            SessionStatus::Clear => Ok(claims),
            SessionStatus::Revoked => Err(invalid()),
            SessionStatus::Unknown => self.ask_auth(token, &claims).await.map(|()| claims),
        }
    }

    async fn listed(&self, session: SessionId) -> SessionStatus {
        let listed = Cache::in_time(sessions::look_up(&self.cache, session)).await;
        listed.unwrap_or_else(|error| {
            tracing::warn!(%error, "The cache does not answer; asking auth about the session");
            SessionStatus::Unknown
        })
    }

    async fn ask_auth(&self, token: &str, claims: &Claims) -> Result<(), Problem> {
        let body = Question { token };
        let asked = self.auth.json::<Answer>(Method::POST, VERIFY_PATH, None, Some(&body));
        match tokio::time::timeout(VERIFY_LIMIT, asked).await {
            Ok(Ok(answer)) if answer.speaks_of(claims) => Ok(()),
            Ok(Ok(_)) => Err(invalid()),
            Ok(Err(UpstreamError::Refused { status: StatusCode::UNAUTHORIZED, .. })) => {
                Err(invalid())
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "Neither cache nor auth can tell whether a session stands");
                Err(unavailable(CloudPart::Auth))
            }
            Err(_) => Err(unavailable(CloudPart::Auth)),
        }
    }
}

#[derive(Serialize)]
struct Question<'t> {
    token: &'t str,
}

#[derive(Deserialize)]
struct Answer {
    user_id: UserId,
    role: Role,
    active: bool,
}

impl Answer {
    fn speaks_of(&self, claims: &Claims) -> bool {
        self.active && self.user_id == claims.sub && self.role == claims.role
    }
}

/// The same answer for missing, malformed, expired and revoked tokens, so a thief learns nothing.
pub fn invalid() -> Problem {
    Problem::new(Code::InvalidToken)
}

pub fn unavailable(part: CloudPart) -> Problem {
    Problem::new(Code::Unavailable).with("part", part.name()).retry_after(UNAVAILABLE_RETRY_S)
}

/// The answer to a caller if the part does not respond.
pub fn out_of_reach(part: CloudPart, error: &UpstreamError) -> Problem {
    match error {
        UpstreamError::TimedOut => Problem::new(Code::TimedOut).with("part", part.name()),
        UpstreamError::Resting { wait } => {
            let seconds = wait.as_millis().div_ceil(1_000);
            unavailable(part).retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
        }
        _ => unavailable(part),
    }
}
