//! The state of one order's money: all its rows, as read under the due's lock, and the amounts
//! derived from them.

use wire::{OrderId, PaymentStatus, UserId, words, words_from_text};

use crate::{
    Action, Chargeback, Due, LedgerAccount, MoneyJournal, MoneyWrites, MovementId, Payment,
    PaymentState, Refund, RefundState, Source, movement,
};

/// All rows of one order. The limits on payments and refunds bound their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderMoney {
    pub due: Due,
    pub payments: Vec<Payment>,
    pub refunds: Vec<Refund>,
    pub requests: Vec<RefundRequest>,
    pub chargebacks: Vec<Chargeback>,
    pub journals: Vec<MoneyJournal>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundRequest {
    pub id: MovementId,
    pub amount_minor: i64,
    pub state: RequestState,
}

words! { RequestState { Open "open", Refused "refused", Granted "granted" } }
words_from_text!(RequestState);

impl OrderMoney {
    pub fn new(due: Due) -> Self {
        let payments = Vec::new();
        let refunds = Vec::new();
        let requests = Vec::new();
        Self {
            due,
            payments,
            refunds,
            requests,
            chargebacks: Vec::new(),
            journals: Vec::new(),
        }
    }

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

    pub fn order_id(&self) -> OrderId {
        self.due.order.id
    }

    /// This order's debits less credits on an account.
    pub fn account_balance(&self, account: LedgerAccount) -> i64 {
        let postings = self.journals.iter().flat_map(|journal| &journal.postings);
        postings
            .filter(|posting| posting.account == account)
            .map(|posting| posting.minor)
            .sum()
    }

    pub fn held_minor(&self) -> i64 {
        -self.account_balance(LedgerAccount::Held(self.order_id()))
    }

    pub fn suspense_minor(&self, payment: MovementId) -> i64 {
        -self.account_balance(LedgerAccount::Suspense(payment))
    }

    pub fn has_journal(&self, action: Action, subject: uuid::Uuid) -> bool {
        self.find_journal(action, subject).is_some()
    }

    pub(crate) fn find_journal(
        &self,
        action: Action,
        subject: uuid::Uuid,
    ) -> Option<&MoneyJournal> {
        self.journals
            .iter()
            .find(|j| j.key.action == action && j.key.subject == subject)
    }

    pub fn is_released(&self) -> bool {
        self.has_journal(Action::Release, self.order_id().0)
    }

    /// The payment that entered custody, if any.
    pub fn held_payment(&self) -> Option<MovementId> {
        let held = LedgerAccount::Held(self.order_id());
        self.journals
            .iter()
            .filter(|journal| journal.key.action == Action::Charge)
            .find(|journal| {
                let mut postings = journal.postings.iter();
                postings.any(|posting| posting.account == held)
            })
            .map(|journal| MovementId(journal.key.subject))
    }

    pub fn open_payment(&self) -> Option<&Payment> {
        self.payments
            .iter()
            .find(|payment| payment.state == PaymentState::Pending)
    }

    pub fn open_refund(&self) -> Option<&Refund> {
        self.refunds
            .iter()
            .find(|refund| refund.state == RefundState::Pending)
    }

    pub fn open_request(&self) -> Option<&RefundRequest> {
        self.requests
            .iter()
            .find(|request| request.state == RequestState::Open)
    }

    /// Sum of the refunds from a source that are sent, in transit or paid by hand. A failed refund
    /// is still owed [STILL_OWED].
    pub(crate) fn met_minor(&self, source: Source, failed_too: bool) -> i64 {
        self.refunds
            .iter()
            .filter(|refund| refund.source == source)
            .filter(|refund| {
                failed_too
                    || refund.state != RefundState::Rejected
                    || self.has_journal(Action::PaidOtherwise, refund.id.0)
            })
            .map(|refund| refund.amount_minor)
            .sum()
    }

    /// The amount returned to the customer from custody and from the platform's own money. Mistaken
    /// payments are not part of the order's money.
    pub fn returned_minor(&self) -> i64 {
        self.refunds
            .iter()
            .filter(|refund| refund.source != Source::Suspense)
            .filter(|refund| {
                refund.state == RefundState::Completed
                    || self.has_journal(Action::PaidOtherwise, refund.id.0)
            })
            .map(|refund| refund.amount_minor)
            .sum()
    }

    /// Credited to providers from this order's custody.
    pub fn earned_minor(&self) -> i64 {
        let from_custody = self
            .journals
            .iter()
            .filter(|journal| matches!(journal.key.action, Action::CancelFee | Action::Release));
        let postings = from_custody.flat_map(|journal| &journal.postings);
        let to_them = postings.filter(|posting| posting.minor < 0);
        to_them.map(|posting| -posting.minor).sum()
    }

    /// The order's payment status, derived from the books. `held` means the whole price, less
    /// granted refunds and any cancel fee paid to the provider [HELD_IS_WHOLE]. While money is in
    /// transit to the customer, the status stays unchanged: it has not arrived.
    pub(crate) fn compute_payment_status(&self, any_part_is_held: bool) -> PaymentStatus {
        let held = self.held_minor();
        let earned = self.earned_minor();
        let whole = self.due.order.price_minor - self.due.granted_minor - earned;
        let under_way = self
            .open_refund()
            .is_some_and(|refund| refund.source != Source::Suspense);
        match self.returned_minor() {
            _ if held > 0 && (held >= whole || any_part_is_held) => PaymentStatus::Held,
            _ if under_way => self.due.payment_status,
            0 if earned > 0 || self.is_released() => PaymentStatus::Paid,
            0 if self.held_payment().is_none() => PaymentStatus::Unpaid,
            // A chargeback took it. The order does not become unpaid: its payment was taken, so it
            // cannot be paid again.
            0 if held > 0 => PaymentStatus::PartiallyRefunded,
            0 => PaymentStatus::Refunded,
            back if back < self.due.order.price_minor => PaymentStatus::PartiallyRefunded,
            _ => PaymentStatus::Refunded,
        }
    }

    /// The order's provider when its money entered custody.
    pub(crate) fn provider_at_payment(&self) -> Option<UserId> {
        let held = self.held_payment()?;
        self.payments
            .iter()
            .find(|payment| payment.id == held)?
            .provider_id
    }

    /// Returns true if the adapter has been silent for a day and a person must be alerted.
    pub(crate) fn is_overdue(&self, now: wire::UnixMillis) -> bool {
        let payments = self.open_payment().map(|payment| payment.created_at);
        let refunds = self.open_refund().map(|refund| refund.created_at);
        payments
            .into_iter()
            .chain(refunds)
            .any(|begun| movement::is_overdue(begun, now))
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
