//! The state of one order's money: its due and all other rows, as read under the due's lock, and
//! the amounts derived from them.
//!
//! The due is an order as this service last received it, and the progress of its settlement. Every
//! transaction about the order's money locks this row first [LOCK_DUE]. The order service and the
//! payment service compare the versions of orders and dues [PULL], and check funds before a start
//! is refused [ASK_BEFORE_REFUSING].

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{
    CancelCharge, Currency, Event, Order, OrderId, OrderStatus, PaymentStatus, UnixMillis, UserId,
    words, words_from_text,
};

use crate::{
    Action, CancelTerms, Chargeback, LedgerAccount, LineKind, MoneyJournal, MoneyRule, MovementId,
    Payment, PaymentState, Refund, RefundState, Source, StatementLine, is_disabled,
    movement::is_overdue,
};

/// The parts of an order that money depends on. They arrive by event, by a request, or by the
/// comparison of versions; all three merge the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledOrder {
    pub id: OrderId,
    pub version: u64,
    pub status: OrderStatus,
    pub customer_id: UserId,
    pub provider_id: Option<UserId>,
    pub price_minor: i64,
    pub currency: Currency,
    pub created_at: UnixMillis,
    /// Set on cancelled orders; absent means the cancel is free.
    pub terms: Option<CancelTerms>,
}

impl BilledOrder {
    /// Converts the order service's data, from an event or a response.
    pub fn from_order(order: &Order, terms: Option<CancelCharge>) -> Self {
        Self {
            id: order.id,
            version: order.version,
            status: order.status,
            customer_id: order.customer_id,
            provider_id: order.provider_id,
            price_minor: order.price.minor_units(),
            currency: order.currency,
            created_at: order.created_at,
            terms: terms.map(|terms| CancelTerms {
                fee_minor: terms.fee.minor_units(),
                provider_id: terms.provider_id,
            }),
        }
    }
}

words! {
    Saga {
        Settling "settling",
        /// A refund failed: an admin sends it again or pays it another way.
        NeedsPerson "needs_person",
        /// No open movement, held money or debt. Late money reopens it.
        Done "done",
    }
}

words_from_text!(Saga);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub order: BilledOrder,
    /// As last published.
    pub payment_status: PaymentStatus,
    /// Rises with every event about the order's money.
    pub money_version: u64,
    pub saga: Saga,
    pub completed: Option<OrderCompletion>,
    /// Granted to the customer from the money in custody.
    pub granted_minor: i64,
    /// Granted from the platform's own money.
    pub goodwill_minor: i64,
    /// When to settle again without an event.
    pub next_at: Option<UnixMillis>,
}

/// The first completed version of the order this service received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderCompletion {
    pub provider_id: UserId,
    pub heard_at: UnixMillis,
}

impl Due {
    pub fn new(order: BilledOrder, now: UnixMillis) -> Self {
        let completed = completion_from_order(&order, now);
        Self {
            order,
            payment_status: PaymentStatus::Unpaid,
            money_version: 0,
            saga: Saga::Settling,
            completed,
            granted_minor: 0,
            goodwill_minor: 0,
            next_at: None,
        }
    }

    /// Accepts only a higher version [ORDER_VERSION], and acts on its state regardless of the
    /// event's name.
    pub(crate) fn apply_order_version(&mut self, order: &BilledOrder, now: UnixMillis) {
        if order.version <= self.order.version && !is_disabled(MoneyRule::OrderVersion) {
            return;
        }
        self.order.clone_from(order);
        self.completed = self.completed.or(completion_from_order(order, now));
    }

    pub fn is_cancelled(&self) -> bool {
        self.order.status == OrderStatus::Cancelled
    }

    /// Returns true if a payment may begin: a provider has the order or has completed it.
    pub(crate) fn is_payable(&self) -> bool {
        self.order.status.has_provider()
    }
}

fn completion_from_order(order: &BilledOrder, now: UnixMillis) -> Option<OrderCompletion> {
    let is_completed = matches!(order.status, OrderStatus::Completed | OrderStatus::Reviewed);
    let provider_id = order.provider_id.filter(|_| is_completed)?;
    Some(OrderCompletion {
        provider_id,
        heard_at: now,
    })
}

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
    pub(crate) fn met_minor(&self, source: Source) -> i64 {
        let failed_too = is_disabled(MoneyRule::StillOwed);
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
    pub(crate) fn compute_payment_status(&self) -> PaymentStatus {
        let held = self.held_minor();
        let earned = self.earned_minor();
        let whole = self.due.order.price_minor - self.due.granted_minor - earned;
        let under_way = self
            .open_refund()
            .is_some_and(|refund| refund.source != Source::Suspense);
        let is_held = held >= whole || is_disabled(MoneyRule::HeldIsWhole);
        match self.returned_minor() {
            _ if held > 0 && is_held => PaymentStatus::Held,
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
            .any(|begun| is_overdue(begun, now))
    }

    /// The adapter's movements for the order, by our books.
    pub fn statement_lines(&self) -> impl Iterator<Item = StatementLine> {
        self.journals
            .iter()
            .filter_map(|journal| self.to_statement_line(journal))
    }

    /// The payment of a chargeback in our books.
    fn charged_back_payment(&self, chargeback: Uuid) -> Option<MovementId> {
        let known = self
            .chargebacks
            .iter()
            .find(|known| known.id.0 == chargeback)?;
        Some(known.payment)
    }

    fn to_statement_line(&self, journal: &MoneyJournal) -> Option<StatementLine> {
        let subject = journal.key.subject;
        let (movement, kind) = match journal.key.action {
            Action::Charge => (MovementId(subject), LineKind::Charge),
            Action::RefundDone => (MovementId(subject), LineKind::Refund),
            Action::Chargeback => (
                self.charged_back_payment(subject)?,
                LineKind::Chargeback(subject),
            ),
            Action::Reversal => (
                self.charged_back_payment(subject)?,
                LineKind::Reversal(subject),
            ),
            _ => return None,
        };
        let amounts = journal
            .postings
            .iter()
            .filter(|p| p.account == crate::LedgerAccount::Adapter);
        let amount_minor = amounts.map(|posting| posting.minor.abs()).sum();
        Some(StatementLine {
            movement,
            kind,
            amount_minor,
        })
    }
}

/// Orders by id, or the orders changed since a moment, in order of change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderVersionsQuery {
    Named(Vec<OrderId>),
    Changed {
        since: UnixMillis,
        after: Option<OrderId>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedOrders {
    pub items: Vec<ComparedOrder>,
}

/// An order's current state, with the version of the last money event that it applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedOrder {
    pub order: Order,
    pub terms: Option<CancelCharge>,
    pub money_version: u64,
    /// Providers with a case of work in vain on the order. An order service one version older
    /// leaves it out.
    #[serde(default)]
    pub worked_in_vain: Vec<UserId>,
}

/// Orders that an edge has started without money in custody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundsQuery {
    pub orders: Vec<OrderId>,
}

/// The latest event about each order's money, after querying the adapter about open payments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundsReply {
    pub words: Vec<Event>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueVersions {
    pub order_version: u64,
    pub money_version: u64,
    /// When its last event was published.
    pub told_at: UnixMillis,
}

/// An event that one side has missed or not received yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissedEvent {
    /// The order is ahead of the due.
    Order,
    /// The order has not applied the latest money event.
    Word,
}

impl ComparedOrder {
    /// Events missed since before `by`; younger ones are still in transit.
    pub fn find_missed_events(&self, due: Option<DueVersions>, by: UnixMillis) -> Vec<MissedEvent> {
        let mut missed = Vec::new();
        let is_heard = match due {
            Some(due) => due.order_version >= self.order.version,
            // An order without a provider owes no money.
            None => !self.order.status.has_provider(),
        };
        if !is_heard && self.order.updated_at < by {
            missed.push(MissedEvent::Order);
        }
        if let Some(due) = due
            && due.money_version > self.money_version
            && due.told_at < by
        {
            missed.push(MissedEvent::Word);
        }
        missed
    }
}
