//! The end of a run: faults stop, people and adapter finish their part, days pass. Then no movement
//! may be open, and every balance must be right to the cent.

use custody::{
    Action, AdapterAnswer, LedgerAccount, MoneyStep, MovementId, OrderMoney, PayoutState,
    RefundState, Saga,
};
use wire::{EventType, MoneyCaseKind, OrderStatus};

use super::{
    MoneyWorld, TO_NOTIFICATION, TO_ORDER, TO_PAYMENT,
    orders::{HOUR_MS, POLICIES, order_number, provider_id},
};
use crate::{
    adapter::{AdapterTruth, Kind},
    plan::SyncFate,
};

/// A correct world takes far fewer: one round per refund of an order, and every third round lasts
/// three days.
const ROUNDS_MAX: u32 = 40;
/// The run rests after this many rounds with no open work.
const QUIET_ROUNDS: u32 = 4;

/// The fee of a cancelled order, and its case for the money desk.
struct CancelOutcome {
    fee_minor: i64,
    /// The part of the fee that the granted refunds left in custody.
    covered_minor: i64,
    is_listed: bool,
    /// A bank took money and returned it. The fee may have been paid in full after its case.
    was_charged_back: bool,
}

impl CancelOutcome {
    /// The customer pays the fee. They may pay less only if a case lists the difference.
    fn cost_minor(&self, paid_minor: i64) -> i64 {
        let is_made_up = self.was_charged_back && paid_minor == self.fee_minor;
        if self.is_listed && !is_made_up {
            self.covered_minor
        } else {
            self.fee_minor
        }
    }

    /// False for a shortfall without a case, and for a case without a shortfall.
    fn is_listed_rightly(&self, paid_minor: i64) -> bool {
        if self.is_listed {
            paid_minor < self.fee_minor || self.was_charged_back
        } else {
            paid_minor == self.fee_minor || paid_minor != self.covered_minor
        }
    }
}

impl MoneyWorld {
    pub(crate) fn run_until_rest(&mut self) {
        let mut quiet = 0;
        for round in 0..ROUNDS_MAX {
            self.run_rest_round(round);
            quiet = if self.money.open_calls().is_empty() {
                quiet + 1
            } else {
                0
            };
            self.trace_state(&|| format!("round {round} of rest"));
            self.check_promises();
            if self.has_violation() {
                return;
            }
            if quiet == QUIET_ROUNDS {
                break;
            }
        }
        self.judge_rest();
    }

    fn run_rest_round(&mut self, round: u32) {
        for _ in 0..self.late_calls.len() {
            self.deliver_late_call(0);
        }
        for _ in 0..self.late_replies.len() {
            self.deliver_late_reply(0);
        }
        self.finish_cancels();
        self.deliver_all();
        self.sync_edge(SyncFate::Answered);
        self.call_for_open_movements();
        self.finish_adapter_movements(round);
        self.call_for_open_movements();
        for n in 0..self.orders.len() {
            self.decide_refund_request(n, None);
            let saga = self.money.rows.get(&n).map(|money| money.due.saga);
            if saga == Some(Saga::NeedsPerson) {
                self.run_admin_step(n, &MoneyStep::SendAnew);
            }
        }
        self.compare_versions();
        self.compare_statement();
        // Past an expiry; every third round also past a release.
        self.now += if round % 3 == 2 {
            73 * HOUR_MS
        } else {
            HOUR_MS
        };
        for n in 0..self.orders.len() {
            self.run_order_timer(n);
        }
        self.run_payout_hour();
        self.deliver_all();
    }

    fn call_for_open_movements(&mut self) {
        for open in self.money.open_calls() {
            let answer = self.adapter.receive_call(open.call);
            self.apply_answer(open.call.id, answer);
        }
    }

    fn deliver_all(&mut self) {
        while !self.order_outbox.is_empty() || !self.money.outbox.is_empty() {
            self.relay_event(0, false);
            self.relay_event(1, false);
            self.deliver_queue(TO_PAYMENT);
            self.deliver_queue(TO_ORDER);
        }
        for queue in [TO_PAYMENT, TO_ORDER, TO_NOTIFICATION] {
            self.deliver_queue(queue);
        }
    }

    /// Delivers all messages that wait now.
    fn deliver_queue(&mut self, queue: usize) {
        for _ in 0..self.queues[queue].len() {
            self.deliver_message(queue, 0, false);
        }
    }

    /// In odd seeds customers have left the payment page. In every third seed a bank returns one
    /// payout.
    fn finish_adapter_movements(&mut self, round: u32) {
        let pays = self.plan.seed.is_multiple_of(2);
        let next = |truth: &AdapterTruth| {
            let amount_minor = truth.amount_minor;
            match truth.kind {
                _ if !truth.is_open() => None,
                Kind::Charge if pays => Some(AdapterAnswer::Paid { amount_minor }),
                Kind::Charge => None,
                Kind::Refund { .. } | Kind::Payout => Some(AdapterAnswer::Done),
            }
        };
        while self.adapter.change_state(0, next).is_some() {}
        if round == 5 && self.plan.seed.is_multiple_of(3) {
            let sent = |truth: &AdapterTruth| {
                let done = truth.kind == Kind::Payout && truth.state == AdapterAnswer::Done;
                done.then_some(AdapterAnswer::Returned)
            };
            self.adapter.change_state(0, sent);
        }
    }

    fn judge_rest(&mut self) {
        for n in 0..self.orders.len() {
            self.judge_order(n);
        }
        let open = self
            .money
            .payouts
            .iter()
            .any(|(_, row)| row.state == PayoutState::Pending);
        if open || !self.money.open_calls().is_empty() {
            self.report_violation(
                "everything_comes_to_rest",
                "something is still under way".into(),
            );
        }
        for provider in 0..3 {
            let account = LedgerAccount::Provider(provider_id(provider));
            let owed = -self.money.accounts.get(&account).copied().unwrap_or(0);
            if owed >= 1_000 {
                let says = format!("provider {provider} still waits for {owed}");
                self.report_violation("balances_are_paid_out", says);
            }
        }
        let ours = self
            .money
            .accounts
            .get(&LedgerAccount::Adapter)
            .copied()
            .unwrap_or(0);
        let truth = self.adapter.balance_minor();
        if ours != truth {
            let says = format!("{ours} by our books, {truth} at the adapter");
            self.report_violation("books_and_adapter_agree", says);
        }
        if self.in_vain != self.vain_cases {
            let says = format!("{:?}, but cases {:?}", self.in_vain, self.vain_cases);
            self.report_violation("work_in_vain_is_listed", says);
        }
        if self.late_withdrawals != self.withdrawal_cases {
            let late = &self.late_withdrawals;
            let cases = &self.withdrawal_cases;
            let says = format!("{late:?}, but cases {cases:?}");
            self.report_violation("a_late_withdrawal_is_listed", says);
        }
    }

    fn judge_order(&mut self, n: usize) {
        let Some(rows) = self.money.rows.get(&n) else {
            return;
        };
        let row = self.orders.order(n);
        let order = rows.order_id();
        let suspense = rows
            .payments
            .iter()
            .any(|payment| rows.suspense_minor(payment.id) != 0);
        let cancelled = row.status == OrderStatus::Cancelled;
        let completed = row.status == OrderStatus::Completed;
        let held = rows.held_minor();
        let owed = planted::run_without(|| rows.owed_minor()).min(held);
        let waits = (cancelled || completed) && held != 0;
        let stuck =
            rows.due.saga == Saga::NeedsPerson || (cancelled && rows.due.saga != Saga::Done);
        let shows = (row.payment_status, self.orders.rows[n].money_version);
        let found = if suspense || waits || stuck || owed > 0 {
            "everything_comes_to_rest"
        } else if rows.due.order.version != row.version {
            "versions_agree"
        } else if shows != (rows.due.payment_status, rows.due.money_version) {
            "the_order_shows_the_books"
        } else if rows.account_balance(LedgerAccount::Refunding(order)) != 0 {
            "everything_comes_to_rest"
        } else {
            return self.judge_sums(n);
        };
        let says = format!(
            "order {n} is {}, holds {held}, owes {owed}: {:?}",
            row.status, rows.due
        );
        self.report_violation(found, says);
    }

    /// Checks sums to the cent, except after a chargeback that the bank kept.
    fn judge_sums(&mut self, n: usize) {
        let Some(rows) = self.money.rows.get(&n) else {
            return;
        };
        let untold = self.find_missing_notification(rows);
        let row = self.orders.order(n);
        let price = row.price.minor_units();
        let ids: Vec<MovementId> = rows.payments.iter().map(|payment| payment.id).collect();
        if let Some((kind, id)) = untold {
            return self.report_violation("everybody_hears_of_it", format!("{kind} of {id:?}"));
        }
        let chargebacks = ids.iter().flat_map(|id| self.adapter.find_chargebacks(*id));
        let chargebacks: Vec<_> = chargebacks.collect();
        if chargebacks.iter().any(|chargeback| !chargeback.is_reversed) {
            return;
        }
        let was_held = rows.held_payment().is_some();
        let due = &rows.due;
        let paid = self.paid_by_customer(rows, &ids);
        let cancel = self.read_cancel_outcome(n, rows, !chargebacks.is_empty());
        let cost = match row.status {
            _ if !was_held => 0,
            OrderStatus::Cancelled => cancel.cost_minor(paid),
            _ => price - due.granted_minor - due.goodwill_minor,
        };
        let completed = row.status == OrderStatus::Completed;
        let released = if completed && was_held {
            price - due.granted_minor
        } else {
            0
        };
        let bp = i64::from(POLICIES[0].platform_fee_bp);
        let share = match row.status {
            OrderStatus::Cancelled => cost,
            _ => released - released * bp / 10_000,
        };
        let earned = Self::to_providers(rows);
        let found = if !cancel.is_listed_rightly(paid) && row.status == OrderStatus::Cancelled {
            "a_fee_shortfall_is_listed"
        } else if paid != cost {
            "the_customer_pays_exactly"
        } else if earned != share {
            "the_provider_gets_exactly"
        } else {
            return;
        };
        let says = format!("order {n}: paid {paid} of {cost}, earned {earned} of {share}");
        self.report_violation(found, says);
    }

    fn read_cancel_outcome(
        &self,
        n: usize,
        rows: &OrderMoney,
        was_charged_back: bool,
    ) -> CancelOutcome {
        let fee_minor = self.orders.fee_minor(n).unwrap_or(0);
        let left_minor = rows.due.order.price_minor - rows.due.granted_minor;
        let case = (n, MoneyCaseKind::FeeShortfall.as_str());
        CancelOutcome {
            fee_minor,
            covered_minor: fee_minor.min(left_minor),
            is_listed: self.money.cases.contains(&case),
            was_charged_back,
        }
    }

    /// The customer's final cost, by the adapter and by hand.
    fn paid_by_customer(&self, money: &OrderMoney, ids: &[MovementId]) -> i64 {
        let truths = ids
            .iter()
            .filter_map(|id| self.adapter.truths.get(id)?.paid_minor());
        let back: i64 = ids.iter().map(|id| self.adapter.refunded_minor(*id)).sum();
        let by_hand = -money.account_balance(LedgerAccount::Bank);
        truths.sum::<i64>() - back - by_hand
    }

    fn to_providers(money: &OrderMoney) -> i64 {
        let journals = money.journals.iter();
        let earned = journals
            .filter(|journal| matches!(journal.key.action, Action::Release | Action::CancelFee));
        let postings = earned.flat_map(|journal| &journal.postings);
        let his = postings.filter(|p| matches!(p.account, LedgerAccount::Provider(_)));
        his.map(|posting| -posting.minor).sum()
    }

    /// A refund, payment or cancel fee without its notification.
    fn find_missing_notification(&self, money: &OrderMoney) -> Option<(EventType, MovementId)> {
        let done = money
            .refunds
            .iter()
            .filter(|refund| refund.state == RefundState::Completed);
        let refunds = done.map(|refund| (EventType::RefundProcessed, refund.id));
        let paid = money
            .held_payment()
            .map(|id| (EventType::PaymentCompleted, id));
        let fee = (
            EventType::PaymentStatusChanged,
            MovementId(money.order_id().0),
        );
        let is_fee_told = self.told_fees_minor(money) == booked_fees_minor(money);
        refunds
            .chain(paid)
            .find(|notice| !self.notified.contains(notice))
            .or_else(|| (!is_fee_told).then_some(fee))
    }

    /// The provider's notifications of cancel fees of the order, together.
    fn told_fees_minor(&self, money: &OrderMoney) -> i64 {
        let n = order_number(money.order_id());
        let told = self.fees_told.iter().filter(|((order, _), _)| *order == n);
        told.map(|(_, minor)| minor).sum()
    }
}

fn booked_fees_minor(money: &OrderMoney) -> i64 {
    let fees = money
        .journals
        .iter()
        .filter(|journal| journal.key.action == Action::CancelFee);
    let postings = fees.flat_map(|journal| &journal.postings);
    let credits = postings.filter(|posting| posting.minor < 0);
    credits.map(|posting| -posting.minor).sum()
}
