//! Owns a part's memories of its store in the cache: answers that many ask for.
//!
//! Invariants: every change of a thing gives it a new stamp, and a memory under another stamp
//! counts for nothing; one whose change the cache did not hear of ends with its time. The store is
//! the truth: without the cache everything is read there, and no reader waits long for it. Memories
//! are sealed, and a plain one is nobody's of ours.

use std::time::Duration;

use process::random;
use uuid::Uuid;

use crate::{
    cache::{Cache, CacheError, count_read},
    sealing::{DataKeys, SealPlace},
};

/// Longer than any memory under it. A thing without a stamp has not changed for that long.
const STAMP_TTL: Duration = Duration::from_secs(60 * 60);
const STAMP_BYTES: usize = 12;

#[derive(Clone)]
pub struct StampedMemory {
    /// How the part's keys in the cache begin.
    part: &'static str,
    /// Where a memory is sealed for.
    column: &'static str,
    cache: Cache,
    keys: DataKeys,
    ttl: Duration,
}

/// A thing that changes as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampedThing {
    pub id: Uuid,
    /// Its name in keys of the cache.
    pub name: String,
}

/// The state of a thing that a memory is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp(String);

impl StampedMemory {
    /// A memory ends after `ttl`, or half an hour at most.
    pub fn new(
        (part, column): (&'static str, &'static str),
        cache: Cache,
        keys: DataKeys,
        ttl: Duration,
    ) -> Self {
        Self { part, column, cache, keys, ttl: ttl.min(STAMP_TTL / 2) }
    }

    /// Ask for it before reading the store. `None` where the cache is away.
    pub async fn stamp(&self, of: &StampedThing) -> Option<Stamp> {
        let stamp = in_time(self.cache.get(&self.key("stamp", of))).await?;
        Some(Stamp(stamp.unwrap_or_else(|| "none".to_owned())))
    }

    /// Forgets the memories of a thing, on every replica; call it before the change is stored, and
    /// again after it. It waits as long as the cache may take: readers miss a change that the cache
    /// did not hear of.
    pub async fn changed(&self, of: &StampedThing) {
        let stamp = random::secret_text(STAMP_BYTES);
        if let Err(error) = self.cache.set(&self.key("stamp", of), &stamp, STAMP_TTL).await {
            tracing::debug!(%error, part = self.part, "The cache did not hear of a change");
        }
    }

    /// The memory of that state.
    pub async fn recall(&self, what: &str, of: &StampedThing, stamp: &Stamp) -> Option<String> {
        let known = self.known(what, of, stamp).await;
        count_read(self.part, what, known.is_some());
        known
    }

    async fn known(&self, what: &str, of: &StampedThing, stamp: &Stamp) -> Option<String> {
        let stored = in_time(self.cache.get(&self.key(what, of))).await??;
        let (under, sealed) = stored.split_once(' ')?;
        // Whoever else can write to the cache could put a plain one there.
        let is_forged = self.keys.seals() && !self.keys.is_sealed_text(sealed);
        if under != stamp.0 || is_forged {
            return None;
        }
        self.keys.open_text(&self.place(of), sealed.to_owned()).ok()
    }

    pub async fn remember(&self, what: &str, of: &StampedThing, stamp: &Stamp, text: &str) {
        let sealed = self.keys.seal_text(&self.place(of), text);
        let stored = format!("{} {sealed}", stamp.0);
        in_time(self.cache.set(&self.key(what, of), &stored, self.ttl)).await;
    }

    fn key(&self, what: &str, of: &StampedThing) -> String {
        format!("{}:{what}:{}", self.part, of.name)
    }

    fn place(&self, of: &StampedThing) -> SealPlace {
        SealPlace::of_id(self.column, of.id)
    }
}

/// Nothing where the cache is away or slow.
async fn in_time<T>(asked: impl Future<Output = Result<T, CacheError>>) -> Option<T> {
    let answer = Cache::in_time(asked).await;
    answer.inspect_err(|error| tracing::debug!(%error, "The cache remembers nothing")).ok()
}
