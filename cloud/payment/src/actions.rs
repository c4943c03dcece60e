//! The payment service's use cases, between its routes and its tables, and the worker that makes
//! the adapter calls which rows describe. It keeps no state: if it dies between two calls, the next
//! worker finds the same rows.
//!
//! Invariant: no transaction is open during an adapter call.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRef;
use custody::{
    AdapterReply, BilledOrder, MoneyStep, MovementId, PAYMENT_CLOSING, PaymentRequest, PayoutStep,
};
use platform::upstream::{Upstream, UpstreamError};
use process::{
    problem::{Problem, format_error_chain},
    routes::RouteGuard,
    tokens::TokenVerifier,
};
use wire::{Code, Event, Order, OrderAndTerms, OrderId, UnixMillis, UserId};

use crate::{
    adapter::PaymentAdapter,
    events::OrderComparison,
    say,
    store::{AdapterCall, AdapterCallKind, Parties, StepMetadata, StepOutcome, Store, StoreError},
};

const ORDER: &str = "order";
/// An answer may require another call, so calls are made in rounds. The job makes the calls that
/// remain after the last round.
const ROUNDS_MAX: u32 = 8;
/// Signed callbacks per second and replica. The adapter sends the refused ones again.
const SIGNED_PER_SECOND_MAX: u32 = 100;
/// Forged callbacks recorded and logged per minute and replica. Further ones get the same refusal.
const FORGED_PER_MINUTE_MAX: u32 = 60;

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: Store,
    pub worker: AdapterWorker,
    pub verifier: TokenVerifier,
    pub orders: Upstream,
    pub callbacks: CallbackLimits,
}

impl RouteGuard for Service {
    fn verifier(&self) -> &TokenVerifier {
        &self.verifier
    }
}

impl Service {
    pub fn build_comparison(&self) -> OrderComparison {
        let orders = self.orders.clone();
        let verifier = self.verifier.clone();
        OrderComparison {
            store: self.store.clone(),
            orders,
            verifier,
        }
    }

    /// Fetches the order's current state and merges it like an event, so that the latest changes
    /// count.
    pub async fn refresh_order(&self, id: OrderId) -> Result<Order, Problem> {
        let OrderAndTerms { order, terms, .. } = self.fetch_order(id).await?;
        let is_owed = order.status.has_provider() || self.store.find_parties(id).await?.is_some();
        if is_owed {
            let step = MoneyStep::OrderHeard(BilledOrder::from_order(&order, terms));
            self.store
                .apply_step(id, &step, &StepMetadata::default())
                .await?;
        }
        Ok(order)
    }

    /// The order's current state at the order service.
    async fn fetch_order(&self, id: OrderId) -> Result<OrderAndTerms, Problem> {
        let token = self.verifier.token_for(ORDER);
        let path = format!("/internal/orders/{id}");
        match self.orders.get(&path, Some(&token)).await {
            Ok(order) => Ok(order),
            Err(UpstreamError::Refused {
                problem: Some(problem),
                ..
            }) => Err((*problem).into()),
            Err(error) => Err(order_service_unavailable(&error)),
        }
    }

    /// The providers who worked in vain on the order, according to the order service's cases.
    pub async fn fetch_providers_in_vain(&self, id: OrderId) -> Result<Vec<UserId>, UpstreamError> {
        let cases = self.build_comparison().fetch_cases_in_vain([id]).await?;
        Ok(cases.into_iter().map(|(_, provider)| provider).collect())
    }

    /// The people of an order. Orders without a provider are unknown here and fetched from the
    /// order service. Reads call this, so it stores nothing.
    pub async fn find_parties(&self, id: OrderId) -> Result<Parties, Problem> {
        if let Some(known) = self.store.find_parties(id).await? {
            return Ok(known);
        }
        let OrderAndTerms { order, .. } = self.fetch_order(id).await?;
        Ok(Parties {
            customer: order.customer_id,
            provider: order.provider_id,
        })
    }

    /// The latest event about an order's money, if any. Queries the adapter about an open payment
    /// first, because it may have been paid since.
    pub async fn find_latest_event(&self, order: OrderId) -> Result<Option<Event>, Problem> {
        let Some(rows) = self.store.load_order_money(order).await? else {
            return Ok(None);
        };
        if let (_, Some(open)) = rows.funds_for_start() {
            self.worker.query_movement(open).await?;
        }
        Ok(self.store.find_latest_event(order).await?)
    }

    /// Applies a person's step and makes the adapter calls that it requires. Returns the movement
    /// that the step began or found.
    pub async fn apply_step(
        &self,
        order: OrderId,
        step: &MoneyStep,
        metadata: &StepMetadata,
    ) -> Result<Option<MovementId>, Problem> {
        let outcome = self.store.apply_step(order, step, metadata).await?;
        self.finish_step(order, outcome).await
    }

    /// Begins a payment, or finds the open one. If that one expired or was declined, this closes it
    /// at the adapter and tries again, to begin a payment that can still be paid [NEVER_DEAD].
    pub async fn pay_order(
        &self,
        order: OrderId,
        request: PaymentRequest,
        metadata: &StepMetadata,
    ) -> Result<Option<MovementId>, Problem> {
        const CLOSING: StepOutcome = StepOutcome::Refused(PAYMENT_CLOSING);
        let step = MoneyStep::Pay(request);
        let mut outcome = self.store.apply_step(order, &step, metadata).await?;
        if outcome == CLOSING {
            self.worker.close_payment(order).await?;
            outcome = self.store.apply_step(order, &step, metadata).await?;
        }
        if outcome == CLOSING {
            let seconds = self.store.seconds_until_next_call(order).await?;
            let problem = Problem::new(Code::Unavailable).retry_after(seconds);
            return Err(problem.with_detail(say::payment_closing {
                seconds: seconds.into(),
            }));
        }
        self.finish_step(order, outcome).await
    }

    async fn finish_step(
        &self,
        order: OrderId,
        outcome: StepOutcome,
    ) -> Result<Option<MovementId>, Problem> {
        let movement = match outcome {
            StepOutcome::Done(writes) => writes.movement,
            StepOutcome::Repeated(movement) => return Ok(Some(movement)),
            StepOutcome::KeyReused => return Err(Code::CommandIdReused.into()),
            StepOutcome::Refused(code) => return Err(code.into()),
            // Without a provider nothing is owed.
            StepOutcome::Unknown => return Err(Code::OrderNotPayable.into()),
        };
        // Calls that do not fit now are left to the job.
        self.worker.make_order_calls(order).await?;
        Ok(movement)
    }
}

#[derive(Clone)]
pub struct AdapterWorker {
    pub store: Store,
    pub adapter: PaymentAdapter,
}

impl AdapterWorker {
    /// Makes all calls due for one order.
    pub async fn make_order_calls(&self, order: OrderId) -> Result<(), StoreError> {
        for _ in 0..ROUNDS_MAX {
            let calls = self.store.list_order_calls(order).await?;
            if calls.is_empty() {
                return Ok(());
            }
            for call in calls {
                self.make_call(&call).await?;
            }
        }
        Ok(())
    }

    /// Makes all due calls, for any order or provider.
    pub async fn make_due_calls(&self) -> Result<usize, StoreError> {
        let mut made = 0;
        for _ in 0..ROUNDS_MAX {
            let calls = self.store.list_due_calls().await?;
            if calls.is_empty() {
                break;
            }
            for call in &calls {
                self.make_call_or_postpone(call).await?;
            }
            made += calls.len();
        }
        Ok(made)
    }

    /// Closes the order's expired or declined payment now, ahead of its next turn.
    pub async fn close_payment(&self, order: OrderId) -> Result<(), StoreError> {
        self.store
            .apply_step(order, &MoneyStep::TimePassed, &StepMetadata::default())
            .await?;
        match self.store.find_closing_call(order).await? {
            Some(call) => self.make_call(&call).await,
            None => Ok(()),
        }
    }

    /// Queries a movement regardless of its state here [STATEMENT]. Returns false for an unknown
    /// id.
    pub async fn query_movement(&self, id: MovementId) -> Result<bool, StoreError> {
        let Some(call) = self.store.build_query_call(id).await? else {
            return Ok(false);
        };
        self.make_call(&call).await?;
        Ok(true)
    }

    /// Logs a failing row and postpones it, so that it does not block the others.
    async fn make_call_or_postpone(&self, call: &AdapterCall) -> Result<(), StoreError> {
        match self.make_call(call).await {
            Err(error) if !error.is_unavailable() => {
                tracing::error!(
                    movement.id = %call.id.0, cause = format_error_chain(&error),
                    "Could not process a movement; it is postponed"
                );
                self.store.postpone_call(call).await
            }
            made => made,
        }
    }

    async fn make_call(&self, call: &AdapterCall) -> Result<(), StoreError> {
        let reply = self.adapter.make_call(call).await;
        tracing::info!(
            movement.id = %call.id.0, ask = %call.call.ask, answer = ?reply.answer,
            "Made an adapter call"
        );
        self.apply_reply(call, reply).await
    }

    async fn apply_reply(&self, call: &AdapterCall, reply: AdapterReply) -> Result<(), StoreError> {
        match call.kind {
            AdapterCallKind::Charge { order, .. } | AdapterCallKind::Refund { order, .. } => {
                let step = MoneyStep::Answered {
                    movement: call.id,
                    reply,
                };
                self.store
                    .apply_step(order, &step, &StepMetadata::default())
                    .await?;
            }
            AdapterCallKind::Payout { provider } => {
                let step = PayoutStep::Answered {
                    payout: call.id,
                    answer: reply.answer,
                };
                self.store
                    .apply_payout_step(provider, call.currency, step)
                    .await?;
            }
        }
        Ok(())
    }
}

/// Logs that the order service is unavailable, and builds the response.
pub(crate) fn order_service_unavailable(error: &UpstreamError) -> Problem {
    tracing::warn!(
        cause = format_error_chain(error),
        "Could not query the order service"
    );
    Problem::new(Code::Unavailable).retry_after(1)
}

/// Counts this second's signed callbacks and this minute's forged ones. Each kind has its own
/// limit, so that a stranger cannot use up the adapter's.
#[derive(Clone, Default)]
pub struct CallbackLimits(Arc<Mutex<CallbackCounts>>);

#[derive(Default)]
struct CallbackCounts {
    signed: WindowCount,
    forged: WindowCount,
}

/// The callbacks counted in the current second or minute.
#[derive(Default)]
struct WindowCount {
    window: i64,
    count: u32,
}

impl CallbackLimits {
    pub fn admits_signed(&self, now: UnixMillis) -> bool {
        let second = now.0.div_euclid(1_000);
        self.lock_counts()
            .signed
            .count_within_limit(second, SIGNED_PER_SECOND_MAX)
    }

    pub fn admits_forged_record(&self, now: UnixMillis) -> bool {
        let minute = now.0.div_euclid(60_000);
        self.lock_counts()
            .forged
            .count_within_limit(minute, FORGED_PER_MINUTE_MAX)
    }

    fn lock_counts(&self) -> std::sync::MutexGuard<'_, CallbackCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WindowCount {
    fn count_within_limit(&mut self, window: i64, max: u32) -> bool {
        if self.window != window {
            *self = Self { window, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count <= max
    }
}
