//! Makes the adapter calls that rows describe, and applies the answers. A worker keeps no state: if
//! it dies between two calls, the next one finds the same rows.
//!
//! Invariant: no transaction is open during an adapter call.

use custody::{AdapterReply, MoneyStep, MovementId, PayoutStep};
use process::problem::format_error_chain;
use wire::OrderId;

use crate::{
    adapter::PaymentAdapter,
    store::{AdapterCall, AdapterCallKind, StepMetadata, Store, StoreError},
};

/// An answer may create another call, but an order has few at a time. The job makes the remaining
/// calls.
const ROUNDS_MAX: u32 = 8;

#[derive(Clone)]
pub struct AdapterWorker {
    pub store: Store,
    pub adapter: PaymentAdapter,
}

impl AdapterWorker {
    /// Makes all calls due for one order.
    pub async fn make_order_calls(&self, order: OrderId) -> Result<(), StoreError> {
        for _ in 0..ROUNDS_MAX {
            let calls = self.store.calls_of(order).await?;
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
        self.store
            .apply_step(order, &MoneyStep::TimePassed, &StepMetadata::default())
            .await?;
        match self.store.call_to_close(order).await? {
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
    async fn ask_or_tell(&self, call: &AdapterCall) -> Result<(), StoreError> {
        match self.make_call(call).await {
            Err(error) if !error.is_unavailable() => {
                tracing::error!(
                    movement.id = %call.id.0, cause = format_error_chain(&error),
                    "Could not process a movement; it is postponed"
                );
                self.store.ask_later(call).await
            }
            asked => asked,
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
                self.store.pay_out(provider, call.currency, step).await?;
            }
        }
        Ok(())
    }
}
