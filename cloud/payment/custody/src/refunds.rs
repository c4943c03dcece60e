//! Refunds: a customer's request, an admin's decision, the adapter's answers, and the repair of
//! failed ones. An admin also grants money of the platform: goodwill to a customer, and
//! compensation for work in vain to a provider, by eligibility, frequency and maximum.

use wire::{Code, EventType, MoneyCaseKind, OrderStatus, UnixMillis, UserId};

use crate::{
    Action, AdapterAnswer, FeePolicy, FeeSplit, LedgerAccount, MoneyRule, MovementId, OrderMoney,
    PendingCall, Refund, RefundRequest, RefundState, RequestState, Saga, Source,
    books::{JournalDraft, source_account},
    is_disabled,
    movement::interpret_answer,
    transaction::MoneyTransaction,
};

/// The order's customer may request one refund at a time, from the start of work until the release.
pub(crate) fn request_refund(
    transaction: &mut MoneyTransaction<'_>,
    by: UserId,
    amount_minor: i64,
) -> Result<(), Code> {
    let order = &transaction.money.due.order;
    if by != order.customer_id {
        // Hide other people's orders.
        return Err(Code::OrderNotFound);
    }
    let stage = matches!(
        order.status,
        OrderStatus::InProgress | OrderStatus::Completed | OrderStatus::Reviewed
    );
    if !stage || transaction.money.is_released() {
        return Err(Code::NotRefundable);
    }
    if let Some(open) = transaction.money.open_request() {
        transaction.movement = Some(open.id);
        return Ok(());
    }
    if transaction.money.requests.len() >= transaction.context.limits.refunds_max {
        return Err(Code::RateLimited);
    }
    if amount_minor <= 0 || amount_minor > transaction.money.grantable_minor() {
        return Err(Code::AmountMismatch);
    }
    let id = transaction.context.fresh;
    transaction.movement = Some(id);
    transaction.money.requests.push(RefundRequest {
        id,
        amount_minor,
        state: RequestState::Open,
    });
    Ok(())
}

/// An admin grants part of the held money that is not yet granted, or refuses.
pub(crate) fn decide_refund_request(
    transaction: &mut MoneyTransaction<'_>,
    id: MovementId,
    granted_minor: Option<i64>,
) -> Result<(), Code> {
    let most = transaction.money.grantable_minor();
    let requests = &mut transaction.money.requests;
    let request = requests
        .iter_mut()
        .find(|request| request.id == id && request.state == RequestState::Open)
        .ok_or(Code::RefundDecided)?;
    match granted_minor {
        None => request.state = RequestState::Refused,
        Some(minor) if minor <= 0 || minor > most => return Err(Code::AmountMismatch),
        Some(minor) => {
            request.state = RequestState::Granted;
            transaction.money.due.granted_minor += minor;
        }
    }
    Ok(())
}

/// After the release, only the platform can give money back, from its own funds.
pub(crate) fn grant_goodwill(
    transaction: &mut MoneyTransaction<'_>,
    amount_minor: i64,
) -> Result<(), Code> {
    let rows = &transaction.money;
    let loss_refunds = rows
        .refunds
        .iter()
        .filter(|refund| refund.source == Source::Loss)
        .count();
    if !rows.is_released() {
        return Err(Code::NotRefundable);
    }
    if loss_refunds >= transaction.context.limits.refunds_max {
        return Err(Code::RateLimited);
    }
    // [GOODWILL_BOUND]
    let is_bound = !is_disabled(MoneyRule::GoodwillBound);
    let most = rows.goodwill_left_minor()
        + if is_bound {
            0
        } else {
            rows.charged_back_minor()
        };
    if amount_minor <= 0 || amount_minor > most {
        return Err(Code::AmountMismatch);
    }
    transaction.money.due.goodwill_minor += amount_minor;
    Ok(())
}

/// Starts a refund to the customer. The row with its id is committed before the adapter is called
/// [INTENT_FIRST].
pub(crate) fn send_refund(
    transaction: &mut MoneyTransaction<'_>,
    payment: MovementId,
    source: Source,
    amount_minor: i64,
) {
    let now = transaction.context.now;
    let id = next_refund_id(transaction);
    let order = transaction.money.order_id();
    let from = source_account(source, order, payment);
    if !transaction.book_journal(JournalDraft::for_refund(id, amount_minor, from, order)) {
        return;
    }
    transaction.movement = Some(id);
    transaction.money.refunds.push(Refund {
        id,
        payment,
        amount_minor,
        source,
        state: RefundState::Pending,
        created_at: now,
        call: PendingCall::first_call(now),
    });
    if is_disabled(MoneyRule::TellAfter) {
        transaction.publish_event(EventType::RefundProcessed, id, amount_minor);
    }
}

/// One id per step is enough while only one refund can be open; only the simulator disables that
/// rule.
fn next_refund_id(transaction: &MoneyTransaction<'_>) -> MovementId {
    let MovementId(fresh) = transaction.context.fresh;
    let (high, low) = fresh.as_u64_pair();
    let used = transaction
        .money
        .refunds
        .iter()
        .filter(|r| r.id.0.as_u64_pair().0 == high)
        .count();
    MovementId(uuid::Uuid::from_u64_pair(
        high,
        low.wrapping_add(used as u64),
    ))
}

/// Applies the adapter's answer to the refund at index `n`.
pub(crate) fn apply_refund_answer(
    transaction: &mut MoneyTransaction<'_>,
    n: usize,
    answer: AdapterAnswer,
) {
    let refund = &transaction.money.refunds[n];
    let id = refund.id;
    let amount = refund.amount_minor;
    let order = transaction.money.order_id();
    // [FINAL_IS_FINAL]
    if refund.state != RefundState::Pending && !is_disabled(MoneyRule::FinalIsFinal) {
        let differs = matches!(
            (refund.state, answer),
            (RefundState::Completed, AdapterAnswer::Failed)
                | (RefundState::Rejected, AdapterAnswer::Done)
        );
        if differs {
            transaction.open_case(MoneyCaseKind::AdapterDiffers, id);
        }
        return;
    }
    match interpret_answer(answer) {
        AdapterAnswer::Done => {
            transaction.book_journal(JournalDraft::refund_done(id, amount, order));
            transaction.money.refunds[n].state = RefundState::Completed;
            // Publish the refund only after the adapter's `done` [TELL_AFTER].
            if !is_disabled(MoneyRule::TellAfter) {
                transaction.publish_event(EventType::RefundProcessed, id, amount);
            }
        }
        AdapterAnswer::Failed => fail_refund(transaction, n),
        answer => {
            let now = transaction.context.now;
            let refund = &mut transaction.money.refunds[n];
            refund.state = RefundState::Pending;
            refund.call = refund
                .call
                .next_after_answer(answer, false, refund.created_at, now);
        }
    }
}

/// The money returns to its source and is still owed [STILL_OWED]; a person handles it.
fn fail_refund(transaction: &mut MoneyTransaction<'_>, n: usize) {
    let refund = transaction.money.refunds[n].clone();
    let to = source_account(refund.source, transaction.money.order_id(), refund.payment);
    transaction.book_journal(JournalDraft::refund_back(
        refund.id,
        refund.amount_minor,
        to,
        transaction.money.order_id(),
    ));
    transaction.money.refunds[n].state = RefundState::Rejected;
    if !is_disabled(MoneyRule::StillOwed) {
        transaction.money.due.saga = Saga::NeedsPerson;
        transaction.open_case(MoneyCaseKind::RefundFailed, refund.id);
    }
}

/// An admin has the money sent again: settlement sends it under a new id.
pub(crate) fn resend_failed_refund(transaction: &mut MoneyTransaction<'_>) -> Result<(), Code> {
    if transaction.money.due.saga != Saga::NeedsPerson {
        return Err(Code::NothingFailed);
    }
    transaction.money.due.saga = Saga::Settling;
    Ok(())
}

/// An admin has paid a failed refund by hand.
pub(crate) fn record_paid_otherwise(
    transaction: &mut MoneyTransaction<'_>,
    id: MovementId,
) -> Result<(), Code> {
    let failed = transaction
        .money
        .refunds
        .iter()
        .find(|refund| refund.id == id && refund.state == RefundState::Rejected);
    let Some(refund) = failed.cloned() else {
        return Err(Code::NothingFailed);
    };
    // A later refund may already have covered this one [OWED_BY_HAND].
    let is_owed = transaction.money.owed_from(&refund) >= refund.amount_minor
        || is_disabled(MoneyRule::OwedByHand);
    if transaction.money.due.saga != Saga::NeedsPerson || !is_owed {
        return Err(Code::NothingFailed);
    }
    let from = source_account(refund.source, transaction.money.order_id(), refund.payment);
    if transaction.book_journal(JournalDraft::paid_otherwise(id, refund.amount_minor, from)) {
        transaction.money.due.saga = Saga::Settling;
        transaction.publish_event(EventType::RefundProcessed, id, refund.amount_minor);
    }
    Ok(())
}

impl OrderMoney {
    /// Granted from custody and not sent yet; a chargeback may have left less than this.
    pub fn owed_minor(&self) -> i64 {
        self.due.granted_minor - self.met_minor(Source::Held)
    }

    /// Granted from the platform's own money and not sent yet. The amount is checked again before
    /// sending: the customer's bank may have returned the same money since [GOODWILL_AGAIN].
    pub(crate) fn goodwill_owed_minor(&self) -> i64 {
        let granted = self.due.goodwill_minor;
        let may_leave = if is_disabled(MoneyRule::GoodwillAgain) {
            granted
        } else {
            granted.min(granted + self.goodwill_left_minor())
        };
        may_leave - self.met_minor(Source::Loss)
    }

    /// The part of the price that the customer has not got back through grants, goodwill or their
    /// bank. Negative if the bank also took back granted money.
    pub fn goodwill_left_minor(&self) -> i64 {
        let due = &self.due;
        let given = due.granted_minor + due.goodwill_minor + self.charged_back_minor();
        due.order.price_minor - given
    }

    /// The amount still owed to the customer from a failed refund's source. A cancelled order owes
    /// all the money it holds, and a mistaken payment is owed in full.
    fn owed_from(&self, refund: &Refund) -> i64 {
        match refund.source {
            Source::Held if self.due.is_cancelled() => self.held_minor(),
            Source::Held => self.owed_minor().min(self.held_minor()),
            Source::Suspense => self.suspense_minor(refund.payment),
            Source::Loss => self.goodwill_owed_minor(),
        }
    }

    /// The part of the price that the customer's bank took back, less reversals.
    pub fn charged_back_minor(&self) -> i64 {
        let held = self.held_payment();
        let of_price = self
            .chargebacks
            .iter()
            .filter(|chargeback| held == Some(chargeback.payment) && !chargeback.is_reversed);
        of_price.map(|chargeback| chargeback.amount_minor).sum()
    }

    fn grantable_minor(&self) -> i64 {
        self.held_minor() - self.owed_minor()
    }
}

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
) -> Result<(), Code> {
    let CompensationRequest {
        provider,
        amount_minor,
        has_case,
    } = wish;
    // [COMPENSATION_CASE]
    if !has_case && !is_disabled(MoneyRule::CompensationCase) {
        return Err(Code::NoWorkInVain);
    }
    if let Some(given_minor) = transaction.money.compensated_minor(provider)
        && given_minor != amount_minor
    {
        return Err(Code::AmountMismatch);
    }
    let most_minor = transaction
        .money
        .compensation_most_minor(provider, transaction.context.policies);
    let is_too_much = amount_minor > most_minor && !is_disabled(MoneyRule::CompensationWorth);
    // [COMPENSATION_WORTH]
    if amount_minor <= 0 || is_too_much {
        return Err(Code::AmountMismatch);
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
    let policy = FeePolicy::find_in_force(policies, created_at, created_at);
    FeeSplit::from_amount(price_minor, policy.platform_fee_bp).rest_minor
}
