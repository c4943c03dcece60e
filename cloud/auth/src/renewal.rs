//! Renews the token of a session that stands. It stays the same session, so one sign-out ends every
//! token of it.
//!
//! The gateway renews by the access token that it keeps for a page. A program keeps a refresh token
//! instead, so that an access token which somebody overheard is good for an hour at most. Each use
//! spends that token for a new one: a copy of it shows itself, and ends the session.

use process::{
    tokens::{Claims, TokenAudience, TokenKind},
    trace::TraceId,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::UnixMillis;

use crate::{
    domain::{RefreshUse, SentRefresh},
    service::{ACCESS_TOKEN_SECONDS, Service, ServiceError},
    store::SessionEnding,
};

/// A day's work. Then the password is asked for again, however often the token was renewed.
const SESSION_SECONDS_MAX: i64 = 12 * 3600;
/// A use that another one overtook is judged once more, by then as a repetition.
const SPENDING_ATTEMPTS: usize = 2;

#[derive(Serialize, ToSchema)]
pub struct RenewedAccess {
    access_token: String,
    /// In place of the one that was sent, which is spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    expires_at: UnixMillis,
    /// The end of the session, however often it is renewed.
    ends_at: UnixMillis,
}

impl Service {
    /// A new token for the session of this one; nothing where the session does not stand.
    pub async fn renew(&self, token: &str) -> Result<Option<RenewedAccess>, ServiceError> {
        let Some(claims) = self.live_claims(token).await? else { return Ok(None) };
        let Some(created_at) = self.store.session_begun(claims.jti).await? else {
            return Ok(None);
        };
        let (iat, ends_at) = (self.clock.now().0 / 1000, session_end(created_at));
        let exp = (iat + ACCESS_TOKEN_SECONDS).min(ends_at.0 / 1000);
        self.store.extend_session(claims.jti, UnixMillis(exp * 1000)).await?;
        // Read again: a sign-out that came in between has not been extended.
        if !self.is_live(&claims).await? {
            return Ok(None);
        }
        let claims = self.marked(claims).await?;
        let access_token = self.signing.sign(&Claims { iat, exp, ..claims });
        let expires_at = UnixMillis(exp * 1000);
        Ok(Some(RenewedAccess { access_token, refresh_token: None, expires_at, ends_at }))
    }

    /// A new access token for a refresh token, and the successor of that; nothing where it is none,
    /// was spent, or its session does not stand.
    pub async fn refreshed(
        &self,
        token: &str,
        attempt: Option<Uuid>,
        trace: &TraceId,
    ) -> Result<Option<RenewedAccess>, ServiceError> {
        let now = self.clock.now();
        let Ok(claims) = self.verifier.keys.verify(token, TokenAudience::Refresh, now) else {
            return Ok(None);
        };
        if !self.is_live(&claims).await? {
            return Ok(None);
        }
        let Some(successor) = self.successor(&claims, attempt, trace).await? else {
            return Ok(None);
        };
        let ends_at = claims.expires_at();
        let next = Claims { iat: successor.0 / 1000, ..claims.clone() };
        let refresh_token = Some(self.refresh_token(&next, ends_at));
        let iat = now.0 / 1000;
        let exp = (iat + ACCESS_TOKEN_SECONDS).min(claims.exp);
        let (kind, expires_at) = (TokenKind::Access, UnixMillis(exp * 1000));
        let claims = self.marked(claims).await?;
        let access_token = self.signing.sign(&Claims { iat, exp, kind, ..claims });
        Ok(Some(RenewedAccess { access_token, refresh_token, expires_at, ends_at }))
    }

    /// The moment of issue of the token that follows this one. A token that was spent ends its
    /// session.
    async fn successor(
        &self,
        claims: &Claims,
        attempt: Option<Uuid>,
        trace: &TraceId,
    ) -> Result<Option<UnixMillis>, ServiceError> {
        let session = claims.jti;
        let sent = SentRefresh { issued: UnixMillis(claims.iat * 1000), attempt };
        for _ in 0..SPENDING_ATTEMPTS {
            let Some(family) = self.store.refresh_family(session).await? else { break };
            match family.judge(sent, self.clock.now()) {
                RefreshUse::First(successor) => {
                    if self.store.spend_refresh_token(session, sent, successor).await? {
                        return Ok(Some(successor));
                    }
                }
                RefreshUse::Repeated(successor) => return Ok(Some(successor)),
                RefreshUse::Unknown => break,
                RefreshUse::Reused => {
                    let user = claims.sub;
                    tracing::warn!(user.id = %user, session.id = %session, "A spent refresh token came again");
                    let why = SessionEnding::RefreshReused;
                    self.end_session(claims, session, why, trace).await?;
                    break;
                }
            }
        }
        Ok(None)
    }

    pub fn refresh_token(&self, access: &Claims, ends_at: UnixMillis) -> String {
        let (exp, kind) = (ends_at.0 / 1000, TokenKind::Refresh);
        self.signing.sign(&Claims { exp, kind, ..access.clone() })
    }
}

/// The end of a session, however often it is renewed.
pub fn session_end(created_at: UnixMillis) -> UnixMillis {
    UnixMillis((created_at.0 / 1000 + SESSION_SECONDS_MAX) * 1000)
}
