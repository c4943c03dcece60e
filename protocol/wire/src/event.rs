//! Events: facts published after commit, at least once. Every consumer deduplicates by event id.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    code::Code,
    ids::{CommandId, EventId, OrderId, Region, ReviewId, SessionId, UserId},
    incident::{IncidentAnswer, IncidentReport},
    money::{Amount, Currency},
    order::{Order, OrderCode, OrderStatus, PaymentStatus, ServiceType, Source},
    outcome::Lost,
    person::{Actor, ProviderVerification, Role},
    service_hours::PlannedTime,
    time::UnixMillis,
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
    /// The W3C trace id of the cause.
    pub trace: String,
    pub body: serde_json::Value,
}

impl Event {
    /// An event with version 1 of its body's shape.
    pub fn new(
        id: EventId,
        kind: EventType,
        at: UnixMillis,
        trace: &str,
        body: &impl Serialize,
    ) -> Result<Self, serde_json::Error> {
        let trace = trace.to_owned();
        let body = serde_json::to_value(body)?;
        Ok(Self {
            id,
            kind,
            version: 1,
            at,
            trace,
            body,
        })
    }

    /// The order that the event concerns, if any.
    pub fn order_id(&self) -> Option<OrderId> {
        let whole = self.body.get("order").and_then(|order| order.get("id"));
        let id = whole.or_else(|| self.body.get("order_id"))?;
        id.as_str()?.parse().ok()
    }
}

words! {
    Exchange {
        Order "order_events",
        Payment "payment_events",
        Review "review_events",
        Platform "platform_events",
        Auth "auth_events",
        User "user_events",
    }
}

macro_rules! catalogue {
    ($($variant:ident $exchange:ident $text:literal),+ $(,)?) => {
        words! {
            /// Every event, with the exchange that carries it.
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
    UserPasswordCodeAsked Auth "user.password_code_asked",
    UserPasswordChanged Auth "user.password_changed",
    UserSecondFactorRemoved Auth "user.second_factor_removed",
    UserNewDeviceSeen Auth "user.new_device_seen",
    UserDeletionAsked Auth "user.deletion_asked",
    UserDeletionUndone Auth "user.deletion_undone",
    UserDeleted Auth "user.deleted",
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
    OrderIncidentReported Order "order.incident_reported",
    OrderIncidentAnswered Order "order.incident_answered",
    OrderTimeProposed Order "order.time_proposed",
    OrderTimeDeclined Order "order.time_declined",
    OrderRescheduled Order "order.rescheduled",
    OrderOffered Order "order.offered",
    OrderOfferWithdrawn Order "order.offer_withdrawn",
    OrderErased Order "order.erased",
    OrderMessageSent Order "order.message_sent",
    OrderMessageUnread Order "order.message_unread",
    OrderMessageReported Order "order.message_reported",
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
    PaymentCaseOpened Payment "payment.case_opened",
    PayoutSent Payment "payout.sent",
    PayoutFailed Payment "payout.failed",
    ReviewCreated Review "review.created",
    ReviewUpdated Review "review.updated",
    ReviewReplied Review "review.replied",
    ReviewReported Review "review.reported",
    ReviewHidden Review "review.hidden",
    ReviewRestored Review "review.restored",
    RatingUpdated Review "rating.updated",
    PlatformAlarmRaised Platform "platform.alarm_raised",
    PlatformAlarmEnded Platform "platform.alarm_ended",
}

/// The body of every order event: the whole order, so that consumers never have to query it. An
/// event about a message lacks its text: the order service decides on each read who may see it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderEvent {
    pub order: Order,
    pub actor: Actor,
    pub command_id: CommandId,
    pub reason: Option<String>,
    /// Why the acceptance lost, with the facts in `lost`; only in `order.acceptance_lost`.
    pub code: Option<Code>,
    pub lost: Option<Lost>,
    /// The provider from whom an admin withdrew the order; only in `order.acceptance_withdrawn`.
    pub taken_from: Option<UserId>,
    /// The payment event that caused this one.
    pub money: Option<PaymentEvent>,
    /// The charge of a cancelled order. Every event about it carries the charge, so consumers may
    /// receive them in any order.
    pub terms: Option<CancelCharge>,
    /// The money that then returns from custody to the customer; only in `order.cancelled`.
    pub refund: Option<Amount>,
    /// The work is paid for afterwards: it may begin now (`order.accepted`), or it is done
    /// (`order.completed`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paid_afterwards: bool,
    /// The provider's report, with its text in `reason`; in `order.incident_reported`, and in
    /// `order.incident_answered` the report that was answered, without its text.
    pub incident: Option<IncidentReport>,
    /// The customer's answer; only in `order.incident_answered`.
    pub incident_answer: Option<IncidentAnswer>,
    /// The other time; in `order.time_proposed`, `order.time_declined` and `order.rescheduled`.
    pub other_time: Option<PlannedTime>,
    /// Those to whom the job was not offered before with the same end; only in `order.offered`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered_to: Vec<UserId>,
}

impl OrderEvent {
    /// An order event without optional fields.
    pub const fn from_order(order: Order, actor: Actor, command_id: CommandId) -> Self {
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
            incident: None,
            incident_answer: None,
            other_time: None,
            offered_to: Vec::new(),
        }
    }
}

/// The price of a cancellation, fixed when it was decided.
#[skip_serializing_none]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CancelCharge {
    pub fee: Amount,
    /// The recipient of the fee.
    pub provider_id: Option<UserId>,
}

/// An order as the order service gives it to the payment and review services.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAndTerms {
    pub order: Order,
    pub terms: Option<CancelCharge>,
    /// The region's rules let this order be paid for after the work.
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
    /// The provider paid by a release or a cancel fee, otherwise the order's provider.
    pub provider_id: Option<UserId>,
    /// The id of the payment, the refund or the refund request.
    pub movement_id: Uuid,
    pub amount: Amount,
    pub currency: Currency,
    /// The status that the order shows from now on.
    pub payment_status: PaymentStatus,
    pub money_version: u64,
    /// The amount still in custody.
    pub held: Amount,
    /// The amount that returns to the customer, paid by mistake or for a cancelled order; only in
    /// `payment.completed`.
    pub returning: Option<Amount>,
    /// The provider's part of the money in custody, less the platform's fee; only in
    /// `payment.completed`.
    pub share: Option<Amount>,
    /// The amount that the customer's bank charged back; only in `payment.status_changed`.
    pub charged_back: Option<Amount>,
    /// The order's status according to the payment service, next to `charged_back`. Older events
    /// lack it.
    pub order_status: Option<OrderStatus>,
    /// The part of a cancellation's fee that was just booked for the provider; only in
    /// `payment.status_changed`.
    pub cancel_fee: Option<Amount>,
    /// The kind of a new case that waits for a person; only in `payment.case_opened`, or in an older
    /// service's `payment.status_changed`. Everything else is unchanged, and `amount` is the price.
    pub case: Option<String>,
}

words! {
    /// Why an order's money waits for a person.
    MoneyCaseKind {
        ExtraPayment "extra_payment",
        WrongAmount "wrong_amount",
        RefundFailed "refund_failed",
        Chargeback "chargeback",
        ChargebackReversed "chargeback_reversed",
        /// The adapter has not settled a movement for a day.
        Unanswered "unanswered",
        CompletedUnpaid "completed_unpaid",
        /// A cancelled order's provider got less than the agreed fee: custody held no more.
        FeeShortfall "fee_shortfall",
        /// The adapter contradicts an answer it called final.
        AdapterDiffers "adapter_differs",
    }
}

words_from_text!(MoneyCaseKind);

/// The body of payout events: the adapter sent the payout, or it returned to the provider's
/// balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PayoutEvent {
    pub payout_id: Uuid,
    pub provider_id: UserId,
    pub amount: Amount,
    pub currency: Currency,
}

/// The body of every review event, without the review's text: the review service decides on each
/// read who may see it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReviewEvent {
    pub review_id: ReviewId,
    /// The review's version: it counts changes by its people and by admins.
    pub version: i64,
    pub order_id: OrderId,
    pub order_code: OrderCode,
    /// The order's title.
    pub title: String,
    pub customer_id: UserId,
    pub provider_id: UserId,
    /// 1 to 5.
    pub rating: u8,
    pub command_id: CommandId,
    pub source: Source,
    /// The reason in `review.hidden` and `review.restored`.
    pub reason: Option<String>,
}

/// The body of `rating.updated`. A consumer keeps the one with the highest version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RatingEvent {
    pub provider_id: UserId,
    pub version: i64,
    /// Hundredths of a star over all visible reviews; 0 if there are none.
    pub average_hundredths: i64,
    pub total_reviews: i64,
}

/// The body of `user.readmitted`: only tokens issued from this moment on let the person in again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadmissionEvent {
    pub user_id: UserId,
    pub role: Role,
    pub tokens_since: UnixMillis,
}

/// The body of the other events about a person. Only `user.session_revoked` has a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserEvent {
    pub user_id: UserId,
    pub role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
}

/// The body of profile events. It names people by id only, because a broker's files are not
/// encrypted.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileEvent {
    pub user_id: UserId,
    pub role: Role,
    /// The profile's version; a consumer keeps the newest.
    pub version: i64,
    pub provider: Option<ProviderStanding>,
    /// The reason for a verification decision.
    pub reason: Option<String>,
    /// The provider is not verified because an admin asks for more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks_more: bool,
}

/// A provider as matching sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderStanding {
    pub is_active: bool,
    pub verified: bool,
    pub service_areas: Vec<Region>,
    pub service_categories: Vec<ServiceType>,
}

impl ProviderVerification {
    /// The update in an event; `None` for a customer or an admin.
    pub fn from_profile_event(event: &ProfileEvent) -> Option<Self> {
        let verified = event.provider.as_ref()?.verified;
        let version = u64::try_from(event.version).ok()?;
        Some(Self {
            user: event.user_id,
            version,
            verified,
        })
    }
}
