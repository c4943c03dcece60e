//! The feed of a region: what changed, numbered without a gap.
//!
//! Whoever writes holds the region's row from before it looks until its commit, so that numbers
//! become visible in their order. The highest version of an entity wins; the event that brought it is
//! remembered in the same transaction.

mod orders;
mod run;

use std::collections::HashMap;

use platform::{
    inbox,
    sql::{NAMES_MAX, Tx, Val, in_list, parts},
    transact, vals,
};
use uuid::Uuid;
use wire::{Change, Event, Hash, Region, RegionAssignment, SessionId, UnixMillis, UserId};

use super::{Store, StoreError, count, encoded, fitting, hash};
pub use orders::Gone;

const LOCK: &str = "SELECT feed_seq, feed_digest, orders FROM regions WHERE region = ?";
const LOCK_MYSQL: &str =
    "SELECT feed_seq, feed_digest, orders FROM regions WHERE region = ? FOR UPDATE";
const NEWEST: &str = "SELECT version, digest, bytes FROM feed \
    WHERE region = ? AND kind = ? AND entity = ? ORDER BY feed_seq DESC LIMIT 1";
const NEWEST_OF: &str =
    "SELECT region, entity, version, digest FROM feed WHERE kind = ? AND region IN (";
const ADD: &str = "INSERT INTO feed \
    (region, feed_seq, kind, entity, version, digest, region_digest, at, bytes) \
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
const ADD_MANY: &str = "INSERT INTO feed \
    (region, feed_seq, kind, entity, version, digest, region_digest, at, bytes) VALUES ";
const ONE_ENTRY: &str = "(?, ?, ?, ?, ?, ?, ?, ?, ?)";
const MOVE: &str = "UPDATE regions SET feed_seq = ?, feed_digest = ?, orders = ? WHERE region = ?";
const ASSIGN: &str = "UPDATE regions SET policy = ?, holder = ?, holder_epoch = ?, \
    granted_seq = ? WHERE region = ?";
const GRANTED: &str = "SELECT granted_seq FROM regions WHERE region = ?";
const REVOCATIONS: &str = "SELECT entity, version, at FROM feed WHERE region = ? AND kind IN (?, ?) \
    AND entity IN (";
const READ: &str = "SELECT feed_seq, bytes FROM feed \
    WHERE region = ? AND feed_seq > ? ORDER BY feed_seq LIMIT ?";

const CONSUMER: &str = "hub_feed";
pub(super) const ORDER: &str = "order";
pub(super) const REVOKED: &str = "revoked";
/// People; unlike an ended session, which goes with its token, they stay.
pub(super) const REVOKED_PERSON: &str = "revoked_person";
pub(super) const KEYS: &str = "keys";
pub(super) const ASSIGNMENT: &str = "assignment";

/// By the session or the person.
pub type Revocations = HashMap<Uuid, Revocation>;

/// When, and at which version, a feed has told of it first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    pub version: u64,
    pub at: UnixMillis,
}

/// What an event or a key set has done to the feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fed {
    /// The feeds hold it now.
    Added,
    /// The event had been taken in before, or a version at least as new is there.
    Known,
    /// That version is there with other content: the event's and ours cannot both be true.
    Contradicted,
}

/// The end of a feed, locked for this transaction.
struct End {
    region: Region,
    feed_seq: u64,
    digest: Hash,
    orders: u64,
}

/// One change as it will stand in the feed. `member` is its share of the region's digest.
struct Entry {
    kind: &'static str,
    entity: Uuid,
    version: u64,
    member: Option<Hash>,
    bytes: Vec<u8>,
}

/// Whose tokens count no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    Session(SessionId),
    Person(UserId),
}

type NewestRow = (i64, Option<Vec<u8>>, Vec<u8>);

impl Store {
    /// A session that was ended, or a person who was revoked, is told to every region: their tokens may
    /// turn up anywhere.
    pub async fn feed_revoked(
        &self,
        event: &Event,
        whom: Revoked,
        now: UnixMillis,
    ) -> Result<Fed, StoreError> {
        transact!(self.sql, tx => {
            if !inbox::store::first_time(tx, CONSUMER, event.id, now).await? {
                return Ok(Fed::Known);
            }
            for region in Region::ALL {
                let mut end = lock(tx, region).await?;
                let version = end.feed_seq + 1;
                let (kind, entity, sessions, users) = match whom {
                    Revoked::Session(id) => (REVOKED, id.0, vec![id], Vec::new()),
                    Revoked::Person(id) => (REVOKED_PERSON, id.0, Vec::new(), vec![id]),
                };
                let bytes = encoded(&Change::Revoked { version, sessions, users })?;
                let entry = Entry { kind, entity, version, member: None, bytes };
                end.add(tx, entry, now).await?;
            }
            Ok(Fed::Added)
        })
    }

    /// Which of these sessions and people the region's feed tells to be revoked.
    pub async fn revocations(
        &self,
        region: Region,
        named: &[Uuid],
    ) -> Result<Revocations, StoreError> {
        let mut revocations = Revocations::new();
        for part in parts(named, NAMES_MAX) {
            let mut values = vals![region, REVOKED, REVOKED_PERSON];
            values.extend(part.iter().map(|id| Val::from(*id)));
            let text = in_list(REVOCATIONS, part.len(), ") ORDER BY version");
            let rows: Vec<(Uuid, i64, i64)> = self.sql.all(text, values).await?;
            for (entity, version, at) in rows {
                let revocation = Revocation { version: count(version), at: UnixMillis(at) };
                revocations.entry(entity).or_insert(revocation);
            }
        }
        Ok(revocations)
    }

    /// The key set, where it differs from the one the edges were told.
    pub async fn feed_keys(&self, jwks: &str, now: UnixMillis) -> Result<Fed, StoreError> {
        transact!(self.sql, tx => {
            let mut fed = Fed::Known;
            for region in Region::ALL {
                let mut end = lock(tx, region).await?;
                if let Some((_, _, bytes)) = newest(tx, region, KEYS, Uuid::nil()).await?
                    && keys_of(&bytes).as_deref() == Some(jwks)
                {
                    continue;
                }
                let version = end.feed_seq + 1;
                let bytes = encoded(&Change::Keys { version, jwks: jwks.to_owned() })?;
                let entity = Uuid::nil();
                let entry = Entry { kind: KEYS, entity, version, member: None, bytes };
                end.add(tx, entry, now).await?;
                fed = Fed::Added;
            }
            Ok(fed)
        })
    }

    /// Takes how a region assigns from here on. What is shown of the region follows in the same
    /// transaction.
    pub async fn feed_assignment(
        &self,
        event: &Event,
        region: Region,
        assignment: &RegionAssignment,
        now: UnixMillis,
    ) -> Result<Fed, StoreError> {
        let bytes = encoded(&Change::Assignment(assignment.clone()))?;
        transact!(self.sql, tx => {
            if !inbox::store::first_time(tx, CONSUMER, event.id, now).await? {
                return Ok(Fed::Known);
            }
            assign(tx, region, assignment, bytes.clone(), now).await
        })
    }

    /// Takes how a region assigns as its owner has it.
    pub async fn repair_assignment(
        &self,
        region: Region,
        assignment: &RegionAssignment,
        now: UnixMillis,
    ) -> Result<Fed, StoreError> {
        let bytes = encoded(&Change::Assignment(assignment.clone()))?;
        transact!(self.sql, tx => { assign(tx, region, assignment, bytes.clone(), now).await })
    }

    /// The changes after `after`, at most `limit` and a frame full, and the number they reach. They end
    /// at a change of the right to assign: what a grant is compared with is exactly what came before it.
    pub async fn feed(
        &self,
        region: Region,
        after: u64,
        limit: u32,
    ) -> Result<(u64, Vec<Change>), StoreError> {
        let rows: Vec<(i64, Vec<u8>)> = self.sql.all(READ, vals![region, after, limit]).await?;
        let fitting = fitting(rows.iter().map(|(_, bytes)| bytes.len()));
        let (mut to, mut changes) = (after, Vec::with_capacity(fitting));
        for (feed_seq, bytes) in &rows[..fitting] {
            let change: Change = minicbor::decode(bytes)
                .map_err(|_| StoreError::Unreadable("a change of the feed"))?;
            let ends = matches!(change, Change::Assignment(_));
            to = count(*feed_seq);
            changes.push(change);
            if ends {
                break;
            }
        }
        Ok((to, changes))
    }
}

async fn assign(
    tx: &mut Tx,
    region: Region,
    assignment: &RegionAssignment,
    bytes: Vec<u8>,
    now: UnixMillis,
) -> Result<Fed, StoreError> {
    let mut end = lock(tx, region).await?;
    let version = assignment.policy_version;
    let known = newest(tx, region, ASSIGNMENT, Uuid::nil()).await?;
    let known = known.as_ref().and_then(|(_, _, bytes)| assignment_of(bytes));
    if known.as_ref().is_some_and(|known| known.policy_version >= version) {
        return Ok(Fed::Known);
    }
    let stands =
        |known: &RegionAssignment| known.holder.is_some() && known.fence == assignment.fence;
    let granted_seq = match &assignment.holder {
        None => None,
        // A word about a right that stands is not a grant.
        Some(_) if known.as_ref().is_some_and(stands) => granted_seq(tx, region).await?,
        Some(_) => Some(end.feed_seq + 1),
    };
    let entity = Uuid::nil();
    let entry = Entry { kind: ASSIGNMENT, entity, version, member: None, bytes };
    end.add(tx, entry, now).await?;
    let (policy, holder) = (assignment.policy.as_str(), &assignment.holder);
    let epoch = holder.as_ref().map(|_| assignment.epoch);
    tx.exec(ASSIGN, vals![policy, holder, epoch, granted_seq, region]).await?;
    Ok(Fed::Added)
}

impl End {
    async fn add(&mut self, tx: &mut Tx, entry: Entry, now: UnixMillis) -> Result<(), StoreError> {
        self.feed_seq += 1;
        let values = vals![
            self.region,
            self.feed_seq,
            entry.kind,
            entry.entity,
            entry.version,
            entry.member,
            self.digest,
            now,
            entry.bytes,
        ];
        tx.exec(ADD, values).await?;
        tx.exec(MOVE, vals![self.feed_seq, self.digest, self.orders, self.region]).await?;
        Ok(())
    }
}

async fn lock(tx: &mut Tx, region: Region) -> Result<End, StoreError> {
    // On SQLite the transaction holds the write lock from its start.
    let text = if tx.is_mysql() { LOCK_MYSQL } else { LOCK };
    let row: Option<(i64, Vec<u8>, i64)> = tx.one(text, vals![region]).await?;
    let (feed_seq, digest, orders) =
        row.ok_or(StoreError::Contradiction("a region without its row"))?;
    let digest = hash(&digest)?;
    Ok(End { region, feed_seq: count(feed_seq), digest, orders: count(orders) })
}

async fn newest(
    tx: &mut Tx,
    region: Region,
    kind: &str,
    entity: Uuid,
) -> Result<Option<NewestRow>, StoreError> {
    Ok(tx.one(NEWEST, vals![region, kind, entity]).await?)
}

async fn granted_seq(tx: &mut Tx, region: Region) -> Result<Option<u64>, StoreError> {
    let row: Option<(Option<i64>,)> = tx.one(GRANTED, vals![region]).await?;
    Ok(row.and_then(|(granted,)| granted).map(count))
}

fn assignment_of(bytes: &[u8]) -> Option<RegionAssignment> {
    match minicbor::decode(bytes) {
        Ok(Change::Assignment(assignment)) => Some(assignment),
        _ => None,
    }
}

fn keys_of(bytes: &[u8]) -> Option<String> {
    match minicbor::decode(bytes) {
        Ok(Change::Keys { jwks, .. }) => Some(jwks),
        _ => None,
    }
}
