//! One transaction about an order's money: its inputs, the changing rows, and the list of writes.

use wire::{Code, EventType, MoneyCaseKind, PaymentStatus, UnixMillis, UserId};

use crate::{
    Chargeback, Due, FeePolicy, MoneyJournal, MoneyRule, MovementId, OrderMoney, Payment, Refund,
    RefundRequest, Saga, books::JournalDraft, is_disabled,
};

/// The inputs of a decision besides the order's rows.
#[derive(Debug, Clone, Copy)]
pub struct DecisionContext<'a> {
    pub now: UnixMillis,
    /// The id of the one movement that the step may begin.
    pub fresh: MovementId,
    pub policies: &'a [FeePolicy],
    pub limits: CustodyLimits,
}

/// Custody's configuration, besides the fees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustodyLimits {
    /// Older payments are closed.
    pub pay_within_ms: i64,
    /// Delay between learning of the completion and releasing the money.
    pub dispute_ms: i64,
    /// A completed order that stays unpaid this long opens a case.
    pub unpaid_case_ms: i64,
    /// Per order, within a day. More are refused.
    pub payments_a_day_max: usize,
    /// Per order, for requests and goodwill each. More are refused.
    pub refunds_max: usize,
    /// Smaller balances wait until they reach this amount.
    pub payout_least_minor: i64,
}

const MINUTE_MS: i64 = 60_000;
pub(crate) const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

impl Default for CustodyLimits {
    fn default() -> Self {
        Self {
            pay_within_ms: 30 * MINUTE_MS,
            dispute_ms: 3 * DAY_MS,
            unpaid_case_ms: 14 * DAY_MS,
            payments_a_day_max: 10,
            refunds_max: 20,
            payout_least_minor: 1_000,
        }
    }
}

/// Refuses a payment for now: an earlier one expired or was declined, and the adapter has not
/// closed it yet, so the customer may still have paid it.
pub const PAYMENT_CLOSING: Code = Code::Unavailable;

/// Everything to write in the transaction that read the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyWrites {
    pub due: Due,
    /// New and changed rows.
    pub payments: Vec<Payment>,
    pub refunds: Vec<Refund>,
    pub requests: Vec<RefundRequest>,
    pub chargebacks: Vec<Chargeback>,
    /// New journals, in order.
    pub journals: Vec<MoneyJournal>,
    /// For the outbox, in order.
    pub events: Vec<MoneyEvent>,
    /// For a person to review. Equal order, kind and movement make one case.
    pub cases: Vec<MoneyCase>,
    /// The movement that the step began or found, for the caller.
    pub movement: Option<MovementId>,
}

/// A fact about an order's money. Consumers apply an event only if its `money_version` is higher
/// than the last [MONEY_VERSION].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyEvent {
    pub kind: EventType,
    pub movement: MovementId,
    pub amount_minor: i64,
    pub status: PaymentStatus,
    pub money_version: u64,
    /// Still in custody, so that the order can preview a cancel.
    pub held_minor: i64,
    /// The paid provider, for a release or a cancel fee.
    pub provider_id: Option<UserId>,
    pub details: MoneyDetails,
}

/// Amounts that the status does not carry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MoneyDetails {
    /// Returning to the customer, for a payment.
    pub returning_minor: Option<i64>,
    /// The provider's part of the money in custody, for a payment.
    pub share_minor: Option<i64>,
    /// For a chargeback.
    pub charged_back_minor: Option<i64>,
    /// Booked for the provider, for a cancelled order.
    pub cancel_fee_minor: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyCase {
    pub kind: MoneyCaseKind,
    pub movement: MovementId,
}

pub(crate) struct MoneyTransaction<'a> {
    pub context: &'a DecisionContext<'a>,
    pub money: OrderMoney,
    pub movement: Option<MovementId>,
    events: Vec<MoneyEvent>,
    cases: Vec<MoneyCase>,
}

impl<'a> MoneyTransaction<'a> {
    pub(crate) fn new(money: &OrderMoney, context: &'a DecisionContext<'a>) -> Self {
        let events = Vec::new();
        let cases = Vec::new();
        Self {
            context,
            money: money.clone(),
            movement: None,
            events,
            cases,
        }
    }

    /// Books the fact, or returns false if it is already booked [JOURNAL_KEY].
    pub(crate) fn book_journal(&mut self, fact: JournalDraft) -> bool {
        let is_booked = self
            .money
            .journals
            .iter()
            .any(|journal| journal.key == fact.key);
        if is_booked && !is_disabled(MoneyRule::JournalKey) {
            return false;
        }
        let currency = self.money.due.order.currency;
        self.money
            .journals
            .push(fact.into_journal(currency, self.context.now));
        true
    }

    /// Publishes an event under the next version [MONEY_VERSION]. It may state only facts that this
    /// transaction commits [TELL_AFTER].
    pub(crate) fn publish_event(
        &mut self,
        kind: EventType,
        movement: MovementId,
        amount_minor: i64,
    ) {
        self.publish_event_with_details(kind, movement, amount_minor, MoneyDetails::default());
    }

    pub(crate) fn publish_event_with_details(
        &mut self,
        kind: EventType,
        movement: MovementId,
        amount_minor: i64,
        details: MoneyDetails,
    ) {
        let status = self.money.compute_payment_status();
        let due = &mut self.money.due;
        (due.payment_status, due.money_version) = (status, due.money_version + 1);
        let money_version = due.money_version;
        let provider_id = if kind == EventType::PaymentReleased {
            due.completed.map(|done| done.provider_id)
        } else if details.cancel_fee_minor.is_some() {
            due.order.terms.and_then(|terms| terms.provider_id)
        } else {
            None
        };
        let held_minor = self.money.held_minor();
        self.events.push(MoneyEvent {
            kind,
            movement,
            amount_minor,
            status,
            money_version,
            held_minor,
            provider_id,
            details,
        });
    }

    pub(crate) fn open_case(&mut self, kind: MoneyCaseKind, movement: MovementId) {
        self.cases.push(MoneyCase { kind, movement });
    }

    /// Returns the final due and every change since `before`.
    pub(crate) fn into_writes(mut self, before: &OrderMoney) -> MoneyWrites {
        let movement = self.movement.unwrap_or(MovementId(self.money.order_id().0));
        if self.money.compute_payment_status() != self.money.due.payment_status {
            self.publish_event(EventType::PaymentStatusChanged, movement, 0);
        }
        let stays = match self.money.due.saga {
            Saga::NeedsPerson => true,
            Saga::Done => is_disabled(MoneyRule::LateBack),
            Saga::Settling => false,
        };
        if !stays {
            let is_over = self.money.is_over();
            self.money.due.saga = if is_over { Saga::Done } else { Saga::Settling };
        }
        self.money.due.next_at = next_at(&self.money, &self.context.limits);
        let now = self.context.now;
        if self.money.is_overdue(now) {
            self.open_case(MoneyCaseKind::Unanswered, movement);
        }
        if self.money.is_long_unpaid(now, &self.context.limits) {
            // The order is the case's subject; a payment as subject would open another case per
            // attempt.
            self.open_case(
                MoneyCaseKind::CompletedUnpaid,
                MovementId(self.money.order_id().0),
            );
        }
        // One case per order, like the one above [FEE_CASE].
        if self.money.has_fee_shortfall() && !is_disabled(MoneyRule::FeeCase) {
            self.open_case(
                MoneyCaseKind::FeeShortfall,
                MovementId(self.money.order_id().0),
            );
        }
        MoneyWrites {
            due: self.money.due,
            payments: changed_rows(self.money.payments, &before.payments),
            refunds: changed_rows(self.money.refunds, &before.refunds),
            requests: changed_rows(self.money.requests, &before.requests),
            chargebacks: changed_rows(self.money.chargebacks, &before.chargebacks),
            journals: self.money.journals.split_off(before.journals.len()),
            events: self.events,
            cases: self.cases,
            movement: self.movement,
        }
    }
}

fn changed_rows<T: PartialEq>(after: Vec<T>, before: &[T]) -> Vec<T> {
    after
        .into_iter()
        .filter(|row| !before.contains(row))
        .collect()
}

impl OrderMoney {
    /// Returns true if no work is left. An order in progress is not over, paid or not.
    fn is_over(&self) -> bool {
        let suspense = self
            .payments
            .iter()
            .any(|payment| self.suspense_minor(payment.id) > 0);
        let open = self.open_payment().is_some() || self.open_refund().is_some();
        (self.due.is_cancelled() || self.is_released())
            && !open
            && !suspense
            && self.held_minor() == 0
    }

    /// Returns true if a cancelled order is settled and the provider got less than the agreed fee.
    /// Until then a refund may still fail, which returns its money to custody.
    fn has_fee_shortfall(&self) -> bool {
        self.due.is_cancelled() && self.is_over() && self.unbooked_cancel_fee() > 0
    }

    fn is_long_unpaid(&self, now: UnixMillis, limits: &CustodyLimits) -> bool {
        let Some(done) = self.due.completed else {
            return false;
        };
        self.held_payment().is_none() && now.ms_since(done.heard_at) >= limits.unpaid_case_ms
    }
}

/// The time of the next expiry or release, when the job must process the due again.
fn next_at(money: &OrderMoney, limits: &CustodyLimits) -> Option<UnixMillis> {
    let expiry = money.open_payment().filter(|payment| !payment.closing);
    let expiry = expiry.map(|payment| payment.created_at.plus_ms(limits.pay_within_ms));
    let pause_ms = match money.held_payment() {
        Some(_) if money.is_released() => None,
        Some(_) => Some(limits.dispute_ms),
        None => Some(limits.unpaid_case_ms),
    };
    let release = money
        .due
        .completed
        .zip(pause_ms)
        .map(|(done, pause_ms)| done.heard_at.plus_ms(pause_ms));
    expiry.into_iter().chain(release).min()
}

impl OrderMoney {
    /// Applies a transaction's writes to the rows: a model of the store, for tests and the
    /// simulator.
    pub fn apply_writes(&mut self, writes: &MoneyWrites) {
        self.due.clone_from(&writes.due);
        upsert_rows(&mut self.payments, &writes.payments, |row| row.id);
        upsert_rows(&mut self.refunds, &writes.refunds, |row| row.id);
        upsert_rows(&mut self.requests, &writes.requests, |row| row.id);
        upsert_rows(&mut self.chargebacks, &writes.chargebacks, |row| row.id);
        self.journals.extend(writes.journals.iter().cloned());
    }
}

fn upsert_rows<T: Clone, Id: PartialEq>(rows: &mut Vec<T>, written: &[T], id: impl Fn(&T) -> Id) {
    for row in written {
        match rows.iter_mut().find(|standing| id(standing) == id(row)) {
            Some(standing) => standing.clone_from(row),
            None => rows.push(row.clone()),
        }
    }
}
