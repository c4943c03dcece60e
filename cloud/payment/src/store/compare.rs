//! The versions of dues, for the comparison with the order service [PULL], and republishing the
//! latest event about an order.

use custody::{DueVersions, MoneyDetails, MoneyEvent, MoneyEventKind, MovementId};
use platform::{
    outbox,
    sql::{Tx, in_list},
    transact, vals,
};
use wire::{Event, OrderId, UnixMillis};

use super::{Store, StoreError, load, write};

const VERSIONS: &str =
    "SELECT order_id, order_version, money_version, told_at FROM dues WHERE order_id IN (";
const TOLD_SINCE: &str = "SELECT order_id, told_at FROM dues WHERE told_at >= ? AND (told_at > ? OR order_id > ?) \
    ORDER BY told_at, order_id LIMIT ?";
const UNTIL: &str = "SELECT at FROM compared_until WHERE id = 1";
const MOVE_UNTIL: &str = "UPDATE compared_until SET at = ? WHERE id = 1";
const FIRST_UNTIL: &str = "INSERT INTO compared_until (id, at) VALUES (1, ?)";

/// Batch size; the order service answers for at most this many orders at once.
pub const BATCH: usize = 200;

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
    pub async fn told_since(
        &self,
        since: UnixMillis,
        after: OrderId,
    ) -> Result<Vec<(OrderId, UnixMillis)>, StoreError> {
        Ok(self
            .sql
            .fetch_all(TOLD_SINCE, vals![since, since, after, BATCH])
            .await?)
    }

    /// The latest event about an order's money, not published.
    pub async fn last_word(&self, order: OrderId) -> Result<Option<Event>, StoreError> {
        let now = self.clock.now();
        transact!(self.sql, tx => { self.word_in(tx, order, now).await })
    }

    /// Publishes the latest event again under its version, so that a consumer which already has it
    /// ignores it.
    pub async fn tell_again(&self, order: OrderId) -> Result<(), StoreError> {
        let now = self.clock.now();
        transact!(self.sql, tx => {
            let Some(event) = self.word_in(tx, order, now).await? else { return Ok(()) };
            Ok::<_, StoreError>(outbox::store::add(tx, &event).await?)
        })
    }

    async fn word_in(
        &self,
        tx: &mut Tx,
        order: OrderId,
        now: UnixMillis,
    ) -> Result<Option<Event>, StoreError> {
        let Some(rows) = load::load_order_locked(tx, order).await? else {
            return Ok(None);
        };
        let due = &rows.due;
        let told = MoneyEvent {
            kind: MoneyEventKind::PaymentStatusChanged,
            movement: MovementId(order.0),
            amount_minor: 0,
            status: due.payment_status,
            money_version: due.money_version,
            held_minor: rows.held_minor(),
            provider_id: None,
            details: MoneyDetails::default(),
        };
        Ok(Some(write::build_money_event(
            &self.clock,
            &due.order,
            &told,
            now,
        )?))
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
}
