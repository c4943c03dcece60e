//! The versions of the platform fee set by admins.
//!
//! Invariant: a version never changes within the hour before it takes effect, nor after. So every
//! replica applies the same version to an order at any time [FEE_BY_CREATION].

use custody::{FEES_TO_COME_MAX, FeePolicy};
use platform::{row, transact, vals};
use wire::{Code, UnixMillis, UserId};

use super::{Store, StoreError, load};

const VERSIONS: &str = "SELECT in_force_from, platform_fee_bp, set_by, set_at FROM fee_policies \
    ORDER BY in_force_from DESC LIMIT ?";
const OTHERS_TO_COME: &str =
    "SELECT COUNT(*) FROM fee_policies WHERE in_force_from > ? AND in_force_from <> ?";
const THERE: &str = "SELECT in_force_from FROM fee_policies WHERE in_force_from = ?";
const TAKE_BACK: &str = "DELETE FROM fee_policies WHERE in_force_from = ?";
/// The order service owns cancel prices; the two columns for them are leftovers.
const SET: &str = "INSERT INTO fee_policies \
    (in_force_from, platform_fee_bp, cancel_fee_bp, cancel_notice_ms, set_by, set_at) VALUES (?, ?, 0, 0, ?, ?)";

/// Maximum versions shown, newest first: all scheduled ones and many past ones.
const SHOWN_MAX: usize = 100;

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
        Ok(self.sql.fetch_all(VERSIONS, vals![SHOWN_MAX]).await?)
    }

    pub async fn fee_policies(&self) -> Result<Vec<FeePolicy>, StoreError> {
        transact!(self.sql, tx => { load::load_fee_policies(tx).await })
    }

    /// Replaces a version that begins at the same moment.
    pub async fn set_platform_fee(
        &self,
        from: UnixMillis,
        basis_points: u16,
        by: UserId,
    ) -> Result<Result<(), Code>, StoreError> {
        let now = self.clock.now();
        if !FeePolicy::is_open(from, now) {
            return Ok(Err(Code::FeeSettled));
        }
        transact!(self.sql, tx => {
            let others: u64 = tx.fetch_optional(OTHERS_TO_COME, vals![now, from]).await?.unwrap_or(0);
            if others >= FEES_TO_COME_MAX {
                return Ok(Err(Code::TooManyFees));
            }
            if tx.exec(TAKE_BACK, vals![from]).await? > 0 {
                tracing::info!(user.id = %by, fee.from = %from, "Replaced a version of the fee");
            }
            tx.exec(SET, vals![from, u32::from(basis_points), by, now]).await?;
            Ok::<_, StoreError>(Ok(()))
        })
    }

    pub async fn take_back_platform_fee(
        &self,
        from: UnixMillis,
        by: UserId,
    ) -> Result<Result<(), Code>, StoreError> {
        if !FeePolicy::is_open(from, self.clock.now()) {
            let there: Option<UnixMillis> = self.sql.fetch_optional(THERE, vals![from]).await?;
            return Ok(Err(there.map_or(Code::NotFound, |_| Code::FeeSettled)));
        }
        let is_gone = self.sql.exec(TAKE_BACK, vals![from]).await? == 1;
        if !is_gone {
            return Ok(Err(Code::NotFound));
        }
        tracing::info!(user.id = %by, fee.from = %from, "Deleted a version of the platform's fee");
        Ok(Ok(()))
    }
}
