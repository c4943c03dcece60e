//! Renews the token of a session that stands. It stays the same session, so one sign-out ends every token
//! of it.
//!
//! The gateway renews by the access token that it keeps for a page. A program keeps a refresh token instead,
//! so that an access token which somebody overheard is good for an hour at most.

use process::tokens::{Claims, TokenAudience, TokenKind};
use serde::Serialize;
use utoipa::ToSchema;
use wire::UnixMillis;

use crate::service::{ACCESS_TOKEN_SECONDS, Service, ServiceError};

/// A day's work. Then the password is asked for again, however often the token was renewed.
const SESSION_SECONDS_MAX: i64 = 12 * 3600;

#[derive(Serialize, ToSchema)]
pub struct RenewedAccess {
    access_token: String,
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
        let access_token = self.signer.sign(&Claims { iat, exp, ..claims });
        Ok(Some(RenewedAccess { access_token, expires_at: UnixMillis(exp * 1000), ends_at }))
    }

    /// A new access token for a refresh token; nothing where that is none, or its session does not stand.
    pub async fn refreshed(&self, token: &str) -> Result<Option<RenewedAccess>, ServiceError> {
        let now = self.clock.now();
        let Ok(claims) = self.verifier.keys.verify(token, TokenAudience::Refresh, now) else {
            return Ok(None);
        };
        if !self.is_live(&claims).await? {
            return Ok(None);
        }
        let (iat, ends_at) = (now.0 / 1000, claims.expires_at());
        let exp = (iat + ACCESS_TOKEN_SECONDS).min(claims.exp);
        let kind = TokenKind::Access;
        let access_token = self.signer.sign(&Claims { iat, exp, kind, ..claims });
        Ok(Some(RenewedAccess { access_token, expires_at: UnixMillis(exp * 1000), ends_at }))
    }

    pub fn refresh_token(&self, access: &Claims, ends_at: UnixMillis) -> String {
        let (exp, kind) = (ends_at.0 / 1000, TokenKind::Refresh);
        self.signer.sign(&Claims { exp, kind, ..access.clone() })
    }
}

/// The end of a session, however often it is renewed.
pub fn session_end(created_at: UnixMillis) -> UnixMillis {
    UnixMillis((created_at.0 / 1000 + SESSION_SECONDS_MAX) * 1000)
}
