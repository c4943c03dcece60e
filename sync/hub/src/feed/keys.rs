//! Sends the edges the public keys that verify users' tokens.

use std::time::Duration;

use platform::keys::{KeySource, KeySourceError};
use process::clock::Clock;
use tokio::time::sleep;

use crate::{
    rounds::Rounds,
    signals::RegionMarks,
    store::{Store, StoreError, feed::FeedEffect},
};

/// Poll interval for this process's keys, which are in memory.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
enum KeyNewsFault {
    #[error(transparent)]
    Keys(#[from] KeySourceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) struct KeyNews {
    pub store: Store,
    pub clock: Clock,
    pub regions: RegionMarks,
    pub source: KeySource,
}

impl KeyNews {
    pub async fn follow(&self, mut rounds: Rounds) {
        let mut told = String::new();
        while rounds.next(self.tell(&mut told).await, sleep(LOOK)).await {}
    }

    async fn tell(&self, told: &mut String) -> Result<(), KeyNewsFault> {
        if self.source.keys.is_empty() {
            self.source.refresh().await?;
        }
        let jwks = self.source.keys.jwks();
        if jwks == *told {
            return Ok(());
        }
        if self.store.feed_keys(&jwks, self.clock.now()).await? == FeedEffect::Added {
            tracing::info!("The keys of tokens have changed and go to the edges");
            self.regions.refresh(&self.store).await?;
        }
        *told = jwks;
        Ok(())
    }
}
