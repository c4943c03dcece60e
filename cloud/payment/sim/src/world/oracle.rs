//! The promises, checked at every step.

use custody::{
    Action, AdapterAnswer, CustodyLimits, FeePolicy, LedgerAccount, MoneyEvent, MoneyJournal,
    MoneyWrites, MovementId, OrderMoney, PaymentState, RefundState, Source,
};
use planted::is_planted;
use uuid::Uuid;
use wire::{EventType, OrderStatus, PaymentStatus, UnixMillis};

use super::{
    MoneyWorld,
    orders::{HOUR_MS, POLICIES, order_id},
};
use crate::{
    MoneyBug,
    adapter::{AdapterTruth, Kind},
};

impl MoneyWorld {
    /// Checks the state after each act.
    pub(crate) fn check_promises(&mut self) {
        for n in 0..self.orders.len() {
            self.check_order_money(n);
        }
        let unknown = self
            .adapter
            .truths
            .keys()
            .find(|id| !self.money.has_movement(**id))
            .copied();
        if let Some(id) = unknown {
            self.report_violation(
                "the_adapter_knows_only_our_ids",
                format!("{id:?} is in no row"),
            );
        }
        let ids = self.money.effects.iter().find(|(_, ids)| ids.len() > 1);
        if let Some((request, _)) = ids {
            let says = format!("{request:?} had two effects");
            self.report_violation("a_key_has_one_effect", says);
        }
        self.check_refund_sums();
    }

    fn check_order_money(&mut self, n: usize) {
        let Some(rows) = self.money.rows.get(&n) else {
            return;
        };
        let price = rows.due.order.price_minor;
        let payments = rows
            .payments
            .iter()
            .filter(|row| row.state == PaymentState::Pending);
        let refunds = rows
            .refunds
            .iter()
            .filter(|row| row.state == RefundState::Pending);
        let held = rows.held_minor();
        let whole = price - rows.due.granted_minor - rows.earned_minor();
        let found = if payments.count() > 1 {
            "one_payment_is_open"
        } else if refunds.count() > 1 {
            "one_refund_is_under_way"
        } else if held < 0 || held > price {
            "held_is_at_most_the_price"
        } else if rows.due.payment_status == PaymentStatus::Held
            && rows.open_refund().is_none()
            && (held < whole || held == 0)
        {
            "held_is_the_whole_price"
        } else {
            return;
        };
        self.report_violation(found, format!("order {n}: {held} held of {price}"));
    }

    /// A payment's refunds never exceed the paid amount.
    fn check_refund_sums(&mut self) {
        let charged = self
            .adapter
            .truths
            .iter()
            .filter(|(_, truth)| truth.kind == Kind::Charge);
        let over = charged.map(|(id, truth)| (*id, truth.paid_minor().unwrap_or(0)));
        let over = over
            .into_iter()
            .find(|(id, paid)| self.adapter.refunded_minor(*id) > *paid);
        if let Some((id, paid)) = over {
            let says = format!("more than {paid} goes back for {id:?}");
            self.report_violation("refunds_are_at_most_what_was_paid", says);
        }
    }

    /// Checks each journal when it is booked.
    pub(crate) fn judge_journal(&mut self, journal: &MoneyJournal) {
        let sum: i64 = journal.postings.iter().map(|posting| posting.minor).sum();
        if sum != 0 {
            self.report_violation(
                "a_journal_sums_to_zero",
                format!("{:?} sums to {sum}", journal.key),
            );
        }
        for posting in &journal.postings {
            let balance = self
                .money
                .accounts
                .get(&posting.account)
                .copied()
                .unwrap_or(0);
            if posting.account.is_credit() && balance > 0 {
                let says = format!("{:?} is at {balance}", posting.account);
                self.report_violation("accounts_keep_their_sign", says);
            }
            let of_provider = matches!(posting.account, LedgerAccount::Provider(_));
            if of_provider && posting.minor > 0 && journal.key.action != Action::Payout {
                let says = format!(
                    "{:?} takes {} from the provider",
                    journal.key, posting.minor
                );
                self.report_violation("what_a_provider_was_told_is_his", says);
            }
        }
        self.judge_against_adapter(journal);
    }

    /// Every booked movement matches one that the adapter made.
    fn judge_against_adapter(&mut self, journal: &MoneyJournal) {
        let truth = self
            .adapter
            .truths
            .get(&MovementId(journal.key.subject))
            .copied();
        let state = truth.map(|truth| truth.state);
        let moved = match journal.key.action {
            Action::Charge => truth.as_ref().and_then(AdapterTruth::paid_minor).is_some(),
            Action::RefundDone => state == Some(AdapterAnswer::Done),
            Action::PayoutDone => {
                matches!(state, Some(AdapterAnswer::Done | AdapterAnswer::Returned))
            }
            Action::RefundBack | Action::PayoutBack => state == Some(AdapterAnswer::Failed),
            _ => true,
        };
        if !moved {
            let says = format!(
                "{:?} is booked, and the adapter says {state:?}",
                journal.key.action
            );
            self.report_violation("what_is_booked_was_moved", says);
        }
    }

    /// Checks each transaction when it commits.
    pub(crate) fn judge_writes(&mut self, n: usize, writes: &MoneyWrites) {
        for journal in &writes.journals {
            match journal.key.action {
                Action::Release => self.judge_release(n, journal),
                Action::CancelFee => self.judge_cancel_fee(n, journal),
                Action::Compensation => self.judge_compensation(n, journal),
                _ => {}
            }
        }
        self.judge_grants(n);
        for event in &writes.events {
            let failed = event.kind == EventType::PaymentFailed;
            if failed && !self.is_closed(event.movement) {
                let says = format!("{:?} was announced as failed", event.movement);
                self.report_violation("failed_means_closed", says);
            }
        }
    }

    /// Compares an order's rows before and after a transaction.
    fn judge_grants(&mut self, n: usize) {
        let Some(rows) = self.money.rows.get(&n) else {
            return;
        };
        let Some(before) = self.money.stale.get(&n) else {
            return;
        };
        // Refunds that left custody, and all that were sent.
        let mut returned = 0;
        let mut sent = 0;
        for refund in &rows.refunds {
            let is_by_hand = rows.has_journal(Action::PaidOtherwise, refund.id.0);
            let is_held = refund.source == Source::Held;
            if is_held && (refund.state == RefundState::Completed || is_by_hand) {
                returned += refund.amount_minor;
            }
            let is_suspense = refund.source == Source::Suspense;
            if !is_suspense && (refund.state != RefundState::Rejected || is_by_hand) {
                sent += refund.amount_minor;
            }
        }
        let back = sent + rows.charged_back_minor();
        let given = rows.due.granted_minor + rows.due.goodwill_minor + rows.charged_back_minor();
        let is_goodwill = rows.due.goodwill_minor > before.due.goodwill_minor;
        let within = CustodyLimits::default().pay_within_ms;
        let has_dead_payment = rows.payments.iter().any(|payment| {
            payment.state == PaymentState::Pending
                && !payment.closing
                && self.now - payment.created_at.0 >= within
        });
        let sends_goodwill = rows.refunds.iter().any(|refund| {
            refund.source == Source::Loss && before.refunds.iter().all(|old| old.id != refund.id)
        });
        let found = if !rows.due.is_cancelled() && returned > rows.due.granted_minor {
            "what_is_granted_is_given_once"
        } else if is_goodwill && given > rows.due.order.price_minor {
            "goodwill_ends_at_the_price"
        } else if sends_goodwill && back > rows.due.order.price_minor {
            "goodwill_is_sent_within_the_price"
        } else if has_dead_payment {
            "an_old_payment_is_closed"
        } else {
            return;
        };
        let says = format!("order {n}: {returned} returned, {given} given, {back} back");
        self.report_violation(found, says);
    }

    /// Checks the payment returned for a customer's request to pay.
    pub(crate) fn judge_begun(&mut self, n: usize, movement: Option<MovementId>) {
        let Some(rows) = self.money.rows.get(&n) else {
            return;
        };
        let is_payable = rows.payments.iter().any(|payment| {
            Some(payment.id) == movement
                && payment.state == PaymentState::Pending
                && !payment.closing
        });
        if !is_payable {
            let says = format!("order {n}: {movement:?} can no longer be paid");
            self.report_violation("a_wish_to_pay_gets_a_payment_that_can_be_paid", says);
        }
    }

    fn is_closed(&self, payment: MovementId) -> bool {
        let truth = self.adapter.truths.get(&payment);
        self.adapter.broke.contains(&payment)
            || truth.is_some_and(|truth| truth.state == AdapterAnswer::Closed)
    }

    fn judge_release(&mut self, n: usize, journal: &MoneyJournal) {
        let Some(rows) = self.money.rows.get(&n) else {
            return;
        };
        let order = self.orders.order(n);
        let to = order.provider_id.map(LedgerAccount::Provider);
        let is_paid = |to| journal.postings.iter().any(|posting| posting.account == to);
        // After a reversed chargeback, two releases together cost no more than one release of the
        // full price.
        let all = rows
            .journals
            .iter()
            .filter(|one| one.key.action == Action::Release);
        let all: Vec<_> = all.flat_map(|one| &one.postings).collect();
        let part = |account| {
            let parts = all.iter().filter(|posting| posting.account == account);
            parts.map(|posting| posting.minor).sum::<i64>()
        };
        let released = part(LedgerAccount::Held(order.id));
        let first = UnixMillis(0);
        let policy = planted::run_without(|| FeePolicy::find_in_force(&POLICIES, first, first));
        let fee = released * i64::from(policy.platform_fee_bp) / 10_000;
        let heard = rows.due.completed.map_or(0, |done| done.heard_at.0);
        let found = if order.status != OrderStatus::Completed {
            "only_completed_work_is_paid"
        } else if !to.is_some_and(is_paid) {
            "who_completed_is_paid"
        } else if self.now - heard < 72 * HOUR_MS {
            "a_release_waits_72_hours"
        } else if rows.open_request().is_some() {
            "no_release_in_a_dispute"
        } else if part(LedgerAccount::Fees) != -fee {
            "the_fee_is_of_the_orders_creation"
        } else {
            return;
        };
        self.report_violation(found, format!("order {n}: {:?}", journal.postings));
    }

    fn judge_cancel_fee(&mut self, n: usize, journal: &MoneyJournal) {
        let fee = journal.postings.first().map_or(0, |posting| posting.minor);
        let terms = self.orders.fee_minor(n);
        if terms.is_none_or(|terms| fee > terms) {
            let says = format!("order {n} should cost {terms:?}, and costs {fee}");
            self.report_violation("a_cancel_costs_its_terms", says);
        }
    }

    /// Only work in vain is compensated, once, with at most the provider's lost earnings.
    fn judge_compensation(&mut self, n: usize, journal: &MoneyJournal) {
        let Some(rows) = self.money.rows.get(&n) else {
            return;
        };
        let Some(provider) = journal.key.party else {
            return;
        };
        let price = rows.due.order.price_minor;
        let share = price - price * i64::from(POLICIES[0].platform_fee_bp) / 10_000;
        let account = LedgerAccount::Provider(provider);
        let given = -rows.account_balance(account);
        let times = rows
            .journals
            .iter()
            .filter(|booked| booked.key == journal.key)
            .count();
        let found = if !self.in_vain.contains(&(n, provider)) {
            "only_work_in_vain_is_compensated"
        } else if times > 1 {
            "a_compensation_is_given_once"
        } else if given > share {
            "a_compensation_ends_at_the_share"
        } else {
            return;
        };
        self.report_violation(
            found,
            format!("order {n}: {given} of {share} for {provider}, {times} times"),
        );
    }

    /// Checks that a notification is true when it is sent.
    pub(crate) fn notify_of_money(&mut self, n: usize, event: &MoneyEvent) {
        let MoneyEvent { kind, movement, .. } = *event;
        let state = self.adapter.truths.get(&movement).map(|truth| truth.state);
        let by_hand = |money: &OrderMoney| money.has_journal(Action::PaidOtherwise, movement.0);
        let is_true = match kind {
            EventType::RefundProcessed => {
                state == Some(AdapterAnswer::Done) || self.money.rows.get(&n).is_some_and(by_hand)
            }
            EventType::PaymentCompleted => {
                matches!(state, Some(AdapterAnswer::Paid { .. }))
            }
            EventType::PaymentFailed => self.is_closed(movement),
            EventType::PaymentReleased => self.is_booked(n, Action::Release),
            EventType::PaymentStatusChanged => {
                event.details.cancel_fee_minor.is_none() || self.is_booked(n, Action::CancelFee)
            }
            _ => false,
        };
        if !is_true {
            let says = format!("{kind} of {movement:?}, and the adapter says {state:?}");
            self.report_violation("what_is_told_is_true", says);
        }
        self.notified.insert((kind, movement));
        if let Some(fee_minor) = event.details.cancel_fee_minor {
            self.fees_told.insert((n, event.money_version), fee_minor);
        }
        if is_planted(MoneyBug::ProviderHearsOrder) && event.status == PaymentStatus::Held {
            self.provider_may_start(n, event.money_version);
        }
    }

    fn is_booked(&self, n: usize, action: Action) -> bool {
        let order: Uuid = order_id(n).0;
        self.money
            .rows
            .get(&n)
            .is_some_and(|rows| rows.has_journal(action, order))
    }

    /// If the order had not yet learned of the money, it would refuse this provider's start.
    pub(crate) fn provider_may_start(&mut self, n: usize, money_version: u64) {
        self.count_event("provider may start");
        if self.orders.rows[n].money_version < money_version {
            let says = format!(
                "the provider of order {n} may start, but the order has no money in custody"
            );
            self.report_violation("may_start_means_may_start", says);
        }
    }
}
