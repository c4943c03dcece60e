//! The payment service's use cases, between its routes and its tables.

use axum::extract::FromRef;
use custody::{BilledOrder, MoneyRefusal, MoneyStep, MovementId, PaymentRequest};
use platform::upstream::{Upstream, UpstreamError};
use process::{
    problem::{Problem, format_error_chain},
    tokens::TokenVerifier,
};
use wire::{Code, Event, Order, OrderAndTerms, OrderId, UserId};

use crate::{
    compare::OrderComparison,
    courier::AdapterWorker,
    http::CallbackLimits,
    reconcile::Reconciler,
    say,
    store::{Parties, StepMetadata, StepOutcome, Store},
};

const ORDER: &str = "order";

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: Store,
    pub worker: AdapterWorker,
    pub verifier: TokenVerifier,
    pub orders: Upstream,
    pub callbacks: CallbackLimits,
}

impl Service {
    pub fn comparison(&self) -> OrderComparison {
        let orders = self.orders.clone();
        let verifier = self.verifier.clone();
        OrderComparison {
            store: self.store.clone(),
            orders,
            verifier,
        }
    }

    pub fn reconciler(&self) -> Reconciler {
        Reconciler {
            worker: self.worker.clone(),
            comparison: self.comparison(),
        }
    }

    /// Fetches the order's current state and merges it like an event, so that the latest changes
    /// count.
    pub async fn fetch_order(&self, id: OrderId) -> Result<Order, Problem> {
        let token = self.verifier.token_for(ORDER);
        let path = format!("/internal/orders/{id}");
        let OrderAndTerms { order, terms, .. } = match self.orders.get(&path, Some(&token)).await {
            Ok(told) => told,
            Err(UpstreamError::Refused {
                problem: Some(problem),
                ..
            }) => {
                return Err((*problem).into());
            }
            Err(error) => return Err(orders_away(&error)),
        };
        let is_owed = order.status.has_provider() || self.store.find_parties(id).await?.is_some();
        if is_owed {
            let step = MoneyStep::OrderHeard(BilledOrder::from_order(&order, terms));
            self.store
                .apply_step(id, &step, &StepMetadata::default())
                .await?;
        }
        Ok(order)
    }

    /// The providers with a case of work in vain on the order, from the order service.
    pub async fn worked_in_vain(&self, id: OrderId) -> Result<Vec<UserId>, UpstreamError> {
        let cases = self.comparison().worked_in_vain([id]).await?;
        Ok(cases.into_iter().map(|(_, provider)| provider).collect())
    }

    /// The people of an order. Orders without a provider are unknown here and fetched from the
    /// order service.
    pub async fn find_parties(&self, id: OrderId) -> Result<Parties, Problem> {
        if let Some(known) = self.store.find_parties(id).await? {
            return Ok(known);
        }
        let order = self.fetch_order(id).await?;
        Ok(Parties {
            customer: order.customer_id,
            provider: order.provider_id,
        })
    }

    /// The latest event about an order's money, if any. Queries the adapter about an open payment
    /// first, because it may have been paid since.
    pub async fn last_word(&self, order: OrderId) -> Result<Option<Event>, Problem> {
        let Some(rows) = self.store.load_order_money(order).await? else {
            return Ok(None);
        };
        if let (_, Some(open)) = rows.funds_for_start() {
            self.worker.query_movement(open).await?;
        }
        Ok(self.store.last_word(order).await?)
    }

    /// Applies a person's step, makes the resulting adapter calls, and returns the movement that
    /// the step began or found.
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
        wish: PaymentRequest,
        metadata: &StepMetadata,
    ) -> Result<Option<MovementId>, Problem> {
        const CLOSING: StepOutcome = StepOutcome::Refused(MoneyRefusal::PaymentClosing);
        let step = MoneyStep::Pay(wish);
        let mut outcome = self.store.apply_step(order, &step, metadata).await?;
        if outcome == CLOSING {
            self.worker.close_payment(order).await?;
            outcome = self.store.apply_step(order, &step, metadata).await?;
        }
        if outcome == CLOSING {
            let seconds = self.store.seconds_until_asked(order).await?;
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
            StepOutcome::Refused(refusal) => return Err(refusal_code(refusal).into()),
            // Without a provider there is no debt to pay.
            StepOutcome::Unknown => return Err(Code::OrderNotPayable.into()),
        };
        // Calls that do not fit now are left to the job.
        self.worker.make_order_calls(order).await?;
        Ok(movement)
    }
}

/// The response while the order service is unavailable.
pub fn orders_away(error: &UpstreamError) -> Problem {
    tracing::warn!(
        cause = format_error_chain(error),
        "Could not query the order service"
    );
    Problem::new(Code::Unavailable).retry_after(1)
}

fn refusal_code(refusal: MoneyRefusal) -> Code {
    match refusal {
        // Hide other people's orders.
        MoneyRefusal::NotYours => Code::OrderNotFound,
        MoneyRefusal::OrderNotPayable => Code::OrderNotPayable,
        MoneyRefusal::AmountMismatch => Code::AmountMismatch,
        MoneyRefusal::AlreadyPaid => Code::AlreadyPaid,
        MoneyRefusal::NotRefundable => Code::NotRefundable,
        MoneyRefusal::NoSuchRequest => Code::RefundDecided,
        MoneyRefusal::NothingFailed => Code::NothingFailed,
        MoneyRefusal::NoWorkInVain => Code::NoWorkInVain,
        MoneyRefusal::TooMany => Code::RateLimited,
        MoneyRefusal::PaymentClosing => Code::Unavailable,
    }
}
