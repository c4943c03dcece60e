//! Caches the unread count and the newest lines of inboxes.

use std::time::Duration;

use platform::{
    cache::{Cache, StampedCache, StampedEntity},
    sealing::DataKeys,
};

use crate::domain::InboxOwner;

pub use platform::cache::CacheStamp;

#[derive(Clone)]
pub struct InboxCache(StampedCache);

/// The cacheable parts of an inbox.
#[derive(Debug, Clone, Copy)]
pub enum CachedInboxPart {
    Unread,
    Recent,
}

impl InboxCache {
    pub fn new(cache: Cache, keys: DataKeys, ttl: Duration) -> Self {
        let place = ("notification", "notification.memory");
        Self(StampedCache::new(place, cache, keys, ttl))
    }

    /// Read it before the store. `None` if the cache is down.
    pub async fn read_stamp(&self, owner: InboxOwner) -> Option<CacheStamp> {
        self.0.read_stamp(&cache_entity(owner)).await
    }

    /// Invalidates the data on every replica. Call it before and after storing a change.
    pub async fn invalidate_inbox(&self, owner: InboxOwner) {
        self.0.invalidate_entity(&cache_entity(owner)).await;
    }

    /// The data cached under that stamp.
    pub async fn read_cached(
        &self,
        what: CachedInboxPart,
        owner: InboxOwner,
        stamp: &CacheStamp,
    ) -> Option<String> {
        self.0
            .read_cached(what.name(), &cache_entity(owner), stamp)
            .await
    }

    pub async fn write_cached(
        &self,
        what: CachedInboxPart,
        owner: InboxOwner,
        stamp: &CacheStamp,
        text: &str,
    ) {
        self.0
            .write_cached(what.name(), &cache_entity(owner), stamp, text)
            .await;
    }
}

impl CachedInboxPart {
    fn name(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::Recent => "recent",
        }
    }
}

fn cache_entity(owner: InboxOwner) -> StampedEntity {
    StampedEntity {
        id: owner.user_id.0,
        name: format!("{}:{}", owner.role.as_str(), owner.user_id),
    }
}
