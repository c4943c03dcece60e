//! Asks the adapter what the rows say, and takes its answers. Nothing is kept here: a courier that
//! dies between any two calls is followed by the next one, which finds the same rows.
//!
//! Invariant: no transaction is open while the adapter is asked.

use custody::{AdapterReply, MoneyStep, MovementId, PayoutStep};
use process::problem::chain;
use wire::OrderId;

use crate::{
    adapter::Payments,
    store::{AdapterCall, CallKind, StepNote, Store, StoreError},
};

/// One answer may make a further movement; an order needs few of them at a time. What is left waits
/// for the job.
const ROUNDS_MAX: u32 = 8;

#[derive(Clone)]
pub struct Courier {
    pub store: Store,
    pub adapter: Payments,
}

impl Courier {
    /// Does all that is to be asked about one order by now.
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

    /// Does all that is to be asked by now, of whichever order or provider.
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

    /// Closes the order's payment that has expired or was declined, without waiting for its next
    /// turn.
    pub async fn close_payment(&self, order: OrderId) -> Result<(), StoreError> {
        self.store.step(order, &MoneyStep::TimePassed, &StepNote::default()).await?;
        match self.store.call_to_close(order).await? {
            Some(call) => self.ask(&call).await,
            None => Ok(()),
        }
    }

    /// Asks about a movement whatever its state here [STATEMENT]. Returns false for an id that is
    /// none of ours.
    pub async fn question(&self, id: MovementId) -> Result<bool, StoreError> {
        let Some(call) = self.store.question(id).await? else { return Ok(false) };
        self.ask(&call).await?;
        Ok(true)
    }

    /// A row that cannot be worked on is told of, and holds up no other.
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
