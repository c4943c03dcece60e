//! The inbox line: one fact for one person. It stores facts, never sentences, which are rendered on
//! reading in the reader's language.
//!
//! Invariant: at most one line per person and event, however often the event arrives.

use std::fmt;

use process::problem::TimeCursor;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{
    Actor, Alarm, Amount, Code, Currency, ERASED_TITLE, EventId, EventType, IncidentReport, Lost,
    OrderCode, OrderId, OrderStatus, PartAlarm, PaymentStatus, PlannedTime, Region, Role,
    UnixMillis, UserId, words,
};

use super::NoticeKind;

words! {
    /// The start of a line's retention period.
    KeptFrom {
        /// Unread lines stay until they are read.
        Read "read",
        /// Unread lines expire too.
        Created "created",
    }
}

/// The retention period of a line.
pub const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// The owner of the inbox that all admins share.
const ADMINS: UserId = UserId(Uuid::nil());

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct LineId(pub Uuid);

impl LineId {
    /// When the line was made.
    pub fn arrived_at(self) -> Option<UnixMillis> {
        UnixMillis::from_id(self.0)
    }
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The owner of an inbox: one person, or all admins together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InboxOwner {
    pub user_id: UserId,
    pub role: Role,
}

impl InboxOwner {
    /// Admins get waiting work once: if one reads it, it is read for all.
    pub const ADMINS: Self = Self {
        user_id: ADMINS,
        role: Role::Admin,
    };

    pub fn for_actor(actor: Actor) -> Self {
        match actor.role {
            Role::Admin => Self::ADMINS,
            Role::Customer | Role::Provider => Self {
                user_id: actor.user_id,
                role: actor.role,
            },
        }
    }
}

words! {
    /// The purpose of an order line, for clients that need only these four values.
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
    /// `None` for a notice.
    pub event_type: Option<EventType>,
    /// `None` for news about the person only.
    pub order_id: Option<OrderId>,
    /// The event's id, or the notice's.
    pub event_id: EventId,
    /// The other party of the order, if any.
    pub counterpart: Option<UserId>,
    pub params: LineParams,
    /// The event's time, not its arrival, so a redelivered event does not look newer.
    pub created_at: UnixMillis,
}

impl InboxLine {
    pub fn owner(&self) -> InboxOwner {
        InboxOwner {
            user_id: self.user_id,
            role: self.role,
        }
    }

    /// `None` for news without an order.
    pub fn inbox_kind(&self) -> Option<InboxKind> {
        self.order_id?;
        Some(match (self.event_type, self.role) {
            (Some(EventType::OrderCreated), Role::Customer) => InboxKind::OrderCreated,
            // New to approve or to accept.
            (Some(EventType::OrderCreated), Role::Admin | Role::Provider)
            | (Some(EventType::OrderApproved), Role::Provider) => InboxKind::NewOrder,
            (Some(EventType::OrderAccepted), _) => InboxKind::OrderAccepted,
            _ => InboxKind::OrderUpdate,
        })
    }

    /// The category that delivery preferences apply to.
    pub fn notice_kind(&self) -> NoticeKind {
        match (&self.params, self.event_type) {
            (LineParams::Notice(notice), _) => notice.notice,
            (_, Some(event_type)) => NoticeKind::from_event(event_type, self.role),
            (_, None) => NoticeKind::Account,
        }
    }

    /// The order's region, if the line stores it.
    pub fn order_region(&self) -> Option<Region> {
        self.params.as_order().map(|order| order.region)
    }
}

/// The values of the sentence, without the address: an inbox is read on more screens than an order.
/// Lines from older versions have no tag, so the fields decide; the variant without a required
/// field comes last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LineParams {
    Order(Box<OrderParams>),
    Review(ReviewParams),
    Money(MoneyParams),
    Notice(NoticeParams),
    Alarm(AlarmParams),
    Person(PersonParams),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderParams {
    pub title: String,
    pub code: OrderCode,
    pub price: Amount,
    pub currency: Currency,
    pub region: Region,
    /// Absent in lines from older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<OrderStatus>,
    /// Free text by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reason for a lost acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Code>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Lost>,
    /// The matching's reason codes in favour of the provider.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_reasons: Vec<String>,
    /// A reminder that the price is still unpaid.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reminds: bool,
    /// The accepted work may begin now and is paid afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paid_afterwards: bool,
    /// The provider's report, or the one that the customer answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentReport>,
    /// The customer's answer to a report of more work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed: Option<bool>,
    /// The other time that a person proposes, declined, or agreed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_time: Option<PlannedTime>,
    /// The end of the offer of the open job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_until: Option<UnixMillis>,
    #[serde(flatten)]
    pub terms: MoneyTerms,
}

/// The money data of an order event besides the price. Lines from older versions lack it.
#[skip_serializing_none]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyTerms {
    pub payment_status: Option<PaymentStatus>,
    /// The cancellation fee.
    pub fee: Option<Amount>,
    /// The customer's refund after a cancellation.
    pub refund: Option<Amount>,
    /// The provider's share of the held money.
    pub share: Option<Amount>,
    /// With money held at completion, the customer may object at least until then.
    pub objections_until: Option<UnixMillis>,
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyParams {
    pub amount: Amount,
    pub currency: Currency,
    /// The part of a payment that the order cannot take and that is sent back.
    pub returning: Option<Amount>,
    /// The booked part of a cancellation's fee, for the provider; `amount` is the same.
    pub cancel_fee: Option<Amount>,
    /// The kind of a case for an admin; `amount` is then the order's price.
    pub case: Option<String>,
}

/// The part of a review event that its lines need.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReviewFacts {
    pub order_id: OrderId,
    pub customer_id: UserId,
    pub provider_id: UserId,
    #[serde(flatten)]
    pub params: ReviewParams,
}

/// The review's text stays with its service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewParams {
    pub title: String,
    pub order_code: OrderCode,
    pub rating: u8,
    /// Free text by an admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Text by an admin or a service, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeParams {
    pub notice: NoticeKind,
    pub title: String,
    pub content: String,
}

/// One alarm, or the number of those without a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmParams {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<Alarm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_alarm: Option<PartAlarm>,
    pub more_alarms: u64,
}

/// What an alarm's line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmPlace {
    Edge,
    Region,
    Part,
    /// The alarms without a line.
    Many,
}

impl AlarmParams {
    pub fn subject(&self) -> AlarmPlace {
        if self.part_alarm.is_some() {
            return AlarmPlace::Part;
        }
        match &self.alarm {
            Some(Alarm { edge: Some(_), .. }) => AlarmPlace::Edge,
            Some(Alarm { edge: None, .. }) => AlarmPlace::Region,
            None => AlarmPlace::Many,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonParams {
    /// Free text by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// An admin asks a provider for more instead of rejecting them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks_more: bool,
}

impl LineParams {
    pub fn as_order(&self) -> Option<&OrderParams> {
        match self {
            Self::Order(order) => Some(order),
            Self::Review(_)
            | Self::Money(_)
            | Self::Notice(_)
            | Self::Alarm(_)
            | Self::Person(_) => None,
        }
    }

    pub fn as_money(&self) -> Option<&MoneyParams> {
        match self {
            Self::Money(money) => Some(money),
            Self::Order(_)
            | Self::Review(_)
            | Self::Notice(_)
            | Self::Alarm(_)
            | Self::Person(_) => None,
        }
    }

    pub fn as_review(&self) -> Option<&ReviewParams> {
        match self {
            Self::Review(review) => Some(review),
            Self::Order(_)
            | Self::Money(_)
            | Self::Notice(_)
            | Self::Alarm(_)
            | Self::Person(_) => None,
        }
    }

    pub fn as_person(&self) -> Option<&PersonParams> {
        match self {
            Self::Person(person) => Some(person),
            Self::Order(_)
            | Self::Review(_)
            | Self::Money(_)
            | Self::Alarm(_)
            | Self::Notice(_) => None,
        }
    }

    pub fn as_alarm(&self) -> Option<&AlarmParams> {
        match self {
            Self::Alarm(alarm) => Some(alarm),
            Self::Order(_)
            | Self::Review(_)
            | Self::Money(_)
            | Self::Notice(_)
            | Self::Person(_) => None,
        }
    }

    pub fn reason(&self) -> Option<&String> {
        match self {
            Self::Order(order) => order.reason.as_ref(),
            Self::Review(review) => review.reason.as_ref(),
            Self::Person(person) => person.reason.as_ref(),
            Self::Money(_) | Self::Notice(_) | Self::Alarm(_) => None,
        }
    }
}

/// Each returns false if nothing is left to erase.
impl LineParams {
    /// Erases people's texts about the order; the title only if its customer was deleted.
    pub fn erase_order_texts(&mut self, title_is_erased: bool) -> bool {
        let (title, reason) = match self {
            Self::Order(order) => (&mut order.title, &mut order.reason),
            Self::Review(review) => (&mut review.title, &mut review.reason),
            Self::Money(_) | Self::Notice(_) | Self::Alarm(_) | Self::Person(_) => return false,
        };
        let goes = title_is_erased && title != ERASED_TITLE;
        if goes {
            ERASED_TITLE.clone_into(title);
        }
        reason.take().is_some() || goes
    }

    /// Erases the title of a job that the line proposes instead of a lost one.
    pub fn erase_nearby_title(&mut self, erased: OrderId) -> bool {
        let Self::Order(order) = self else {
            return false;
        };
        let jobs = order.lost.iter_mut().flat_map(|lost| &mut lost.nearby);
        let mut is_new = false;
        for job in jobs.filter(|job| job.order_id == erased && job.title != ERASED_TITLE) {
            ERASED_TITLE.clone_into(&mut job.title);
            is_new = true;
        }
        is_new
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
    /// Hides lines read before this time, even if the purge has not run yet.
    pub read_since: UnixMillis,
}

impl PageRequest {
    pub fn owner(&self) -> InboxOwner {
        InboxOwner {
            user_id: self.user_id,
            role: self.role,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxPage {
    pub lines: Vec<StoredLine>,
    pub next: Option<TimeCursor>,
}
