//! Applies payment events. They alone change `payment_status`, in any order status.

use std::collections::BTreeSet;

use platform::{
    outbox,
    sql::{Columns, Statement, Tx},
    transact, vals,
};
use rules::{NewTimelineEntry, OrderState};
use wire::{
    Actor, CommandId, Event, EventId, EventType, Hops, Order, OrderEvent, OrderId, PaymentEvent,
    Region, Role, Source, TimelineEntry, UnixMillis, UserId,
};

use super::{
    Store, StoreError,
    read::{self, AssignmentLock},
    rows::{LineRow, OrderRow},
};

pub(super) const PLACE: &str = "SELECT location FROM orders WHERE id = ?";
const KNOWN: &str = "SELECT money_version FROM orders WHERE id = ?";
const NOTE: &str = "UPDATE orders SET money_version = ?, held_minor = ? WHERE id = ?";
const SHOW: &str = "UPDATE orders SET payment_status = ?, version = ?, updated_at = ? \
    WHERE id = ? AND version = ?";

impl Store {
    /// Applies an event if it is newer than the last one [MONEY_VERSION]. Returns true if the
    /// order's payment status changed.
    pub async fn take_money(&self, event: &Event, told: &PaymentEvent) -> Result<bool, StoreError> {
        let now = self.clock.now();
        transact!(self.sql, tx => { self.take_money_in(tx, event, told, now).await })
    }

    async fn take_money_in(
        &self,
        tx: &mut Tx,
        event: &Event,
        told: &PaymentEvent,
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
        let known: Option<u64> = tx.fetch_optional(KNOWN, vals![told.order_id]).await?;
        if known.is_some_and(|known| told.money_version <= known) {
            return Ok(false);
        }
        let values = vals![told.money_version, told.held, told.order_id];
        tx.exec(NOTE, values).await?;
        if before.payment_status == told.payment_status {
            return Ok(false);
        }
        let order = Order {
            payment_status: told.payment_status,
            version: before.version + 1,
            updated_at: now,
            ..before.clone()
        };
        let values = vals![
            order.payment_status,
            order.version,
            now,
            order.id,
            before.version
        ];
        if tx.exec(SHOW, values).await? != 1 {
            return Err(StoreError::Contradiction(
                "a locked order was changed by another transaction",
            ));
        }
        let actor = payment_actor(event.kind, told);
        let command_id = CommandId(event.id.0);
        let line = NewTimelineEntry {
            order_id: order.id,
            entry: build_timeline_entry(&order, actor, command_id, now),
        };
        tx.insert(LineRow::seal_entry(&line, tx.data_keys()))
            .await?;
        let body = OrderEvent {
            money: Some(told.clone()),
            terms,
            ..OrderEvent::from_order(order, actor, command_id)
        };
        let id = EventId(self.clock.new_id());
        let event = Event::new(id, EventType::OrderStatusChanged, now, &event.trace, &body)?;
        outbox::store::add(tx, &event).await?;
        Ok(true)
    }
}

pub(super) async fn lock_order(tx: &mut Tx, id: OrderId) -> Result<Option<OrderState>, StoreError> {
    let statement: Statement = OrderRow::select("WHERE id = ?");
    let text = if tx.is_mysql() {
        statement.append_text(" FOR UPDATE")
    } else {
        statement
    };
    Ok(tx
        .fetch_optional::<OrderRow>(text, vals![id])
        .await?
        .map(OrderState::from))
}

/// Paying is the customer's act. Everything else follows from other acts, so the platform is the
/// actor.
fn payment_actor(kind: EventType, event: &PaymentEvent) -> Actor {
    match kind {
        EventType::PaymentCompleted => Actor {
            user_id: event.customer_id,
            role: Role::Customer,
        },
        _ => Actor {
            user_id: UserId(uuid::Uuid::nil()),
            role: Role::Admin,
        },
    }
}

fn build_timeline_entry(
    order: &Order,
    actor: Actor,
    command_id: CommandId,
    now: UnixMillis,
) -> TimelineEntry {
    TimelineEntry {
        version: order.version,
        action: None,
        actor,
        from: Some(order.status),
        to: order.status,
        code: None,
        reason: None,
        hops: Hops {
            cloud_at: Some(now),
            ..Hops::default()
        },
        command_id,
        source: Source::Portal,
        edge: None,
        epoch: None,
        seq: None,
        verdict: None,
        address_shown: None,
        race_rule: None,
        promise: None,
        payment_status: Some(order.payment_status),
    }
}
