//! The states of a payment: its start, and its transitions on the adapter's answers. A cancelled
//! order's fee is taken from its payment.

use uuid::Uuid;
use wire::{Code, Currency, EventType, MoneyCaseKind, PaymentStatus, UnixMillis, UserId};

use crate::{
    Action, AdapterAnswer, FeePolicy, FeeSplit, LedgerAccount, MoneyDetails, MoneyRule, MovementId,
    OrderMoney, PAYMENT_CLOSING, Payment, PaymentState, PendingCall, Saga,
    books::JournalDraft,
    is_disabled,
    movement::interpret_answer,
    transaction::{DAY_MS, MoneyTransaction},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentRequest {
    pub by: UserId,
    pub amount_minor: i64,
    pub currency: Currency,
}

/// Begins a payment, or finds the open one. A closing payment can no longer be paid, so the
/// customer never gets it back as the answer [NEVER_DEAD].
pub(crate) fn begin_payment(
    transaction: &mut MoneyTransaction<'_>,
    wish: &PaymentRequest,
) -> Result<(), Code> {
    let order = &transaction.money.due.order;
    if wish.by != order.customer_id {
        // Hide other people's orders.
        return Err(Code::OrderNotFound);
    }
    if !transaction.money.due.is_payable() {
        return Err(Code::OrderNotPayable);
    }
    if (wish.amount_minor, wish.currency) != (order.price_minor, order.currency) {
        return Err(Code::AmountMismatch);
    }
    if transaction.money.held_payment().is_some() {
        return Err(Code::AlreadyPaid);
    }
    // [ONE_OPEN]
    if let Some(open) = transaction
        .money
        .open_payment()
        .filter(|_| !is_disabled(MoneyRule::OneOpen))
    {
        if open.closing && !is_disabled(MoneyRule::NeverDead) {
            return Err(PAYMENT_CLOSING);
        }
        transaction.movement = Some(open.id);
        return Ok(());
    }
    let now = transaction.context.now;
    let today = transaction
        .money
        .payments
        .iter()
        .filter(|payment| now.ms_since(payment.created_at) < DAY_MS);
    if today.count() >= transaction.context.limits.payments_a_day_max {
        return Err(Code::RateLimited);
    }
    let id = transaction.context.fresh;
    transaction.movement = Some(id);
    transaction.money.payments.push(Payment {
        id,
        amount_minor: wish.amount_minor,
        provider_id: transaction.money.due.order.provider_id,
        state: PaymentState::Pending,
        closing: false,
        created_at: now,
        call: PendingCall::first_call(now),
    });
    Ok(())
}

/// Applies the adapter's answer to the payment at index `n`.
pub(crate) fn apply_payment_answer(
    transaction: &mut MoneyTransaction<'_>,
    n: usize,
    answer: AdapterAnswer,
) {
    if let AdapterAnswer::Paid { amount_minor } = answer {
        return book_payment(transaction, n, amount_minor);
    }
    let payment = &transaction.money.payments[n];
    // [FINAL_IS_FINAL]
    if payment.state != PaymentState::Pending && !is_disabled(MoneyRule::FinalIsFinal) {
        return;
    }
    match interpret_answer(answer) {
        AdapterAnswer::Closed | AdapterAnswer::Failed => fail_payment(transaction, n),
        answer => keep_pending(transaction, n, answer),
    }
}

/// The answer is not final; a declined payment gets closed.
fn keep_pending(transaction: &mut MoneyTransaction<'_>, n: usize, answer: AdapterAnswer) {
    let now = transaction.context.now;
    let declined = answer == AdapterAnswer::Declined;
    if declined && is_disabled(MoneyRule::CloseBeforeFailed) {
        return fail_payment(transaction, n);
    }
    let payment = &mut transaction.money.payments[n];
    payment.state = PaymentState::Pending;
    payment.closing |= declined;
    payment.call = payment
        .call
        .next_after_answer(answer, payment.closing, payment.created_at, now);
}

/// A payment fails only when the adapter ends it [CLOSE_BEFORE_FAILED].
fn fail_payment(transaction: &mut MoneyTransaction<'_>, n: usize) {
    let payment = &mut transaction.money.payments[n];
    payment.state = PaymentState::Failed;
    let id = payment.id;
    let amount = payment.amount_minor;
    transaction.publish_event(EventType::PaymentFailed, id, amount);
}

/// Stops an unwanted payment. It stays pending until the adapter has closed it.
pub(crate) fn close_payment(transaction: &mut MoneyTransaction<'_>, n: usize) {
    let now = transaction.context.now;
    let payment = &mut transaction.money.payments[n];
    (payment.closing, payment.call) = (true, PendingCall::close(now));
    if is_disabled(MoneyRule::CloseBeforeFailed) {
        fail_payment(transaction, n);
    }
}

/// The adapter has the money, regardless of the payment's state here.
fn book_payment(transaction: &mut MoneyTransaction<'_>, n: usize, amount_minor: i64) {
    let payment = &transaction.money.payments[n];
    let id = payment.id;
    let was = payment.state;
    let order = transaction.money.order_id();
    let extra =
        was == PaymentState::Failed || transaction.money.held_payment().is_some_and(|it| it != id);
    let extra = extra && !is_disabled(MoneyRule::ExtraBack);
    let wrong = amount_minor != payment.amount_minor && !is_disabled(MoneyRule::AmountExact);
    let into = if extra || wrong {
        LedgerAccount::Suspense(id)
    } else {
        LedgerAccount::Held(order)
    };
    if !transaction.book_journal(JournalDraft::for_charge(id, amount_minor, into)) {
        return;
    }
    transaction.money.payments[n].state = PaymentState::Completed;
    if extra {
        // The money goes back [EXTRA_BACK].
        transaction.open_case(MoneyCaseKind::ExtraPayment, id);
    } else if wrong {
        // Any amount other than the price goes back, too [AMOUNT_EXACT].
        transaction.open_case(MoneyCaseKind::WrongAmount, id);
    }
    if transaction.money.due.saga == Saga::Done && !is_disabled(MoneyRule::LateBack) {
        // Late money is settled like any other [LATE_BACK].
        transaction.money.due.saga = Saga::Settling;
    }
    let details = describe_destination(transaction, id);
    transaction.publish_event_with_details(EventType::PaymentCompleted, id, amount_minor, details);
}

/// The destination of money that has just arrived.
fn describe_destination(transaction: &MoneyTransaction<'_>, payment: MovementId) -> MoneyDetails {
    let rows = &transaction.money;
    let context = transaction.context;
    let stranded = rows.suspense_minor(payment);
    let held = rows.held_minor();
    if stranded > 0 {
        return MoneyDetails {
            returning_minor: Some(stranded),
            ..MoneyDetails::default()
        };
    }
    if rows.due.is_cancelled() {
        let fee = rows.cancel_fee().map_or(0, |fee| fee.minor);
        return MoneyDetails {
            returning_minor: Some(held - fee),
            ..MoneyDetails::default()
        };
    }
    let created_at = rows.due.order.created_at;
    let policy = FeePolicy::find_in_force(context.policies, created_at, context.now);
    let split = FeeSplit::from_amount(held, policy.platform_fee_bp);
    MoneyDetails {
        share_minor: Some(split.rest_minor),
        ..MoneyDetails::default()
    }
}

/// Closes expired payments.
pub(crate) fn expire_payments(transaction: &mut MoneyTransaction<'_>) {
    let now = transaction.context.now;
    let within = transaction.context.limits.pay_within_ms;
    for n in 0..transaction.money.payments.len() {
        let payment = &transaction.money.payments[n];
        let open = payment.state == PaymentState::Pending && !payment.closing;
        if open && now.ms_since(payment.created_at) >= within {
            close_payment(transaction, n);
        }
    }
}

impl OrderMoney {
    /// Decides if an edge may start work: true if money is held, else false with the open payment
    /// to query first, if any [ASK_BEFORE_REFUSING].
    pub fn funds_for_start(&self) -> (bool, Option<MovementId>) {
        let held = self.due.payment_status == PaymentStatus::Held;
        (
            held,
            self.open_payment()
                .map(|payment| payment.id)
                .filter(|_| !held),
        )
    }

    /// Reschedules this payment for an immediate query, because its callback arrived.
    pub fn reschedule_payment(&self, id: MovementId, now: UnixMillis) -> Option<Payment> {
        let payment = self.payments.iter().find(|payment| payment.id == id)?;
        Some(Payment {
            call: payment.call.reschedule_now(now),
            ..payment.clone()
        })
    }
}

struct CancelFee {
    subject: Uuid,
    provider: UserId,
    minor: i64,
}

/// Books the cancel fee that custody can pay, and returns its amount.
pub(crate) fn book_cancel_fee(transaction: &mut MoneyTransaction<'_>) -> i64 {
    let order = transaction.money.order_id();
    let Some(fee) = transaction.money.cancel_fee() else {
        return 0;
    };
    transaction.book_journal(JournalDraft::cancel_fee(
        order,
        fee.subject,
        fee.minor,
        fee.provider,
    ));
    fee.minor
}

/// Notifies the provider of a fee that this transaction booked. The order's terms only promise it:
/// custody may hold less by now [TELL_AFTER].
pub(crate) fn publish_cancel_fee(
    transaction: &mut MoneyTransaction<'_>,
    payment: MovementId,
    fee_minor: i64,
) {
    let details = MoneyDetails {
        cancel_fee_minor: Some(fee_minor),
        ..MoneyDetails::default()
    };
    transaction.publish_event_with_details(
        EventType::PaymentStatusChanged,
        payment,
        fee_minor,
        details,
    );
}

impl OrderMoney {
    /// The cancel fee still to book, limited to the held money. If a chargeback left less than the
    /// fee, its reversal brings the rest.
    fn cancel_fee(&self) -> Option<CancelFee> {
        let terms = self.due.order.terms?;
        let subject = self.free_subject(Action::CancelFee)?;
        let minor = self.unbooked_cancel_fee().min(self.held_minor());
        let fee = CancelFee {
            subject,
            provider: terms.provider_id?,
            minor,
        };
        (minor > 0).then_some(fee)
    }

    /// The part of the agreed cancel fee that the provider has not got.
    pub(crate) fn unbooked_cancel_fee(&self) -> i64 {
        let agreed_minor = self.due.order.terms.map_or(0, |terms| terms.fee_minor);
        agreed_minor - self.booked_cancel_fee()
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

    /// The subject of the next release or cancel fee: the order provides one, and each reversed
    /// chargeback one more.
    pub(crate) fn free_subject(&self, action: Action) -> Option<Uuid> {
        let reversed = self
            .chargebacks
            .iter()
            .filter(|chargeback| chargeback.is_reversed);
        let order = std::iter::once(self.order_id().0);
        let mut subjects = order.chain(reversed.map(|taken| taken.id.0));
        subjects.find(|subject| !self.has_journal(action, *subject))
    }
}
