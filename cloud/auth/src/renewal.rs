//! Renews the token of a session that stands. It stays the same session, so one sign-out ends every token
//! of it.

use process::tokens::Claims;
use serde::Serialize;
use wire::UnixMillis;

use crate::service::{ACCESS_TOKEN_SECONDS, Service, ServiceError};

/// A day's work. Then the password is asked for again, however often the token was renewed.
const SESSION_SECONDS_MAX: i64 = 12 * 3600;

#[derive(Serialize)]
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
        let (iat, ends) = (self.clock.now().0 / 1000, created_at.0 / 1000 + SESSION_SECONDS_MAX);
        let exp = (iat + ACCESS_TOKEN_SECONDS).min(ends);
        self.store.extend_session(claims.jti, UnixMillis(exp * 1000)).await?;
        // Read again: a sign-out that came in between has not been extended.
        if !self.is_live(&claims).await? {
            return Ok(None);
        }
        let access_token = self.signer.sign(&Claims { iat, exp, ..claims });
        let [expires_at, ends_at] = [exp, ends].map(|seconds| UnixMillis(seconds * 1000));
        Ok(Some(RenewedAccess { access_token, expires_at, ends_at }))
    }
}
