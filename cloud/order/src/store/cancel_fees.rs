//! The versions of the late-cancellation fee.
//!
//! Invariant: a version is fixed from one hour before it takes effect, so that all replicas price a
//! cancel by the same version at any time [FEE_BY_CREATION].

use custody::{FEES_TO_COME_MAX, FeePolicy};
use platform::{ChangeError, row, transact, vals};
use wire::{CancelFeeVersion, CancelFees, Code, UnixMillis, UserId};

use super::{Store, StoreError};

/// The versions of the cancellation fee. There are few, and none changes once in force.
pub(super) const POLICIES: &str =
    "SELECT in_force_from, fee_bp, notice_ms FROM cancel_policies ORDER BY in_force_from";

const NEWEST_POLICIES: &str = "SELECT in_force_from, fee_bp, notice_ms FROM cancel_policies \
    ORDER BY in_force_from DESC LIMIT ?";

const FEE_VERSIONS: &str = "SELECT in_force_from, fee_bp, notice_ms, set_by, set_at FROM cancel_policies \
    ORDER BY in_force_from DESC LIMIT ?";

const OTHER_FEES_TO_COME: &str =
    "SELECT COUNT(*) FROM cancel_policies WHERE in_force_from > ? AND in_force_from <> ?";

const FEE_AT: &str = "SELECT in_force_from FROM cancel_policies WHERE in_force_from = ?";

const DELETE_FEE: &str = "DELETE FROM cancel_policies WHERE in_force_from = ?";

const INSERT_FEE: &str = "INSERT INTO cancel_policies (in_force_from, fee_bp, notice_ms, set_by, set_at) \
    VALUES (?, ?, ?, ?, ?)";

/// All future versions and many past ones.
const FEES_SHOWN_MAX: usize = 100;

const HOUR_MS: i64 = 60 * 60 * 1_000;

type FeePolicyRow = (UnixMillis, u32, i64);

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct CancelFeeRow {
        pub in_force_from: UnixMillis,
        pub fee_bp: u32,
        pub notice_ms: i64,
        pub set_by: Option<UserId>,
        pub set_at: Option<UnixMillis>,
    }
}

impl Store {
    /// Newest first.
    pub async fn cancel_fees(&self) -> Result<Vec<CancelFeeRow>, StoreError> {
        Ok(self
            .sql
            .fetch_all(FEE_VERSIONS, vals![FEES_SHOWN_MAX])
            .await?)
    }

    /// Replaces a version with the same start.
    pub async fn newest_cancel_fees(&self) -> Result<CancelFees, StoreError> {
        let complete_until = FeePolicy::complete_until(self.clock.now());
        let limit = CancelFees::VERSIONS_MAX;
        let rows = self.sql.fetch_all(NEWEST_POLICIES, vals![limit]).await?;
        let versions = policies_from_rows(rows)?
            .into_iter()
            .map(version_from_policy)
            .collect::<Result<_, _>>()?;
        Ok(CancelFees {
            complete_until,
            versions,
        })
    }

    pub async fn set_cancel_fee(&self, fee: FeePolicy, by: UserId) -> Result<(), ChangeError> {
        let FeePolicy {
            from,
            cancel_fee_bp,
            cancel_notice_ms,
            ..
        } = fee;
        let now = self.clock.now();
        if !FeePolicy::is_open(from, now) {
            return Err(Code::FeeSettled.into());
        }
        transact!(self.sql, tx => {
            let others: u64 = tx.fetch_optional(OTHER_FEES_TO_COME, vals![now, from]).await?.unwrap_or(0);
            if others >= FEES_TO_COME_MAX {
                return Err(Code::TooManyFees.into());
            }
            if tx.exec(DELETE_FEE, vals![from]).await? > 0 {
                tracing::info!(user.id = %by, fee.from = %from, "Replaced a version of the fee");
            }
            let basis_points = u32::from(cancel_fee_bp);
            tx.exec(INSERT_FEE, vals![from, basis_points, cancel_notice_ms, by, now]).await?;
            Ok::<_, ChangeError>(())
        })
    }

    pub async fn take_back_cancel_fee(
        &self,
        from: UnixMillis,
        by: UserId,
    ) -> Result<(), ChangeError> {
        if !FeePolicy::is_open(from, self.clock.now()) {
            let there: Option<UnixMillis> = self.sql.fetch_optional(FEE_AT, vals![from]).await?;
            let refusal = there.map_or(Code::NotFound, |_| Code::FeeSettled);
            return Err(refusal.into());
        }
        let is_gone = self.sql.exec(DELETE_FEE, vals![from]).await? == 1;
        if !is_gone {
            return Err(Code::NotFound.into());
        }
        tracing::info!(user.id = %by, fee.from = %from, "Deleted a version of the late-cancellation fee");
        Ok(())
    }
}

fn version_from_policy(policy: FeePolicy) -> Result<CancelFeeVersion, StoreError> {
    let notice_hours = u16::try_from(policy.cancel_notice_ms / HOUR_MS)
        .map_err(|_| StoreError::Unreadable("cancel_policies.notice_ms"))?;
    Ok(CancelFeeVersion {
        from: policy.from,
        basis_points: policy.cancel_fee_bp,
        notice_hours,
    })
}

pub(super) fn policies_from_rows(rows: Vec<FeePolicyRow>) -> Result<Vec<FeePolicy>, StoreError> {
    let mut policies = Vec::with_capacity(rows.len());
    for (from, fee_bp, cancel_notice_ms) in rows {
        let cancel_fee_bp =
            u16::try_from(fee_bp).map_err(|_| StoreError::Unreadable("cancel_policies.fee_bp"))?;
        policies.push(FeePolicy {
            from,
            cancel_fee_bp,
            cancel_notice_ms,
            ..FeePolicy::FREE
        });
    }
    Ok(policies)
}
