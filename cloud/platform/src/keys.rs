//! Owns keeping the public keys of people's tokens up to date.

use std::time::Duration;

use process::{
    tasks::Tasks,
    tokens::{Keys, KeysError},
};
use serde_json::Value;

use crate::upstream::{Upstream, UpstreamError};

const PATH: &str = "/.well-known/jwks.json";
/// How long a new key may go unknown, and a killed one believed.
const REFRESH: Duration = Duration::from_secs(15);
/// Without any key every caller is turned away, so ask often.
const RETRY: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// The known keys, and the service that has them. Cloning shares the keys.
#[derive(Clone)]
pub struct KeySource {
    pub keys: Keys,
    pub auth: Upstream,
}

#[derive(Debug, thiserror::Error)]
pub enum KeySourceError {
    #[error("auth did not answer with its keys")]
    Auth(#[from] UpstreamError),
    #[error("auth's answer contains no keys")]
    Keys(#[from] KeysError),
}

impl KeySource {
    /// Asks auth now: a token may name a key that is not known here.
    pub async fn refresh(&self) -> Result<(), KeySourceError> {
        let jwks: Value = self.auth.get(PATH, None).await?;
        self.keys.replace(&jwks.to_string())?;
        Ok(())
    }
}

/// Loads the keys from auth, tries again until it has them, and asks again every few seconds.
/// Loaded keys stay while auth is out of reach.
pub fn follow(tasks: &Tasks, keys: &Keys, auth: Upstream) {
    let (source, stop) = (KeySource { keys: keys.clone(), auth }, tasks.token());
    tasks.spawn("keys", async move {
        let (mut retry, mut is_known) = (RETRY, false);
        loop {
            let pause = match source.refresh().await {
                Ok(()) => {
                    if is_known {
                        tracing::info!("The keys of tokens are loaded again");
                    }
                    (retry, is_known) = (RETRY, false);
                    REFRESH
                }
                Err(error) => {
                    // One outage is one warning, however often auth is asked meanwhile.
                    if !is_known {
                        let cause = process::problem::chain(&error);
                        tracing::warn!(cause, "The keys of tokens could not be loaded");
                    }
                    is_known = true;
                    let pause = retry;
                    retry = if source.keys.is_empty() { RETRY } else { (retry * 2).min(RETRY_MAX) };
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
