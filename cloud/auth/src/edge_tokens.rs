//! Issues tokens for the edges of one region. They belong to a session, and expire and are revoked
//! with it. The cloud accepts none of them, so a stolen edge cannot use them there.

use process::tokens::{Claims, TokenAudience, TokenKind};
use wire::{CommandId, CommandToken, CommandTokenForm, EdgeGrant, Region, UnixMillis};

use crate::{
    errors::ServiceError,
    service::{ACCESS_TOKEN_SECONDS, AccessGrant, Service},
};

impl Service {
    /// Issues a token for the region's edges, or `None` if the session is not live.
    pub async fn issue_edge_grant(
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
        let edge_token = self.edge_token(
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

    /// Issues a token that authorises one command at its region's edges, or `None` if the person's
    /// token or session is not valid.
    pub async fn issue_command_token(
        &self,
        form: &CommandTokenForm,
    ) -> Result<Option<CommandToken>, ServiceError> {
        let Some(claims) = self.verify_live_token(&form.token).await? else {
            return Ok(None);
        };
        let claims = self.with_current_mark(claims).await?;
        let token = self.edge_token(&claims, claims.exp, form.region, Some(form.command));
        Ok(Some(CommandToken { token }))
    }

    /// Returns the claims of an edge token if its signature, expiry and session are valid.
    pub async fn verify_edge_token(&self, token: &str) -> Result<Option<Claims>, ServiceError> {
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

    /// Adds an edge token for the region to a sign-in, or replaces the cloud token with it if
    /// `only`.
    pub fn add_edge_token(&self, grant: &mut AccessGrant, region: Region, only: bool) {
        if grant.edge_token.is_some() {
            // The sign-in already has a device grant for a tablet.
            return;
        }
        let claims = &grant.claims;
        grant.edge_token = Some(self.edge_token(claims, claims.exp, region, None));
        if only {
            grant.access_token = None;
        }
    }

    fn edge_token(
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
