//! Takes in the events of orders. The state in an event counts, whatever the event is called, and the higher
//! version alone [ORDER_VERSION]; so a repeat changes nothing, and needs no inbox.

use custody::{CancelTerms, HeardOrder, MoneyStep};
use platform::{
    bus::{Bus, topology},
    consume::{Handle, HandleError, consume},
};
use process::tasks::Tasks;
use serde::Deserialize;
use wire::{CancelCharge, Event, EventType, Order, OrderEvent, OrderStatus};

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
        // An order that nobody has taken yet owes nothing, and needs no row.
        let is_early = matches!(
            order.status,
            OrderStatus::PendingReview | OrderStatus::Pending | OrderStatus::Rejected
        );
        if is_early && self.store.parties(order.id).await?.is_none() {
            return Ok(());
        }
        let step = MoneyStep::OrderHeard(heard(&order, terms));
        self.store.step(order.id, &step, &StepNote::default()).await?;
        Ok(())
    }
}

/// The parts of an order that money depends on.
pub fn heard(order: &Order, terms: Option<CancelCharge>) -> HeardOrder {
    HeardOrder {
        id: order.id,
        version: order.version,
        status: order.status,
        customer_id: order.customer_id,
        provider_id: order.provider_id,
        price_minor: order.price.minor(),
        currency: order.currency,
        created_at: order.created_at,
        terms: terms.map(|terms| CancelTerms {
            fee_minor: terms.fee.minor(),
            provider_id: terms.provider_id,
        }),
    }
}
