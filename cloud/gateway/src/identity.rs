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
    tokens::{Claims, ServiceKey, TokenAudience, TokenKeys, bearer_token},
};
use serde::{Deserialize, Serialize};
use wire::{Code, Permission, Role, SessionId, UserId};

use crate::{
    routes::{Audience, Route},
    session::{BrowserSession, SessionCookies},
};

const VERIFY_LIMIT: Duration = Duration::from_secs(2);
const UNAVAILABLE_RETRY_S: u32 = 2;
const VERIFY_PATH: &str = "/api/v1/auth/verify-token";

#[derive(Clone)]
pub struct CallerVerifier {
    pub keys: TokenKeys,
    pub clock: Clock,
    pub cache: Cache,
    pub auth: Upstream,
    pub cookies: SessionCookies,
    pub service_key: ServiceKey,
}

/// A caller with a valid token.
pub struct VerifiedCaller {
    pub claims: Claims,
    pub token: String,
    /// Set if the caller used a cookie.
    pub browser: Option<BrowserSession>,
    /// The renewed session cookie.
    pub cookie: Option<HeaderValue>,
    /// Set for an admin on a route that uses permissions.
    pub permissions: Option<Vec<Permission>>,
}

impl CallerVerifier {
    /// Authenticates and authorizes a caller. `None` on open, sign-in and edge routes.
    pub async fn admit_caller(
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
            Audience::Any => self.verify_caller(method, headers).await?,
            Audience::Roles(roles, refusal) => {
                let caller = self.verify_caller(method, headers).await?;
                if !roles.contains(&caller.claims.role) {
                    return Err(Problem::new(refusal));
                }
                caller
            }
        };
        caller.permissions = self.check_permissions(&caller.claims, route.needs).await?;
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
    pub async fn verify_token(&self, token: &str) -> Result<Claims, Problem> {
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

/// The same answer for missing, malformed, expired and revoked tokens, so a thief learns nothing.
pub fn invalid_token() -> Problem {
    Problem::new(Code::InvalidToken)
}

pub fn part_unavailable(part: CloudPart) -> Problem {
    Problem::new(Code::Unavailable)
        .with_member("part", part.name())
        .retry_after(UNAVAILABLE_RETRY_S)
}

/// The answer to a caller if the part does not respond.
pub fn upstream_problem(part: CloudPart, error: &UpstreamError) -> Problem {
    match error {
        UpstreamError::TimedOut => Problem::new(Code::TimedOut).with_member("part", part.name()),
        UpstreamError::Resting { wait } => {
            let seconds = wait.as_millis().div_ceil(1_000);
            part_unavailable(part).retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
        }
        _ => part_unavailable(part),
    }
}
