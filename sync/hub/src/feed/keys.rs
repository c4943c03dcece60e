//! Tells the edges which keys people's tokens are signed with.

use std::time::Duration;

use platform::upstream::UpstreamError;
use process::tokens::KeysError;
use serde_json::Value;

use crate::{
    hub::Hub,
    store::{Fed, StoreError},
};

const JWKS: &str = "/.well-known/jwks.json";
/// The keys of this process are looked at that often; reading them from memory costs nothing.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysFault {
    #[error("auth did not answer with its keys")]
    Auth(#[from] UpstreamError),
    #[error("what auth answered are no keys")]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Asks auth now: for when a token names a key that is not known here.
pub(crate) async fn refresh(hub: &Hub) -> Result<(), KeysFault> {
    let jwks: Value = hub.auth.get(JWKS, None).await?;
    Ok(hub.keys.replace(&jwks.to_string())?)
}

pub(super) async fn follow(hub: &Hub) {
    let stop = hub.tasks.token();
    let mut told = String::new();
    let mut fails = false;
    loop {
        let result = tell(hub, &mut told).await;
        if let Err(error) = &result
            && !fails
        {
            tracing::warn!(%error, "The keys could not be told to the edges yet");
        }
        fails = result.is_err();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn tell(hub: &Hub, told: &mut String) -> Result<(), KeysFault> {
    if hub.keys.is_empty() {
        refresh(hub).await?;
    }
    let jwks = hub.keys.jwks();
    if jwks == *told {
        return Ok(());
    }
    if hub.store.feed_keys(&jwks, hub.clock.now()).await? == Fed::Added {
        tracing::info!("The keys of tokens have changed and go to the edges");
        hub.regions.refresh(&hub.store).await?;
    }
    *told = jwks;
    Ok(())
}
