//! Consumes order events. The state in an event counts, regardless of the event's name, and only a
//! higher version applies [ORDER_VERSION]; repeats change nothing, so the inbox only shows operators
//! when an event was handled. Also consumes user events: a revoked user loses their saved payment
//! methods, and a deleted one also the texts of their refund requests.
//!
//! Finds lost events by comparing the versions of orders and dues in both directions [PULL]. A lost
//! order event is recovered from the order; a lost money event is published again.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use custody::{
    BilledOrder, ComparedOrder, ComparedOrders, MissedEvent, MoneyStep, OrderVersionsQuery,
};
use platform::{
    bus::{Bus, topology},
    consume::{EventHandler, HandleError, start_consumer},
    upstream::{Upstream, UpstreamError},
};
use process::{tasks::Tasks, tokens::TokenVerifier};
use serde::Deserialize;
use uuid::Uuid;
use wire::{Event, EventType, OrderEvent, OrderId, OrderStatus, UnixMillis, UserEvent, UserId};

use crate::store::{JournalCursor, StepMetadata, Store, StoreError};

pub struct OrderEventConsumer {
    pub store: Store,
}

impl OrderEventConsumer {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        start_consumer(tasks, bus, topology::PAYMENT_ORDERS, self);
    }
}

impl EventHandler for OrderEventConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if event.kind == EventType::RegionAssigned {
            return Ok(());
        }
        let OrderEvent { order, terms, .. } = OrderEvent::deserialize(&event.body)?;
        // An order without a provider owes no money and gets no row.
        let is_early = matches!(
            order.status,
            OrderStatus::PendingReview | OrderStatus::Pending | OrderStatus::Rejected
        );
        if is_early && self.store.find_parties(order.id).await?.is_none() {
            return Ok(self.store.record_receipt(event.id).await?);
        }
        let step = MoneyStep::OrderHeard(BilledOrder::from_order(&order, terms));
        let metadata = StepMetadata {
            event: Some(event.id),
            ..StepMetadata::default()
        };
        self.store.apply_step(order.id, &step, &metadata).await?;
        Ok(())
    }
}

/// A readmitted person may have saved new methods since, so even a late event removes only those
/// saved before it. Erasing again changes nothing.
pub struct AccountEndConsumer {
    pub store: Store,
}

impl AccountEndConsumer {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        start_consumer(tasks, bus, topology::PAYMENT_PEOPLE, self);
    }
}

impl EventHandler for AccountEndConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if !matches!(event.kind, EventType::UserRevoked | EventType::UserDeleted) {
            return Ok(());
        }
        let UserEvent { user_id, .. } = UserEvent::deserialize(&event.body)?;
        let removed = self.store.forget_methods(user_id, event.at).await?;
        if removed > 0 {
            tracing::info!(user.id = %user_id, methods = removed, "Removed the payment methods of a person whose account ended");
        }
        if event.kind == EventType::UserDeleted {
            let requests = self.store.erase_request_reasons(user_id).await?;
            tracing::info!(user.id = %user_id, requests, "Erased the texts of a deleted person's refund requests");
        }
        Ok(())
    }
}

const ORDER: &str = "order";
const COMPARED_ORDERS_PATH: &str = "/internal/known-orders";
/// Events may be in transit for at least this long.
pub const GRACE_MS: i64 = 60_000;
/// The window of the first comparison.
const FIRST_MS: i64 = 35 * 24 * 3_600_000;

#[derive(Clone)]
pub struct OrderComparison {
    pub store: Store,
    pub orders: Upstream,
    pub verifier: TokenVerifier,
}

#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("could not query the order service")]
    Orders(#[from] UpstreamError),
}

impl OrderComparison {
    /// Compares everything changed since the last run, and repairs missed events. Returns their
    /// number.
    pub async fn repair_missed_events(&self) -> Result<usize, CompareError> {
        let now = self.store.clock().now();
        let since = self
            .store
            .compared_until()
            .await?
            .unwrap_or(now.plus_ms(-FIRST_MS));
        let missed = self
            .find_missed_events(since, now.plus_ms(-GRACE_MS))
            .await?;
        for (known, what) in &missed {
            let order = known.order.id;
            tracing::warn!(order.id = %order, ?what, "Found a missed event; applying it now");
            match what {
                MissedEvent::Order => {
                    let step =
                        MoneyStep::OrderHeard(BilledOrder::from_order(&known.order, known.terms));
                    self.store
                        .apply_step(order, &step, &StepMetadata::default())
                        .await?;
                }
                MissedEvent::Word => self.store.republish_latest_event(order).await?,
            }
        }
        // Overlap with this run, to recheck events that were too young.
        self.store
            .set_compared_until(now.plus_ms(-2 * GRACE_MS))
            .await?;
        Ok(missed.len())
    }

    /// The events older than `by` that one side has missed, for all orders changed since `since`.
    pub async fn find_missed_events(
        &self,
        since: UnixMillis,
        by: UnixMillis,
    ) -> Result<Vec<(ComparedOrder, MissedEvent)>, CompareError> {
        let mut missed = Vec::new();
        let mut place = (since, None);
        loop {
            let asked = OrderVersionsQuery::Changed {
                since: place.0,
                after: place.1,
            };
            let known = self.fetch_compared_orders(&asked).await?;
            let Some(last) = known.last() else { break };
            place = (last.order.updated_at, Some(last.order.id));
            self.compare_batch(known, by, &mut missed).await?;
        }
        let mut place = (since, OrderId(Uuid::nil()));
        loop {
            let told = self.store.list_published_since(place.0, place.1).await?;
            let Some((order, at)) = told.last().copied() else {
                break;
            };
            place = (at, order);
            let named = told.into_iter().map(|(order, _)| order).collect();
            let known = self
                .fetch_compared_orders(&OrderVersionsQuery::Named(named))
                .await?;
            self.compare_batch(known, by, &mut missed).await?;
        }
        missed.sort_by_key(|(known, what)| (known.order.id, *what == MissedEvent::Word));
        missed.dedup_by_key(|(known, what)| (known.order.id, *what == MissedEvent::Word));
        Ok(missed)
    }

    async fn compare_batch(
        &self,
        known: Vec<ComparedOrder>,
        by: UnixMillis,
        missed: &mut Vec<(ComparedOrder, MissedEvent)>,
    ) -> Result<(), CompareError> {
        let ids: Vec<OrderId> = known.iter().map(|known| known.order.id).collect();
        let dues: BTreeMap<_, _> = self
            .store
            .load_due_versions(&ids)
            .await?
            .into_iter()
            .collect();
        for known in known {
            let due = dues.get(&known.order.id).copied();
            missed.extend(
                known
                    .find_missed_events(due, by)
                    .into_iter()
                    .map(|what| (known.clone(), what)),
            );
        }
        Ok(())
    }

    /// Compensations booked since `since` without a case of work in vain, or above the worth of
    /// such work.
    pub async fn unfounded_compensations(
        &self,
        since: UnixMillis,
    ) -> Result<Vec<Uuid>, CompareError> {
        let policies = self.store.fee_policies().await?;
        let mut unfounded = Vec::new();
        let mut place = JournalCursor::before(since);
        loop {
            let booked = self.store.compensations_since(place).await?;
            let Some(last) = booked.last() else {
                return Ok(unfounded);
            };
            place = JournalCursor {
                at: last.at,
                seq: last.seq,
            };
            let orders = booked.iter().map(|compensation| compensation.order_id);
            let cases = self
                .fetch_cases_in_vain(orders.collect::<BTreeSet<_>>())
                .await?;
            for one in &booked {
                let has_case = cases.contains(&(one.order_id, one.provider_id));
                if !has_case || one.exceeds_share(&policies) {
                    unfounded.push(one.journal_id);
                }
            }
        }
    }

    /// The providers of these orders with a case of work in vain.
    pub async fn fetch_cases_in_vain(
        &self,
        orders: impl IntoIterator<Item = OrderId>,
    ) -> Result<BTreeSet<(OrderId, UserId)>, UpstreamError> {
        let known = self
            .fetch_compared_orders(&OrderVersionsQuery::Named(orders.into_iter().collect()))
            .await?;
        let providers = known.into_iter().flat_map(|known| {
            let order = known.order.id;
            known
                .worked_in_vain
                .into_iter()
                .map(move |provider| (order, provider))
        });
        Ok(providers.collect())
    }

    async fn fetch_compared_orders(
        &self,
        asked: &OrderVersionsQuery,
    ) -> Result<Vec<ComparedOrder>, UpstreamError> {
        let token = self.verifier.token_for(ORDER);
        let known: ComparedOrders = self
            .orders
            .call_json(
                Method::POST,
                COMPARED_ORDERS_PATH,
                Some(&token),
                Some(asked),
            )
            .await?;
        Ok(known.items)
    }
}
