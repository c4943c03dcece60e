//! The due: the row of an order that a transaction about its money locks first, the loading of all
//! rows with or without that lock, and the latest event about the order. The comparison with the
//! order service reads the versions of dues [PULL].

use custody::{
    BilledOrder, CancelTerms, Due, DueVersions, MovementId, OrderCompletion, OrderMoney,
};
use platform::{
    outbox, row,
    sql::{Columns, Statement, Tx, in_list},
    transact, vals,
};
use wire::{Currency, Event, EventType, OrderId, OrderStatus, PaymentStatus, UnixMillis, UserId};

use super::{
    Store, StoreError,
    admin_decisions::RefundRequestRow,
    for_update,
    journals::{JournalRow, PostingRow, assemble_journals},
    money_events::{new_event, new_payment_event},
    parse_column,
    payments::{ChargebackRow, PaymentRow, RefundRow},
};

const VERSIONS: &str =
    "SELECT order_id, order_version, money_version, told_at FROM dues WHERE order_id IN (";
const TOLD_SINCE: &str = "SELECT order_id, told_at FROM dues WHERE told_at >= ? AND (told_at > ? OR order_id > ?) \
    ORDER BY told_at, order_id LIMIT ?";
const OF_ORDER: &str = "WHERE order_id = ?";
const UNTIL: &str = "SELECT at FROM compared_until WHERE id = 1";
const MOVE_UNTIL: &str = "UPDATE compared_until SET at = ? WHERE id = 1";
const FIRST_UNTIL: &str = "INSERT INTO compared_until (id, at) VALUES (1, ?)";
/// Batch size; the order service answers for at most this many orders at once.
pub(super) const VERSIONS_BATCH: usize = 200;
const DUE_BY: &str = "SELECT order_id FROM dues WHERE next_at <= ? AND (looked_at < next_at OR looked_at <= ?) \
    ORDER BY next_at LIMIT ?";
const LOOK_LATER: &str = "UPDATE dues SET looked_at = ? WHERE order_id = ?";
/// Dues per job run.
const DUES_MAX: usize = 200;
/// How soon the job retries a due that waits for a person.
const RETRY_AFTER_MS: i64 = 3_600_000;

/// The customer and provider of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parties {
    pub customer: UserId,
    pub provider: Option<UserId>,
}

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
    pub(super) fn from_due(due: &Due, now: UnixMillis) -> Self {
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

    pub(super) fn into_due(self) -> Result<Due, StoreError> {
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
            saga: parse_column(&self.saga, "dues.saga", self.order_id)?,
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

/// All rows about an order's money, under its due's lock. `None` if the order is new to this
/// service.
pub(super) async fn load_order_locked(
    tx: &mut Tx,
    order: OrderId,
) -> Result<Option<OrderMoney>, StoreError> {
    let due_text = for_update(tx, DueRow::select(OF_ORDER));
    load_order_rows(tx, due_text, order).await
}

/// The same without the lock, for reads that do not decide about money. On MySQL, rows that change
/// meanwhile may be newer than the due.
pub(super) async fn load_order_unlocked(
    tx: &mut Tx,
    order: OrderId,
) -> Result<Option<OrderMoney>, StoreError> {
    load_order_rows(tx, DueRow::select(OF_ORDER), order).await
}

async fn load_order_rows(
    tx: &mut Tx,
    due_text: Statement,
    order: OrderId,
) -> Result<Option<OrderMoney>, StoreError> {
    let Some(due) = tx.fetch_optional::<DueRow>(due_text, vals![order]).await? else {
        return Ok(None);
    };
    let text = PaymentRow::select("WHERE order_id = ? ORDER BY created_at, id");
    let payments = tx.fetch_all::<PaymentRow>(text, vals![order]).await?;
    let text = RefundRow::select("WHERE order_id = ? ORDER BY created_at, id");
    let refunds = tx.fetch_all::<RefundRow>(text, vals![order]).await?;
    let text = RefundRequestRow::select("WHERE order_id = ? ORDER BY created_at, id");
    let requests = tx.fetch_all::<RefundRequestRow>(text, vals![order]).await?;
    let text = ChargebackRow::select("WHERE order_id = ? ORDER BY heard_at, id");
    let chargebacks = tx.fetch_all::<ChargebackRow>(text, vals![order]).await?;
    let text = JournalRow::select("WHERE order_id = ? ORDER BY seq");
    let journals = tx.fetch_all::<JournalRow>(text, vals![order]).await?;
    let text = PostingRow::select("WHERE order_id = ? ORDER BY seq");
    let postings = tx.fetch_all::<PostingRow>(text, vals![order]).await?;
    Ok(Some(OrderMoney {
        due: due.into_due()?,
        payments: payments
            .into_iter()
            .map(PaymentRow::into_payment)
            .collect::<Result<_, _>>()?,
        refunds: refunds
            .into_iter()
            .map(RefundRow::into_refund)
            .collect::<Result<_, _>>()?,
        requests: requests
            .into_iter()
            .map(RefundRequestRow::into_request)
            .collect::<Result<_, _>>()?,
        chargebacks: chargebacks
            .into_iter()
            .map(ChargebackRow::into_chargeback)
            .collect(),
        journals: assemble_journals(journals, postings)?,
    }))
}

impl Store {
    /// Skips orders without a due.
    pub async fn load_due_versions(
        &self,
        orders: &[OrderId],
    ) -> Result<Vec<(OrderId, DueVersions)>, StoreError> {
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let text = in_list(VERSIONS, orders.len(), ")");
        let rows: Vec<(OrderId, u64, u64, UnixMillis)> = self
            .sql
            .fetch_all(text, orders.iter().map(Into::into).collect())
            .await?;
        let mut versions = Vec::with_capacity(rows.len());
        for (order, order_version, money_version, told_at) in rows {
            let due = DueVersions {
                order_version,
                money_version,
                told_at,
            };
            versions.push((order, due));
        }
        Ok(versions)
    }

    /// The orders with an event published since `since`, in order of publication, at most one
    /// batch.
    pub async fn list_published_since(
        &self,
        since: UnixMillis,
        after: OrderId,
    ) -> Result<Vec<(OrderId, UnixMillis)>, StoreError> {
        Ok(self
            .sql
            .fetch_all(TOLD_SINCE, vals![since, since, after, VERSIONS_BATCH])
            .await?)
    }

    /// The latest event about an order's money, not published.
    pub async fn find_latest_event(&self, order: OrderId) -> Result<Option<Event>, StoreError> {
        let now = self.clock.now();
        transact!(self.sql, tx => { self.build_latest_event(tx, order, now).await })
    }

    /// Publishes the latest event again under its version, so that a consumer which already has it
    /// ignores it.
    pub async fn republish_latest_event(&self, order: OrderId) -> Result<(), StoreError> {
        let now = self.clock.now();
        transact!(self.sql, tx => {
            let Some(event) = self.build_latest_event(tx, order, now).await? else { return Ok(()) };
            Ok::<_, StoreError>(outbox::add(tx, &event).await?)
        })
    }

    async fn build_latest_event(
        &self,
        tx: &mut Tx,
        order: OrderId,
        now: UnixMillis,
    ) -> Result<Option<Event>, StoreError> {
        let Some(rows) = load_order_locked(tx, order).await? else {
            return Ok(None);
        };
        let body = new_payment_event(&rows.due, MovementId(order.0), 0, rows.held_minor())?;
        let event = new_event(&self.clock, EventType::PaymentStatusChanged, now, &body)?;
        Ok(Some(event))
    }

    pub async fn compared_until(&self) -> Result<Option<UnixMillis>, StoreError> {
        Ok(self.sql.fetch_optional(UNTIL, vals![]).await?)
    }

    pub async fn set_compared_until(&self, at: UnixMillis) -> Result<(), StoreError> {
        if self.sql.exec(MOVE_UNTIL, vals![at]).await? == 0
            && self.compared_until().await?.is_none()
        {
            self.sql.exec(FIRST_UNTIL, vals![at]).await?;
        }
        Ok(())
    }

    pub async fn find_parties(&self, order: OrderId) -> Result<Option<Parties>, StoreError> {
        let row: Option<DueRow> = self
            .sql
            .fetch_optional(DueRow::select(OF_ORDER), vals![order])
            .await?;
        Ok(row.map(|row| Parties {
            customer: row.customer_id,
            provider: row.provider_id,
        }))
    }

    /// Orders with an expiry or release due now.
    pub async fn list_dues_by_now(&self) -> Result<Vec<OrderId>, StoreError> {
        let now = self.clock.now();
        let values = vals![now, now.plus_ms(-RETRY_AFTER_MS), DUES_MAX];
        Ok(self.sql.fetch_all(DUE_BY, values).await?)
    }

    /// Postpones a due that cannot be processed now.
    pub async fn postpone_due(&self, order: OrderId) -> Result<(), StoreError> {
        self.sql
            .exec(LOOK_LATER, vals![self.clock.now(), order])
            .await?;
        Ok(())
    }
}
