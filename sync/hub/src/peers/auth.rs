//! The public keys of people's tokens, as auth publishes them.

use platform::upstream::{Upstream, UpstreamError};
use process::tokens::{Keys, KeysError};
use serde_json::Value;

const JWKS: &str = "/.well-known/jwks.json";

/// The known keys, and the service that has them.
#[derive(Clone)]
pub(crate) struct KeySource {
    pub keys: Keys,
    pub auth: Upstream,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum KeySourceError {
    #[error("auth did not answer with its keys")]
    Auth(#[from] UpstreamError),
    #[error("auth's answer contains no keys")]
    Keys(#[from] KeysError),
}

impl KeySource {
    /// Asks auth now: a token may name a key that is not known here.
    pub async fn refresh(&self) -> Result<(), KeySourceError> {
        let jwks: Value = self.auth.get(JWKS, None).await?;
        Ok(self.keys.replace(&jwks.to_string())?)
    }
}
