//! An order in the feeds: it arrives in one region, and leaves every other.
//!
//! Invariant: the highest version wins, whatever region it came from. A region's digest covers exactly the
//! orders that stand in it.

use platform::{inbox, sql::Tx, transact};
use wire::{Change, Event, Hash, Order, OrderId, Region, UnixMillis};

use super::{
    super::{Result, Store, count, encoded, hash},
    CONSUMER, End, Entry, FeedEffect, ORDER, lock, newest,
};

/// An order that has left a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepartedOrder {
    pub region: Region,
    pub order_id: OrderId,
    /// The last version it had there, or the first one elsewhere.
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

/// The treatment of other content at the version that is there.
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
    ) -> Result<FeedEffect> {
        let fresh = Fresh::of(order)?;
        transact!(self.sql, tx => {
            if !inbox::store::first_time(tx, CONSUMER, event.id, now).await? {
                return Ok(FeedEffect::Known);
            }
            take(tx, &fresh, Equal::Stays, now).await
        })
    }

    /// Takes an order as its owner has it: at an equal version its content counts, too.
    pub async fn repair_order(&self, order: &Order, now: UnixMillis) -> Result<FeedEffect> {
        let fresh = Fresh::of(order)?;
        transact!(self.sql, tx => { take(tx, &fresh, Equal::Replaced, now).await })
    }

    /// Takes an order out of a region where it is none of its owner's any more.
    pub async fn feed_gone(&self, gone: &DepartedOrder, now: UnixMillis) -> Result<FeedEffect> {
        transact!(self.sql, tx => {
            let mut end = lock(tx, gone.region).await?;
            end.leaves(tx, gone, now).await
        })
    }
}

impl Fresh {
    pub fn of(order: &Order) -> Result<Self> {
        let (id, region, version) = (order.id, order.location, order.version);
        let bytes = encoded(&Change::Order(order.clone()))?;
        Ok(Self { id, region, version, digest: order.digest(), bytes })
    }

    pub fn entry(&self) -> Entry {
        let (entity, version, bytes) = (self.id.0, self.version, self.bytes.clone());
        Entry { kind: ORDER, entity, version, member: Some(self.digest), bytes }
    }
}

async fn take(tx: &mut Tx, fresh: &Fresh, equal: Equal, now: UnixMillis) -> Result<FeedEffect> {
    let elsewhere = elsewhere(tx, fresh).await?;
    if elsewhere.iter().any(|(_, version)| *version >= fresh.version) {
        return Ok(FeedEffect::Known);
    }
    // Every writer locks the rows of several regions in this order.
    let mut regions: Vec<Region> = elsewhere.into_iter().map(|(region, _)| region).collect();
    regions.push(fresh.region);
    regions.sort_by_key(|region| region.index());
    let mut fed = FeedEffect::Known;
    for region in regions {
        let mut end = lock(tx, region).await?;
        if region == fresh.region {
            fed = end.arrives(tx, fresh, equal, now).await?;
        } else {
            let gone = DepartedOrder { region, order_id: fresh.id, version: fresh.version };
            end.leaves(tx, &gone, now).await?;
        }
    }
    Ok(fed)
}

/// The other regions in which the order stands, each with its newest version there.
async fn elsewhere(tx: &mut Tx, fresh: &Fresh) -> Result<Vec<(Region, u64)>> {
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
    ) -> Result<FeedEffect> {
        let known = newest(tx, self.region, ORDER, fresh.id.0).await?;
        let mut fed = FeedEffect::Added;
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
                    (false, _) => return Ok(FeedEffect::Known),
                    (true, Equal::Stays) => return Ok(FeedEffect::Contradicted),
                    (true, Equal::Replaced) => fed = FeedEffect::Contradicted,
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
        self.add(tx, fresh.entry(), now).await?;
        Ok(fed)
    }

    async fn leaves(
        &mut self,
        tx: &mut Tx,
        gone: &DepartedOrder,
        now: UnixMillis,
    ) -> Result<FeedEffect> {
        let DepartedOrder { order_id, version, .. } = *gone;
        let known = newest(tx, self.region, ORDER, order_id.0).await?;
        let Some((known, Some(digest), _)) = known else { return Ok(FeedEffect::Known) };
        if count(known) > version {
            return Ok(FeedEffect::Known);
        }
        self.digest.toggle(hash(&digest)?);
        self.orders = self.orders.saturating_sub(1);
        let bytes = encoded(&Change::OrderGone { order_id, version })?;
        let entry = Entry { kind: ORDER, entity: order_id.0, version, member: None, bytes };
        self.add(tx, entry, now).await?;
        Ok(FeedEffect::Added)
    }
}
