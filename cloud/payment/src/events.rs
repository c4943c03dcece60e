//! Consumes order events. The state in an event counts, regardless of the event's name, and only a
//! higher version applies [ORDER_VERSION]; repeats change nothing, so an inbox is unnecessary. Also
//! consumes user events: a revoked user loses their saved payment methods.

use custody::{HeardOrder, MoneyStep};
use platform::{
    bus::{Bus, topology},
    consume::{Handle, HandleError, consume},
};
use process::tasks::Tasks;
use serde::Deserialize;
use wire::{Event, EventType, OrderEvent, OrderStatus, UserEvent};

use crate::store::{StepNote, Store};

pub struct Orders {
    pub store: Store,
}

impl Orders {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        consume(tasks, bus, topology::PAYMENT_ORDERS, self);
    }
}

impl Handle for Orders {
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
        if is_early && self.store.parties(order.id).await?.is_none() {
            return Ok(());
        }
        let step = MoneyStep::OrderHeard(HeardOrder::of(&order, terms));
        self.store.step(order.id, &step, &StepNote::default()).await?;
        Ok(())
    }
}

/// A readmitted person may have saved new methods since, so even a late event removes only those
/// saved before it.
pub struct RevokedPayers {
    pub store: Store,
}

impl RevokedPayers {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        consume(tasks, bus, topology::PAYMENT_PEOPLE, self);
    }
}

impl Handle for RevokedPayers {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if event.kind != EventType::UserRevoked {
            return Ok(());
        }
        let UserEvent { user_id, .. } = UserEvent::deserialize(&event.body)?;
        let removed = self.store.forget_methods(user_id, event.at).await?;
        if removed > 0 {
            tracing::info!(user.id = %user_id, methods = removed, "The methods of a revoked person were removed");
        }
        Ok(())
    }
}
