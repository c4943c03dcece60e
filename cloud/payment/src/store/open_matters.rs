//! Counts a person's unsettled orders, payouts and balances, before auth deletes their account.

use platform::vals;
use wire::UserId;

use super::{Store, StoreError};

/// One statement, so that money that moves meanwhile is not missed. A customer's order counts while
/// money is held or moves, a refund is pending or needs an admin, or done work is unpaid; a
/// provider's while money is held. Their payouts on the way and payable balances count too.
const OPEN_MATTERS: &str = "SELECT COUNT(*) \
    + (SELECT COUNT(*) FROM dues WHERE provider_id = ? AND saga <> 'done' AND EXISTS \
        (SELECT 1 FROM accounts a WHERE a.account = 'held' AND a.owner_id = dues.order_id AND a.balance_minor < 0)) \
    + (SELECT COUNT(*) FROM payouts WHERE provider_id = ? AND status = 'pending') \
    + (SELECT COUNT(*) FROM accounts WHERE account = 'provider' AND owner_id = ? AND balance_minor <= ?) \
    FROM dues WHERE customer_id = ? AND saga <> 'done' \
    AND (saga = 'needs_person' OR (payment_status = 'unpaid' AND completed_by IS NOT NULL) \
        OR EXISTS (SELECT 1 FROM accounts a WHERE a.account = 'held' AND a.owner_id = dues.order_id AND a.balance_minor < 0) \
        OR EXISTS (SELECT 1 FROM payments p WHERE p.order_id = dues.order_id AND p.status = 'pending') \
        OR EXISTS (SELECT 1 FROM refunds r WHERE r.order_id = dues.order_id AND r.status = 'pending'))";

impl Store {
    /// The unsettled orders, payouts and balances of a person. A balance too small for a payout
    /// stays in the books, and does not count.
    pub async fn count_open_matters(&self, user: UserId) -> Result<u64, StoreError> {
        let least = -self.limits.payout_least_minor;
        let values = vals![user, user, user, least, user];
        let open: Option<u64> = self.sql.fetch_optional(OPEN_MATTERS, values).await?;
        Ok(open.unwrap_or_default())
    }
}
