//! The due: an order as this service last received it, and the progress of its settlement. Every
//! transaction about the order's money locks this row first [LOCK_DUE].

use wire::{
    CancelCharge, Currency, Order, OrderId, OrderStatus, PaymentStatus, UnixMillis, UserId, words,
    words_from_text,
};

use crate::{CancelTerms, DisabledMoneyRule};

/// The parts of an order that money depends on. They arrive by event, by a request, or by the
/// comparison of versions; all three merge the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledOrder {
    pub id: OrderId,
    pub version: u64,
    pub status: OrderStatus,
    pub customer_id: UserId,
    pub provider_id: Option<UserId>,
    pub price_minor: i64,
    pub currency: Currency,
    pub created_at: UnixMillis,
    /// Set on cancelled orders; absent means the cancel is free.
    pub terms: Option<CancelTerms>,
}

impl BilledOrder {
    /// Converts the order service's data, from an event or a response.
    pub fn from_order(order: &Order, terms: Option<CancelCharge>) -> Self {
        Self {
            id: order.id,
            version: order.version,
            status: order.status,
            customer_id: order.customer_id,
            provider_id: order.provider_id,
            price_minor: order.price.minor_units(),
            currency: order.currency,
            created_at: order.created_at,
            terms: terms.map(|terms| CancelTerms {
                fee_minor: terms.fee.minor_units(),
                provider_id: terms.provider_id,
            }),
        }
    }
}

words! {
    Saga {
        Settling "settling",
        /// A refund failed: an admin sends it again or pays it another way.
        NeedsPerson "needs_person",
        /// No open movement, held money or debt. Late money reopens it.
        Done "done",
    }
}
words_from_text!(Saga);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub order: BilledOrder,
    /// As last published.
    pub payment_status: PaymentStatus,
    /// Rises with every event about the order's money.
    pub money_version: u64,
    pub saga: Saga,
    pub completed: Option<OrderCompletion>,
    /// Granted to the customer from the money in custody.
    pub granted_minor: i64,
    /// Granted from the platform's own money.
    pub goodwill_minor: i64,
    /// When to settle again without an event.
    pub next_at: Option<UnixMillis>,
}

/// The first completed version of the order this service received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderCompletion {
    pub provider_id: UserId,
    pub heard_at: UnixMillis,
}

impl Due {
    pub fn new(order: BilledOrder, now: UnixMillis) -> Self {
        let completed = completion_from_order(&order, now);
        Self {
            order,
            payment_status: PaymentStatus::Unpaid,
            money_version: 0,
            saga: Saga::Settling,
            completed,
            granted_minor: 0,
            goodwill_minor: 0,
            next_at: None,
        }
    }

    /// Accepts only a higher version [ORDER_VERSION], and acts on its state regardless of the
    /// event's name.
    pub(crate) fn apply_order_version(
        &mut self,
        order: &BilledOrder,
        now: UnixMillis,
        disabled: Option<DisabledMoneyRule>,
    ) {
        if order.version <= self.order.version && disabled != Some(DisabledMoneyRule::OrderVersion)
        {
            return;
        }
        self.order.clone_from(order);
        self.completed = self.completed.or(completion_from_order(order, now));
    }

    pub fn is_cancelled(&self) -> bool {
        self.order.status == OrderStatus::Cancelled
    }

    /// Returns true if a payment may begin: a provider has the order or has completed it.
    pub(crate) fn is_payable(&self) -> bool {
        self.order.status.has_provider()
    }
}

fn completion_from_order(order: &BilledOrder, now: UnixMillis) -> Option<OrderCompletion> {
    let is_completed = matches!(order.status, OrderStatus::Completed | OrderStatus::Reviewed);
    let provider_id = order.provider_id.filter(|_| is_completed)?;
    Some(OrderCompletion {
        provider_id,
        heard_at: now,
    })
}
