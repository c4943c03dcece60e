//! Decisions of admins: versions of the platform fee, customers' refund requests, and open cases.
//! Discretionary actions on money are recorded with their reason.
//!
//! Invariant: a version never changes within the hour before it takes effect, nor after. So every
//! replica applies the same version to an order at any time [FEE_BY_CREATION].

use custody::{FEES_TO_COME_MAX, FeePolicy, MoneyCase, MovementId, RefundRequest};
use platform::{
    ChangeError, columns, row,
    sql::{Columns, KeyColumn, SealedColumn, SealedTable, Tx},
    transact, vals,
};
use process::problem::TimeCursor;
use uuid::Uuid;
use wire::{
    Code, Currency, OrderId, PlatformFeeVersion, PlatformFees, UnixMillis, UserId, words,
    words_from_text,
};

use super::{
    Store, StoreError, parse_column,
    payments::{MOVEMENTS_MAX, MOVEMENTS_OF_ORDER},
};

const FEE_VERSIONS: &str = "SELECT in_force_from, platform_fee_bp, set_by, set_at FROM fee_policies \
    ORDER BY in_force_from DESC LIMIT ?";
const OTHER_FEES_TO_COME: &str =
    "SELECT COUNT(*) FROM fee_policies WHERE in_force_from > ? AND in_force_from <> ?";
const FEE_FROM: &str = "SELECT in_force_from FROM fee_policies WHERE in_force_from = ?";
const TAKE_BACK_FEE: &str = "DELETE FROM fee_policies WHERE in_force_from = ?";
/// The order service owns cancel prices; the two columns for them are leftovers.
const SET_FEE: &str = "INSERT INTO fee_policies \
    (in_force_from, platform_fee_bp, cancel_fee_bp, cancel_notice_ms, set_by, set_at) VALUES (?, ?, 0, 0, ?, ?)";
/// Maximum versions shown, newest first: all scheduled ones and many past ones.
const FEES_SHOWN_MAX: usize = 100;
const NEWEST_FEES: &str = "SELECT in_force_from, platform_fee_bp FROM fee_policies \
    ORDER BY in_force_from DESC LIMIT ?";
const POLICIES: &str =
    "SELECT in_force_from, platform_fee_bp FROM fee_policies ORDER BY in_force_from";

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PlatformFeeRow {
        pub in_force_from: UnixMillis,
        pub platform_fee_bp: u32,
        pub set_by: Option<UserId>,
        pub set_at: Option<UnixMillis>,
    }
}

impl Store {
    /// Newest first.
    pub async fn platform_fees(&self) -> Result<Vec<PlatformFeeRow>, StoreError> {
        Ok(self
            .sql
            .fetch_all(FEE_VERSIONS, vals![FEES_SHOWN_MAX])
            .await?)
    }

    /// The public part of the versions.
    pub async fn newest_platform_fees(&self) -> Result<PlatformFees, StoreError> {
        let complete_until = FeePolicy::complete_until(self.clock.now());
        let limit = PlatformFees::VERSIONS_MAX;
        let rows = self.sql.fetch_all(NEWEST_FEES, vals![limit]).await?;
        let versions = policies_from_rows(rows)?
            .into_iter()
            .map(|policy| PlatformFeeVersion {
                from: policy.from,
                basis_points: policy.platform_fee_bp,
            })
            .collect();
        Ok(PlatformFees {
            complete_until,
            versions,
        })
    }

    pub async fn fee_policies(&self) -> Result<Vec<FeePolicy>, StoreError> {
        policies_from_rows(self.sql.fetch_all(POLICIES, vals![]).await?)
    }

    /// Replaces a version that begins at the same moment.
    pub async fn set_platform_fee(
        &self,
        from: UnixMillis,
        basis_points: u16,
        by: UserId,
    ) -> Result<(), ChangeError> {
        let now = self.clock.now();
        if !FeePolicy::is_open(from, now) {
            return Err(Code::FeeSettled.into());
        }
        transact!(self.sql, tx => {
            let others: u64 = tx.fetch_optional(OTHER_FEES_TO_COME, vals![now, from]).await?.unwrap_or(0);
            if others >= FEES_TO_COME_MAX {
                return Err(Code::TooManyFees.into());
            }
            if tx.exec(TAKE_BACK_FEE, vals![from]).await? > 0 {
                tracing::info!(user.id = %by, fee.from = %from, "Replaced a version of the fee");
            }
            tx.exec(SET_FEE, vals![from, u32::from(basis_points), by, now]).await?;
            Ok::<_, ChangeError>(())
        })
    }

    pub async fn take_back_platform_fee(
        &self,
        from: UnixMillis,
        by: UserId,
    ) -> Result<(), ChangeError> {
        if !FeePolicy::is_open(from, self.clock.now()) {
            let there: Option<UnixMillis> = self.sql.fetch_optional(FEE_FROM, vals![from]).await?;
            let refusal = there.map_or(Code::NotFound, |_| Code::FeeSettled);
            return Err(refusal.into());
        }
        let is_gone = self.sql.exec(TAKE_BACK_FEE, vals![from]).await? == 1;
        if !is_gone {
            return Err(Code::NotFound.into());
        }
        tracing::info!(user.id = %by, fee.from = %from, "Deleted a version of the platform's fee");
        Ok(())
    }
}

/// The versions of the platform fee. They are few, and never change once in force.
pub(super) async fn load_fee_policies(tx: &mut Tx) -> Result<Vec<FeePolicy>, StoreError> {
    policies_from_rows(tx.fetch_all(POLICIES, vals![]).await?)
}

fn policies_from_rows(rows: Vec<(UnixMillis, u32)>) -> Result<Vec<FeePolicy>, StoreError> {
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

const OPEN_REQUESTS: &str = "WHERE status = 'open' AND created_at <= ? \
    AND (created_at < ? OR id < ?) ORDER BY created_at DESC, id DESC LIMIT ?";

/// A refund request belongs to an order that its customer paid, so the index on payments finds it.
const REQUESTS_BY_CUSTOMER: &str = "SELECT DISTINCT refund_requests.id FROM payments \
    JOIN refund_requests ON refund_requests.order_id = payments.order_id \
    WHERE payments.customer_id = ? AND refund_requests.customer_id = payments.customer_id";
const ERASE_REASON: &str = "UPDATE refund_requests SET reason = '' WHERE id = ? AND reason <> ''";

const ID: &[KeyColumn] = &[KeyColumn::Id("id")];

/// The reason is the customer's own text.
pub(super) const REFUND_REQUESTS: SealedTable = SealedTable {
    label: "payment.refund_requests",
    name: "refund_requests",
    key: ID,
    part: None,
    columns: &[SealedColumn::text("reason", "refund_requests.reason", ID)],
};

row! {
    pub struct RefundRequestRow in refund_requests sealed by REFUND_REQUESTS {
        pub id: Uuid,
        pub order_id: OrderId,
        pub customer_id: UserId,
        pub amount_minor: i64,
        pub currency: Currency,
        pub status: String,
        pub reason: String,
        pub granted_minor: Option<i64>,
        pub decided_by: Option<UserId>,
        pub decided_at: Option<UnixMillis>,
        pub created_at: UnixMillis,
    }
}

columns! {
    /// An admin's decision on a request.
    pub struct RefundRequestChange in refund_requests {
        pub status: &'static str,
        pub granted_minor: Option<i64>,
        pub decided_by: Option<UserId>,
        pub decided_at: Option<UnixMillis>,
    }
}

impl RefundRequestRow {
    pub fn into_request(self) -> Result<RefundRequest, StoreError> {
        let state = parse_column(&self.status, "refund_requests.status", self.id)?;
        Ok(RefundRequest {
            id: MovementId(self.id),
            amount_minor: self.amount_minor,
            state,
        })
    }
}

impl Store {
    pub async fn find_request(&self, id: Uuid) -> Result<Option<RefundRequestRow>, StoreError> {
        Ok(self
            .sql
            .fetch_optional(RefundRequestRow::select("WHERE id = ?"), vals![id])
            .await?)
    }

    pub async fn requests_of(&self, order: OrderId) -> Result<Vec<RefundRequestRow>, StoreError> {
        Ok(self
            .sql
            .fetch_all(
                RefundRequestRow::select(MOVEMENTS_OF_ORDER),
                vals![order, MOVEMENTS_MAX],
            )
            .await?)
    }

    /// Erases the reasons in a customer's refund requests; returns the number of requests. The
    /// amounts stay.
    pub async fn erase_request_reasons(&self, customer: UserId) -> Result<u64, StoreError> {
        let requests: Vec<Uuid> = self
            .sql
            .fetch_all(REQUESTS_BY_CUSTOMER, vals![customer])
            .await?;
        let mut erased = 0;
        for request in requests {
            erased += self.sql.exec(ERASE_REASON, vals![request]).await?;
        }
        Ok(erased)
    }

    /// Requests waiting for an admin, newest first.
    pub async fn open_requests(
        &self,
        limit: usize,
        after: Option<TimeCursor>,
    ) -> Result<Vec<RefundRequestRow>, StoreError> {
        let TimeCursor { at, id } = after.unwrap_or(TimeCursor::START);
        Ok(self
            .sql
            .fetch_all(
                RefundRequestRow::select(OPEN_REQUESTS),
                vals![at, at, id, limit],
            )
            .await?)
    }
}

const OPEN_CASES: &str = "SELECT id, order_id, kind, movement_id, opened_at, closed_at, \
    (SELECT provider_id FROM payouts WHERE payouts.id = movement_id) AS provider_id FROM money_cases \
    WHERE closed_at IS NULL AND id < ? ORDER BY id DESC LIMIT ?";
const CASE: &str = "SELECT id, order_id, kind, movement_id, opened_at, closed_at, \
    (SELECT provider_id FROM payouts WHERE payouts.id = movement_id) AS provider_id FROM money_cases WHERE id = ?";
const CLOSE: &str =
    "UPDATE money_cases SET closed_at = ?, closed_by = ? WHERE id = ? AND closed_at IS NULL";
const ACTS_OF_ORDER: &str = "WHERE order_id = ? ORDER BY at DESC, id DESC LIMIT ?";
const CASES_OF_ORDER: &str = "SELECT id, order_id, kind, movement_id, opened_at, closed_at, NULL AS provider_id \
    FROM money_cases WHERE order_id = ? ORDER BY id DESC LIMIT ?";
/// Maximum rows shown for an order, newest first.
const ROWS_MAX: usize = 200;

row! {
    #[derive(Debug, Clone)]
    pub struct MoneyCaseRow {
        pub id: u64,
        /// The nil id for a payout case.
        pub order_id: OrderId,
        pub kind: String,
        pub movement_id: Uuid,
        pub opened_at: UnixMillis,
        pub closed_at: Option<UnixMillis>,
        /// Set on payout cases.
        pub provider_id: Option<UserId>,
    }
}

columns! {
    struct NewCaseRow in money_cases {
        order_id: OrderId,
        kind: &'static str,
        movement_id: Uuid,
        opened_at: UnixMillis,
    }
}

words! {
    MoneyActKind {
        Goodwill "goodwill",
        Compensation "compensation",
        SentAnew "sent_anew",
        PaidOtherwise "paid_otherwise",
        CaseClosed "case_closed",
    }
}

words_from_text!(MoneyActKind);

/// An admin's decision and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyAct {
    pub kind: MoneyActKind,
    pub subject: Option<Uuid>,
    pub amount_minor: Option<i64>,
    pub by: UserId,
    pub reason: String,
}

pub(super) const MONEY_ACTS: SealedTable = SealedTable {
    label: "payment.money_acts",
    name: "money_acts",
    key: ID,
    part: None,
    columns: &[SealedColumn::text("reason", "money_acts.reason", ID)],
};

row! {
    #[derive(Debug, Clone)]
    pub struct MoneyActRow in money_acts sealed by MONEY_ACTS {
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

/// Records the action in the transaction of its change.
pub(super) async fn record_act(
    tx: &mut Tx,
    id: Uuid,
    order_id: OrderId,
    act: &MoneyAct,
    at: UnixMillis,
) -> Result<(), StoreError> {
    tx.insert(MoneyActRow {
        id,
        order_id,
        kind: act.kind.as_str().to_owned(),
        subject: act.subject,
        amount_minor: act.amount_minor,
        by_id: act.by,
        reason: act.reason.clone(),
        at,
    })
    .await?;
    Ok(())
}

impl Store {
    /// Newest first.
    pub async fn acts_of(&self, order: OrderId) -> Result<Vec<MoneyActRow>, StoreError> {
        Ok(self
            .sql
            .fetch_all(MoneyActRow::select(ACTS_OF_ORDER), vals![order, ROWS_MAX])
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

    /// Open cases for review, newest first.
    pub async fn list_open_cases(
        &self,
        limit: usize,
        before: Option<u64>,
    ) -> Result<Vec<MoneyCaseRow>, StoreError> {
        let before = before.unwrap_or(i64::MAX.unsigned_abs());
        Ok(self.sql.fetch_all(OPEN_CASES, vals![before, limit]).await?)
    }
}

/// Opens a case for a person, once, and returns true if it is new. A payout case has the nil order
/// id.
pub(super) async fn open_case(
    tx: &mut Tx,
    order_id: OrderId,
    case: &MoneyCase,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let kind = case.kind.as_str();
    let movement_id = case.movement.0;
    Ok(tx
        .insert_new(NewCaseRow {
            order_id,
            kind,
            movement_id,
            opened_at: now,
        })
        .await?)
}
