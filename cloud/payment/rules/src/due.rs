//! Owns the due: an order as this service last heard of it, and how far its money is settled. It is
//! the row that every transaction about the order's money locks first [LOCK_DUE].

use wire::{
    CancelCharge, Currency, Order, OrderId, OrderStatus, PaymentStatus, UnixMillis, UserId, words,
    words_from_text,
};

use crate::{CancelTerms, MoneyLapse};

/// The parts of an order that money depends on. It comes by event, by a question, or by the
/// comparison of versions; all three are merged alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardOrder {
    pub id: OrderId,
    pub version: u64,
    pub status: OrderStatus,
    pub customer_id: UserId,
    pub provider_id: Option<UserId>,
    pub price_minor: i64,
    pub currency: Currency,
    pub created_at: UnixMillis,
    /// Of a cancelled order; absent means that it costs nothing.
    pub terms: Option<CancelTerms>,
}

impl HeardOrder {
    /// Of the order service's word, by event or in an answer.
    pub fn of(order: &Order, terms: Option<CancelCharge>) -> Self {
        Self {
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
}

words! {
    Saga {
        Settling "settling",
        /// A refund failed: an admin sends it anew or pays it otherwise.
        NeedsPerson "needs_person",
        /// Nothing is open, held or owed. Later money opens it again.
        Done "done",
    }
}
words_from_text!(Saga);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub order: HeardOrder,
    /// As last told.
    pub payment_status: PaymentStatus,
    /// Rises with everything that is told about the order's money.
    pub money_version: u64,
    pub saga: Saga,
    pub completed: Option<Completion>,
    /// Granted to the customer out of the money in custody.
    pub granted_minor: i64,
    /// Granted out of the platform's own money.
    pub goodwill_minor: i64,
    /// When to settle again though nothing has happened.
    pub next_at: Option<UnixMillis>,
}

/// The completed version of the order, as first heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    pub provider_id: UserId,
    pub heard_at: UnixMillis,
}

impl Due {
    pub fn new(order: HeardOrder, now: UnixMillis) -> Self {
        let completed = completion(&order, now);
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

    /// Takes a higher version alone [ORDER_VERSION], and acts on its state whatever the event was
    /// called.
    pub(crate) fn hear(&mut self, order: &HeardOrder, now: UnixMillis, lapse: Option<MoneyLapse>) {
        if order.version <= self.order.version && lapse != Some(MoneyLapse::OrderVersion) {
            return;
        }
        self.order.clone_from(order);
        self.completed = self.completed.or(completion(order, now));
    }

    pub fn is_cancelled(&self) -> bool {
        self.order.status == OrderStatus::Cancelled
    }

    /// Returns whether a payment may begin: somebody has the order, or has done its work.
    pub(crate) fn is_payable(&self) -> bool {
        self.order.status.has_provider()
    }
}

fn completion(order: &HeardOrder, now: UnixMillis) -> Option<Completion> {
    let is_completed = matches!(order.status, OrderStatus::Completed | OrderStatus::Reviewed);
    let provider_id = order.provider_id.filter(|_| is_completed)?;
    Some(Completion { provider_id, heard_at: now })
}
