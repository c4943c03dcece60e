//! Caches the unread count and the newest lines of inboxes.

use std::time::Duration;

use platform::{
    cache::Cache,
    sealing::DataKeys,
    stamped::{StampedMemory, StampedThing},
};

use crate::domain::InboxOwner;

pub use platform::stamped::Stamp;

#[derive(Clone)]
pub struct InboxMemory(StampedMemory);

/// The cacheable parts of an inbox.
#[derive(Debug, Clone, Copy)]
pub enum Remembered {
    Unread,
    Recent,
}

impl InboxMemory {
    pub fn new(cache: Cache, keys: DataKeys, ttl: Duration) -> Self {
        let place = ("notification", "notification.memory");
        Self(StampedMemory::new(place, cache, keys, ttl))
    }

    /// Read it before the store. `None` if the cache is down.
    pub async fn stamp(&self, owner: InboxOwner) -> Option<Stamp> {
        self.0.stamp(&thing(owner)).await
    }

    /// Invalidates the data on every replica. Call it before and after storing a change.
    pub async fn changed(&self, owner: InboxOwner) {
        self.0.changed(&thing(owner)).await;
    }

    /// The data cached under that stamp.
    pub async fn recall(
        &self,
        what: Remembered,
        owner: InboxOwner,
        stamp: &Stamp,
    ) -> Option<String> {
        self.0.recall(what.name(), &thing(owner), stamp).await
    }

    pub async fn remember(&self, what: Remembered, owner: InboxOwner, stamp: &Stamp, text: &str) {
        self.0.remember(what.name(), &thing(owner), stamp, text).await;
    }
}

impl Remembered {
    fn name(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::Recent => "recent",
        }
    }
}

fn thing(owner: InboxOwner) -> StampedThing {
    StampedThing { id: owner.user_id.0, name: format!("{}:{}", owner.role.as_str(), owner.user_id) }
}
