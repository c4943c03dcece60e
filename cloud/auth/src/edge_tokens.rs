//! Gives out tokens of a session for the edges of one region. They end with the session and are
//! revoked with it. None opens the cloud, so an edge that is stolen with them gives away nothing of
//! it.

use process::tokens::{Claims, TokenAudience, TokenKind};
use wire::{CommandId, CommandToken, CommandTokenForm, EdgeGrant, Region, UnixMillis};

use crate::service::{ACCESS_TOKEN_SECONDS, AccessGrant, Service, ServiceError};

impl Service {
    /// A token for the region's edges; nothing where the session of these claims does not stand.
    pub async fn edge_grant(
        &self,
        claims: &Claims,
        region: Region,
    ) -> Result<Option<EdgeGrant>, ServiceError> {
        let Some(ends_at) = self.live_until(claims).await? else { return Ok(None) };
        let now = self.clock.now().0 / 1000;
        // A session that can be refreshed outlives its tokens.
        let exp = (ends_at.0 / 1000).min(now + ACCESS_TOKEN_SECONDS);
        let edge_token = self.edge_token(&self.marked(claims.clone()).await?, exp, region, None);
        let expires_in = exp - now;
        let (user_id, role) = (claims.sub, claims.role);
        Ok(Some(EdgeGrant { edge_token, region, expires_in, user_id, role, device: None }))
    }

    /// A token that vouches for one command of the person, at the edges of its region; nothing
    /// where the person's own token or session is no good.
    pub async fn command_token(
        &self,
        form: &CommandTokenForm,
    ) -> Result<Option<CommandToken>, ServiceError> {
        let Some(claims) = self.live_claims(&form.token).await? else { return Ok(None) };
        let claims = self.marked(claims).await?;
        let token = self.edge_token(&claims, claims.exp, form.region, Some(form.command));
        Ok(Some(CommandToken { token }))
    }

    /// The claims of an edge's token whose signature, time and session are all good.
    pub async fn live_edge_claims(&self, token: &str) -> Result<Option<Claims>, ServiceError> {
        let keys = &self.verifier.keys;
        let audience = keys.read(token).ok().and_then(|claims| claims.audience());
        let Some(audience @ TokenAudience::Edges(_)) = audience else { return Ok(None) };
        match keys.verify(token, audience, self.clock.now()) {
            Ok(claims) if self.is_live(&claims).await? => Ok(Some(claims)),
            _ => Ok(None),
        }
    }

    /// Adds a token for the region's edges to a sign-in, beside the one for the cloud or in its
    /// place.
    pub fn add_edge_token(&self, grant: &mut AccessGrant, region: Region, only: bool) {
        if grant.edge_token.is_some() {
            // A grant for a tablet.
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
        self.signing.sign(&Claims {
            // The tokens of somebody who was let in again may begin with the next second.
            iat: (now / 1000).max(claims.iat),
            exp,
            kind: TokenKind::Edge,
            region: Some(region),
            command,
            ..claims.clone()
        })
    }
}
