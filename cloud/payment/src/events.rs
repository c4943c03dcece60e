//! Takes in the events of orders. The state in an event counts, whatever the event is called, and the higher
//! version alone [ORDER_VERSION]; so a repeat changes nothing, and needs no inbox.

use custody::{HeardOrder, MoneyStep};
use platform::{
    bus::{Bus, topology},
    consume::{Handle, HandleError, consume},
};
use process::tasks::Tasks;
use serde::Deserialize;
use wire::{Event, EventType, OrderEvent, OrderStatus};

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
        let step = MoneyStep::OrderHeard(HeardOrder::of(&order, terms));
        self.store.step(order.id, &step, &StepNote::default()).await?;
        Ok(())
    }
}
