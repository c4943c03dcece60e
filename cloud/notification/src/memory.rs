//! Owns what the cache remembers of inboxes: the number of unread lines and the newest ones.
//!
//! Invariants: every change of an inbox gives it a new stamp, and a memory under another stamp counts for
//! nothing; one whose change the cache did not hear of ends with its time. The inbox in the store is the
//! truth: without the cache everything is read there.

use std::time::Duration;

use platform::{
    cache::Cache,
    sealing::{DataKeys, SealPlace},
};
use process::random;
use uuid::Uuid;

use crate::domain::InboxOwner;

/// Longer than any memory under it. An inbox without a stamp has not changed for that long.
const STAMP_TTL: Duration = Duration::from_secs(60 * 60);
const STAMP_BYTES: usize = 12;

#[derive(Clone)]
pub struct InboxMemory {
    cache: Cache,
    keys: DataKeys,
    ttl: Duration,
}

/// The state of an inbox that a memory is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp(String);

/// The kinds of memory.
#[derive(Debug, Clone, Copy)]
pub enum Remembered {
    Unread,
    Recent,
}

impl InboxMemory {
    pub fn new(cache: Cache, keys: DataKeys, ttl: Duration) -> Self {
        Self { cache, keys, ttl: ttl.min(STAMP_TTL / 2) }
    }

    /// Ask for it before reading the store. `None` where the cache is away.
    pub async fn stamp(&self, owner: InboxOwner) -> Option<Stamp> {
        let stamp = self.cache.get(&key("stamp", owner)).await.ok()?;
        Some(Stamp(stamp.unwrap_or_else(|| "none".to_owned())))
    }

    /// Forgets what is remembered, on every replica; call it before the change is stored, and again after it.
    pub async fn changed(&self, owner: InboxOwner) {
        let stamp = random::secret_text(STAMP_BYTES);
        if let Err(error) = self.cache.set(&key("stamp", owner), &stamp, STAMP_TTL).await {
            tracing::debug!(%error, "The cache did not hear that an inbox changed");
        }
    }

    /// What was remembered of that state. People's words are sealed.
    pub async fn recall(
        &self,
        what: Remembered,
        owner: InboxOwner,
        stamp: &Stamp,
    ) -> Option<String> {
        let stored = self.cache.get(&what.key(owner)).await.ok()??;
        let (of, sealed) = stored.split_once(' ')?;
        if of != stamp.0 {
            return None;
        }
        self.keys.open_text(&place(owner), sealed.to_owned()).ok()
    }

    pub async fn remember(&self, what: Remembered, owner: InboxOwner, stamp: &Stamp, text: &str) {
        let sealed = self.keys.seal_text(&place(owner), text);
        let stored = format!("{} {sealed}", stamp.0);
        if let Err(error) = self.cache.set(&what.key(owner), &stored, self.ttl).await {
            tracing::debug!(%error, "The cache does not remember an inbox");
        }
    }
}

impl Remembered {
    fn key(self, owner: InboxOwner) -> String {
        let name = match self {
            Self::Unread => "unread",
            Self::Recent => "recent",
        };
        key(name, owner)
    }
}

fn key(name: &str, owner: InboxOwner) -> String {
    format!("notification:{name}:{}:{}", owner.role.as_str(), owner.user_id)
}

fn place(InboxOwner { user_id, .. }: InboxOwner) -> SealPlace {
    let id: Uuid = user_id.0;
    SealPlace::of_id("notification.memory", id)
}
