//! Decides one step from start to end: apply the event, then settle.
//!
//! Settlement is the only way out for money. It runs under the due's lock after every change and
//! from a job. It repeats the first step that applies until none does; no other code sends money
//! out.

use wire::{Code, EventType, MoneyCaseKind, OrderStatus, UnixMillis, UserId};

use crate::{
    Action, AdapterReply, BilledOrder, Chargeback, CompensationRequest, DecisionContext, Due,
    FeePolicy, FeeSplit, LedgerAccount, MoneyDetails, MoneyRule, MoneyWrites, MovementId,
    OrderMoney, PaymentRequest, PaymentState, Posting, Saga, Source,
    books::JournalDraft,
    is_disabled,
    payments::{
        apply_payment_answer, begin_payment, book_cancel_fee, close_payment, expire_payments,
        publish_cancel_fee,
    },
    refunds::{
        apply_refund_answer, decide_refund_request, grant_goodwill, pay_compensation,
        record_paid_otherwise, request_refund, resend_failed_refund, send_refund,
    },
    transaction::MoneyTransaction,
};

/// One event about an order's money, applied in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoneyStep {
    OrderHeard(BilledOrder),
    Pay(PaymentRequest),
    Answered {
        movement: MovementId,
        reply: AdapterReply,
    },
    RequestRefund {
        by: UserId,
        amount_minor: i64,
    },
    /// `None` refuses.
    DecideRefund {
        request: MovementId,
        granted_minor: Option<i64>,
    },
    Goodwill {
        amount_minor: i64,
    },
    SendAnew,
    PaidOtherwise {
        refund: MovementId,
    },
    Compensate(CompensationRequest),
    /// From the job, once the due's `next_at` has passed.
    TimePassed,
}

/// The rows of an order that is new to this service.
pub fn open_order_money(order: BilledOrder, now: UnixMillis) -> OrderMoney {
    OrderMoney::new(Due::new(order, now))
}

/// Decides on rows read under the due's lock [LOCK_DUE]. A refused step writes nothing.
pub fn decide_money_step(
    before: &OrderMoney,
    step: &MoneyStep,
    context: &DecisionContext<'_>,
) -> Result<MoneyWrites, Code> {
    let mut transaction = MoneyTransaction::new(before, context);
    // Every step closes an expired payment, because the job's next run may be an hour away
    // [EXPIRE_ALWAYS].
    if *step == MoneyStep::TimePassed || !is_disabled(MoneyRule::ExpireAlways) {
        expire_payments(&mut transaction);
    }
    apply_step(&mut transaction, step)?;
    settle_order(&mut transaction);
    Ok(transaction.into_writes(before))
}

fn apply_step(transaction: &mut MoneyTransaction<'_>, step: &MoneyStep) -> Result<(), Code> {
    match step {
        MoneyStep::OrderHeard(order) => {
            transaction
                .money
                .due
                .apply_order_version(order, transaction.context.now);
            Ok(())
        }
        MoneyStep::Pay(wish) => begin_payment(transaction, wish),
        MoneyStep::Answered { movement, reply } => {
            apply_adapter_reply(transaction, *movement, reply);
            Ok(())
        }
        MoneyStep::RequestRefund { by, amount_minor } => {
            request_refund(transaction, *by, *amount_minor)
        }
        MoneyStep::DecideRefund {
            request,
            granted_minor,
        } => decide_refund_request(transaction, *request, *granted_minor),
        MoneyStep::Goodwill { amount_minor } => grant_goodwill(transaction, *amount_minor),
        MoneyStep::SendAnew => resend_failed_refund(transaction),
        MoneyStep::PaidOtherwise { refund } => record_paid_otherwise(transaction, *refund),
        MoneyStep::Compensate(wish) => pay_compensation(transaction, *wish),
        MoneyStep::TimePassed => Ok(()),
    }
}

/// Applies the adapter's reply. It may be old, so each movement accepts only the answers its state
/// allows [FINAL_IS_FINAL].
fn apply_adapter_reply(
    transaction: &mut MoneyTransaction<'_>,
    movement: MovementId,
    reply: &AdapterReply,
) {
    if let Some(n) = transaction
        .money
        .payments
        .iter()
        .position(|payment| payment.id == movement)
    {
        apply_payment_answer(transaction, n, reply.answer);
    }
    if let Some(n) = transaction
        .money
        .refunds
        .iter()
        .position(|refund| refund.id == movement)
    {
        apply_refund_answer(transaction, n, reply.answer);
    }
    reply
        .chargebacks
        .iter()
        .for_each(|chargeback| record_chargeback(transaction, *chargeback));
}

fn record_chargeback(transaction: &mut MoneyTransaction<'_>, heard: Chargeback) {
    if !transaction
        .money
        .payments
        .iter()
        .any(|payment| payment.id == heard.payment)
    {
        return;
    }
    match transaction
        .money
        .chargebacks
        .iter_mut()
        .find(|known| known.id == heard.id)
    {
        Some(known) => known.is_reversed |= heard.is_reversed,
        None => transaction.money.chargebacks.push(heard),
    }
}

/// Terminates, because each round books a journal, closes a payment or leaves a refund open.
fn settle_order(transaction: &mut MoneyTransaction<'_>) {
    while settle_one_step(transaction) {}
}

fn settle_one_step(transaction: &mut MoneyTransaction<'_>) -> bool {
    if is_disabled(MoneyRule::LateBack) && transaction.money.due.saga == Saga::Done {
        return false;
    }
    // 1. One refund at a time: the next depends on its outcome [ONE_OUT].
    if transaction.money.open_refund().is_some() && !is_disabled(MoneyRule::OneOut) {
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
    let fact = if is_disabled(MoneyRule::ReversalBack) {
        JournalDraft::reversal_as_gain(id, amount_minor)
    } else {
        JournalDraft::for_reversal(taken)
    };
    let held_before = transaction.money.held_minor();
    if !transaction.book_journal(fact) {
        return false;
    }
    transaction.open_case(MoneyCaseKind::ChargebackReversed, payment);
    let returned_minor = transaction.money.held_minor() - held_before;
    if returned_minor > 0 {
        // The order previews a cancel from the held amount, so publish even if its status stays the
        // same.
        transaction.publish_event(EventType::PaymentStatusChanged, payment, returned_minor);
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
        Some(done) if is_disabled(MoneyRule::LossIsOurs) => {
            LedgerAccount::Provider(done.provider_id)
        }
        _ => LedgerAccount::Loss,
    };
    let parts = vec![(account, there), (rest, amount_minor - there)];
    if !transaction.book_journal(JournalDraft::for_chargeback(id, parts, amount_minor)) {
        return false;
    }
    transaction.open_case(MoneyCaseKind::Chargeback, payment);
    let charged_back_minor = Some(amount_minor);
    let details = MoneyDetails {
        charged_back_minor,
        ..MoneyDetails::default()
    };
    transaction.publish_event_with_details(
        EventType::PaymentStatusChanged,
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
    if is_disabled(MoneyRule::StillOwed)
        && transaction
            .money
            .refunds
            .iter()
            .any(|r| r.payment == payment)
    {
        return false;
    }
    send_refund(transaction, payment, Source::Suspense, minor);
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
        close_payment(transaction, n);
        return true;
    }
    let held = transaction.money.held_minor();
    let Some(payment) = transaction.money.held_payment().filter(|_| held > 0) else {
        return false;
    };
    if is_disabled(MoneyRule::StillOwed) && !transaction.money.refunds.is_empty() {
        return false;
    }
    let fee = book_cancel_fee(transaction);
    let rest = held - fee;
    if rest > 0 {
        send_refund(transaction, payment, Source::Held, rest);
    }
    if fee > 0 {
        publish_cancel_fee(transaction, payment, fee);
    }
    true
}

/// Step 6: refunds granted by an admin.
fn return_granted(transaction: &mut MoneyTransaction<'_>) -> bool {
    let Some(payment) = transaction.money.held_payment() else {
        return false;
    };
    let owed = transaction
        .money
        .owed_minor()
        .min(transaction.money.held_minor());
    let goodwill = transaction.money.goodwill_owed_minor();
    let (source, minor) = if owed > 0 {
        (Source::Held, owed)
    } else {
        (Source::Loss, goodwill)
    };
    if minor > 0 {
        send_refund(transaction, payment, source, minor);
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
    let disputed = rows.open_request().is_some() && !is_disabled(MoneyRule::DisputeFreezes);
    let minor = rows.held_minor() - rows.owed_minor().max(0);
    if !waited || disputed || minor <= 0 {
        return false;
    }
    let provider = match rows.provider_at_payment() {
        Some(first) if is_disabled(MoneyRule::PayWhoCompleted) => first,
        _ => done.provider_id,
    };
    let order = rows.order_id();
    let only_once = is_disabled(MoneyRule::ReleaseRest) && rows.is_released();
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
    transaction.publish_event(EventType::PaymentReleased, payment, split.rest_minor);
    true
}

/// The fee is rounded once for the whole order: a second release costs the fee on both, less the
/// first fee.
fn split_release(transaction: &MoneyTransaction<'_>, minor: i64) -> FeeSplit {
    let DecisionContext { policies, now, .. } = *transaction.context;
    let policy = FeePolicy::find_in_force(policies, transaction.money.due.order.created_at, now);
    let before = transaction.money.sum_releases();
    let whole_minor = minor + before.fee_minor + before.rest_minor;
    let whole = FeeSplit::from_amount(whole_minor, policy.platform_fee_bp);
    FeeSplit {
        fee_minor: whole.fee_minor - before.fee_minor,
        rest_minor: whole.rest_minor - before.rest_minor,
    }
}

impl OrderMoney {
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
}
