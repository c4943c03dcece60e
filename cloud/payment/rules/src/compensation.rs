//! Compensation for work in vain, paid by the platform: eligibility, frequency and maximum.

use wire::{UnixMillis, UserId};

use crate::{
    Action, DisabledMoneyRule, FeePolicy, FeeSplit, LedgerAccount, MoneyRefusal, OrderMoney,
    books::JournalDraft, desk::MoneyTransaction,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompensationRequest {
    pub provider: UserId,
    pub amount_minor: i64,
    /// True if the order service has a case of this provider's work in vain.
    pub has_case: bool,
}

/// Pays once per order and provider, from the platform's own money. Repeating the same wish changes
/// nothing.
pub(crate) fn pay_compensation(
    transaction: &mut MoneyTransaction<'_>,
    wish: CompensationRequest,
) -> Result<(), MoneyRefusal> {
    let CompensationRequest {
        provider,
        amount_minor,
        has_case,
    } = wish;
    // [COMPENSATION_CASE]
    if !has_case && !transaction.is_rule_disabled(DisabledMoneyRule::CompensationCase) {
        return Err(MoneyRefusal::NoWorkInVain);
    }
    if let Some(given_minor) = transaction.money.compensated_minor(provider)
        && given_minor != amount_minor
    {
        return Err(MoneyRefusal::AmountMismatch);
    }
    let most_minor = transaction
        .money
        .compensation_most_minor(provider, transaction.context.policies);
    let is_too_much = amount_minor > most_minor
        && !transaction.is_rule_disabled(DisabledMoneyRule::CompensationWorth);
    // [COMPENSATION_WORTH]
    if amount_minor <= 0 || is_too_much {
        return Err(MoneyRefusal::AmountMismatch);
    }
    transaction.book_journal(JournalDraft::for_compensation(
        transaction.money.order_id(),
        amount_minor,
        provider,
    ));
    Ok(())
}

impl OrderMoney {
    /// The compensation this provider has received for the order.
    pub fn compensated_minor(&self, provider: UserId) -> Option<i64> {
        let journal = self.journals.iter().find(|journal| {
            journal.key.action == Action::Compensation && journal.key.party == Some(provider)
        })?;
        let loss = journal
            .postings
            .iter()
            .find(|posting| posting.account == LedgerAccount::Loss);
        loss.map(|posting| posting.minor)
    }

    /// The most a provider can get: their usual share of the price, less earlier earnings from the
    /// order.
    pub fn compensation_most_minor(&self, provider: UserId, policies: &[FeePolicy]) -> i64 {
        let order = &self.due.order;
        let share_minor = provider_share_minor(order.price_minor, order.created_at, policies);
        (share_minor - self.earned_by_minor(provider)).max(0)
    }

    fn earned_by_minor(&self, provider: UserId) -> i64 {
        let from_custody = self
            .journals
            .iter()
            .filter(|journal| matches!(journal.key.action, Action::CancelFee | Action::Release));
        let theirs = from_custody
            .flat_map(|journal| &journal.postings)
            .filter(|posting| posting.account == LedgerAccount::Provider(provider));
        theirs.map(|posting| -posting.minor).sum()
    }
}

/// The provider's part of a price, under the fee in force when the order was created.
pub fn provider_share_minor(
    price_minor: i64,
    created_at: UnixMillis,
    policies: &[FeePolicy],
) -> i64 {
    let policy = FeePolicy::find_in_force(policies, created_at, created_at, None);
    FeeSplit::from_amount(price_minor, policy.platform_fee_bp, None).rest_minor
}
