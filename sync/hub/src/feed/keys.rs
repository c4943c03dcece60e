//! Sends the edges the public keys that verify users' tokens.

use std::time::Duration;

use platform::keys::{KeySource, KeySourceError};
use process::clock::Clock;
use tokio::time::sleep;

use crate::{
    rounds::PollLoop,
    signals::RegionMarks,
    store::{Store, StoreError, feed::FeedEffect},
};

/// Poll interval for this process's keys, which are in memory.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
enum KeySyncError {
    #[error(transparent)]
    Keys(#[from] KeySourceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) struct KeyPublisher {
    pub store: Store,
    pub clock: Clock,
    pub regions: RegionMarks,
    pub source: KeySource,
}

impl KeyPublisher {
    pub async fn watch_keys(&self, mut rounds: PollLoop) {
        let mut told = String::new();
        while rounds
            .next(self.publish_changed_keys(&mut told).await, sleep(LOOK))
            .await
        {}
    }

    async fn publish_changed_keys(&self, told: &mut String) -> Result<(), KeySyncError> {
        if self.source.keys.is_empty() {
            self.source.refresh_keys().await?;
        }
        let jwks = self.source.keys.jwks();
        if jwks == *told {
            return Ok(());
        }
        if self.store.feed_keys(&jwks, self.clock.now()).await? == FeedEffect::Added {
            tracing::info!("The token keys changed; sending them to the edges");
            self.regions.reload_marks(&self.store).await?;
        }
        *told = jwks;
        Ok(())
    }
}
