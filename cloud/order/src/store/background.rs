//! Changes without a person's command: events of other services, and the schedule.
//!
//! Payment events alone change `payment_status`, in any order status. A review event is the only
//! way for a completed order to become reviewed. Events about people open cases for the jobs of a
//! revoked provider, end a revoked person's calendar feed, and store verification status. The
//! schedule republishes completed jobs for profiles; `stale_orders` has the orders that it closes.

use std::collections::BTreeSet;

use platform::{
    bus::topology::USER_PROFILES,
    inbox, outbox, provider_verification,
    sql::{Columns, Statement, Tx},
    transact, vals,
};
use rules::{CaseKind, NewTimelineEntry, OrderState, StoredAnswer};
use wire::{
    Action, Actor, CommandId, Event, EventId, EventType, Hops, Order, OrderEvent, OrderId,
    OrderStatus, PaymentEvent, ProviderVerification, Region, ReviewEvent, Role, Source,
    TimelineEntry, UnixMillis, UserId,
};

use super::{
    Store, StoreError,
    assignment_rows::{AssignmentLock, lock_assignments},
    calendar_feeds::end_feed,
    rows::{AnswerRow, CaseRow, OrderRow},
    timeline_rows::LineRow,
};

const PLACE: &str = "SELECT location FROM orders WHERE id = ?";

const KNOWN: &str = "SELECT money_version FROM orders WHERE id = ?";

const NOTE: &str = "UPDATE orders SET money_version = ?, held_minor = ? WHERE id = ?";

const SHOW_PAYMENT: &str = "UPDATE orders SET payment_status = ?, version = ?, updated_at = ? \
    WHERE id = ? AND version = ?";

const SHOW_REVIEWED: &str = "UPDATE orders SET status = ?, version = ?, updated_at = ? \
    WHERE id = ? AND version = ?";

const JOBS: &str =
    "SELECT id FROM orders WHERE provider_id = ? AND status IN (?, ?) ORDER BY id LIMIT ?";

const CONSUMER: &str = "order_people";

/// Beyond any limit on open jobs.
const LISTED_MAX: usize = 1_000;

impl Store {
    /// Applies an event if it is newer than the last one [MONEY_VERSION]. Returns true if the
    /// order's payment status changed.
    pub async fn apply_payment_event(
        &self,
        event: &Event,
        told: &PaymentEvent,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        transact!(self.sql, tx => { self.apply_payment_event_in(tx, event, told, now).await })
    }

    async fn apply_payment_event_in(
        &self,
        tx: &mut Tx,
        event: &Event,
        told: &PaymentEvent,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
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
        if tx.exec(SHOW_PAYMENT, values).await? != 1 {
            return Err(StoreError::Contradiction(
                "a locked order was changed by another transaction",
            ));
        }
        let actor = payment_actor(event.kind, told);
        let command_id = CommandId(event.id.0);
        let line = NewTimelineEntry {
            order_id: order.id,
            entry: TimelineEntry {
                payment_status: Some(order.payment_status),
                ..build_background_entry(&order, actor, command_id, now)
            },
        };
        tx.insert(LineRow::from(&line)).await?;
        let body = OrderEvent {
            money: Some(told.clone()),
            terms,
            ..OrderEvent::from_order(order, actor, command_id)
        };
        let id = EventId(self.clock.new_id());
        let event = Event::new(id, EventType::OrderStatusChanged, now, &event.trace, &body)?;
        outbox::add(tx, &event).await?;
        Ok(true)
    }
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

/// A line for a change that no command made; the status stays.
pub(super) fn build_background_entry(
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
        payment_status: None,
        evidence: None,
        incident: None,
        incident_answer: None,
        moved_from: None,
        moved_to: None,
        offer: None,
        offered_until: None,
    }
}

impl Store {
    /// Returns true if the order became reviewed. An unknown or already reviewed order stays
    /// unchanged.
    pub async fn apply_review_event(
        &self,
        event: &Event,
        told: &ReviewEvent,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        transact!(self.sql, tx => { self.apply_review_event_in(tx, event, told, now).await })
    }

    async fn apply_review_event_in(
        &self,
        tx: &mut Tx,
        event: &Event,
        told: &ReviewEvent,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
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
        if tx.exec(SHOW_REVIEWED, values).await? != 1 {
            return Err(StoreError::Contradiction(
                "a locked order was changed by another transaction",
            ));
        }
        let line = NewTimelineEntry {
            order_id: order.id,
            entry: review_timeline_entry(&order, before.status, actor, told),
        };
        tx.insert(LineRow::from(&line)).await?;
        let body = OrderEvent {
            terms,
            ..OrderEvent::from_order(order, actor, told.command_id)
        };
        let id = EventId(self.clock.new_id());
        let event = Event::new(id, EventType::OrderStatusChanged, now, &event.trace, &body)?;
        outbox::add(tx, &event).await?;
        Ok(true)
    }
}

fn review_timeline_entry(
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
        evidence: None,
        incident: None,
        incident_answer: None,
        moved_from: None,
        moved_to: None,
        offer: None,
        offered_until: None,
    }
}

/// Locks an order to change it. As for every order change, first locks its region's assignment, so
/// that a concurrent grant's digest covers the change.
pub(super) async fn lock_order(tx: &mut Tx, id: OrderId) -> Result<Option<OrderState>, StoreError> {
    let Some(region) = tx.fetch_optional::<Region>(PLACE, vals![id]).await? else {
        return Ok(None);
    };
    lock_assignments(tx, &BTreeSet::from([region]), AssignmentLock::ToDecide).await?;
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

impl Store {
    /// Opens a case for each of these commands that took effect. Returns the number of new cases.
    pub async fn list_distrusted(&self, commands: &[CommandId]) -> Result<u64, StoreError> {
        let at = self.clock.now();
        transact!(self.sql, tx => {
            let text = AnswerRow::select("WHERE command_id IN (");
            let rows = tx.all_named::<AnswerRow>(text, &[], commands, ")").await?;
            let mut listed = 0;
            for answer in rows.into_iter().map(StoredAnswer::from).filter(|row| row.applied) {
                let StoredAnswer { order_id, user_id, command_id, code, .. } = answer;
                let Some(user_id) = user_id else { continue };
                let kind = CaseKind::EdgeDistrusted.as_str();
                let case = CaseRow { order_id, user_id, kind, command_id, code, at };
                listed += u64::from(tx.insert_new(case).await?);
            }
            Ok(listed)
        })
    }

    /// Up to `limit` jobs that the provider has accepted or started.
    pub async fn list_provider_jobs(
        &self,
        provider: UserId,
        limit: usize,
    ) -> Result<Vec<OrderId>, StoreError> {
        let values = vals![
            provider,
            OrderStatus::Accepted,
            OrderStatus::InProgress,
            limit
        ];
        Ok(self.sql.fetch_all(JOBS, values).await?)
    }

    /// Requests a replay of recently completed jobs to the profiles, which count lost ones and skip
    /// duplicates. Returns true if the replay starts.
    pub async fn republish_completed(&self) -> Result<bool, StoreError> {
        Ok(outbox::request_recent_replay(&(&self.sql).into(), &USER_PROFILES, &self.clock).await?)
    }

    pub async fn apply_verification(
        &self,
        verification: ProviderVerification,
    ) -> Result<(), StoreError> {
        transact!(self.sql, tx => {
            provider_verification::apply_verification(tx, verification).await?;
            Ok(())
        })
    }

    /// Ends the person's calendar feed and opens a case for each of their jobs, once per event.
    /// Returns the number of cases.
    pub async fn apply_revocation(
        &self,
        event: &Event,
        person: UserId,
    ) -> Result<usize, StoreError> {
        let at = self.clock.now();
        transact!(self.sql, tx => {
            if !inbox::first_time(tx, CONSUMER, event.id, at).await? {
                return Ok(0);
            }
            end_feed(tx, person).await?;
            let values = vals![person, OrderStatus::Accepted, OrderStatus::InProgress, LISTED_MAX];
            let jobs = tx.fetch_all::<OrderId>(JOBS, values).await?;
            let case = |order_id| CaseRow {
                order_id,
                user_id: person,
                kind: CaseKind::RevokedHolder.as_str(),
                command_id: CommandId(event.id.0),
                code: None,
                at,
            };
            let cases: Vec<CaseRow> = jobs.into_iter().map(case).collect();
            let listed = cases.len();
            tx.insert_all(cases).await?;
            Ok(listed)
        })
    }
}
