//! Makes the adapter calls that rows describe, and applies the answers. A worker keeps no state: if
//! it dies between two calls, the next one finds the same rows.
//!
//! Invariant: no transaction is open during an adapter call.

use custody::{AdapterReply, MoneyStep, MovementId, PayoutStep};
use process::problem::chain;
use wire::OrderId;

use crate::{
    adapter::Payments,
    store::{AdapterCall, CallKind, StepNote, Store, StoreError},
};

/// An answer may create another call, but an order has few at a time. The job makes the remaining
/// calls.
const ROUNDS_MAX: u32 = 8;

#[derive(Clone)]
pub struct Courier {
    pub store: Store,
    pub adapter: Payments,
}

impl Courier {
    /// Makes all calls due for one order.
    pub async fn carry(&self, order: OrderId) -> Result<(), StoreError> {
        for _ in 0..ROUNDS_MAX {
            let calls = self.store.calls_of(order).await?;
            if calls.is_empty() {
                return Ok(());
            }
            for call in calls {
                self.ask(&call).await?;
            }
        }
        Ok(())
    }

    /// Makes all due calls, for any order or provider.
    pub async fn carry_all(&self) -> Result<usize, StoreError> {
        let mut asked = 0;
        for _ in 0..ROUNDS_MAX {
            let calls = self.store.calls_due().await?;
            if calls.is_empty() {
                break;
            }
            for call in &calls {
                self.ask_or_tell(call).await?;
            }
            asked += calls.len();
        }
        Ok(asked)
    }

    /// Closes the order's expired or declined payment now, ahead of its next turn.
    pub async fn close_payment(&self, order: OrderId) -> Result<(), StoreError> {
        self.store.step(order, &MoneyStep::TimePassed, &StepNote::default()).await?;
        match self.store.call_to_close(order).await? {
            Some(call) => self.ask(&call).await,
            None => Ok(()),
        }
    }

    /// Queries a movement regardless of its state here [STATEMENT]. Returns false for an unknown
    /// id.
    pub async fn question(&self, id: MovementId) -> Result<bool, StoreError> {
        let Some(call) = self.store.question(id).await? else { return Ok(false) };
        self.ask(&call).await?;
        Ok(true)
    }

    /// Logs a failing row and postpones it, so that it does not block the others.
    async fn ask_or_tell(&self, call: &AdapterCall) -> Result<(), StoreError> {
        match self.ask(call).await {
            Err(error) if !error.is_unavailable() => {
                tracing::error!(movement.id = %call.id.0, cause = chain(&error), "A movement cannot go on");
                self.store.ask_later(call).await
            }
            asked => asked,
        }
    }

    async fn ask(&self, call: &AdapterCall) -> Result<(), StoreError> {
        let reply = self.adapter.take(call).await;
        tracing::info!(movement.id = %call.id.0, ask = %call.errand.ask, answer = ?reply.answer, "The adapter was asked");
        self.hear(call, reply).await
    }

    async fn hear(&self, call: &AdapterCall, reply: AdapterReply) -> Result<(), StoreError> {
        match call.kind {
            CallKind::Charge { order, .. } | CallKind::Refund { order, .. } => {
                let step = MoneyStep::Answered { movement: call.id, reply };
                self.store.step(order, &step, &StepNote::default()).await?;
            }
            CallKind::Payout { provider } => {
                let step = PayoutStep::Answered { payout: call.id, answer: reply.answer };
                self.store.pay_out(provider, call.currency, step).await?;
            }
        }
        Ok(())
    }
}
