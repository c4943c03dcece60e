//! Statements: an account's postings, and the resulting balances.

use platform::{row, vals};
use process::problem::TimeCursor;
use uuid::Uuid;
use wire::{Currency, OrderId, UnixMillis, UserId};

use super::{Store, StoreError};

const OF_PROVIDER: &str = "SELECT journal_id, action, account, owner_id, currency, amount_minor, order_id, at, \
    (SELECT -fee.amount_minor FROM transactions fee WHERE fee.order_id = mine.order_id \
    AND fee.journal_id = mine.journal_id AND fee.account = 'fees') AS fee_minor \
    FROM transactions mine WHERE account = 'provider' AND owner_id = ? AND at <= ? \
    AND (at < ? OR journal_id < ?) ORDER BY at DESC, journal_id DESC LIMIT ?";
const OF_ORDER: &str = "SELECT journal_id, action, account, owner_id, currency, amount_minor, order_id, at, \
    CASE WHEN account = 'provider' THEN (SELECT -fee.amount_minor FROM transactions fee \
    WHERE fee.order_id = line.order_id AND fee.journal_id = line.journal_id AND fee.account = 'fees') \
    END AS fee_minor FROM transactions line WHERE order_id = ? ORDER BY seq LIMIT ?";
const BALANCES: &str = "SELECT account, currency, balance_minor FROM accounts \
    WHERE owner_id = ? AND account IN ('provider', 'sending') ORDER BY currency, account";

/// Fits all postings of one order; the custody limits bound their number.
const LINES_MAX: usize = 2_000;

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct StatementEntry {
        pub journal_id: Uuid,
        pub action: String,
        pub account: String,
        pub owner_id: Uuid,
        pub currency: Currency,
        /// Debit is positive.
        pub amount_minor: i64,
        pub order_id: Option<OrderId>,
        pub at: UnixMillis,
        /// The platform's part of the same journal, for a release on a provider's account.
        pub fee_minor: Option<i64>,
    }
}

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct AccountBalance {
        pub account: String,
        pub currency: Currency,
        pub balance_minor: i64,
    }
}

impl Store {
    /// A provider account's postings, newest first.
    pub async fn entries_of_provider(
        &self,
        provider: UserId,
        limit: usize,
        after: Option<TimeCursor>,
    ) -> Result<Vec<StatementEntry>, StoreError> {
        let TimeCursor { at, id } = after.unwrap_or(TimeCursor::START);
        Ok(self
            .sql
            .fetch_all(OF_PROVIDER, vals![provider, at, at, id, limit])
            .await?)
    }

    /// Every posting about an order's money, oldest first.
    pub async fn entries_of_order(
        &self,
        order: OrderId,
    ) -> Result<Vec<StatementEntry>, StoreError> {
        Ok(self
            .sql
            .fetch_all(OF_ORDER, vals![order, LINES_MAX])
            .await?)
    }

    /// A provider's owed and in-transit balances.
    pub async fn balances_of(&self, provider: UserId) -> Result<Vec<AccountBalance>, StoreError> {
        Ok(self.sql.fetch_all(BALANCES, vals![provider]).await?)
    }
}
