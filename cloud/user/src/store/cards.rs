//! The public part of a provider's profile, through the cache: every page that shows a provider
//! reads it.

use platform::{
    StoreError,
    cache::{StampedCache, StampedEntity},
};
use wire::UserId;

use super::ProfileStore;
use crate::domain::{ProviderProfile, PublicProfile};

/// The service's name in cache keys, and the column of its sealed cache values.
pub const PLACE: (&str, &str) = ("user", "user.memory");
const CARD: &str = "card";

impl ProfileStore {
    /// Adds a cache for public profiles.
    #[must_use]
    pub fn with_cache(self, memory: StampedCache) -> Self {
        Self {
            memory: Some(memory),
            ..self
        }
    }

    /// Returns the public part of a provider's profile, or `None` if there is none to show. The
    /// cache does not keep a `None`.
    pub async fn load_public_profile(
        &self,
        user: UserId,
    ) -> Result<Option<PublicProfile>, StoreError> {
        let thing = cache_key_for(user);
        let Some(memory) = &self.memory else {
            return self.read_public_profile(user).await;
        };
        let Some(stamp) = memory.read_stamp(&thing).await else {
            return self.read_public_profile(user).await;
        };
        let known = memory.read_cached(CARD, &thing, &stamp).await;
        if let Some(card) = known.and_then(|known| serde_json::from_str(&known).ok()) {
            return Ok(Some(card));
        }
        let card = self.read_public_profile(user).await?;
        if let Some(text) = card
            .as_ref()
            .and_then(|card| serde_json::to_string(card).ok())
        {
            memory.write_cached(CARD, &thing, &stamp, &text).await;
        }
        Ok(card)
    }

    /// Invalidates the cache. Call it before and after each write to a provider's profile.
    pub(super) async fn invalidate_public_profile(&self, user: UserId) {
        if let Some(memory) = &self.memory {
            memory.invalidate_entity(&cache_key_for(user)).await;
        }
    }

    async fn read_public_profile(&self, user: UserId) -> Result<Option<PublicProfile>, StoreError> {
        let found = self.get::<ProviderProfile>(user).await?;
        Ok(found.as_ref().and_then(PublicProfile::from_provider))
    }
}

fn cache_key_for(user: UserId) -> StampedEntity {
    StampedEntity {
        id: user.0,
        name: user.to_string(),
    }
}
