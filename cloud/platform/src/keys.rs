//! Owns keeping the public keys of people's tokens up to date.

use std::{error::Error, time::Duration};

use process::{tasks::Tasks, tokens::Keys};
use serde_json::Value;

use crate::upstream::Upstream;

const PATH: &str = "/.well-known/jwks.json";
/// How long a new key may go unknown, and a withdrawn one believed.
const REFRESH: Duration = Duration::from_secs(60);
/// Without any key every caller is turned away, so ask often.
const RETRY: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Loads the keys from auth, tries again until it has them, and renews them each minute. Loaded keys
/// stay while auth is out of reach.
pub fn follow(tasks: &Tasks, keys: &Keys, auth: Upstream) {
    let (keys, stop) = (keys.clone(), tasks.token());
    tasks.spawn("keys", async move {
        let mut retry = RETRY;
        loop {
            let pause = match load(&keys, &auth).await {
                Ok(()) => {
                    retry = RETRY;
                    REFRESH
                }
                Err(error) => {
                    tracing::warn!(%error, "The keys of tokens could not be loaded");
                    retry = (retry * 2).min(RETRY_MAX);
                    retry
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    });
}

async fn load(keys: &Keys, auth: &Upstream) -> Result<(), Box<dyn Error + Send + Sync>> {
    let jwks: Value = auth.get(PATH, None).await?;
    Ok(keys.replace(&jwks.to_string())?)
}
