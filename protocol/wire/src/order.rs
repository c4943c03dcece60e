//! The order: the draft it comes from, its fields, its states and the state machine that defines
//! where each action leads.
//!
//! Cloud, edge and apps all use this machine. The order service's `rules` on top decide who may act
//! on *whose* order.

#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};
use utoipa::ToSchema;

use crate::{
    ids::{EdgeId, Hash, NameError, OrderId, Region, UserId, encode_canonical},
    money::{Amount, Currency},
    person::Role,
    photo::PhotoRef,
    start_code::StartCodeCheck,
    time::UnixMillis,
};

/// Replaces the title of an order whose customer deleted their account.
pub const ERASED_TITLE: &str = "—";

words! {
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    OrderStatus {
        PendingReview = 0 "pending_review",
        Pending = 1 "pending",
        Accepted = 2 "accepted",
        InProgress = 3 "in_progress",
        Completed = 4 "completed",
        Reviewed = 5 "reviewed",
        Cancelled = 6 "cancelled",
        Rejected = 7 "rejected",
    }
}

words! {
    /// An action on an existing order. Publishing creates one and is not listed.
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    Action {
        Approve = 0 "approve",
        Reject = 1 "reject",
        Accept = 2 "accept",
        Withdraw = 3 "withdraw",
        Start = 4 "start",
        Complete = 5 "complete",
        Cancel = 6 "cancel",
        Review = 7 "review",
        /// A provider reports that something happened. The order stays in its status.
        Report = 8 "report",
        /// The customer answers a report of more work. The order stays in its status.
        Answer = 9 "answer",
        /// One of its two people agrees to another time. The order stays in its status.
        Reschedule = 10 "reschedule",
        /// One of its two people writes to the other. The order stays as it is.
        Message = 11 "message",
    }
}

words! {
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    ServiceType {
        CleaningRepair = 0 "cleaning_repair",
        ItTechnology = 1 "it_technology",
        EducationTraining = 2 "education_training",
        LifeHealth = 3 "life_health",
        DesignConsulting = 4 "design_consulting",
        Other = 5 "other",
    }
}

words! {
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    PaymentStatus {
        Unpaid = 0 "unpaid",
        Held = 1 "held",
        Paid = 2 "paid",
        Refunded = 3 "refunded",
        PartiallyRefunded = 4 "partially_refunded",
    }
}

words_from_text!(OrderStatus, Action, ServiceType, PaymentStatus);

impl OrderStatus {
    /// The state after `action`; `None` if the action is not allowed here.
    pub fn next_status(self, action: Action) -> Option<Self> {
        match (self, action) {
            (Self::PendingReview, Action::Approve) => Some(Self::Pending),
            (Self::PendingReview, Action::Reject) => Some(Self::Rejected),
            (Self::Pending, Action::Accept) => Some(Self::Accepted),
            (Self::Accepted, Action::Withdraw) => Some(Self::Pending),
            (Self::Accepted, Action::Start) => Some(Self::InProgress),
            (Self::InProgress, Action::Complete) => Some(Self::Completed),
            (Self::Completed, Action::Review) => Some(Self::Reviewed),
            (Self::PendingReview | Self::Pending | Self::Accepted, Action::Cancel) => {
                Some(Self::Cancelled)
            }
            (Self::Accepted | Self::InProgress, Action::Report) => Some(self),
            (Self::Accepted | Self::InProgress | Self::Completed, Action::Answer) => Some(self),
            (Self::Accepted, Action::Reschedule) => Some(self),
            (Self::Accepted | Self::InProgress | Self::Completed, Action::Message) => Some(self),
            _ => None,
        }
    }

    /// The same for a person of this role: an admin can also withdraw a job that its provider has
    /// started.
    pub fn next_status_by_role(self, action: Action, role: Role) -> Option<Self> {
        match (self, action, role) {
            (Self::InProgress, Action::Withdraw, Role::Admin) => Some(Self::Pending),
            _ => self.next_status(action),
        }
    }

    /// Returns true once a provider has the order or has done its work.
    pub fn has_provider(self) -> bool {
        matches!(
            self,
            Self::Accepted | Self::InProgress | Self::Completed | Self::Reviewed
        )
    }

    /// Returns true if every provider may have read the order at some time. A cancelled order counts,
    /// because its status does not tell whether it was approved.
    pub fn may_have_been_open(self) -> bool {
        !matches!(self, Self::PendingReview | Self::Rejected)
    }

    /// Returns true while a provider has the job but has not finished it.
    pub fn is_at_work(self) -> bool {
        matches!(self, Self::Accepted | Self::InProgress)
    }

    /// Returns true if no further action is possible.
    pub fn is_final(self) -> bool {
        Action::ALL
            .iter()
            .all(|&action| self.next_status(action).is_none())
    }
}

impl Action {
    /// Returns true if it leaves the order in its status.
    pub fn keeps_status(self) -> bool {
        matches!(
            self,
            Self::Report | Self::Answer | Self::Reschedule | Self::Message
        )
    }

    /// The roles that may do this at all. Ownership of the order is checked elsewhere.
    pub fn allowed_roles(self) -> &'static [Role] {
        match self {
            Self::Approve | Self::Reject => &[Role::Admin],
            Self::Accept | Self::Start | Self::Complete | Self::Report => &[Role::Provider],
            Self::Withdraw => &[Role::Provider, Role::Admin],
            Self::Cancel => &[Role::Customer, Role::Admin],
            Self::Review | Self::Answer => &[Role::Customer],
            Self::Reschedule | Self::Message => &[Role::Customer, Role::Provider],
        }
    }
}

/// Where an order was made: `portal`, `kiosk`, or the name of an edge.
#[derive(Debug, Clone, PartialEq, Eq, Hash, SerializeDisplay, DeserializeFromStr)]
pub enum Source {
    Portal,
    Kiosk,
    Edge(EdgeId),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Portal => f.write_str("portal"),
            Self::Kiosk => f.write_str("kiosk"),
            Self::Edge(edge) => edge.fmt(f),
        }
    }
}

text_schema!(
    Source,
    "`portal`, `kiosk`, or an edge.",
    pattern = "^[a-z0-9-]{1,40}$",
    "portal"
);

impl FromStr for Source {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        match text {
            "portal" => Ok(Self::Portal),
            "kiosk" => Ok(Self::Kiosk),
            _ => EdgeId::new(text).map(Self::Edge),
        }
    }
}

text_in_frames!(Source);

/// A short code for people to read aloud, such as `N-7F3K9Q`. It derives from the id, so an order
/// made offline has one at once. Two orders may share one, and it grants no access.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct OrderCode(#[n(0)] String);

text_schema!(
    OrderCode,
    "A short code to read aloud. Two orders may share one.",
    pattern = "^[NSEWM]-[0-9A-Z]{6}$",
    "N-7F3K9Q"
);

impl OrderCode {
    pub fn from_order_id(region: Region, order: OrderId) -> Self {
        const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let hash = Hash::digest_bytes(order.as_bytes());
        let body = hash
            .0
            .iter()
            .take(6)
            .map(|byte| char::from(CROCKFORD[usize::from(byte & 31)]));
        Self(format!(
            "{}-{}",
            region.code_letter(),
            body.collect::<String>()
        ))
    }

    /// Reads a code as people type it: any case, `I` and `L` for 1, `O` for 0.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        let (letter, body) = text.split_once('-')?;
        let known = Region::ALL
            .iter()
            .any(|region| letter == region.code_letter().to_string());
        let body: String = body
            .chars()
            .map(|c| match c {
                'I' | 'L' => '1',
                'O' => '0',
                other => other,
            })
            .collect();
        let fits = body.len() == 6 && body.bytes().all(|b| b.is_ascii_alphanumeric() && b != b'U');
        (known && fits).then(|| Self(format!("{letter}-{body}")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrderCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The form that a customer fills in to publish an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct Draft {
    #[n(0)]
    pub title: String,
    #[n(1)]
    #[serde(default)]
    pub description: String,
    #[n(2)]
    pub service_type: ServiceType,
    #[n(3)]
    #[serde(alias = "amount")]
    pub price: Amount,
    #[n(4)]
    #[serde(default)]
    pub currency: Currency,
    #[n(5)]
    pub location: Region,
    #[n(6)]
    pub address: String,
    #[n(7)]
    pub service_start_time: Option<UnixMillis>,
    #[n(8)]
    pub service_end_time: Option<UnixMillis>,
    /// Set if the work may start only with the customer's start code.
    #[n(9)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_code: Option<StartCodeCheck>,
    /// Photos of the job, such as of the thing to repair. At most 4, each once.
    #[n(10)]
    #[cbor(skip_if = "Vec::is_empty")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<PhotoRef>,
}

impl Draft {
    /// A draft with only the required fields.
    pub fn new(
        title: &str,
        service_type: ServiceType,
        price: Amount,
        location: Region,
        address: &str,
    ) -> Self {
        Self {
            title: title.into(),
            description: String::new(),
            service_type,
            price,
            currency: Currency::default(),
            location,
            address: address.into(),
            service_start_time: None,
            service_end_time: None,
            start_code: None,
            photos: Vec::new(),
        }
    }
}

/// An admin's offer of an open job to a few providers for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct JobOffer {
    /// From this time on, every provider can accept the job.
    #[n(0)]
    pub until: UnixMillis,
    /// Those who can accept it before. Only admins see them.
    #[n(1)]
    #[cbor(skip_if = "Vec::is_empty")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provider_ids: Vec<UserId>,
    /// The job is offered to the reader. Set only in what a provider reads, and never stored.
    #[n(2)]
    #[cbor(skip_if = "std::ops::Not::not")]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub to_you: bool,
}

impl JobOffer {
    pub fn new(provider_ids: Vec<UserId>, until: UnixMillis) -> Self {
        Self {
            until,
            provider_ids,
            to_you: false,
        }
    }

    pub fn is_running(&self, now: UnixMillis) -> bool {
        now < self.until
    }

    /// The offer without its providers, as this provider or another reader sees it.
    #[must_use]
    pub fn without_names(&self, provider: Option<UserId>) -> Self {
        let to_you = provider.is_some_and(|provider| self.provider_ids.contains(&provider));
        Self {
            until: self.until,
            provider_ids: Vec::new(),
            to_you,
        }
    }
}

/// The whole order, as events, feeds, answers and boards carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct Order {
    #[n(0)]
    pub id: OrderId,
    #[n(1)]
    pub code: OrderCode,
    #[n(2)]
    pub customer_id: UserId,
    #[n(3)]
    #[schema(required)]
    pub provider_id: Option<UserId>,
    #[n(4)]
    pub title: String,
    #[n(5)]
    pub description: String,
    #[n(6)]
    pub service_type: ServiceType,
    #[n(7)]
    pub price: Amount,
    #[n(8)]
    #[serde(default)]
    #[schema(required)]
    pub currency: Currency,
    #[n(9)]
    pub location: Region,
    #[n(10)]
    pub address: String,
    #[n(11)]
    #[schema(required)]
    pub service_start_time: Option<UnixMillis>,
    #[n(12)]
    #[schema(required)]
    pub service_end_time: Option<UnixMillis>,
    #[n(13)]
    pub status: OrderStatus,
    #[n(14)]
    pub payment_status: PaymentStatus,
    #[n(15)]
    pub version: u64,
    #[n(16)]
    pub created_at: UnixMillis,
    #[n(17)]
    pub updated_at: UnixMillis,
    #[n(18)]
    pub source: Source,
    /// Present if the work may start only with the customer's start code.
    #[n(19)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_code: Option<StartCodeCheck>,
    /// An admin's offer of the open job to a few providers. Present also after its time; a change of
    /// the status removes it.
    #[n(20)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<JobOffer>,
}

impl Order {
    /// A newly published order, before any review.
    pub fn new_published(
        id: OrderId,
        draft: Draft,
        customer_id: UserId,
        at: UnixMillis,
        source: Source,
    ) -> Self {
        Self {
            id,
            code: OrderCode::from_order_id(draft.location, id),
            customer_id,
            provider_id: None,
            title: draft.title,
            description: draft.description,
            service_type: draft.service_type,
            price: draft.price,
            currency: draft.currency,
            location: draft.location,
            address: draft.address,
            service_start_time: draft.service_start_time,
            service_end_time: draft.service_end_time,
            status: OrderStatus::PendingReview,
            payment_status: PaymentStatus::Unpaid,
            version: 1,
            created_at: at,
            updated_at: at,
            source,
            start_code: draft.start_code,
            offer: None,
        }
    }

    /// The provider, while the order is accepted or in progress.
    pub fn provider_at_work(&self) -> Option<UserId> {
        self.provider_id.filter(|_| self.status.is_at_work())
    }

    /// A hash over the canonical encoding. It exposes equal versions with different content.
    pub fn compute_digest(&self) -> Hash {
        Hash::digest_bytes(&encode_canonical(self))
    }
}
