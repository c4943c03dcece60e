//! Times and limits that an operator may set.

/// Custody's configuration, besides the fees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustodyLimits {
    /// Older payments are closed.
    pub pay_within_ms: i64,
    /// Delay between learning of the completion and releasing the money.
    pub dispute_ms: i64,
    /// A completed order that stays unpaid this long opens a case.
    pub unpaid_case_ms: i64,
    /// Per order, within a day. More are refused.
    pub payments_a_day_max: usize,
    /// Per order, for requests and goodwill each. More are refused.
    pub refunds_max: usize,
    /// Smaller balances wait until they reach this amount.
    pub payout_least_minor: i64,
}

const MINUTE_MS: i64 = 60_000;
pub(crate) const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

impl Default for CustodyLimits {
    fn default() -> Self {
        Self {
            pay_within_ms: 30 * MINUTE_MS,
            dispute_ms: 3 * DAY_MS,
            unpaid_case_ms: 14 * DAY_MS,
            payments_a_day_max: 10,
            refunds_max: 20,
            payout_least_minor: 1_000,
        }
    }
}
