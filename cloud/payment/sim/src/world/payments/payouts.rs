//! Payouts: a provider's balance is sent to them every hour.

use custody::{LedgerAccount, Payout, PayoutState, PayoutStep, ProviderMoney};
use planted::is_planted;
use wire::Currency;

use crate::{
    MoneyBug,
    record::{RecordOf, StepRecord},
    world::{MoneyWorld, orders::provider_id},
};

impl MoneyWorld {
    /// Pays each provider with a large enough balance.
    pub(crate) fn run_payout_hour(&mut self) {
        for provider in 0..3 {
            self.run_payout_step(provider, PayoutStep::HourStruck);
        }
    }

    pub(super) fn run_payout_step(&mut self, provider: u8, step: PayoutStep) {
        let mut rows = self.read_provider_money(provider);
        if is_planted(MoneyBug::PayoutTwice) && step == PayoutStep::HourStruck {
            let open = rows
                .payouts
                .iter()
                .filter(|payout| payout.state == PayoutState::Pending);
            rows.balance_minor += open.map(|payout| payout.amount_minor).sum::<i64>();
            rows.payouts.clear();
        }
        let context = self.next_decision_context();
        let outcome = custody::decide_payout(&rows, step, &context);
        if let Some(record) = &mut self.record {
            let of = RecordOf::Payout {
                provider: rows.provider_id,
                currency: rows.currency,
                step,
                outcome: outcome.clone(),
            };
            record.steps.push(StepRecord {
                now: context.now,
                fresh: context.fresh,
                of,
            });
        }
        let Some(writes) = outcome else { return };
        if let Some(case) = writes.case {
            self.count_event(case.kind.as_str());
        }
        if let Some(journal) = writes.journal {
            if self.money.journal_keys.contains(&journal.key) {
                return;
            }
            self.book_journal(&journal);
        }
        let payouts = &mut self.money.payouts;
        match payouts
            .iter_mut()
            .find(|(_, row)| row.id == writes.payout.id)
        {
            Some((_, row)) => *row = writes.payout,
            None => payouts.push((provider, writes.payout)),
        }
    }

    fn read_provider_money(&self, provider: u8) -> ProviderMoney {
        let provider_id = provider_id(provider);
        let account = LedgerAccount::Provider(provider_id);
        let balance_minor = -self.money.accounts.get(&account).copied().unwrap_or(0);
        let mut payouts: Vec<Payout> = Vec::new();
        for (owner, payout) in &self.money.payouts {
            if *owner == provider {
                payouts.push(payout.clone());
            }
        }
        ProviderMoney {
            provider_id,
            currency: Currency::Cny,
            balance_minor,
            payouts,
        }
    }
}
