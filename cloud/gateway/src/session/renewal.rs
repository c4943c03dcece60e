//! Renews a page's token before it expires, so active users stay signed in.

use std::time::Duration;

use http::{Method, StatusCode};
use platform::upstream::UpstreamError;
use process::{
    parts::CloudPart,
    problem::Problem,
    tokens::{Claims, TokenAudience},
};
use serde::{Deserialize, Serialize};
use wire::UnixMillis;

use super::BrowserSession;
use crate::identity::{CallerVerifier, VerifiedCaller, invalid_token};

const PATH: &str = "/internal/sessions/renew";
/// A page without requests in the last 20 minutes of its token is signed out.
const RENEWED_BEFORE_MS: i64 = 20 * 60_000;
/// The current token is still valid, so do not wait long for auth.
const RENEW_LIMIT: Duration = Duration::from_secs(2);

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

impl CallerVerifier {
    /// Renews a token close to expiry. `None` if it is not due or auth does not answer.
    pub async fn renew_session(
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
            .call_json(Method::POST, PATH, Some(&own), Some(&form));
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
}

/// The time until which a stream may rely on the token. The stream then ends, so that the next
/// request renews it. If renewal failed, the token counts until it expires.
pub fn stream_deadline(caller: &VerifiedCaller, now: UnixMillis) -> UnixMillis {
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
