//! Owns the one way out for money: `settle` runs under the due's lock after every change and by a job. It does
//! the first thing that applies, and again, until nothing does; nothing else sends money out.

use wire::{OrderStatus, UserId};

use crate::{
    Action, Chargeback, FeePolicy, FeeSplit, LedgerAccount, MoneyCaseKind, MoneyDetails,
    MoneyEventKind, MoneyLapse, MovementId, OrderMoney, PaymentState, Saga, Source, books::Fact,
    desk::Desk, pay, refunds,
};

/// Ends: each round books something, closes a payment or leaves a refund open.
pub(crate) fn settle(desk: &mut Desk<'_>) {
    while settled_one(desk) {}
}

fn settled_one(desk: &mut Desk<'_>) -> bool {
    if desk.lapses(MoneyLapse::LateBack) && desk.rows.due.saga == Saga::Done {
        return false;
    }
    // 1. One refund at a time: the next one depends on its end [ONE_OUT].
    if desk.rows.open_refund().is_some() && !desk.lapses(MoneyLapse::OneOut) {
        return false;
    }
    if book_chargeback(desk) {
        return true;
    }
    // 3. A person mends the failed refund first.
    let needs_person = desk.rows.due.saga == Saga::NeedsPerson;
    if !needs_person && return_to_customer(desk) {
        return true;
    }
    release(desk)
}

/// Steps 4 to 6.
fn return_to_customer(desk: &mut Desk<'_>) -> bool {
    if return_suspense(desk) {
        return true;
    }
    if desk.rows.due.is_cancelled() { settle_cancelled(desk) } else { return_granted(desk) }
}

/// Step 2: it is taken from the order's money while that is there, and else it is the platform's loss: a provider
/// keeps what he was told is his [LOSS_IS_OURS].
fn book_chargeback(desk: &mut Desk<'_>) -> bool {
    let chargebacks = desk.rows.chargebacks.clone();
    chargebacks.into_iter().any(|chargeback| {
        if !desk.rows.has(Action::Chargeback, chargeback.id.0) {
            return charge_back(desk, chargeback);
        }
        let reverses = chargeback.is_reversed && !desk.rows.has(Action::Reversal, chargeback.id.0);
        if reverses && desk.book(Fact::reversal(chargeback.id, chargeback.amount_minor)) {
            desk.list(MoneyCaseKind::ChargebackReversed, chargeback.payment);
        }
        reverses
    })
}

fn charge_back(desk: &mut Desk<'_>, chargeback: Chargeback) -> bool {
    let Chargeback { id, payment, amount_minor, .. } = chargeback;
    let is_held = desk.rows.held_payment() == Some(payment);
    let order = desk.rows.order();
    let account =
        if is_held { LedgerAccount::Held(order) } else { LedgerAccount::Suspense(payment) };
    let there = (-desk.rows.balance(account)).min(amount_minor);
    let paid_out = desk.rows.due.completed.filter(|_| desk.rows.is_released());
    let rest = match paid_out {
        Some(done) if desk.lapses(MoneyLapse::LossIsOurs) => {
            LedgerAccount::Provider(done.provider_id)
        }
        _ => LedgerAccount::Loss,
    };
    let parts = vec![(account, there), (rest, amount_minor - there)];
    if !desk.book(Fact::chargeback(id, parts, amount_minor)) {
        return false;
    }
    desk.list(MoneyCaseKind::Chargeback, payment);
    let charged_back_minor = Some(amount_minor);
    let details = MoneyDetails { charged_back_minor, ..MoneyDetails::default() };
    desk.tell_details(MoneyEventKind::PaymentStatusChanged, payment, amount_minor, details);
    true
}

/// Step 4: money that came by mistake goes back whole.
fn return_suspense(desk: &mut Desk<'_>) -> bool {
    let stranded = desk.rows.payments.iter().map(|payment| payment.id);
    let stranded = stranded.map(|id| (id, desk.rows.suspense_minor(id)));
    let Some((payment, minor)) = stranded.into_iter().find(|(_, minor)| *minor > 0) else {
        return false;
    };
    if desk.lapses(MoneyLapse::StillOwed) && desk.rows.refunds.iter().any(|r| r.payment == payment)
    {
        return false;
    }
    refunds::send(desk, payment, Source::Suspense, minor);
    true
}

/// Step 5: the open payment is closed; of what is held, the fee and a refund of the rest in one transaction.
fn settle_cancelled(desk: &mut Desk<'_>) -> bool {
    let open =
        |payment: &crate::Payment| payment.state == PaymentState::Pending && !payment.closing;
    if let Some(n) = desk.rows.payments.iter().position(open) {
        pay::close(desk, n);
        return true;
    }
    let (order, held) = (desk.rows.order(), desk.rows.held_minor());
    let Some(payment) = desk.rows.held_payment().filter(|_| held > 0) else { return false };
    if desk.lapses(MoneyLapse::StillOwed) && !desk.rows.refunds.is_empty() {
        return false;
    }
    let mut rest = held;
    if let Some((provider, minor)) = desk.rows.cancel_fee() {
        desk.book(Fact::cancel_fee(order, minor, provider));
        rest -= minor;
    }
    if rest > 0 {
        refunds::send(desk, payment, Source::Held, rest);
    }
    true
}

/// Step 6: what an admin has granted.
fn return_granted(desk: &mut Desk<'_>) -> bool {
    let Some(payment) = desk.rows.held_payment() else { return false };
    let lapse = desk.basis.lapse;
    let owed = desk.rows.owed_minor(lapse).min(desk.rows.held_minor());
    let goodwill = desk.rows.goodwill_owed_minor(lapse);
    let (source, minor) = if owed > 0 { (Source::Held, owed) } else { (Source::Loss, goodwill) };
    if minor > 0 {
        refunds::send(desk, payment, source, minor);
    }
    minor > 0
}

/// Step 7: the work is done and nobody objects: what is held goes to the provider of the completed version, whoever
/// had the order at the payment [PAY_WHO_COMPLETED]. What is owed to the customer stays.
fn release(desk: &mut Desk<'_>) -> bool {
    let rows = &desk.rows;
    let is_done = matches!(rows.due.order.status, OrderStatus::Completed | OrderStatus::Reviewed);
    let Some(done) = rows.due.completed.filter(|_| is_done) else { return false };
    let waited = desk.basis.now.since(done.heard_at) >= desk.basis.limits.dispute_ms;
    // [DISPUTE_FREEZES]
    let disputed = rows.open_request().is_some() && !desk.lapses(MoneyLapse::DisputeFreezes);
    let minor = rows.held_minor() - rows.owed_minor(desk.basis.lapse).max(0);
    if !waited || disputed || minor <= 0 {
        return false;
    }
    let provider = match rows.provider_at_payment() {
        Some(first) if desk.lapses(MoneyLapse::PayWhoCompleted) => first,
        _ => done.provider_id,
    };
    let order = rows.order();
    let created_at = rows.due.order.created_at;
    let basis = desk.basis;
    let policy = FeePolicy::of(basis.policies, created_at, basis.now, basis.lapse);
    let split = FeeSplit::of(minor, policy.platform_fee_bp, basis.lapse);
    let payment = rows.held_payment().unwrap_or(MovementId(order.0));
    if !desk.book(Fact::release(order, minor, split, provider)) {
        return false;
    }
    desk.tell(MoneyEventKind::PaymentReleased, payment, split.rest_minor);
    true
}

impl OrderMoney {
    /// The fee of a cancel that is to be booked yet, out of what is held, and the provider who gets it.
    pub(crate) fn cancel_fee(&self) -> Option<(UserId, i64)> {
        let terms = self.due.order.terms?;
        let fee = (terms.provider_id?, terms.fee_minor.min(self.held_minor()));
        (fee.1 > 0 && !self.has(Action::CancelFee, self.order().0)).then_some(fee)
    }
}
