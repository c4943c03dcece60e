//! Applies review events, the only way for a completed order to become reviewed.

use std::collections::BTreeSet;

use platform::{outbox, sql::Tx, transact, vals};
use rules::{NewTimelineEntry, OrderState};
use wire::{
    Action, Actor, Event, EventId, EventType, Hops, Order, OrderEvent, OrderStatus, Region,
    ReviewEvent, Role, Source, TimelineEntry, UnixMillis,
};

use super::{
    Store, StoreError,
    money::{PLACE, lock_order},
    read::{self, AssignmentLock},
    rows::LineRow,
};

const SHOW: &str = "UPDATE orders SET status = ?, version = ?, updated_at = ? \
    WHERE id = ? AND version = ?";

impl Store {
    /// Returns true if the order became reviewed. An unknown or already reviewed order stays
    /// unchanged.
    pub async fn take_review(&self, event: &Event, told: &ReviewEvent) -> Result<bool, StoreError> {
        let now = self.clock.now();
        transact!(self.sql, tx => { self.take_review_in(tx, event, told, now).await })
    }

    async fn take_review_in(
        &self,
        tx: &mut Tx,
        event: &Event,
        told: &ReviewEvent,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let Some(region) = tx
            .fetch_optional::<Region>(PLACE, vals![told.order_id])
            .await?
        else {
            return Ok(false);
        };
        // Like every order change: a concurrent grant's digest must cover it.
        read::lock_assignments(tx, &BTreeSet::from([region]), AssignmentLock::ToDecide).await?;
        let Some(state) = lock_order(tx, told.order_id).await? else {
            return Ok(false);
        };
        let OrderState {
            order: before,
            terms,
            ..
        } = state;
        let actor = Actor {
            user_id: told.customer_id,
            role: Role::Customer,
        };
        let Some(status) = before
            .status
            .next_status_by_role(Action::Review, actor.role)
        else {
            return Ok(false);
        };
        let order = Order {
            status,
            version: before.version + 1,
            updated_at: now,
            ..before.clone()
        };
        let values = vals![order.status, order.version, now, order.id, before.version];
        if tx.exec(SHOW, values).await? != 1 {
            return Err(StoreError::Contradiction(
                "a locked order was changed by another transaction",
            ));
        }
        let line = NewTimelineEntry {
            order_id: order.id,
            entry: build_timeline_entry(&order, before.status, actor, told),
        };
        tx.insert(LineRow::seal_entry(&line, tx.data_keys()))
            .await?;
        let body = OrderEvent {
            terms,
            ..OrderEvent::from_order(order, actor, told.command_id)
        };
        let id = EventId(self.clock.new_id());
        let event = Event::new(id, EventType::OrderStatusChanged, now, &event.trace, &body)?;
        outbox::store::add(tx, &event).await?;
        Ok(true)
    }
}

fn build_timeline_entry(
    order: &Order,
    from: OrderStatus,
    actor: Actor,
    event: &ReviewEvent,
) -> TimelineEntry {
    let edge = match &event.source {
        Source::Edge(edge) => Some(edge.clone()),
        Source::Portal | Source::Kiosk => None,
    };
    TimelineEntry {
        version: order.version,
        action: Some(Action::Review),
        actor,
        from: Some(from),
        to: order.status,
        code: None,
        reason: None,
        hops: Hops {
            cloud_at: Some(order.updated_at),
            ..Hops::default()
        },
        command_id: event.command_id,
        source: event.source.clone(),
        edge,
        epoch: None,
        seq: None,
        verdict: None,
        address_shown: None,
        race_rule: None,
        promise: None,
        payment_status: None,
    }
}
