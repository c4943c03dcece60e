//! Wrong passwords. Every row cost a password hash to make, which bounds how fast they come, and the
//! job removes those that no longer matter.

use std::fmt;

use platform::{columns, vals};
use ring::digest;
use uuid::Uuid;
use wire::UnixMillis;

use super::{Store, StoreError};
use crate::domain::{Username, WRONG_PASSWORDS_MAX};

const LATEST: &str = "SELECT at FROM login_failures \
    WHERE name_hash = ? AND at > ? ORDER BY at DESC LIMIT ?";
const OLD: &str = "SELECT id FROM login_failures WHERE at <= ? LIMIT ?";

columns! {
    struct FailureRow in login_failures {
        id: Uuid,
        name_hash: [u8; 32],
        at: UnixMillis,
    }
}

/// The name tried: people type passwords into the wrong field, so the name itself is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameHash([u8; 32]);

impl NameHash {
    pub fn of(username: &Username) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(
            digest::digest(&digest::SHA256, username.as_str().as_bytes()).as_ref(),
        );
        Self(hash)
    }
}

/// As a key of the cache. Half of a hash is as good as the whole there.
impl fmt::Display for NameHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..16].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Store {
    pub async fn add_failure(
        &self,
        id: Uuid,
        name: NameHash,
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        Ok(self.sql.insert(FailureRow { id, name_hash: name.0, at }).await?)
    }

    /// The newest wrong passwords after `since`, newest first, as many as can lock.
    pub async fn failures(
        &self,
        name: NameHash,
        since: UnixMillis,
    ) -> Result<Vec<UnixMillis>, StoreError> {
        let values = vals![name.0, since, WRONG_PASSWORDS_MAX];
        Ok(self.sql.all(LATEST, values).await?)
    }

    /// Forgets up to `BATCH` failures of `until` and before. Returns how many.
    pub async fn purge_failures(&self, until: UnixMillis) -> Result<usize, StoreError> {
        self.purge(OLD, "DELETE FROM login_failures WHERE id IN (", until).await
    }

    pub(super) fn forget_failures(name: NameHash) -> (&'static str, Vec<platform::sql::Val>) {
        ("DELETE FROM login_failures WHERE name_hash = ?", vals![name.0])
    }
}
