//! Command-bound tokens for accepts put to a region's holder. The user may never have used that
//! edge, so it must not receive a token that grants access to the cloud.

use platform::upstream::UpstreamError;
use process::{problem::format_error_chain, tokens::TokenAudience};
use wire::{AcceptForHolder, CommandTokenForm};

use super::link::SessionContext;

impl SessionContext {
    /// Replaces the user's token with one that vouches only for this accept. `None` if theirs is
    /// invalid.
    pub async fn with_bound_token(
        &self,
        accept: &AcceptForHolder,
    ) -> Result<Option<AcceptForHolder>, UpstreamError> {
        let AcceptForHolder {
            region,
            command,
            token,
            ..
        } = accept;
        let form = CommandTokenForm {
            token: token.clone(),
            region: *region,
            command: command.id,
        };
        let token = self.command_tokens.instead_of(&form).await?;
        Ok(token.map(|token| AcceptForHolder {
            token,
            ..accept.clone()
        }))
    }

    /// The accept as the holder may receive it; `None` while it has to wait. Only edges from before
    /// edge tokens existed leave a cloud token here: exchange it while it is valid.
    pub(super) async fn for_holder(&self, accept: AcceptForHolder) -> Option<AcceptForHolder> {
        let claims = self.keys.read(&accept.token);
        let is_harmless = claims.as_ref().is_ok_and(|claims| {
            claims.audience() != Some(TokenAudience::Cloud)
                || claims.expires_at() <= self.clock.now()
        });
        if is_harmless || accept.token.is_empty() {
            return Some(accept);
        }
        match self.with_bound_token(&accept).await {
            Ok(Some(bound)) => Some(bound),
            // The session has ended. The accept waits until the token expires.
            Ok(None) if claims.is_ok() => None,
            // The token is invalid; the owner must give the rejection.
            Ok(None) => Some(AcceptForHolder {
                token: String::new(),
                ..accept
            }),
            Err(error) => {
                tracing::warn!(
                    cause = format_error_chain(&error),
                    "Could not get a token from auth for an acceptance"
                );
                None
            }
        }
    }
}
