//! Many orders into the feeds at once, as a backlog of events brings them.
//!
//! Invariant: what this writes is what taking them one by one would have written. Where that is not plain
//! (an order changes its region, or contradicts what is there) it writes nothing and says so.

use std::collections::HashMap;

use platform::{
    inbox,
    sql::{NAMES_MAX, ROWS_MAX, Statement, Tx, Val, parts},
    transact, vals,
};
use uuid::Uuid;
use wire::{EventId, Hash, Order, Region, UnixMillis};

use super::{
    super::{Store, StoreError, count, hash, region},
    ADD_MANY, CONSUMER, End, MOVE, NEWEST_OF, ONE_ENTRY, ORDER, lock,
    orders::Fresh,
};

/// The newest of an order in a region: its version, and its share of the digest unless it has left.
type Newest = HashMap<(Region, Uuid), (u64, Option<Hash>)>;

/// What is to be added, and the regions' ends after it.
struct Plan<'a> {
    entries: Vec<Added<'a>>,
    ends: Vec<End>,
}

struct Added<'a> {
    fresh: &'a Fresh,
    feed_seq: u64,
    region_digest: Hash,
}

impl Store {
    /// Takes orders as events told of them, in that order; how many changes the feeds have got. `None`
    /// where they have to be taken one by one, and nothing is changed.
    pub async fn feed_orders(
        &self,
        run: &[(EventId, Order)],
        now: UnixMillis,
    ) -> Result<Option<usize>, StoreError> {
        let orders = run.iter().map(|(_, order)| Fresh::of(order));
        let orders = orders.collect::<Result<Vec<_>, _>>()?;
        let ids: Vec<EventId> = run.iter().map(|(event, _)| *event).collect();
        transact!(self.sql, tx => {
            let ends = ends(tx, &orders).await?;
            let mut seen = inbox::store::known(tx, CONSUMER, &ids).await?;
            let mut newest = newest_of(tx, &orders).await?;
            let (mut events, mut new) = (Vec::new(), Vec::new());
            for (event, order) in ids.iter().zip(&orders) {
                // Also one that comes twice in this run.
                if seen.insert(*event) {
                    events.push(*event);
                    new.push(order);
                }
            }
            let Some(plan) = Plan::of(&new, ends, &mut newest) else { return Ok(None) };
            inbox::store::note(tx, CONSUMER, &events, now).await?;
            plan.write(tx, now).await?;
            Ok(Some(plan.entries.len()))
        })
    }
}

/// The regions' rows, locked in the one order in which everybody locks them.
async fn ends(tx: &mut Tx, orders: &[Fresh]) -> Result<Vec<End>, StoreError> {
    let mut ends = Vec::new();
    for region in Region::ALL {
        if orders.iter().any(|order| order.region == region) {
            ends.push(lock(tx, region).await?);
        }
    }
    Ok(ends)
}

async fn newest_of(tx: &mut Tx, orders: &[Fresh]) -> Result<Newest, StoreError> {
    let mut newest = Newest::new();
    for part in parts(orders, NAMES_MAX) {
        let text = Statement::new(NEWEST_OF).repeat("?", ", ", Region::ALL.len());
        let text = text.then(") AND entity IN (").repeat("?", ", ", part.len());
        let mut values = vals![ORDER];
        values.extend(Region::ALL.iter().map(Val::from));
        values.extend(part.iter().map(|order| Val::from(order.id)));
        let rows: Vec<(String, Uuid, i64, Option<Vec<u8>>)> =
            tx.all(text.then(") ORDER BY feed_seq"), values).await?;
        for (name, entity, version, digest) in rows {
            let digest = digest.as_deref().map(hash).transpose()?;
            newest.insert((region(&name)?, entity), (count(version), digest));
        }
    }
    Ok(newest)
}

impl<'a> Plan<'a> {
    fn of(orders: &[&'a Fresh], ends: Vec<End>, newest: &mut Newest) -> Option<Self> {
        let mut plan = Self { entries: Vec::new(), ends };
        for order in orders {
            let elsewhere = Region::ALL.iter().filter(|region| **region != order.region);
            let stands_in = |region: &&Region| {
                newest.get(&(**region, order.id.0)).is_some_and(|(_, digest)| digest.is_some())
            };
            if elsewhere.clone().any(|region| stands_in(&region)) {
                return None;
            }
            plan.arrives(order, newest)?;
        }
        Some(plan)
    }

    fn arrives(&mut self, order: &'a Fresh, newest: &mut Newest) -> Option<()> {
        let known = newest.get(&(order.region, order.id.0));
        let before = match known {
            Some((version, digest)) if *version >= order.version => {
                let other = digest.is_some_and(|known| known != order.digest);
                let contradicts = *version == order.version && other;
                return (!contradicts).then_some(());
            }
            Some((_, digest)) => *digest,
            None => None,
        };
        let end = self.ends.iter_mut().find(|end| end.region == order.region)?;
        match before {
            Some(before) => end.digest.toggle(before),
            None => end.orders += 1,
        }
        end.digest.toggle(order.digest);
        end.feed_seq += 1;
        let (feed_seq, region_digest) = (end.feed_seq, end.digest);
        self.entries.push(Added { fresh: order, feed_seq, region_digest });
        newest.insert((order.region, order.id.0), (order.version, Some(order.digest)));
        Some(())
    }

    async fn write(&self, tx: &mut Tx, now: UnixMillis) -> Result<(), StoreError> {
        for part in parts(&self.entries, ROWS_MAX) {
            let mut values = Vec::with_capacity(part.len() * 9);
            for Added { fresh, feed_seq, region_digest } in part {
                values.extend(vals![
                    fresh.region,
                    *feed_seq,
                    ORDER,
                    fresh.id,
                    fresh.version,
                    fresh.digest,
                    *region_digest,
                    now,
                    fresh.bytes.as_slice(),
                ]);
            }
            let text = Statement::new(ADD_MANY).repeat(ONE_ENTRY, ", ", part.len());
            tx.exec(text, values).await?;
        }
        for end in &self.ends {
            tx.exec(MOVE, vals![end.feed_seq, end.digest, end.orders, end.region]).await?;
        }
        Ok(())
    }
}
