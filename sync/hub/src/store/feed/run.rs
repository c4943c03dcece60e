//! Many orders into the feeds at once, as a backlog of events brings them.
//!
//! Invariant: this writes exactly the rows that taking the orders one by one would write. Where that is not
//! plain (an order changes its region, or contradicts the feed) it writes nothing.

use std::collections::HashMap;

use platform::{
    inbox,
    sql::{NAMES_MAX, Statement, Tx, Val, parts},
    transact, vals,
};
use uuid::Uuid;
use wire::{EventId, Hash, Order, Region, UnixMillis};

use super::{
    super::{Result, Store, count, hash, region},
    CONSUMER, End, FeedRow, NEWEST_OF, ORDER, lock,
    orders::Fresh,
};

/// The newest of an order in a region: its version, and its share of the digest unless it has left.
type Newest = HashMap<(Region, Uuid), (u64, Option<Hash>)>;

/// The rows to add, and the regions' ends after them.
struct RunOfOrders {
    rows: Vec<FeedRow>,
    ends: Vec<End>,
}

impl Store {
    /// Takes orders as events told of them, in that order. Returns the number of new changes; `None` where
    /// the orders must be taken one by one, and nothing is changed.
    pub async fn feed_orders(
        &self,
        run: &[(EventId, Order)],
        now: UnixMillis,
    ) -> Result<Option<usize>> {
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
            let Some(plan) = RunOfOrders::of(&new, ends, &mut newest, now) else { return Ok(None) };
            inbox::store::note(tx, CONSUMER, &events, now).await?;
            plan.write(tx).await.map(Some)
        })
    }
}

/// The regions' rows, locked in the one order in which everybody locks them.
async fn ends(tx: &mut Tx, orders: &[Fresh]) -> Result<Vec<End>> {
    let mut ends = Vec::new();
    for region in Region::ALL {
        if orders.iter().any(|order| order.region == region) {
            ends.push(lock(tx, region).await?);
        }
    }
    Ok(ends)
}

async fn newest_of(tx: &mut Tx, orders: &[Fresh]) -> Result<Newest> {
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

impl RunOfOrders {
    fn of(orders: &[&Fresh], ends: Vec<End>, newest: &mut Newest, now: UnixMillis) -> Option<Self> {
        let mut plan = Self { rows: Vec::new(), ends };
        for order in orders {
            let elsewhere = Region::ALL.iter().filter(|region| **region != order.region);
            let stands_in = |region: &&Region| {
                newest.get(&(**region, order.id.0)).is_some_and(|(_, digest)| digest.is_some())
            };
            if elsewhere.clone().any(|region| stands_in(&region)) {
                return None;
            }
            plan.arrives(order, newest, now)?;
        }
        Some(plan)
    }

    fn arrives(&mut self, order: &Fresh, newest: &mut Newest, now: UnixMillis) -> Option<()> {
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
        self.rows.push(end.next(order.entry(), now));
        newest.insert((order.region, order.id.0), (order.version, Some(order.digest)));
        Some(())
    }

    async fn write(self, tx: &mut Tx) -> Result<usize> {
        let changes = self.rows.len();
        tx.insert_all(self.rows).await?;
        for end in &self.ends {
            end.save(tx).await?;
        }
        Ok(changes)
    }
}
