//! The record of admins' discretionary actions on money, and the cases that wait for them.

use platform::{
    columns, fields,
    sealing::SealContext,
    sql::{Columns, ReadError, Row, StoredRow, Tx},
    transact, vals,
};
use uuid::Uuid;
use wire::{OrderId, UnixMillis, UserId, words};

use super::{MoneyCaseRow, Store, StoreError};

const CASE: &str = "SELECT id, order_id, kind, movement_id, opened_at, closed_at, \
    (SELECT provider_id FROM payouts WHERE payouts.id = movement_id) AS provider_id FROM money_cases WHERE id = ?";
const CLOSE: &str =
    "UPDATE money_cases SET closed_at = ?, closed_by = ? WHERE id = ? AND closed_at IS NULL";
const OF_ORDER: &str = "WHERE order_id = ? ORDER BY at DESC, id DESC LIMIT ?";
const CASES_OF_ORDER: &str = "SELECT id, order_id, kind, movement_id, opened_at, closed_at, NULL AS provider_id \
    FROM money_cases WHERE order_id = ? ORDER BY id DESC LIMIT ?";

/// Maximum rows shown for an order, newest first.
const ROWS_MAX: usize = 200;

words! {
    MoneyActKind {
        Goodwill "goodwill",
        Compensation "compensation",
        SentAnew "sent_anew",
        PaidOtherwise "paid_otherwise",
        CaseClosed "case_closed",
    }
}

/// An admin's decision and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyAct {
    pub kind: MoneyActKind,
    pub subject: Option<Uuid>,
    pub amount_minor: Option<i64>,
    pub by: UserId,
    pub reason: String,
}

columns! {
    /// The reason is stored sealed.
    #[derive(Debug, Clone)]
    pub struct ActRow in money_acts {
        pub id: Uuid,
        pub order_id: OrderId,
        pub kind: String,
        pub subject: Option<Uuid>,
        pub amount_minor: Option<i64>,
        pub by_id: UserId,
        pub reason: String,
        pub at: UnixMillis,
    }
}

impl ActRow {
    pub fn reason_place(id: Uuid) -> SealContext {
        SealContext::of_id("money_acts.reason", id)
    }
}

impl Row for ActRow {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        let id = row.get("id")?;
        let reason = row.opened_text("reason", &Self::reason_place(id))?;
        Ok(fields!(row => ActRow { order_id, kind, subject, amount_minor, by_id, at; id, reason }))
    }
}

/// Records the action in the transaction of its change.
pub async fn record_act(
    tx: &mut Tx,
    id: Uuid,
    order_id: OrderId,
    act: &MoneyAct,
    at: UnixMillis,
) -> Result<(), StoreError> {
    let reason = tx
        .data_keys()
        .seal_text(&ActRow::reason_place(id), &act.reason);
    tx.insert(ActRow {
        id,
        order_id,
        kind: act.kind.as_str().to_owned(),
        subject: act.subject,
        amount_minor: act.amount_minor,
        by_id: act.by,
        reason,
        at,
    })
    .await?;
    Ok(())
}

impl Store {
    /// Newest first.
    pub async fn acts_of(&self, order: OrderId) -> Result<Vec<ActRow>, StoreError> {
        Ok(self
            .sql
            .fetch_all(ActRow::select(OF_ORDER), vals![order, ROWS_MAX])
            .await?)
    }

    /// Newest first, including closed cases.
    pub async fn cases_of(&self, order: OrderId) -> Result<Vec<MoneyCaseRow>, StoreError> {
        Ok(self
            .sql
            .fetch_all(CASES_OF_ORDER, vals![order, ROWS_MAX])
            .await?)
    }

    /// Closes a case with a reason. A closed case stays unchanged. `None` if the case does not
    /// exist.
    pub async fn close_case(
        &self,
        id: u64,
        by: UserId,
        reason: &str,
    ) -> Result<Option<MoneyCaseRow>, StoreError> {
        let now = self.clock.now();
        let act_id = self.clock.new_id();
        transact!(self.sql, tx => {
            let closes = tx.exec(CLOSE, vals![now, by, id]).await? == 1;
            let case: Option<MoneyCaseRow> = tx.fetch_optional(CASE, vals![id]).await?;
            if let Some(case) = case.as_ref().filter(|_| closes) {
                let act = MoneyAct {
                    kind: MoneyActKind::CaseClosed,
                    subject: Some(case.movement_id),
                    amount_minor: None,
                    by,
                    reason: reason.to_owned(),
                };
                record_act(tx, act_id, case.order_id, &act, now).await?;
            }
            Ok::<_, StoreError>(case)
        })
    }
}
