//! Owns the times and bounds that an operator may set.

/// All that can be configured about custody, besides the fees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustodyLimits {
    /// A payment that is older is closed.
    pub pay_within_ms: i64,
    /// Money is released so long after we heard of the completion.
    pub dispute_ms: i64,
    /// Completed and unpaid for so long: a case.
    pub unpaid_case_ms: i64,
    /// Of one order, within a day. More are refused.
    pub payments_a_day_max: usize,
    /// Requests and goodwill of one order. More are refused.
    pub refunds_max: usize,
    /// A smaller balance waits for more.
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
