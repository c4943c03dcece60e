//! The feed of a region: its changes, numbered without a gap.
//!
//! Invariant: a writer locks the region's row from before its first read until its commit, so
//! numbers become visible in order. The highest version of an entity wins. The same transaction
//! records the event in the inbox.

pub(crate) mod orders;
pub(crate) mod reads;

use platform::{
    columns, inbox,
    provider_verification::{VerificationChange, apply_verification},
    sql::Tx,
    transact, vals,
};
use uuid::Uuid;
use wire::{
    Event, FeedChange, Hash, ProviderVerification, Region, RegionAssignment, RevocationStatus,
    SessionId, UnixMillis, UserId,
};

use super::{FEED, Result, Store, StoreError, encode_stored, read_change};

const LOCK: &str = "SELECT feed_seq, feed_digest, orders, lost FROM regions WHERE region = ?";
const LOCK_MYSQL: &str =
    "SELECT feed_seq, feed_digest, orders, lost FROM regions WHERE region = ? FOR UPDATE";
pub(super) const NEWEST: &str = "SELECT feed_seq, bytes FROM feed /*! FORCE INDEX (feed_entity) */ \
    WHERE region = ? AND kind = ? AND entity = ? ORDER BY feed_seq DESC LIMIT 1";
const MOVE: &str = "UPDATE regions SET feed_seq = ?, feed_digest = ?, orders = ?, lost = ? \
    WHERE region = ?";
const ASSIGN: &str = "UPDATE regions SET policy = ?, holder = ?, holder_epoch = ?, \
    granted_seq = ? WHERE region = ?";
const GRANTED: &str = "SELECT granted_seq FROM regions WHERE region = ?";

const CONSUMER: &str = "hub_feed";
pub(super) const ORDER: &str = "order";
pub(super) const REVOKED: &str = "revoked";
/// Compaction drops ended sessions with their tokens, but never revoked people.
pub(super) const REVOKED_PERSON: &str = "revoked_person";
pub(super) const READMITTED: &str = "readmitted";
pub(super) const MARK: &str = "mark";
pub(super) const KEYS: &str = "keys";
pub(super) const ASSIGNMENT: &str = "assignment";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FeedEffect {
    /// Added to the feeds.
    Added,
    /// Already processed, or the feed has this version or a newer one.
    Known,
    /// The feed has this version with different content, so one of them is wrong.
    Contradicted,
}

columns! {
    struct FeedRow in feed sealed by FEED {
        region: Region,
        feed_seq: u64,
        kind: &'static str,
        entity: Uuid,
        version: u64,
        digest: Option<Hash>,
        region_digest: Hash,
        at: UnixMillis,
        bytes: Vec<u8>,
    }
}

/// The end of a feed, locked for this transaction.
struct FeedEnd {
    region: Region,
    feed_seq: u64,
    digest: Hash,
    orders: u64,
    lost: u64,
}

/// A change without its number. `member` is its share of the region's digest.
struct FeedEntry {
    kind: &'static str,
    entity: Uuid,
    version: u64,
    member: Option<Hash>,
    change: FeedChange,
}

/// A change about tokens or a provider's mark, for every region.
struct BroadcastChange {
    kind: &'static str,
    entity: Uuid,
    sessions: Vec<SessionId>,
    users: Vec<UserId>,
    person: Option<RevocationStatus>,
    verification: Option<ProviderVerification>,
}

impl BroadcastChange {
    fn for_entity(kind: &'static str, entity: Uuid) -> Self {
        let sessions = Vec::new();
        let users = Vec::new();
        Self {
            kind,
            entity,
            sessions,
            users,
            person: None,
            verification: None,
        }
    }

    fn build_entry(&self, end: &FeedEnd) -> FeedEntry {
        let version = end.feed_seq + 1;
        let Self {
            kind,
            entity,
            person,
            verification: mark,
            ..
        } = *self;
        let sessions = self.sessions.clone();
        let users = self.users.clone();
        let change = FeedChange::Revoked {
            version,
            sessions,
            users,
            person,
            verification: mark,
        };
        FeedEntry {
            kind,
            entity,
            version,
            member: None,
            change,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RevokedSubject {
    Session(SessionId),
    Person(UserId),
}

impl Store {
    /// Reaches every region, because revoked tokens may appear anywhere.
    pub(crate) async fn feed_revoked(
        &self,
        event: &Event,
        whom: RevokedSubject,
        now: UnixMillis,
    ) -> Result<FeedEffect> {
        let word = match whom {
            RevokedSubject::Session(id) => BroadcastChange {
                sessions: vec![id],
                ..BroadcastChange::for_entity(REVOKED, id.0)
            },
            RevokedSubject::Person(id) => {
                let person = Some(RevocationStatus::from_revocation(id, event.at));
                BroadcastChange {
                    users: vec![id],
                    person,
                    ..BroadcastChange::for_entity(REVOKED_PERSON, id.0)
                }
            }
        };
        self.feed_broadcast(event, &word, now).await
    }

    /// Makes the person's tokens valid again in every region, if issued from then on.
    pub(crate) async fn feed_readmitted(
        &self,
        event: &Event,
        user: UserId,
        tokens_since: UnixMillis,
        now: UnixMillis,
    ) -> Result<FeedEffect> {
        let person = Some(RevocationStatus::from_readmission(user, tokens_since));
        let word = BroadcastChange {
            person,
            ..BroadcastChange::for_entity(READMITTED, user.0)
        };
        self.feed_broadcast(event, &word, now).await
    }

    /// Locks all regions first: of concurrent changes for one person, every feed ends with the
    /// newer.
    pub(crate) async fn feed_mark(
        &self,
        verification: ProviderVerification,
        now: UnixMillis,
    ) -> Result<FeedEffect> {
        let word = BroadcastChange {
            verification: Some(verification),
            ..BroadcastChange::for_entity(MARK, verification.user.0)
        };
        transact!(self.sql, tx => {
            let mut ends = Vec::new();
            for region in Region::ALL {
                ends.push(lock_feed_end(tx, region).await?);
            }
            if apply_verification(tx, verification).await? == VerificationChange::Known {
                return Ok(FeedEffect::Known);
            }
            for mut end in ends {
                let entry = word.build_entry(&end);
                end.add(tx, entry, now).await?;
            }
            Ok(FeedEffect::Added)
        })
    }

    /// Adds the event's change to every feed, exactly once.
    async fn feed_broadcast(
        &self,
        event: &Event,
        word: &BroadcastChange,
        now: UnixMillis,
    ) -> Result<FeedEffect> {
        transact!(self.sql, tx => {
            if !inbox::first_time(tx, CONSUMER, event.id, now).await? {
                return Ok(FeedEffect::Known);
            }
            for region in Region::ALL {
                let mut end = lock_feed_end(tx, region).await?;
                let entry = word.build_entry(&end);
                end.add(tx, entry, now).await?;
            }
            Ok(FeedEffect::Added)
        })
    }

    /// Adds the key set to each feed that has a different one.
    pub(crate) async fn feed_keys(&self, jwks: &str, now: UnixMillis) -> Result<FeedEffect> {
        transact!(self.sql, tx => {
            let mut fed = FeedEffect::Known;
            for region in Region::ALL {
                let mut end = lock_feed_end(tx, region).await?;
                let known = read_newest_change(tx, region, KEYS).await?;
                if matches!(known, Some(FeedChange::Keys { jwks: known, .. }) if known == jwks) {
                    continue;
                }
                let version = end.feed_seq + 1;
                let change = FeedChange::Keys { version, jwks: jwks.to_owned() };
                let entity = Uuid::nil();
                let entry = FeedEntry { kind: KEYS, entity, version, member: None, change };
                end.add(tx, entry, now).await?;
                fed = FeedEffect::Added;
            }
            Ok(fed)
        })
    }

    /// Also updates the region's row in the same transaction.
    pub(crate) async fn feed_assignment(
        &self,
        event: &Event,
        region: Region,
        assignment: &RegionAssignment,
        now: UnixMillis,
    ) -> Result<FeedEffect> {
        transact!(self.sql, tx => {
            if !inbox::first_time(tx, CONSUMER, event.id, now).await? {
                return Ok(FeedEffect::Known);
            }
            apply_assignment(tx, region, assignment, now).await
        })
    }

    /// Applies an assignment as read from its owner.
    pub(crate) async fn repair_assignment(
        &self,
        region: Region,
        assignment: &RegionAssignment,
        now: UnixMillis,
    ) -> Result<FeedEffect> {
        transact!(self.sql, tx => { apply_assignment(tx, region, assignment, now).await })
    }
}

async fn apply_assignment(
    tx: &mut Tx,
    region: Region,
    assignment: &RegionAssignment,
    now: UnixMillis,
) -> Result<FeedEffect> {
    let mut end = lock_feed_end(tx, region).await?;
    let version = assignment.policy_version;
    let known = match read_newest_change(tx, region, ASSIGNMENT).await? {
        Some(FeedChange::Assignment(known)) => Some(known),
        _ => None,
    };
    if known
        .as_ref()
        .is_some_and(|known| known.policy_version >= version)
    {
        return Ok(FeedEffect::Known);
    }
    let keeps_holder =
        known.is_some_and(|known| known.holder.is_some() && known.fence == assignment.fence);
    let granted_seq = match &assignment.holder {
        None => None,
        // A change that keeps the holder's right is not a new grant.
        Some(_) if keeps_holder => tx
            .fetch_optional::<Option<u64>>(GRANTED, vals![region])
            .await?
            .flatten(),
        Some(_) => Some(end.feed_seq + 1),
    };
    let change = FeedChange::Assignment(assignment.clone());
    let entity = Uuid::nil();
    let entry = FeedEntry {
        kind: ASSIGNMENT,
        entity,
        version,
        member: None,
        change,
    };
    end.add(tx, entry, now).await?;
    let policy = assignment.policy.as_str();
    let holder = &assignment.holder;
    let epoch = holder.as_ref().map(|_| assignment.epoch);
    tx.exec(ASSIGN, vals![policy, holder, epoch, granted_seq, region])
        .await?;
    Ok(FeedEffect::Added)
}

impl FeedEnd {
    /// Numbers the next change without storing it.
    fn next(&mut self, entry: FeedEntry, at: UnixMillis) -> Result<FeedRow> {
        self.feed_seq += 1;
        let region = self.region;
        let feed_seq = self.feed_seq;
        let region_digest = self.digest;
        let FeedEntry {
            kind,
            entity,
            version,
            member: digest,
            change,
        } = entry;
        let bytes = encode_stored(&change)?;
        Ok(FeedRow {
            region,
            feed_seq,
            kind,
            entity,
            version,
            digest,
            region_digest,
            at,
            bytes,
        })
    }

    async fn add(&mut self, tx: &mut Tx, entry: FeedEntry, now: UnixMillis) -> Result<()> {
        let row = self.next(entry, now)?;
        tx.insert(row).await?;
        self.save(tx).await
    }

    async fn save(&self, tx: &mut Tx) -> Result<()> {
        let FeedEnd {
            region,
            feed_seq,
            digest,
            orders,
            lost,
        } = self;
        tx.exec(MOVE, vals![*feed_seq, *digest, *orders, *lost, *region])
            .await?;
        Ok(())
    }
}

async fn lock_feed_end(tx: &mut Tx, region: Region) -> Result<FeedEnd> {
    // On SQLite the transaction holds the write lock from its start.
    let text = if tx.is_mysql() { LOCK_MYSQL } else { LOCK };
    let (feed_seq, digest, orders, lost) = tx
        .fetch_optional(text, vals![region])
        .await?
        .ok_or(StoreError::Contradiction("a region without its row"))?;
    Ok(FeedEnd {
        region,
        feed_seq,
        digest,
        orders,
        lost,
    })
}

/// Returns the newest change of a kind with one entity per region. If this version cannot read it,
/// it counts as absent and is replaced.
async fn read_newest_change(tx: &mut Tx, region: Region, kind: &str) -> Result<Option<FeedChange>> {
    let row: Option<(u64, Vec<u8>)> = tx
        .fetch_optional(NEWEST, vals![region, kind, Uuid::nil()])
        .await?;
    let Some((feed_seq, bytes)) = row else {
        return Ok(None);
    };
    match read_change(tx.data_keys(), region, feed_seq, bytes) {
        Err(sealed @ StoreError::Sealed(_)) => Err(sealed),
        read => Ok(read.ok()),
    }
}
