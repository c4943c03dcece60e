//! The public part of a provider's profile, through the cache: every page that shows a provider
//! reads it.

use platform::{
    StoreError,
    stamped::{StampedMemory, StampedThing},
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
    pub fn remembering(self, memory: StampedMemory) -> Self {
        Self { memory: Some(memory), ..self }
    }

    /// Returns the public part of a provider's profile, or `None` if there is none to show. The
    /// cache does not keep a `None`.
    pub async fn card(&self, user: UserId) -> Result<Option<PublicProfile>, StoreError> {
        let thing = provider(user);
        let Some(memory) = &self.memory else { return self.card_as_stored(user).await };
        let Some(stamp) = memory.stamp(&thing).await else {
            return self.card_as_stored(user).await;
        };
        let known = memory.recall(CARD, &thing, &stamp).await;
        if let Some(card) = known.and_then(|known| serde_json::from_str(&known).ok()) {
            return Ok(Some(card));
        }
        let card = self.card_as_stored(user).await?;
        if let Some(text) = card.as_ref().and_then(|card| serde_json::to_string(card).ok()) {
            memory.remember(CARD, &thing, &stamp, &text).await;
        }
        Ok(card)
    }

    /// Invalidates the cache. Call it before and after each write to a provider's profile.
    pub(super) async fn changes(&self, user: UserId) {
        if let Some(memory) = &self.memory {
            memory.changed(&provider(user)).await;
        }
    }

    async fn card_as_stored(&self, user: UserId) -> Result<Option<PublicProfile>, StoreError> {
        let found = self.get::<ProviderProfile>(user).await?;
        Ok(found.as_ref().and_then(PublicProfile::of))
    }
}

fn provider(user: UserId) -> StampedThing {
    StampedThing { id: user.0, name: user.to_string() }
}
