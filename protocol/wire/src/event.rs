//! Events: facts published after commit, at least once; every consumer dedupes by the event's id.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Actor, Amount, Code, CommandId, Currency, EventId, Lost, Order, OrderCode, OrderId,
    OrderStatus, PaymentStatus, Region, ReviewId, Role, ServiceType, SessionId, Source, UnixMillis,
    UserId,
};

/// `{id, type, version, at, trace, body}`; the routing key is the type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub id: EventId,
    #[serde(rename = "type")]
    pub kind: EventType,
    /// The version of the body's shape.
    pub version: u32,
    pub at: UnixMillis,
    /// The W3C trace id the cause came with.
    pub trace: String,
    pub body: serde_json::Value,
}

impl Event {
    /// An event whose body has the first version of its shape.
    pub fn new(
        id: EventId,
        kind: EventType,
        at: UnixMillis,
        trace: &str,
        body: &impl Serialize,
    ) -> Result<Self, serde_json::Error> {
        let (trace, body) = (trace.to_owned(), serde_json::to_value(body)?);
        Ok(Self { id, kind, version: 1, at, trace, body })
    }
}

words! {
    Exchange {
        Order "order_events",
        Payment "payment_events",
        Review "review_events",
        Auth "auth_events",
        User "user_events",
    }
}

macro_rules! catalogue {
    ($($variant:ident $exchange:ident $text:literal),+ $(,)?) => {
        words! {
            /// Every event there is, with the exchange it is published on.
            EventType { $($variant $text),+ }
        }

        impl EventType {
            pub fn exchange(self) -> Exchange {
                match self { $(Self::$variant => Exchange::$exchange,)+ }
            }
        }
    };
}

catalogue! {
    UserRegistered Auth "user.registered",
    SessionRevoked Auth "user.session_revoked",
    UserRevoked Auth "user.revoked",
    UserReadmitted Auth "user.readmitted",
    UserConfirmationAsked Auth "user.confirmation_asked",
    UserAddressChangeAsked Auth "user.address_change_asked",
    ProfileCreated User "profile.created",
    ProfileUpdated User "profile.updated",
    ProfileVerificationSubmitted User "profile.verification_submitted",
    ProfileVerified User "profile.verified",
    ProfileVerificationRejected User "profile.verification_rejected",
    OrderCreated Order "order.created",
    OrderApproved Order "order.approved",
    OrderRejected Order "order.rejected",
    OrderAccepted Order "order.accepted",
    OrderAcceptanceLost Order "order.acceptance_lost",
    OrderAcceptanceWithdrawn Order "order.acceptance_withdrawn",
    OrderCancelled Order "order.cancelled",
    OrderCompleted Order "order.completed",
    OrderStatusChanged Order "order.status_changed",
    RegionAssigned Order "order.region_assigned",
    PaymentInitiated Payment "payment.initiated",
    PaymentCompleted Payment "payment.completed",
    PaymentFailed Payment "payment.failed",
    RefundRequested Payment "refund.requested",
    RefundGranted Payment "refund.granted",
    RefundRefused Payment "refund.refused",
    RefundProcessed Payment "refund.processed",
    PaymentReleased Payment "payment.released",
    PaymentStatusChanged Payment "payment.status_changed",
    PayoutSent Payment "payout.sent",
    PayoutFailed Payment "payout.failed",
    ReviewCreated Review "review.created",
    ReviewUpdated Review "review.updated",
    ReviewReplied Review "review.replied",
    ReviewReported Review "review.reported",
    ReviewHidden Review "review.hidden",
    ReviewRestored Review "review.restored",
    RatingUpdated Review "rating.updated",
}

/// The body of every event about an order: the whole order, so that a consumer needs no second
/// question.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderEvent {
    pub order: Order,
    pub actor: Actor,
    pub command_id: CommandId,
    pub reason: Option<String>,
    /// Of `order.acceptance_lost`: why it lost, and the facts used.
    pub code: Option<Code>,
    pub lost: Option<Lost>,
    /// Of `order.acceptance_withdrawn`: the provider from whom an admin withdrew the order.
    pub taken_from: Option<UserId>,
    /// The word about the order's money that this event follows.
    pub money: Option<PaymentEvent>,
    /// Of a cancelled order: every event of it carries the price, so that none has to be the first
    /// one heard.
    pub terms: Option<CancelCharge>,
    /// Of `order.cancelled`: so much of the money that was in custody then goes back to the
    /// customer.
    pub refund: Option<Amount>,
    /// Of `order.accepted`: the work may begin now, and is paid for afterwards. Of
    /// `order.completed`: the work is done, and is paid for afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paid_afterwards: bool,
}

impl OrderEvent {
    /// The order and what was done, with nothing to add.
    pub const fn plain(order: Order, actor: Actor, command_id: CommandId) -> Self {
        Self {
            order,
            actor,
            command_id,
            reason: None,
            code: None,
            lost: None,
            taken_from: None,
            money: None,
            terms: None,
            refund: None,
            paid_afterwards: false,
        }
    }
}

/// The price of a cancel, as it was decided with it; it never changes again.
#[skip_serializing_none]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CancelCharge {
    pub fee: Amount,
    /// Gets the fee.
    pub provider_id: Option<UserId>,
}

/// An order as the order service tells it to the services for payments and reviews.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAndTerms {
    pub order: Order,
    pub terms: Option<CancelCharge>,
    /// The rules of its region let this order be paid for after the work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paid_afterwards: bool,
}

/// The body of every event about an order's money. A consumer keeps the one with the highest
/// `money_version`.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentEvent {
    pub order_id: OrderId,
    pub customer_id: UserId,
    /// Of a release the provider who was paid, else the one who has the order.
    pub provider_id: Option<UserId>,
    /// The payment, the refund, or the request for one.
    pub movement_id: Uuid,
    pub amount: Amount,
    pub currency: Currency,
    /// The status that the order shows from now on.
    pub payment_status: PaymentStatus,
    pub money_version: u64,
    /// Still in custody.
    pub held: Amount,
    /// Of `payment.completed`: so much goes back to the customer, as it came by mistake or for a
    /// cancelled order.
    pub returning: Option<Amount>,
    /// Of `payment.completed`: the provider's part of what is in custody, less the platform's fee.
    pub share: Option<Amount>,
    /// Of `payment.status_changed`: so much was taken back by the customer's bank.
    pub charged_back: Option<Amount>,
    /// Beside `charged_back`: the order as the payment service knows it. One of before does not say
    /// it.
    pub order_status: Option<OrderStatus>,
    /// Of `payment.status_changed`: a case of this kind waits for a person from now on. All else is
    /// as it was, and `amount` is the price.
    pub case: Option<String>,
}

/// The body of the events about a provider's payout: the adapter has sent it, or it came back to
/// his balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PayoutEvent {
    pub payout_id: Uuid,
    pub provider_id: UserId,
    pub amount: Amount,
    pub currency: Currency,
}

/// The body of every event about a review. Its words stay with the review service: who may read
/// them is decided there each time anew.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReviewEvent {
    pub review_id: ReviewId,
    /// Of the review: it counts the changes of its people and of admins.
    pub version: i64,
    pub order_id: OrderId,
    pub order_code: OrderCode,
    /// Of the order.
    pub title: String,
    pub customer_id: UserId,
    pub provider_id: UserId,
    /// 1 to 5.
    pub rating: u8,
    pub command_id: CommandId,
    /// The place where it was made.
    pub source: Source,
    /// Of `review.hidden` and `review.restored`.
    pub reason: Option<String>,
}

/// The body of `rating.updated`. A consumer keeps the one with the highest version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RatingEvent {
    pub provider_id: UserId,
    pub version: i64,
    /// Hundredths of a star, over all reviews that are shown; 0 without any.
    pub average_hundredths: i64,
    pub total_reviews: i64,
}

/// The body of `user.readmitted`: the person is let in again, by tokens from this moment on alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadmissionEvent {
    pub user_id: UserId,
    pub role: Role,
    pub tokens_since: UnixMillis,
}

/// The body of the other events about a person; the session is the one of `user.session_revoked`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserEvent {
    pub user_id: UserId,
    pub role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
}

/// The body of the events about a profile. It names people by id alone, for a broker's files are in
/// the clear.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileEvent {
    pub user_id: UserId,
    pub role: Role,
    /// Of the profile: a consumer keeps the newest.
    pub version: i64,
    pub provider: Option<ProviderStanding>,
    /// Of a decision about a verification.
    pub reason: Option<String>,
}

/// A provider as matching sees him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderStanding {
    pub is_active: bool,
    pub verified: bool,
    pub service_areas: Vec<Region>,
    pub service_categories: Vec<ServiceType>,
}
