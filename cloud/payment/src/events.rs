//! Consumes order events. The state in an event counts, regardless of the event's name, and only a
//! higher version applies [ORDER_VERSION]; repeats change nothing, so an inbox is unnecessary. Also
//! consumes user events: a revoked user loses their saved payment methods.

use custody::{BilledOrder, MoneyStep};
use platform::{
    bus::{Bus, topology},
    consume::{EventHandler, HandleError, start_consumer},
};
use process::tasks::Tasks;
use serde::Deserialize;
use wire::{Event, EventType, OrderEvent, OrderStatus, UserEvent};

use crate::store::{StepMetadata, Store};

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
            return Ok(());
        }
        let step = MoneyStep::OrderHeard(BilledOrder::from_order(&order, terms));
        self.store
            .apply_step(order.id, &step, &StepMetadata::default())
            .await?;
        Ok(())
    }
}

/// A readmitted person may have saved new methods since, so even a late event removes only those
/// saved before it.
pub struct UserRevocationConsumer {
    pub store: Store,
}

impl UserRevocationConsumer {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        start_consumer(tasks, bus, topology::PAYMENT_PEOPLE, self);
    }
}

impl EventHandler for UserRevocationConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if event.kind != EventType::UserRevoked {
            return Ok(());
        }
        let UserEvent { user_id, .. } = UserEvent::deserialize(&event.body)?;
        let removed = self.store.forget_methods(user_id, event.at).await?;
        if removed > 0 {
            tracing::info!(user.id = %user_id, methods = removed, "Removed the payment methods of a revoked person");
        }
        Ok(())
    }
}
