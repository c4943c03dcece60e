//! The tokens that go to the holder of a region beside accepts that were made elsewhere. The person
//! may never have used that edge, so nothing that opens the cloud, or lets anybody act there, is
//! put to it.

use platform::upstream::UpstreamError;
use process::{problem::chain, tokens::TokenAudience};
use wire::{CommandTokenForm, PortalAccept};

use super::link::Sessions;

impl Sessions {
    /// The accept with a token that vouches for it alone, in place of the person's own. `None`
    /// where that is no good.
    pub async fn bound(
        &self,
        accept: &PortalAccept,
    ) -> Result<Option<PortalAccept>, UpstreamError> {
        let PortalAccept { region, command, token, .. } = accept;
        let form = CommandTokenForm { token: token.clone(), region: *region, command: command.id };
        let token = self.command_tokens.instead_of(&form).await?;
        Ok(token.map(|token| PortalAccept { token, ..accept.clone() }))
    }

    /// The accept as it may go to the holder; `None` while it has to wait. Only an edge from before
    /// there were tokens for edges leaves one here that opens the cloud: it is exchanged while it
    /// does.
    pub(super) async fn for_holder(&self, accept: PortalAccept) -> Option<PortalAccept> {
        let claims = self.keys.read(&accept.token);
        let is_harmless = claims.as_ref().is_ok_and(|claims| {
            claims.audience() != Some(TokenAudience::Cloud)
                || claims.expires_at() <= self.clock.now()
        });
        if is_harmless || accept.token.is_empty() {
            return Some(accept);
        }
        match self.bound(&accept).await {
            Ok(Some(bound)) => Some(bound),
            // Its session is over. The token goes once nothing can be done with it.
            Ok(None) if claims.is_ok() => None,
            // Nobody vouches for it, which the owner has to say.
            Ok(None) => Some(PortalAccept { token: String::new(), ..accept }),
            Err(error) => {
                tracing::warn!(cause = chain(&error), "Auth gives out no token for an accept");
                None
            }
        }
    }
}
