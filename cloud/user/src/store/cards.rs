//! The public part of a provider's profile, out of the cache where that knows it: each page that
//! names somebody asks for it.

use platform::{
    StoreError,
    stamped::{StampedMemory, StampedThing},
};
use wire::UserId;

use super::ProfileStore;
use crate::domain::{ProviderProfile, PublicProfile};

/// The part's name in keys of the cache, and the column of its memories.
pub const PLACE: (&str, &str) = ("user", "user.memory");
const CARD: &str = "card";

impl ProfileStore {
    /// The same, with a cache that answers for cards.
    #[must_use]
    pub fn remembering(self, memory: StampedMemory) -> Self {
        Self { memory: Some(memory), ..self }
    }

    /// A provider as everybody may see him; nothing where there is none to be shown, which is not
    /// remembered.
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

    /// Called before a provider's profile is written, and again once it is.
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
