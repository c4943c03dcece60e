//! The public keys that verify people's tokens: loaded from auth and refreshed periodically.

use std::time::Duration;

use process::{
    tasks::Tasks,
    tokens::{TokenKeys, TokenKeysError},
};
use serde_json::Value;

use crate::upstream::{Upstream, UpstreamError};

const KEYS_PATH: &str = "/.well-known/jwks.json";
/// How long a new key may stay unknown, and a revoked one trusted, while auth answers.
const REFRESH: Duration = Duration::from_secs(15);
/// Without keys every caller is refused, so retry often.
const RETRY: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// The cached keys and the service that issues them. Clones share the keys.
#[derive(Clone)]
pub struct KeySource {
    pub keys: TokenKeys,
    pub auth: Upstream,
}

#[derive(Debug, thiserror::Error)]
pub enum KeySourceError {
    #[error("auth did not answer with its keys")]
    Auth(#[from] UpstreamError),
    #[error("auth's answer contains no keys")]
    Keys(#[from] TokenKeysError),
}

impl KeySource {
    /// Fetches the keys now, for example when a token names an unknown key.
    pub async fn refresh_keys(&self) -> Result<(), KeySourceError> {
        let jwks: Value = self.auth.get(KEYS_PATH, None).await?;
        self.keys.replace_key_set(&jwks.to_string())?;
        Ok(())
    }
}

/// Loads the keys from auth, retries until it has them, and refreshes them periodically. Loaded
/// keys stay while auth is out of reach.
pub fn start_key_refresh(tasks: &Tasks, keys: &TokenKeys, auth: Upstream) {
    let source = KeySource {
        keys: keys.clone(),
        auth,
    };
    let stop = tasks.stop_token();
    tasks.spawn("keys", async move {
        let mut retry = RETRY;
        let mut is_outage_logged = false;
        loop {
            let pause = match source.refresh_keys().await {
                Ok(()) => {
                    if is_outage_logged {
                        tracing::info!("Loaded the token keys again");
                    }
                    (retry, is_outage_logged) = (RETRY, false);
                    REFRESH
                }
                Err(error) => {
                    // Warn once per outage, however many retries it takes.
                    if !is_outage_logged {
                        let cause = process::problem::format_error_chain(&error);
                        tracing::warn!(cause, "Could not load the token keys; retrying");
                    }
                    is_outage_logged = true;
                    let pause = retry;
                    retry = if source.keys.is_empty() {
                        RETRY
                    } else {
                        (retry * 2).min(RETRY_MAX)
                    };
                    pause
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    });
}
