//! The payment service's use cases, between its routes and its tables.

use axum::extract::FromRef;
use custody::{HeardOrder, MoneyStep, MovementId, PaymentWish, Refusal};
use platform::upstream::{Upstream, UpstreamError};
use process::{
    problem::{Problem, chain},
    tokens::Verifier,
};
use wire::{Code, Event, Order, OrderAndTerms, OrderId, UserId};

use crate::{
    compare::Comparison,
    courier::Courier,
    http::CallbackLimits,
    reconcile::Reconciler,
    say,
    store::{Parties, StepNote, StepOutcome, Store},
};

const ORDER: &str = "order";

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: Store,
    pub courier: Courier,
    pub verifier: Verifier,
    pub orders: Upstream,
    pub callbacks: CallbackLimits,
}

impl Service {
    pub fn comparison(&self) -> Comparison {
        let (orders, verifier) = (self.orders.clone(), self.verifier.clone());
        Comparison { store: self.store.clone(), orders, verifier }
    }

    pub fn reconciler(&self) -> Reconciler {
        Reconciler { courier: self.courier.clone(), comparison: self.comparison() }
    }

    /// Fetches the order's current state and merges it like an event, so that the latest changes
    /// count.
    pub async fn fetch(&self, id: OrderId) -> Result<Order, Problem> {
        let token = self.verifier.token_for(ORDER);
        let path = format!("/internal/orders/{id}");
        let OrderAndTerms { order, terms, .. } = match self.orders.get(&path, Some(&token)).await {
            Ok(told) => told,
            Err(UpstreamError::Refused { problem: Some(problem), .. }) => {
                return Err((*problem).into());
            }
            Err(error) => return Err(orders_away(&error)),
        };
        let is_owed = order.status.has_provider() || self.store.parties(id).await?.is_some();
        if is_owed {
            let step = MoneyStep::OrderHeard(HeardOrder::of(&order, terms));
            self.store.step(id, &step, &StepNote::default()).await?;
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
    pub async fn parties(&self, id: OrderId) -> Result<Parties, Problem> {
        if let Some(known) = self.store.parties(id).await? {
            return Ok(known);
        }
        let order = self.fetch(id).await?;
        Ok(Parties { customer: order.customer_id, provider: order.provider_id })
    }

    /// The latest event about an order's money, if any. Queries the adapter about an open payment
    /// first, because it may have been paid since.
    pub async fn last_word(&self, order: OrderId) -> Result<Option<Event>, Problem> {
        let Some(rows) = self.store.money(order).await? else { return Ok(None) };
        if let (_, Some(open)) = rows.start_backing() {
            self.courier.question(open).await?;
        }
        Ok(self.store.last_word(order).await?)
    }

    /// Applies a person's step, makes the resulting adapter calls, and returns the movement that
    /// the step began or found.
    pub async fn step(
        &self,
        order: OrderId,
        step: &MoneyStep,
        note: &StepNote,
    ) -> Result<Option<MovementId>, Problem> {
        let outcome = self.store.step(order, step, note).await?;
        self.finish_step(order, outcome).await
    }

    /// Begins a payment, or finds the open one. If that one expired or was declined, this closes it
    /// at the adapter and tries again, to begin a payment that can still be paid [NEVER_DEAD].
    pub async fn pay(
        &self,
        order: OrderId,
        wish: PaymentWish,
        note: &StepNote,
    ) -> Result<Option<MovementId>, Problem> {
        const CLOSING: StepOutcome = StepOutcome::Refused(Refusal::PaymentClosing);
        let step = MoneyStep::Pay(wish);
        let mut outcome = self.store.step(order, &step, note).await?;
        if outcome == CLOSING {
            self.courier.close_payment(order).await?;
            outcome = self.store.step(order, &step, note).await?;
        }
        if outcome == CLOSING {
            let seconds = self.store.seconds_until_asked(order).await?;
            let problem = Problem::new(Code::Unavailable).retry_after(seconds);
            return Err(problem.detail(say::payment_closing { seconds: seconds.into() }));
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
            StepOutcome::Refused(refusal) => return Err(code(refusal).into()),
            // Without a provider there is no debt to pay.
            StepOutcome::Unknown => return Err(Code::OrderNotPayable.into()),
        };
        // Calls that do not fit now are left to the job.
        self.courier.carry(order).await?;
        Ok(movement)
    }
}

/// The response while the order service is unavailable.
pub fn orders_away(error: &UpstreamError) -> Problem {
    tracing::warn!(cause = chain(error), "The order service cannot be asked");
    Problem::new(Code::Unavailable).retry_after(1)
}

fn code(refusal: Refusal) -> Code {
    match refusal {
        // Hide other people's orders.
        Refusal::NotYours => Code::OrderNotFound,
        Refusal::OrderNotPayable => Code::OrderNotPayable,
        Refusal::AmountMismatch => Code::AmountMismatch,
        Refusal::AlreadyPaid => Code::AlreadyPaid,
        Refusal::NotRefundable => Code::NotRefundable,
        Refusal::NoSuchRequest => Code::RefundDecided,
        Refusal::NothingFailed => Code::NothingFailed,
        Refusal::NoWorkInVain => Code::NoWorkInVain,
        Refusal::TooMany => Code::RateLimited,
        Refusal::PaymentClosing => Code::Unavailable,
    }
}
