//! Orders in the feeds: an order enters one region and leaves all others.
//!
//! Invariant: the highest version wins, from any region. A region's digest covers exactly its
//! current orders. Lost acceptances and messages have their own numbers: they are not changes, and
//! only open pages learn of them here.

use std::collections::HashMap;

use platform::{
    columns, inbox,
    sql::{Statement, Tx, Val},
    transact, vals,
};
use wire::{Event, EventId, EventType, FeedChange, Hash, Order, OrderId, Region, UnixMillis};

use super::{
    super::{Result, Store, StoreError},
    CONSUMER, FeedEffect, FeedEnd, FeedEntry, FeedRow, ORDER, lock_feed_end,
};

const NEWEST_OF: &str =
    "SELECT region, entity, version, digest FROM feed WHERE kind = ? AND region IN (";
const FORGET_LOST: &str = "DELETE FROM lost_acceptances WHERE region = ? AND number <= ?";

/// Per region.
pub(crate) const LOST_KEPT: u64 = 500;

/// Returns true for news about an order that does not change it.
fn makes_note(kind: EventType) -> bool {
    matches!(
        kind,
        EventType::OrderAcceptanceLost | EventType::OrderMessageSent
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DepartedOrder {
    pub region: Region,
    pub order_id: OrderId,
    /// Its last version there, or its first one elsewhere.
    pub version: u64,
}

/// The rule for different content at an equal version.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EqualVersionRule {
    Stays,
    Replaced,
}

columns! {
    struct NewNoteRow in lost_acceptances {
        region: Region,
        number: u64,
        order_id: OrderId,
        is_message: bool,
    }
}

/// The newest version of an order in a region, with its share of the digest unless it has left.
type NewestOrders = HashMap<(Region, OrderId), (u64, Option<Hash>)>;

/// Feed changes, computed under the locks of their regions, then written together.
struct FeedPlan {
    newest: NewestOrders,
    ends: HashMap<Region, FeedEnd>,
    rows: Vec<FeedRow>,
    notes: Vec<NewNoteRow>,
    now: UnixMillis,
}

impl Store {
    /// Applies an order from an event, and removes it from its former region.
    pub(crate) async fn feed_order(
        &self,
        event: &Event,
        order: &Order,
        now: UnixMillis,
    ) -> Result<FeedEffect> {
        transact!(self.sql, tx => {
            if !inbox::first_time(tx, CONSUMER, event.id, now).await? {
                return Ok(FeedEffect::Known);
            }
            let fed = apply_order(tx, order, EqualVersionRule::Stays, now).await?;
            if !makes_note(event.kind) {
                return Ok(fed);
            }
            let mut plan = FeedPlan::lock_regions(tx, &[order.location], &[], now).await?;
            plan.add_note(order, event.kind)?;
            plan.write(tx).await?;
            Ok(if fed == FeedEffect::Known { FeedEffect::Added } else { fed })
        })
    }

    /// Applies a backlog of order events in sequence. Returns the number of new changes and notes.
    /// Returns `None` and changes no row if an order moves to another region or contradicts the
    /// feed: the caller must then apply them one by one.
    pub(crate) async fn feed_orders(
        &self,
        run: &[(&Event, Order)],
        now: UnixMillis,
    ) -> Result<Option<usize>> {
        let events: Vec<EventId> = run.iter().map(|(event, _)| event.id).collect();
        let (regions, ids): (Vec<Region>, Vec<OrderId>) = run
            .iter()
            .map(|(_, order)| (order.location, order.id))
            .unzip();
        transact!(self.sql, tx => {
            let mut plan = FeedPlan::lock_regions(tx, &regions, &ids, now).await?;
            let mut seen = inbox::find_recorded(tx, CONSUMER, &events).await?;
            let mut new = Vec::new();
            for (event, order) in run {
                // Also skips an event that appears twice in this run.
                if !seen.insert(event.id) {
                    continue;
                }
                new.push(event.id);
                let moves = !list_other_regions(&plan.newest, order).is_empty();
                if moves || plan.add_order(order, EqualVersionRule::Stays)? == FeedEffect::Contradicted {
                    return Ok(None);
                }
                if makes_note(event.kind) {
                    plan.add_note(order, event.kind)?;
                }
            }
            inbox::record_events(tx, CONSUMER, &new, now).await?;
            plan.write(tx).await.map(Some)
        })
    }

    /// Applies an order as read from its owner: at an equal version its content replaces the
    /// feed's.
    pub(crate) async fn repair_order(&self, order: &Order, now: UnixMillis) -> Result<FeedEffect> {
        transact!(self.sql, tx => { apply_order(tx, order, EqualVersionRule::Replaced, now).await })
    }

    /// Removes an order that its owner no longer has in that region.
    pub(crate) async fn feed_gone(
        &self,
        gone: &DepartedOrder,
        now: UnixMillis,
    ) -> Result<FeedEffect> {
        transact!(self.sql, tx => {
            let mut plan = FeedPlan::lock_regions(tx, &[gone.region], &[gone.order_id], now).await?;
            let fed = plan.remove_order(gone)?;
            plan.write(tx).await?;
            Ok(fed)
        })
    }
}

async fn apply_order(
    tx: &mut Tx,
    order: &Order,
    equal: EqualVersionRule,
    now: UnixMillis,
) -> Result<FeedEffect> {
    let elsewhere = list_other_regions(&find_newest_orders(tx, &[order.id]).await?, order);
    if elsewhere
        .iter()
        .any(|(_, version)| *version >= order.version)
    {
        return Ok(FeedEffect::Known);
    }
    let mut regions: Vec<Region> = elsewhere.into_iter().map(|(region, _)| region).collect();
    regions.push(order.location);
    let mut plan = FeedPlan::lock_regions(tx, &regions, &[order.id], now).await?;
    for region in regions
        .into_iter()
        .filter(|region| *region != order.location)
    {
        plan.remove_order(&DepartedOrder {
            region,
            order_id: order.id,
            version: order.version,
        })?;
    }
    let fed = plan.add_order(order, equal)?;
    plan.write(tx).await?;
    Ok(fed)
}

/// Lists the other regions that contain the order, with its newest version there.
fn list_other_regions(newest: &NewestOrders, order: &Order) -> Vec<(Region, u64)> {
    let others = Region::ALL
        .into_iter()
        .filter(|region| *region != order.location);
    others
        .filter_map(|region| match newest.get(&(region, order.id)) {
            Some((version, Some(_))) => Some((region, *version)),
            _ => None,
        })
        .collect()
}

async fn find_newest_orders(tx: &mut Tx, orders: &[OrderId]) -> Result<NewestOrders> {
    let mut first = vals![ORDER];
    first.extend(Region::ALL.iter().map(Val::from));
    let text = Statement::new(NEWEST_OF)
        .append_marks(Region::ALL.len())
        .append_text(") AND entity IN (");
    let rows = tx
        .all_named(text, &first, orders, ") ORDER BY feed_seq")
        .await?;
    let newest = rows
        .into_iter()
        .map(|(region, id, version, digest)| ((region, id), (version, digest)));
    Ok(newest.collect())
}

impl FeedPlan {
    /// Locks the regions in the order that all writers share.
    async fn lock_regions(
        tx: &mut Tx,
        regions: &[Region],
        orders: &[OrderId],
        now: UnixMillis,
    ) -> Result<Self> {
        let mut ends = HashMap::new();
        for region in Region::ALL
            .into_iter()
            .filter(|region| regions.contains(region))
        {
            ends.insert(region, lock_feed_end(tx, region).await?);
        }
        let newest = find_newest_orders(tx, orders).await?;
        Ok(Self {
            newest,
            ends,
            rows: Vec::new(),
            notes: Vec::new(),
            now,
        })
    }

    fn add_order(&mut self, order: &Order, equal: EqualVersionRule) -> Result<FeedEffect> {
        let known = self.newest.get(&(order.location, order.id));
        let digest = order.compute_digest();
        let (before, fed) = match known.copied() {
            None => (None, FeedEffect::Added),
            Some((version, before)) if version < order.version => (before, FeedEffect::Added),
            Some((version, _)) if version > order.version => return Ok(FeedEffect::Known),
            Some((_, Some(known))) if known == digest => return Ok(FeedEffect::Known),
            // It had left, but its owner still has it.
            Some((_, None)) if equal == EqualVersionRule::Replaced => (None, FeedEffect::Added),
            Some((_, None)) => return Ok(FeedEffect::Known),
            Some(_) if equal == EqualVersionRule::Stays => return Ok(FeedEffect::Contradicted),
            Some((_, before)) => (before, FeedEffect::Contradicted),
        };
        let end = self.get_feed_end(order.location)?;
        match before {
            Some(before) => end.digest.toggle_member(before),
            None => end.orders += 1,
        }
        end.digest.toggle_member(digest);
        let id = order.id;
        let version = order.version;
        let member = Some(digest);
        self.add(
            order.location,
            id,
            version,
            member,
            FeedChange::Order(order.clone()),
        )?;
        Ok(fed)
    }

    fn remove_order(&mut self, gone: &DepartedOrder) -> Result<FeedEffect> {
        let DepartedOrder {
            region,
            order_id,
            version,
        } = *gone;
        let before = match self.newest.get(&(region, order_id)) {
            Some((known, Some(digest))) if *known <= version => *digest,
            _ => return Ok(FeedEffect::Known),
        };
        let end = self.get_feed_end(region)?;
        end.digest.toggle_member(before);
        end.orders = end.orders.saturating_sub(1);
        self.add(
            region,
            order_id,
            version,
            None,
            FeedChange::OrderGone { order_id, version },
        )?;
        Ok(FeedEffect::Added)
    }

    /// Records a lost acceptance or a message. The order and its version do not change.
    fn add_note(&mut self, order: &Order, kind: EventType) -> Result<()> {
        let region = order.location;
        let order_id = order.id;
        let end = self.get_feed_end(region)?;
        end.lost += 1;
        let number = end.lost;
        self.notes.push(NewNoteRow {
            region,
            number,
            order_id,
            is_message: kind == EventType::OrderMessageSent,
        });
        Ok(())
    }

    fn add(
        &mut self,
        region: Region,
        id: OrderId,
        version: u64,
        member: Option<Hash>,
        change: FeedChange,
    ) -> Result<()> {
        let entry = FeedEntry {
            kind: ORDER,
            entity: id.0,
            version,
            member,
            change,
        };
        let now = self.now;
        let row = self.get_feed_end(region)?.next(entry, now)?;
        self.rows.push(row);
        self.newest.insert((region, id), (version, member));
        Ok(())
    }

    fn get_feed_end(&mut self, region: Region) -> Result<&mut FeedEnd> {
        let unlocked = StoreError::Contradiction("a region that is not locked");
        self.ends.get_mut(&region).ok_or(unlocked)
    }

    /// Returns the number of changes and notes.
    async fn write(self, tx: &mut Tx) -> Result<usize> {
        let changes = self.rows.len();
        let notes = self.notes.len();
        tx.insert_all(self.rows).await?;
        tx.insert_all(self.notes).await?;
        for end in self.ends.values() {
            end.save(tx).await?;
            if notes > 0 {
                let forgotten = end.lost.saturating_sub(LOST_KEPT);
                tx.exec(FORGET_LOST, vals![end.region, forgotten]).await?;
            }
        }
        Ok(changes + notes)
    }
}
