//! An order in the feeds: it arrives in one region, and leaves every other.
//!
//! Invariant: the highest version wins in whatever region it came from, and a region's digest is of
//! exactly the orders that stand in it.

use platform::{inbox, sql::Tx, transact};
use wire::{Change, Event, Hash, Order, OrderId, Region, UnixMillis};

use super::{
    super::{Store, StoreError, count, encoded, hash},
    CONSUMER, End, Entry, Fed, ORDER, lock, newest,
};

/// An order that has left a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone {
    pub region: Region,
    pub order_id: OrderId,
    /// The last one it had there, or the first one elsewhere.
    pub version: u64,
}

/// An order as it is to stand in the feed.
pub(super) struct Fresh {
    pub id: OrderId,
    pub region: Region,
    pub version: u64,
    pub digest: Hash,
    pub bytes: Vec<u8>,
}

/// What becomes of other content at the version that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Equal {
    Stays,
    Replaced,
}

impl Store {
    /// Takes an order as an event told of it. Where it was in another region, it leaves that.
    pub async fn feed_order(
        &self,
        event: &Event,
        order: &Order,
        now: UnixMillis,
    ) -> Result<Fed, StoreError> {
        let fresh = Fresh::of(order)?;
        transact!(self.sql, tx => {
            if !inbox::store::first_time(tx, CONSUMER, event.id, now).await? {
                return Ok(Fed::Known);
            }
            take(tx, &fresh, Equal::Stays, now).await
        })
    }

    /// Takes an order as its owner has it: at an equal version its content counts, too.
    pub async fn repair_order(&self, order: &Order, now: UnixMillis) -> Result<Fed, StoreError> {
        let fresh = Fresh::of(order)?;
        transact!(self.sql, tx => { take(tx, &fresh, Equal::Replaced, now).await })
    }

    /// Takes an order out of a region where it is none of its owner's any more.
    pub async fn feed_gone(&self, gone: &Gone, now: UnixMillis) -> Result<Fed, StoreError> {
        transact!(self.sql, tx => {
            let mut end = lock(tx, gone.region).await?;
            end.leaves(tx, gone, now).await
        })
    }
}

impl Fresh {
    pub fn of(order: &Order) -> Result<Self, StoreError> {
        let (id, region, version) = (order.id, order.location, order.version);
        let bytes = encoded(&Change::Order(order.clone()))?;
        Ok(Self { id, region, version, digest: order.digest(), bytes })
    }
}

async fn take(
    tx: &mut Tx,
    fresh: &Fresh,
    equal: Equal,
    now: UnixMillis,
) -> Result<Fed, StoreError> {
    let elsewhere = elsewhere(tx, fresh).await?;
    if elsewhere.iter().any(|(_, version)| *version >= fresh.version) {
        return Ok(Fed::Known);
    }
    // Rows of several regions are locked in one order, whoever comes from where.
    let mut regions: Vec<Region> = elsewhere.into_iter().map(|(region, _)| region).collect();
    regions.push(fresh.region);
    regions.sort_by_key(|region| region.index());
    let mut fed = Fed::Known;
    for region in regions {
        let mut end = lock(tx, region).await?;
        if region == fresh.region {
            fed = end.arrives(tx, fresh, equal, now).await?;
        } else {
            let gone = Gone { region, order_id: fresh.id, version: fresh.version };
            end.leaves(tx, &gone, now).await?;
        }
    }
    Ok(fed)
}

/// The other regions in which the order stands, each with its newest version there.
async fn elsewhere(tx: &mut Tx, fresh: &Fresh) -> Result<Vec<(Region, u64)>, StoreError> {
    let mut found = Vec::new();
    for region in Region::ALL.into_iter().filter(|region| *region != fresh.region) {
        if let Some((version, Some(_), _)) = newest(tx, region, ORDER, fresh.id.0).await? {
            found.push((region, count(version)));
        }
    }
    Ok(found)
}

impl End {
    async fn arrives(
        &mut self,
        tx: &mut Tx,
        fresh: &Fresh,
        equal: Equal,
        now: UnixMillis,
    ) -> Result<Fed, StoreError> {
        let known = newest(tx, self.region, ORDER, fresh.id.0).await?;
        let mut fed = Fed::Added;
        let before = match known {
            // It had left, and its owner has it after all.
            Some((version, None, _))
                if count(version) == fresh.version && equal == Equal::Replaced =>
            {
                None
            }
            Some((version, digest, _)) if count(version) >= fresh.version => {
                let other = digest.as_deref().is_some_and(|known| known != &fresh.digest.0[..]);
                let differs = count(version) == fresh.version && other;
                match (differs, equal) {
                    (false, _) => return Ok(Fed::Known),
                    (true, Equal::Stays) => return Ok(Fed::Contradicted),
                    (true, Equal::Replaced) => fed = Fed::Contradicted,
                }
                digest
            }
            Some((_, digest, _)) => digest,
            None => None,
        };
        match before {
            Some(before) => self.digest.toggle(hash(&before)?),
            None => self.orders += 1,
        }
        self.digest.toggle(fresh.digest);
        let entry = Entry {
            kind: ORDER,
            entity: fresh.id.0,
            version: fresh.version,
            member: Some(fresh.digest),
            bytes: fresh.bytes.clone(),
        };
        self.add(tx, entry, now).await?;
        Ok(fed)
    }

    async fn leaves(
        &mut self,
        tx: &mut Tx,
        gone: &Gone,
        now: UnixMillis,
    ) -> Result<Fed, StoreError> {
        let Gone { order_id, version, .. } = *gone;
        let known = newest(tx, self.region, ORDER, order_id.0).await?;
        let Some((known, Some(digest), _)) = known else { return Ok(Fed::Known) };
        if count(known) > version {
            return Ok(Fed::Known);
        }
        self.digest.toggle(hash(&digest)?);
        self.orders = self.orders.saturating_sub(1);
        let bytes = encoded(&Change::OrderGone { order_id, version })?;
        let entry = Entry { kind: ORDER, entity: order_id.0, version, member: None, bytes };
        self.add(tx, entry, now).await?;
        Ok(Fed::Added)
    }
}
