//! The row of a due.

use custody::{BilledOrder, CancelTerms, Due, OrderCompletion};
use platform::row;
use wire::{Currency, OrderId, OrderStatus, PaymentStatus, UnixMillis, UserId};

use super::{StoreError, parse_column};

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct DueRow in dues {
        pub order_id: OrderId,
        order_version: u64,
        order_status: OrderStatus,
        pub customer_id: UserId,
        pub provider_id: Option<UserId>,
        price_minor: i64,
        currency: Currency,
        order_created_at: UnixMillis,
        cancel_fee_minor: Option<i64>,
        cancel_fee_to: Option<UserId>,
        payment_status: PaymentStatus,
        money_version: u64,
        saga: String,
        completed_by: Option<UserId>,
        completed_heard_at: Option<UnixMillis>,
        granted_minor: i64,
        goodwill_minor: i64,
        next_at: Option<UnixMillis>,
        looked_at: UnixMillis,
    }
}

impl DueRow {
    pub fn from_due(due: &Due, now: UnixMillis) -> Self {
        let BilledOrder {
            id,
            version,
            status,
            customer_id,
            provider_id,
            ..
        } = due.order;
        let BilledOrder {
            price_minor,
            currency,
            created_at,
            terms,
            ..
        } = due.order;
        Self {
            order_id: id,
            order_version: version,
            order_status: status,
            customer_id,
            provider_id,
            price_minor,
            currency,
            order_created_at: created_at,
            cancel_fee_minor: terms.map(|terms| terms.fee_minor),
            cancel_fee_to: terms.and_then(|terms| terms.provider_id),
            payment_status: due.payment_status,
            money_version: due.money_version,
            saga: due.saga.as_str().to_owned(),
            completed_by: due.completed.map(|done| done.provider_id),
            completed_heard_at: due.completed.map(|done| done.heard_at),
            granted_minor: due.granted_minor,
            goodwill_minor: due.goodwill_minor,
            next_at: due.next_at,
            looked_at: now,
        }
    }

    pub fn into_due(self) -> Result<Due, StoreError> {
        let completed = self.completed_by.zip(self.completed_heard_at);
        let terms = self.cancel_fee_minor;
        let terms = terms.map(|fee_minor| CancelTerms {
            fee_minor,
            provider_id: self.cancel_fee_to,
        });
        let order = BilledOrder {
            id: self.order_id,
            version: self.order_version,
            status: self.order_status,
            customer_id: self.customer_id,
            provider_id: self.provider_id,
            price_minor: self.price_minor,
            currency: self.currency,
            created_at: self.order_created_at,
            terms,
        };
        Ok(Due {
            order,
            payment_status: self.payment_status,
            money_version: self.money_version,
            saga: parse_column(&self.saga, "dues.saga")?,
            completed: completed.map(|(provider_id, heard_at)| OrderCompletion {
                provider_id,
                heard_at,
            }),
            granted_minor: self.granted_minor,
            goodwill_minor: self.goodwill_minor,
            next_at: self.next_at,
        })
    }
}
