//! Settlement, the only way out for money. It runs under the due's lock after every change and from
//! a job. It repeats the first step that applies until none does; no other code sends money out.

use uuid::Uuid;
use wire::{OrderStatus, UserId};

use crate::{
    Action, Chargeback, DecisionContext, DisabledMoneyRule, FeePolicy, FeeSplit, LedgerAccount,
    MoneyCaseKind, MoneyDetails, MoneyEventKind, MovementId, OrderMoney, PaymentState, Posting,
    Saga, Source, books::JournalDraft, desk::MoneyTransaction, pay, refunds,
};

/// Terminates, because each round books a journal, closes a payment or leaves a refund open.
pub(crate) fn settle_order(desk: &mut MoneyTransaction<'_>) {
    while settled_one(desk) {}
}

fn settled_one(desk: &mut MoneyTransaction<'_>) -> bool {
    if desk.is_rule_disabled(DisabledMoneyRule::LateBack) && desk.rows.due.saga == Saga::Done {
        return false;
    }
    // 1. One refund at a time: the next depends on its outcome [ONE_OUT].
    if desk.rows.open_refund().is_some() && !desk.is_rule_disabled(DisabledMoneyRule::OneOut) {
        return false;
    }
    if book_chargeback(desk) {
        return true;
    }
    // 3. A person repairs the failed refund first.
    let needs_person = desk.rows.due.saga == Saga::NeedsPerson;
    if !needs_person && return_to_customer(desk) {
        return true;
    }
    release_to_provider(desk)
}

/// Steps 4 to 6.
fn return_to_customer(desk: &mut MoneyTransaction<'_>) -> bool {
    if return_suspense(desk) {
        return true;
    }
    if desk.rows.due.is_cancelled() {
        settle_cancelled(desk)
    } else {
        return_granted(desk)
    }
}

/// Step 2: a chargeback first takes the order's own money. The rest is the platform's loss:
/// providers keep money already announced as theirs [LOSS_IS_OURS].
fn book_chargeback(desk: &mut MoneyTransaction<'_>) -> bool {
    let chargebacks = desk.rows.chargebacks.clone();
    chargebacks.into_iter().any(|chargeback| {
        if !desk.rows.has_journal(Action::Chargeback, chargeback.id.0) {
            return charge_back(desk, chargeback);
        }
        chargeback.is_reversed && reverse_chargeback(desk, chargeback)
    })
}

/// Returns the money to the accounts it came from, as if the bank had never taken it. A loss of the
/// platform becomes its gain [REVERSAL_BACK].
fn reverse_chargeback(desk: &mut MoneyTransaction<'_>, chargeback: Chargeback) -> bool {
    let Chargeback {
        id,
        payment,
        amount_minor,
        ..
    } = chargeback;
    let Some(taken) = desk.rows.find_journal(Action::Chargeback, id.0) else {
        return false;
    };
    if desk.rows.has_journal(Action::Reversal, id.0) {
        return false;
    }
    let fact = if desk.is_rule_disabled(DisabledMoneyRule::ReversalBack) {
        JournalDraft::reversal_as_gain(id, amount_minor)
    } else {
        JournalDraft::for_reversal(taken)
    };
    let held_before = desk.rows.held_minor();
    if !desk.book_journal(fact) {
        return false;
    }
    desk.list(MoneyCaseKind::ChargebackReversed, payment);
    let returned_minor = desk.rows.held_minor() - held_before;
    if returned_minor > 0 {
        // The order previews a cancel from the held amount, so publish even if its status stays the
        // same.
        desk.publish_event(
            MoneyEventKind::PaymentStatusChanged,
            payment,
            returned_minor,
        );
    }
    true
}

fn charge_back(desk: &mut MoneyTransaction<'_>, chargeback: Chargeback) -> bool {
    let Chargeback {
        id,
        payment,
        amount_minor,
        ..
    } = chargeback;
    let is_held = desk.rows.held_payment() == Some(payment);
    let order = desk.rows.order_id();
    let account = if is_held {
        LedgerAccount::Held(order)
    } else {
        LedgerAccount::Suspense(payment)
    };
    let there = (-desk.rows.account_balance(account)).min(amount_minor);
    let paid_out = desk.rows.due.completed.filter(|_| desk.rows.is_released());
    let rest = match paid_out {
        Some(done) if desk.is_rule_disabled(DisabledMoneyRule::LossIsOurs) => {
            LedgerAccount::Provider(done.provider_id)
        }
        _ => LedgerAccount::Loss,
    };
    let parts = vec![(account, there), (rest, amount_minor - there)];
    if !desk.book_journal(JournalDraft::for_chargeback(id, parts, amount_minor)) {
        return false;
    }
    desk.list(MoneyCaseKind::Chargeback, payment);
    let charged_back_minor = Some(amount_minor);
    let details = MoneyDetails {
        charged_back_minor,
        ..MoneyDetails::default()
    };
    desk.tell_details(
        MoneyEventKind::PaymentStatusChanged,
        payment,
        amount_minor,
        details,
    );
    true
}

/// Step 4: mistaken payments go back in full.
fn return_suspense(desk: &mut MoneyTransaction<'_>) -> bool {
    let stranded = desk.rows.payments.iter().map(|payment| payment.id);
    let stranded = stranded.map(|id| (id, desk.rows.suspense_minor(id)));
    let Some((payment, minor)) = stranded.into_iter().find(|(_, minor)| *minor > 0) else {
        return false;
    };
    if desk.is_rule_disabled(DisabledMoneyRule::StillOwed)
        && desk.rows.refunds.iter().any(|r| r.payment == payment)
    {
        return false;
    }
    refunds::send(desk, payment, Source::Suspense, minor);
    true
}

/// Step 5: close the open payment, then book the fee from the held money and refund the rest in one
/// transaction.
fn settle_cancelled(desk: &mut MoneyTransaction<'_>) -> bool {
    let open = desk
        .rows
        .payments
        .iter()
        .position(|payment| payment.state == PaymentState::Pending && !payment.closing);
    if let Some(n) = open {
        pay::close(desk, n);
        return true;
    }
    let order = desk.rows.order_id();
    let held = desk.rows.held_minor();
    let Some(payment) = desk.rows.held_payment().filter(|_| held > 0) else {
        return false;
    };
    if desk.is_rule_disabled(DisabledMoneyRule::StillOwed) && !desk.rows.refunds.is_empty() {
        return false;
    }
    let mut rest = held;
    if let Some(CancelFee {
        subject,
        provider,
        minor,
    }) = desk.rows.cancel_fee()
    {
        desk.book_journal(JournalDraft::cancel_fee(order, subject, minor, provider));
        rest -= minor;
    }
    if rest > 0 {
        refunds::send(desk, payment, Source::Held, rest);
    }
    true
}

/// Step 6: refunds granted by an admin.
fn return_granted(desk: &mut MoneyTransaction<'_>) -> bool {
    let Some(payment) = desk.rows.held_payment() else {
        return false;
    };
    let lapse = desk.basis.lapse;
    let owed = desk.rows.owed_minor(lapse).min(desk.rows.held_minor());
    let goodwill = desk.rows.goodwill_owed_minor(lapse);
    let (source, minor) = if owed > 0 {
        (Source::Held, owed)
    } else {
        (Source::Loss, goodwill)
    };
    if minor > 0 {
        refunds::send(desk, payment, source, minor);
    }
    minor > 0
}

/// Step 7: once the work is done and undisputed, the held money goes to the provider of the
/// completed version, even if another provider had the order at payment [PAY_WHO_COMPLETED]. Money
/// owed to the customer stays. Money that a reversed chargeback returns later is released too
/// [RELEASE_REST].
fn release_to_provider(desk: &mut MoneyTransaction<'_>) -> bool {
    let rows = &desk.rows;
    let is_done = matches!(
        rows.due.order.status,
        OrderStatus::Completed | OrderStatus::Reviewed
    );
    let Some(done) = rows.due.completed.filter(|_| is_done) else {
        return false;
    };
    let waited = desk.basis.now.ms_since(done.heard_at) >= desk.basis.limits.dispute_ms;
    // [DISPUTE_FREEZES]
    let disputed =
        rows.open_request().is_some() && !desk.is_rule_disabled(DisabledMoneyRule::DisputeFreezes);
    let minor = rows.held_minor() - rows.owed_minor(desk.basis.lapse).max(0);
    if !waited || disputed || minor <= 0 {
        return false;
    }
    let provider = match rows.provider_at_payment() {
        Some(first) if desk.is_rule_disabled(DisabledMoneyRule::PayWhoCompleted) => first,
        _ => done.provider_id,
    };
    let order = rows.order_id();
    let only_once = desk.is_rule_disabled(DisabledMoneyRule::ReleaseRest) && rows.is_released();
    let Some(subject) = rows.free_subject(Action::Release).filter(|_| !only_once) else {
        return false;
    };
    let split = split_release(desk, minor);
    let payment = rows.held_payment().unwrap_or(MovementId(order.0));
    if !desk.book_journal(JournalDraft::for_release(
        order, subject, minor, split, provider,
    )) {
        return false;
    }
    desk.publish_event(MoneyEventKind::PaymentReleased, payment, split.rest_minor);
    true
}

/// The fee is rounded once for the whole order: a second release costs the fee on both, less the
/// first fee.
fn split_release(desk: &MoneyTransaction<'_>, minor: i64) -> FeeSplit {
    let DecisionContext {
        policies,
        now,
        lapse,
        ..
    } = *desk.basis;
    let policy = FeePolicy::find_in_force(policies, desk.rows.due.order.created_at, now, lapse);
    let before = desk.rows.sum_releases();
    let whole_minor = minor + before.fee_minor + before.rest_minor;
    let whole = FeeSplit::from_amount(whole_minor, policy.platform_fee_bp, lapse);
    FeeSplit {
        fee_minor: whole.fee_minor - before.fee_minor,
        rest_minor: whole.rest_minor - before.rest_minor,
    }
}

pub(crate) struct CancelFee {
    pub subject: Uuid,
    pub provider: UserId,
    pub minor: i64,
}

impl OrderMoney {
    /// The cancel fee still to book, limited to the held money. If a chargeback left less than the
    /// fee, its reversal brings the rest.
    pub(crate) fn cancel_fee(&self) -> Option<CancelFee> {
        let terms = self.due.order.terms?;
        let subject = self.free_subject(Action::CancelFee)?;
        let owed = terms.fee_minor - self.booked_cancel_fee();
        let minor = owed.min(self.held_minor());
        let fee = CancelFee {
            subject,
            provider: terms.provider_id?,
            minor,
        };
        (minor > 0).then_some(fee)
    }

    fn booked_cancel_fee(&self) -> i64 {
        let journals = self
            .journals
            .iter()
            .filter(|journal| journal.key.action == Action::CancelFee);
        let postings = journals.flat_map(|journal| &journal.postings);
        postings
            .map(|posting| posting.minor)
            .filter(|minor| *minor > 0)
            .sum()
    }

    /// Both sides of all releases of the order.
    fn sum_releases(&self) -> FeeSplit {
        let journals = self
            .journals
            .iter()
            .filter(|journal| journal.key.action == Action::Release);
        let credits = journals
            .flat_map(|journal| &journal.postings)
            .filter(|part| part.minor < 0);
        let mut split = FeeSplit {
            fee_minor: 0,
            rest_minor: 0,
        };
        for Posting { account, minor } in credits {
            if *account == LedgerAccount::Fees {
                split.fee_minor -= minor;
            } else {
                split.rest_minor -= minor;
            }
        }
        split
    }

    /// The subject of the next release or cancel fee: the order provides one, and each reversed
    /// chargeback one more.
    fn free_subject(&self, action: Action) -> Option<Uuid> {
        let reversed = self
            .chargebacks
            .iter()
            .filter(|chargeback| chargeback.is_reversed);
        let order = std::iter::once(self.order_id().0);
        let mut subjects = order.chain(reversed.map(|taken| taken.id.0));
        subjects.find(|subject| !self.has_journal(action, *subject))
    }
}
