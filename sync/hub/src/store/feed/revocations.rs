//! The revocations in a region's feed, and which of a person's tokens they end.

use std::collections::HashMap;

use platform::{
    sql::{NAMES_MAX, Val, in_list, split_batches},
    vals,
};
use uuid::Uuid;
use wire::{FeedChange, Region, UnixMillis};

use super::{
    super::{Result, Store, sealed::read_change},
    READMITTED, REVOKED, REVOKED_PERSON,
};

const REVOCATIONS: &str = "SELECT entity, version, at, feed_seq, bytes FROM feed WHERE region = ? AND kind IN (?, ?, ?) \
    AND entity IN (";

/// Keyed by session or person id.
pub type Revocations = HashMap<Uuid, EntityRevocations>;

/// The time and version of a revocation in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedRevocation {
    pub version: u64,
    pub at: UnixMillis,
    /// For a person: the revocation's time by auth's clock.
    made_at: UnixMillis,
}

/// The revocations of one session or person, oldest first, and the times from which new tokens are
/// valid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntityRevocations {
    revoked: Vec<FeedRevocation>,
    tokens_since: Vec<UnixMillis>,
}

impl EntityRevocations {
    /// Returns the first revocation of a token issued then. A readmission cancels earlier
    /// revocations, but only for tokens issued after it.
    pub fn of_token(&self, issued: UnixMillis) -> Option<FeedRevocation> {
        let mut revoked = self.revoked.iter().copied();
        revoked.find(|revocation| {
            let readmissions = &self.tokens_since;
            !readmissions
                .iter()
                .any(|since| revocation.made_at < *since && *since <= issued)
        })
    }
}

impl Store {
    /// Returns the revocations in the region's feed for these sessions and people.
    pub async fn read_revocations(&self, region: Region, named: &[Uuid]) -> Result<Revocations> {
        let mut revocations = Revocations::new();
        for part in split_batches(named, NAMES_MAX) {
            let mut values = vals![region, REVOKED, REVOKED_PERSON, READMITTED];
            values.extend(part.iter().map(|id| Val::from(*id)));
            let text = in_list(REVOCATIONS, part.len(), ") ORDER BY version");
            let rows: Vec<(Uuid, u64, UnixMillis, u64, Vec<u8>)> =
                self.sql.fetch_all(text, values).await?;
            for (entity, version, at, feed_seq, bytes) in rows {
                let of_entity = revocations.entry(entity).or_default();
                let change = read_change(self.sql.data_keys(), region, feed_seq, bytes)?;
                let person = match change {
                    FeedChange::Revoked { person, .. } => person,
                    _ => None,
                };
                match person {
                    Some(word) if word.tokens_since > UnixMillis(0) => {
                        of_entity.tokens_since.push(word.tokens_since);
                    }
                    // A revocation without a time counts as older than any readmission.
                    word => {
                        let made_at = word.map_or(UnixMillis(0), |word| word.revoked_at);
                        of_entity.revoked.push(FeedRevocation {
                            version,
                            at,
                            made_at,
                        });
                    }
                }
            }
        }
        Ok(revocations)
    }
}
