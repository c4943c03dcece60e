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
pub(crate) fn settle_order(transaction: &mut MoneyTransaction<'_>) {
    while settled_one(transaction) {}
}

fn settled_one(transaction: &mut MoneyTransaction<'_>) -> bool {
    if transaction.is_rule_disabled(DisabledMoneyRule::LateBack)
        && transaction.money.due.saga == Saga::Done
    {
        return false;
    }
    // 1. One refund at a time: the next depends on its outcome [ONE_OUT].
    if transaction.money.open_refund().is_some()
        && !transaction.is_rule_disabled(DisabledMoneyRule::OneOut)
    {
        return false;
    }
    if book_chargeback(transaction) {
        return true;
    }
    // 3. A person repairs the failed refund first.
    let needs_person = transaction.money.due.saga == Saga::NeedsPerson;
    if !needs_person && return_to_customer(transaction) {
        return true;
    }
    release_to_provider(transaction)
}

/// Steps 4 to 6.
fn return_to_customer(transaction: &mut MoneyTransaction<'_>) -> bool {
    if return_suspense(transaction) {
        return true;
    }
    if transaction.money.due.is_cancelled() {
        settle_cancelled(transaction)
    } else {
        return_granted(transaction)
    }
}

/// Step 2: a chargeback first takes the order's own money. The rest is the platform's loss:
/// providers keep money already announced as theirs [LOSS_IS_OURS].
fn book_chargeback(transaction: &mut MoneyTransaction<'_>) -> bool {
    let chargebacks = transaction.money.chargebacks.clone();
    chargebacks.into_iter().any(|chargeback| {
        if !transaction
            .money
            .has_journal(Action::Chargeback, chargeback.id.0)
        {
            return charge_back(transaction, chargeback);
        }
        chargeback.is_reversed && reverse_chargeback(transaction, chargeback)
    })
}

/// Returns the money to the accounts it came from, as if the bank had never taken it. A loss of the
/// platform becomes its gain [REVERSAL_BACK].
fn reverse_chargeback(transaction: &mut MoneyTransaction<'_>, chargeback: Chargeback) -> bool {
    let Chargeback {
        id,
        payment,
        amount_minor,
        ..
    } = chargeback;
    let Some(taken) = transaction.money.find_journal(Action::Chargeback, id.0) else {
        return false;
    };
    if transaction.money.has_journal(Action::Reversal, id.0) {
        return false;
    }
    let fact = if transaction.is_rule_disabled(DisabledMoneyRule::ReversalBack) {
        JournalDraft::reversal_as_gain(id, amount_minor)
    } else {
        JournalDraft::for_reversal(taken)
    };
    let held_before = transaction.money.held_minor();
    if !transaction.book_journal(fact) {
        return false;
    }
    transaction.list(MoneyCaseKind::ChargebackReversed, payment);
    let returned_minor = transaction.money.held_minor() - held_before;
    if returned_minor > 0 {
        // The order previews a cancel from the held amount, so publish even if its status stays the
        // same.
        transaction.publish_event(
            MoneyEventKind::PaymentStatusChanged,
            payment,
            returned_minor,
        );
    }
    true
}

fn charge_back(transaction: &mut MoneyTransaction<'_>, chargeback: Chargeback) -> bool {
    let Chargeback {
        id,
        payment,
        amount_minor,
        ..
    } = chargeback;
    let is_held = transaction.money.held_payment() == Some(payment);
    let order = transaction.money.order_id();
    let account = if is_held {
        LedgerAccount::Held(order)
    } else {
        LedgerAccount::Suspense(payment)
    };
    let there = (-transaction.money.account_balance(account)).min(amount_minor);
    let paid_out = transaction
        .money
        .due
        .completed
        .filter(|_| transaction.money.is_released());
    let rest = match paid_out {
        Some(done) if transaction.is_rule_disabled(DisabledMoneyRule::LossIsOurs) => {
            LedgerAccount::Provider(done.provider_id)
        }
        _ => LedgerAccount::Loss,
    };
    let parts = vec![(account, there), (rest, amount_minor - there)];
    if !transaction.book_journal(JournalDraft::for_chargeback(id, parts, amount_minor)) {
        return false;
    }
    transaction.list(MoneyCaseKind::Chargeback, payment);
    let charged_back_minor = Some(amount_minor);
    let details = MoneyDetails {
        charged_back_minor,
        ..MoneyDetails::default()
    };
    transaction.tell_details(
        MoneyEventKind::PaymentStatusChanged,
        payment,
        amount_minor,
        details,
    );
    true
}

/// Step 4: mistaken payments go back in full.
fn return_suspense(transaction: &mut MoneyTransaction<'_>) -> bool {
    let stranded = transaction.money.payments.iter().map(|payment| payment.id);
    let stranded = stranded.map(|id| (id, transaction.money.suspense_minor(id)));
    let Some((payment, minor)) = stranded.into_iter().find(|(_, minor)| *minor > 0) else {
        return false;
    };
    if transaction.is_rule_disabled(DisabledMoneyRule::StillOwed)
        && transaction
            .money
            .refunds
            .iter()
            .any(|r| r.payment == payment)
    {
        return false;
    }
    refunds::send(transaction, payment, Source::Suspense, minor);
    true
}

/// Step 5: close the open payment, then book the fee from the held money and refund the rest in one
/// transaction.
fn settle_cancelled(transaction: &mut MoneyTransaction<'_>) -> bool {
    let open = transaction
        .money
        .payments
        .iter()
        .position(|payment| payment.state == PaymentState::Pending && !payment.closing);
    if let Some(n) = open {
        pay::close(transaction, n);
        return true;
    }
    let order = transaction.money.order_id();
    let held = transaction.money.held_minor();
    let Some(payment) = transaction.money.held_payment().filter(|_| held > 0) else {
        return false;
    };
    if transaction.is_rule_disabled(DisabledMoneyRule::StillOwed)
        && !transaction.money.refunds.is_empty()
    {
        return false;
    }
    let mut rest = held;
    if let Some(CancelFee {
        subject,
        provider,
        minor,
    }) = transaction.money.cancel_fee()
    {
        transaction.book_journal(JournalDraft::cancel_fee(order, subject, minor, provider));
        rest -= minor;
    }
    if rest > 0 {
        refunds::send(transaction, payment, Source::Held, rest);
    }
    true
}

/// Step 6: refunds granted by an admin.
fn return_granted(transaction: &mut MoneyTransaction<'_>) -> bool {
    let Some(payment) = transaction.money.held_payment() else {
        return false;
    };
    let lapse = transaction.context.disabled;
    let owed = transaction
        .money
        .owed_minor(lapse)
        .min(transaction.money.held_minor());
    let goodwill = transaction.money.goodwill_owed_minor(lapse);
    let (source, minor) = if owed > 0 {
        (Source::Held, owed)
    } else {
        (Source::Loss, goodwill)
    };
    if minor > 0 {
        refunds::send(transaction, payment, source, minor);
    }
    minor > 0
}

/// Step 7: once the work is done and undisputed, the held money goes to the provider of the
/// completed version, even if another provider had the order at payment [PAY_WHO_COMPLETED]. Money
/// owed to the customer stays. Money that a reversed chargeback returns later is released too
/// [RELEASE_REST].
fn release_to_provider(transaction: &mut MoneyTransaction<'_>) -> bool {
    let rows = &transaction.money;
    let is_done = matches!(
        rows.due.order.status,
        OrderStatus::Completed | OrderStatus::Reviewed
    );
    let Some(done) = rows.due.completed.filter(|_| is_done) else {
        return false;
    };
    let waited =
        transaction.context.now.ms_since(done.heard_at) >= transaction.context.limits.dispute_ms;
    // [DISPUTE_FREEZES]
    let disputed = rows.open_request().is_some()
        && !transaction.is_rule_disabled(DisabledMoneyRule::DisputeFreezes);
    let minor = rows.held_minor() - rows.owed_minor(transaction.context.disabled).max(0);
    if !waited || disputed || minor <= 0 {
        return false;
    }
    let provider = match rows.provider_at_payment() {
        Some(first) if transaction.is_rule_disabled(DisabledMoneyRule::PayWhoCompleted) => first,
        _ => done.provider_id,
    };
    let order = rows.order_id();
    let only_once =
        transaction.is_rule_disabled(DisabledMoneyRule::ReleaseRest) && rows.is_released();
    let Some(subject) = rows.free_subject(Action::Release).filter(|_| !only_once) else {
        return false;
    };
    let split = split_release(transaction, minor);
    let payment = rows.held_payment().unwrap_or(MovementId(order.0));
    if !transaction.book_journal(JournalDraft::for_release(
        order, subject, minor, split, provider,
    )) {
        return false;
    }
    transaction.publish_event(MoneyEventKind::PaymentReleased, payment, split.rest_minor);
    true
}

/// The fee is rounded once for the whole order: a second release costs the fee on both, less the
/// first fee.
fn split_release(transaction: &MoneyTransaction<'_>, minor: i64) -> FeeSplit {
    let DecisionContext {
        policies,
        now,
        disabled: lapse,
        ..
    } = *transaction.context;
    let policy =
        FeePolicy::find_in_force(policies, transaction.money.due.order.created_at, now, lapse);
    let before = transaction.money.sum_releases();
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
