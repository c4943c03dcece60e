//! Caches a part's frequently read query results.
//!
//! Invariants: every change of an entity gives it a new stamp, and entries under another stamp are
//! ignored; if the cache misses a change, the TTL ends the stale entry. The store is the source of
//! truth: without the cache every read goes there, and no reader waits long for the cache. Entries
//! are sealed; a plain one is rejected as forged.

use std::time::Duration;

use process::random;
use uuid::Uuid;

use crate::{
    cache::{Cache, CacheError, count_read},
    sealing::{DataKeys, SealContext},
};

/// Longer than any entry's TTL. An entity without a stamp has not changed for that long.
const STAMP_TTL: Duration = Duration::from_secs(60 * 60);
const STAMP_BYTES: usize = 12;

#[derive(Clone)]
pub struct StampedCache {
    /// The prefix of the part's cache keys.
    part: &'static str,
    /// The column name that entries are sealed for.
    column: &'static str,
    cache: Cache,
    keys: DataKeys,
    ttl: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampedEntity {
    pub id: Uuid,
    /// Its name in cache keys.
    pub name: String,
}

/// The version of an entity that an entry was read under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheStamp(String);

impl StampedCache {
    /// An entry expires after `ttl`, half an hour at most.
    pub fn new(
        (part, column): (&'static str, &'static str),
        cache: Cache,
        keys: DataKeys,
        ttl: Duration,
    ) -> Self {
        Self {
            part,
            column,
            cache,
            keys,
            ttl: ttl.min(STAMP_TTL / 2),
        }
    }

    /// Call this before reading the store. `None` if the cache is unavailable.
    pub async fn read_stamp(&self, entity: &StampedEntity) -> Option<CacheStamp> {
        let stamp = in_time(self.cache.get(&self.cache_key("stamp", entity))).await?;
        Some(CacheStamp(stamp.unwrap_or_else(|| "none".to_owned())))
    }

    /// Invalidates an entity's entries on every replica; call it before storing the change, and
    /// again afterwards. It waits as long as the cache may take: readers miss a change that the
    /// cache did not receive.
    pub async fn invalidate_entity(&self, entity: &StampedEntity) {
        let stamp = random::secret_text(STAMP_BYTES);
        if let Err(error) = self
            .cache
            .set(&self.cache_key("stamp", entity), &stamp, STAMP_TTL)
            .await
        {
            tracing::debug!(%error, part = self.part, "Could not invalidate cached entries; they expire by themselves");
        }
    }

    pub async fn read_cached(
        &self,
        what: &str,
        entity: &StampedEntity,
        stamp: &CacheStamp,
    ) -> Option<String> {
        let known = self.open_cached(what, entity, stamp).await;
        count_read(self.part, what, known.is_some());
        known
    }

    async fn open_cached(
        &self,
        what: &str,
        entity: &StampedEntity,
        stamp: &CacheStamp,
    ) -> Option<String> {
        let stored = in_time(self.cache.get(&self.cache_key(what, entity))).await??;
        let (under, sealed) = stored.split_once(' ')?;
        // Another client of the cache could have put a plain entry there.
        let is_forged = self.keys.is_sealing() && !self.keys.is_sealed_text(sealed);
        if under != stamp.0 || is_forged {
            return None;
        }
        self.keys
            .open_text(&self.seal_place(entity), sealed.to_owned())
            .ok()
    }

    pub async fn write_cached(
        &self,
        what: &str,
        entity: &StampedEntity,
        stamp: &CacheStamp,
        text: &str,
    ) {
        let sealed = self.keys.seal_text(&self.seal_place(entity), text);
        let stored = format!("{} {sealed}", stamp.0);
        in_time(
            self.cache
                .set(&self.cache_key(what, entity), &stored, self.ttl),
        )
        .await;
    }

    fn cache_key(&self, what: &str, entity: &StampedEntity) -> String {
        format!("{}:{what}:{}", self.part, entity.name)
    }

    fn seal_place(&self, entity: &StampedEntity) -> SealContext {
        SealContext::of_id(self.column, entity.id)
    }
}

/// Returns `None` if the cache is unavailable or slow.
async fn in_time<T>(asked: impl Future<Output = Result<T, CacheError>>) -> Option<T> {
    let answer = Cache::in_time(asked).await;
    answer
        .inspect_err(
            |error| tracing::debug!(%error, "The cache failed or was slow; treated as a miss"),
        )
        .ok()
}
