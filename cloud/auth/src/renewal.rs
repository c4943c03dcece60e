//! Renews the tokens of a live session. The session stays the same, so one sign-out ends all its
//! tokens.
//!
//! The gateway renews with the access token that it holds for a page. Programs hold a refresh token
//! instead, so that an intercepted access token is valid for an hour at most. Each use exchanges it
//! for a new one; the reuse of a copy reveals the theft and ends the session.

use process::{
    tokens::{Claims, TokenAudience, TokenKind},
    trace::TraceId,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::UnixMillis;

use crate::{
    domain::{PresentedRefreshToken, RefreshUse},
    errors::ServiceError,
    service::{ACCESS_TOKEN_SECONDS, Service},
    store::SessionEnding,
};

/// A day's work. Then people must enter the password again, regardless of renewals.
const SESSION_SECONDS_MAX: i64 = 12 * 3600;
/// If a concurrent use was faster, judge the token again, now as a repetition.
const SPENDING_ATTEMPTS: usize = 2;

#[derive(Serialize, ToSchema)]
pub struct RenewedAccess {
    access_token: String,
    /// Replaces the token of the request, which is now spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    expires_at: UnixMillis,
    /// The end of the session. Renewals do not extend it.
    ends_at: UnixMillis,
}

impl Service {
    /// Issues a new token for the same session, or `None` if it is not live.
    pub async fn renew_access(&self, token: &str) -> Result<Option<RenewedAccess>, ServiceError> {
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

    /// Exchanges a refresh token for a new access token and a new refresh token. Returns `None` if
    /// the token is invalid or spent, or its session is not live.
    pub async fn refresh_access(
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
        let refresh_token = Some(self.refresh_token(&next, ends_at));
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
        let sent = PresentedRefreshToken {
            issued: UnixMillis(claims.iat * 1000),
            attempt,
        };
        for _ in 0..SPENDING_ATTEMPTS {
            let Some(family) = self.store.load_refresh_family(session).await? else {
                break;
            };
            match family.classify_use(sent, self.clock.now()) {
                RefreshUse::First(successor) => {
                    if self
                        .store
                        .spend_refresh_token(session, sent, successor)
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

    pub fn refresh_token(&self, access: &Claims, ends_at: UnixMillis) -> String {
        let exp = ends_at.0 / 1000;
        let kind = TokenKind::Refresh;
        self.signing.sign_claims(&Claims {
            exp,
            kind,
            ..access.clone()
        })
    }
}

pub fn session_end(created_at: UnixMillis) -> UnixMillis {
    UnixMillis((created_at.0 / 1000 + SESSION_SECONDS_MAX) * 1000)
}
