//! Reads the inputs of a decision.

use custody::{FeePolicy, OrderMoney};
use platform::{
    sql::{Columns, Statement, Tx},
    vals,
};
use wire::{OrderId, UnixMillis};

use super::{
    StoreError,
    rows::{
        self, ChargebackRow, DueRow, JournalRow, PaymentRow, PostingRow, RefundRow, RequestRow,
    },
};

const POLICIES: &str =
    "SELECT in_force_from, platform_fee_bp FROM fee_policies ORDER BY in_force_from";

/// All rows about an order's money, under its due's lock. `None` if the order is new to this
/// service.
pub async fn load_order_locked(
    tx: &mut Tx,
    order: OrderId,
) -> Result<Option<OrderMoney>, StoreError> {
    let text = for_update(tx, DueRow::select("WHERE order_id = ?"));
    let Some(due) = tx.fetch_optional::<DueRow>(text, vals![order]).await? else {
        return Ok(None);
    };
    let text = PaymentRow::select("WHERE order_id = ? ORDER BY created_at, id");
    let payments = tx.fetch_all::<PaymentRow>(text, vals![order]).await?;
    let text = RefundRow::select("WHERE order_id = ? ORDER BY created_at, id");
    let refunds = tx.fetch_all::<RefundRow>(text, vals![order]).await?;
    let text = RequestRow::select("WHERE order_id = ? ORDER BY created_at, id");
    let requests = tx.fetch_all::<RequestRow>(text, vals![order]).await?;
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
            .map(RequestRow::into_request)
            .collect::<Result<_, _>>()?,
        chargebacks: chargebacks
            .into_iter()
            .map(ChargebackRow::into_chargeback)
            .collect(),
        journals: rows::assemble_journals(journals, postings)?,
    }))
}

/// The versions of the platform fee. They are few, and never change once in force.
pub async fn load_fee_policies(tx: &mut Tx) -> Result<Vec<FeePolicy>, StoreError> {
    let rows: Vec<(UnixMillis, u32)> = tx.fetch_all(POLICIES, vals![]).await?;
    let mut policies = Vec::with_capacity(rows.len());
    for (from, basis_points) in rows {
        let platform_fee_bp =
            u16::try_from(basis_points).map_err(|_| StoreError::Unreadable("fee_policies"))?;
        policies.push(FeePolicy {
            from,
            platform_fee_bp,
            ..FeePolicy::FREE
        });
    }
    Ok(policies)
}

/// Only MySQL needs row locks: SQLite has one writer at a time.
pub fn for_update(tx: &Tx, statement: Statement) -> Statement {
    if tx.is_mysql() {
        statement.append_text(" FOR UPDATE")
    } else {
        statement
    }
}
