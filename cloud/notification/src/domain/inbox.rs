//! Owns the inbox line: one fact told to one person. It keeps facts, never sentences: the sentence
//! is written when the line is read, in the reader's language.
//!
//! Invariant: there is at most one line per person and event, however often the event arrives.

use std::fmt;

use process::problem::TimeCursor;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{
    Actor, Amount, Code, Currency, EventId, EventType, Lost, OrderCode, OrderId, OrderStatus,
    PaymentStatus, Region, Role, UnixMillis, UserId, words,
};

use super::NoticeKind;

words! {
    /// The moment from which a line is kept for so long.
    KeptFrom {
        /// An unread line stays until it is read.
        Read "read",
        /// An unread line goes, too.
        Created "created",
    }
}

/// How long a line stays.
pub const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// The owner of the one inbox that all admins share.
const ADMINS: UserId = UserId(Uuid::nil());

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct LineId(pub Uuid);

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whose inbox it is: a person's own, or the one that admins share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InboxOwner {
    pub user_id: UserId,
    pub role: Role,
}

impl InboxOwner {
    /// Work that waits is told to the admins once: the first of them who reads it has read it for
    /// all.
    pub const ADMINS: Self = Self { user_id: ADMINS, role: Role::Admin };

    pub fn of(actor: Actor) -> Self {
        match actor.role {
            Role::Admin => Self::ADMINS,
            Role::Customer | Role::Provider => Self { user_id: actor.user_id, role: actor.role },
        }
    }
}

words! {
    /// What a line about an order is for its reader, for clients that need no more than these four
    /// words.
    InboxKind {
        OrderCreated "order_created",
        NewOrder "new_order",
        OrderAccepted "order_accepted",
        OrderUpdate "order_update",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxLine {
    pub user_id: UserId,
    pub role: Role,
    /// `None` for a notice, which somebody wrote.
    pub event_type: Option<EventType>,
    /// `None` for news of the person alone.
    pub order_id: Option<OrderId>,
    /// Of the event, or of the notice.
    pub event_id: EventId,
    /// The other side of the order, where there is one.
    pub counterpart: Option<UserId>,
    pub params: Params,
    /// When it happened, not when it arrived: a redelivery makes no newer line.
    pub created_at: UnixMillis,
}

impl InboxLine {
    pub fn owner(&self) -> InboxOwner {
        InboxOwner { user_id: self.user_id, role: self.role }
    }

    /// `None` for news that is about no order.
    pub fn kind(&self) -> Option<InboxKind> {
        self.order_id?;
        Some(match (self.event_type, self.role) {
            (Some(EventType::OrderCreated), Role::Customer) => InboxKind::OrderCreated,
            // To decide, or to accept.
            (Some(EventType::OrderCreated), Role::Admin | Role::Provider)
            | (Some(EventType::OrderApproved), Role::Provider) => InboxKind::NewOrder,
            (Some(EventType::OrderAccepted), _) => InboxKind::OrderAccepted,
            _ => InboxKind::OrderUpdate,
        })
    }

    /// What the news is about, for the person's wishes.
    pub fn notice_kind(&self) -> NoticeKind {
        match (&self.params, self.event_type) {
            (Params::Notice(notice), _) => notice.notice,
            (_, Some(event_type)) => NoticeKind::of(event_type, self.role),
            (_, None) => NoticeKind::Account,
        }
    }

    /// The order's region, where the line keeps it.
    pub fn location(&self) -> Option<Region> {
        self.params.order().map(|order| order.region)
    }
}

/// The values of the sentence. No address: an inbox is read on more screens than an order. Lines of
/// former releases carry no tag, so the fields say which it is; the one without a required field
/// stands last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Params {
    Order(Box<OrderParams>),
    Review(ReviewParams),
    Money(MoneyParams),
    Notice(NoticeParams),
    Person(PersonParams),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderParams {
    pub title: String,
    pub code: OrderCode,
    pub price: Amount,
    pub currency: Currency,
    pub region: Region,
    /// Absent from lines of former releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<OrderStatus>,
    /// As a person wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why an acceptance lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Code>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Lost>,
    /// What speaks for the provider, in the words of the matching.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_reasons: Vec<String>,
    /// Said once more: its price is not paid yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reminds: bool,
    /// Of an acceptance: the work may begin now, and is paid for afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paid_afterwards: bool,
    #[serde(flatten)]
    pub terms: MoneyTerms,
}

/// What an order's event says about its money besides the price. Lines of former releases have none
/// of it.
#[skip_serializing_none]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyTerms {
    /// As the order shows it.
    pub payment_status: Option<PaymentStatus>,
    /// Of a cancel.
    pub fee: Option<Amount>,
    /// Of a cancel: so much comes back to the customer.
    pub refund: Option<Amount>,
    /// The provider's part of the money that is held.
    pub share: Option<Amount>,
    /// Of a completion with money held: the customer may object until then at least.
    pub objections_until: Option<UnixMillis>,
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyParams {
    pub amount: Amount,
    pub currency: Currency,
    /// Of a payment that the order cannot take: so much goes back.
    pub returning: Option<Amount>,
    /// The kind of a case that waits for an admin; the amount is the order's price.
    pub case: Option<String>,
}

/// Of the body of an event about a review: what its lines need.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReviewFacts {
    pub order_id: OrderId,
    pub customer_id: UserId,
    pub provider_id: UserId,
    #[serde(flatten)]
    pub params: ReviewParams,
}

/// The words of a review stay with its service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewParams {
    pub title: String,
    pub order_code: OrderCode,
    pub rating: u8,
    /// As an admin wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Words as an admin or a service wrote them, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeParams {
    pub notice: NoticeKind,
    pub title: String,
    pub content: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonParams {
    /// As a person wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Params {
    pub fn order(&self) -> Option<&OrderParams> {
        match self {
            Self::Order(order) => Some(order),
            Self::Review(_) | Self::Money(_) | Self::Notice(_) | Self::Person(_) => None,
        }
    }

    pub fn reason(&self) -> Option<&String> {
        match self {
            Self::Order(order) => order.reason.as_ref(),
            Self::Review(review) => review.reason.as_ref(),
            Self::Person(person) => person.reason.as_ref(),
            Self::Money(_) | Self::Notice(_) => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLine {
    pub id: LineId,
    pub line: InboxLine,
    pub read_at: Option<UnixMillis>,
}

#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    pub user_id: UserId,
    pub role: Role,
    pub unread_only: bool,
    pub after: Option<TimeCursor>,
    pub limit: usize,
    /// Lines that were read before this moment are as good as gone, also before the purge has come
    /// by.
    pub read_since: UnixMillis,
}

impl PageRequest {
    pub fn owner(&self) -> InboxOwner {
        InboxOwner { user_id: self.user_id, role: self.role }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxPage {
    pub lines: Vec<StoredLine>,
    pub next: Option<TimeCursor>,
}
