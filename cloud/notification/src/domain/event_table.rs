//! Every event with its inbox lines: the recipients, the conditions, and the texts with the values
//! that they insert.
//!
//! A new event gets an arm in [`find_event_lines`] and its templates below, in the same order; those
//! of payments and payouts are in `event_table/money.rs`. The messages that they name are in
//! `cloud/notification/texts/en/*.ftl` and `cloud/notification/texts/zh-CN/*.ftl`. There each name
//! has hyphens instead of underscores: `order_created_customer` is `order-created-customer`.

mod money;

use texts::Sentence;
use wire::{
    AlarmEvent, Code, EventType, IncidentKind, OrderEvent, OrderStatus, PaymentStatus, Permission,
    ProfileEvent, ReadmissionEvent, Role, UserEvent,
};

use super::{
    inbox::{AlarmParams, AlarmPlace, OrderParams, PersonParams, ReviewFacts, ReviewParams},
    line_template::{EventRecipient, LineTemplate, LineText, LineValues, tell, text},
    order_details::{
        explain_loss, list_cancel_terms, list_held_share, list_match_reasons, list_report_text,
    },
};
use crate::say;

pub(super) use money::{PaymentLine, PayoutLine};

use EventRecipient::{
    Admins, Customer, FormerProvider, Loser, Matched, Offered, Provider, Themselves,
};
use Permission::{
    ApproveOrders, ModerateReviews, ReadDesks, ReadPlatform, ResetPasswords, VerifyProviders,
    WithdrawOrders,
};

/// The inbox lines of an event, by the body that it carries.
#[derive(Clone, Copy)]
pub enum EventLines {
    Order(&'static [OrderLine]),
    Payment(&'static [PaymentLine]),
    Payout(&'static [PayoutLine]),
    Review(&'static [ReviewLine]),
    Profile(&'static [ProfileLine]),
    Readmission(&'static [ReadmissionLine]),
    Account(&'static [AccountLine]),
    Alarm(&'static [AlarmLine]),
    /// No inbox gets it, for this reason.
    Silent(&'static str),
}

pub(super) type OrderLine = LineTemplate<OrderEvent, OrderParams>;
pub(super) type ReviewLine = LineTemplate<ReviewFacts, ReviewParams>;
pub(super) type ProfileLine = LineTemplate<ProfileEvent, PersonParams>;
pub(super) type ReadmissionLine = LineTemplate<ReadmissionEvent, PersonParams>;
pub(super) type AccountLine = LineTemplate<UserEvent, PersonParams>;
pub(super) type AlarmLine = LineTemplate<AlarmEvent, AlarmParams>;

pub fn find_event_lines(event: EventType) -> EventLines {
    use EventLines::{
        Account, Alarm, Order, Payment, Payout, Profile, Readmission, Review, Silent,
    };
    match event {
        EventType::OrderCreated => Order(ORDER_CREATED),
        EventType::OrderApproved => Order(ORDER_APPROVED),
        EventType::OrderRejected => Order(ORDER_REJECTED),
        EventType::OrderAccepted => Order(ORDER_ACCEPTED),
        EventType::OrderAcceptanceLost => Order(ORDER_ACCEPTANCE_LOST),
        EventType::OrderAcceptanceWithdrawn => Order(ORDER_ACCEPTANCE_WITHDRAWN),
        EventType::OrderCancelled => Order(ORDER_CANCELLED),
        EventType::OrderCompleted => Order(ORDER_COMPLETED),
        EventType::OrderStatusChanged => Order(ORDER_STATUS_CHANGED),
        EventType::OrderIncidentReported => Order(ORDER_INCIDENT_REPORTED),
        EventType::OrderIncidentAnswered => Order(ORDER_INCIDENT_ANSWERED),
        EventType::OrderTimeProposed => Order(ORDER_TIME_PROPOSED),
        EventType::OrderTimeDeclined => Order(ORDER_TIME_DECLINED),
        EventType::OrderRescheduled => Order(ORDER_RESCHEDULED),
        EventType::OrderOffered => Order(ORDER_OFFERED),
        EventType::OrderOfferWithdrawn => {
            Silent("the job is open to every provider again, and their pages show it")
        }
        EventType::OrderErased => Silent("only the texts of a deleted person are gone"),
        EventType::OrderMessageSent => {
            Silent("open pages show it at once, and `order.message_unread` follows if no page does")
        }
        EventType::OrderMessageUnread => Order(ORDER_MESSAGE_UNREAD),
        EventType::OrderMessageReported => Order(ORDER_MESSAGE_REPORTED),
        EventType::RegionAssigned => {
            Silent("it is about a region, and the region's edges receive it")
        }
        EventType::PaymentInitiated => Silent("the customer has just started the payment"),
        EventType::PaymentCompleted => Payment(money::PAYMENT_COMPLETED),
        EventType::PaymentFailed => Payment(money::PAYMENT_FAILED),
        EventType::PaymentReleased => Payment(money::PAYMENT_RELEASED),
        EventType::PaymentStatusChanged => Payment(money::PAYMENT_STATUS_CHANGED),
        EventType::PaymentCaseOpened => Payment(money::PAYMENT_CASE_OPENED),
        EventType::RefundRequested => Payment(money::REFUND_REQUESTED),
        EventType::RefundGranted => Payment(money::REFUND_GRANTED),
        EventType::RefundRefused => Payment(money::REFUND_REFUSED),
        EventType::RefundProcessed => Payment(money::REFUND_PROCESSED),
        EventType::PayoutSent => Payout(money::PAYOUT_SENT),
        EventType::PayoutFailed => Payout(money::PAYOUT_FAILED),
        EventType::ReviewCreated => Review(REVIEW_CREATED),
        EventType::ReviewUpdated => {
            Silent("the provider was notified of the first version, and the page shows the newest")
        }
        EventType::ReviewReplied => Review(REVIEW_REPLIED),
        EventType::ReviewReported => Review(REVIEW_REPORTED),
        EventType::ReviewHidden => Review(REVIEW_HIDDEN),
        EventType::ReviewRestored => Review(REVIEW_RESTORED),
        EventType::RatingUpdated => Silent("the review that changed the rating has its own event"),
        EventType::UserRegistered => {
            Silent("the person has just registered, and receives an e-mail with a code")
        }
        EventType::SessionRevoked => Silent("the session that ended receives it"),
        EventType::UserRevoked => Silent("a revoked person can no longer read an inbox"),
        EventType::UserReadmitted => Readmission(USER_READMITTED),
        EventType::UserConfirmationAsked | EventType::UserPasswordCodeAsked => {
            Silent("an e-mail with the code answers it")
        }
        EventType::UserAddressChangeAsked => Account(USER_ADDRESS_CHANGE_ASKED),
        EventType::UserPasswordChanged => Account(USER_PASSWORD_CHANGED),
        EventType::UserSecondFactorRemoved => Account(USER_SECOND_FACTOR_REMOVED),
        EventType::UserNewDeviceSeen => Account(USER_NEW_DEVICE_SEEN),
        EventType::UserDeletionAsked => Account(USER_DELETION_ASKED),
        EventType::UserDeletionUndone => Account(USER_DELETION_UNDONE),
        EventType::UserDeleted => Silent("a deleted person has no inbox"),
        EventType::ProfileCreated | EventType::ProfileUpdated => {
            Silent("the person made the change themselves, or the platform republished known facts")
        }
        EventType::ProfileVerificationSubmitted => Profile(PROFILE_VERIFICATION_SUBMITTED),
        EventType::ProfileVerified => Profile(PROFILE_VERIFIED),
        EventType::ProfileVerificationRejected => Profile(PROFILE_VERIFICATION_REJECTED),
        EventType::PlatformAlarmRaised => Alarm(PLATFORM_ALARM_RAISED),
        EventType::PlatformAlarmEnded => Alarm(PLATFORM_ALARM_ENDED),
    }
}

impl EventLines {
    pub fn recipients(self) -> Vec<EventRecipient> {
        match self {
            Self::Order(templates) => list_recipients(templates),
            Self::Payment(templates) => list_recipients(templates),
            Self::Payout(templates) => list_recipients(templates),
            Self::Review(templates) => list_recipients(templates),
            Self::Profile(templates) => list_recipients(templates),
            Self::Readmission(templates) => list_recipients(templates),
            Self::Account(templates) => list_recipients(templates),
            Self::Alarm(templates) => list_recipients(templates),
            Self::Silent(_) => Vec::new(),
        }
    }
}

fn list_recipients<Body, Params>(templates: &[LineTemplate<Body, Params>]) -> Vec<EventRecipient> {
    templates
        .iter()
        .map(|template| template.recipient)
        .collect()
}

const ORDER_CREATED: &[OrderLine] = &[
    tell!(OrderLine: Customer => order_created_customer { title, code }),
    tell!(OrderLine: Admins(&[ApproveOrders, ReadDesks]) => order_created_admin { code, region }),
    tell!(OrderLine: Matched => order_created_provider { title, code, region, price })
        .with_details(list_match_reasons),
];

const ORDER_APPROVED: &[OrderLine] = &[
    tell!(OrderLine: Customer => order_approved_customer { title, code, region }),
    tell!(OrderLine: Matched => order_approved_provider { title, code, region, price })
        .with_details(list_match_reasons),
];

const ORDER_REJECTED: &[OrderLine] =
    &[tell!(OrderLine: Customer => order_rejected_customer { title, code }).with_reason()];

const ORDER_ACCEPTED: &[OrderLine] = &[
    OrderLine::new(Customer, |order| match order.params.paid_afterwards {
        true => text!(order => order_accepted_later_customer { title, code, price }),
        false => text!(order => order_accepted_customer { title, code, price }),
    }),
    OrderLine::new(Provider, |order| match order.params.paid_afterwards {
        true => text!(order => order_accepted_later_provider { title, code, region, price }),
        false => text!(order => order_accepted_provider { title, code, region, price }),
    }),
];

const ORDER_ACCEPTANCE_LOST: &[OrderLine] = &[
    OrderLine::new(Loser, |order| match makes_a_case(order.params.why) {
        true => text!(order => order_acceptance_closed_provider { title, code }),
        false => text!(order => order_acceptance_lost_provider { title, code }),
    })
    .with_details(explain_loss),
    tell!(OrderLine:
        Admins(&[WithdrawOrders, ReadDesks]) => order_acceptance_lost_admin { code, region })
    .only_if(|event| makes_a_case(event.code)),
];

const ORDER_ACCEPTANCE_WITHDRAWN: &[OrderLine] = &[
    tell!(OrderLine: Customer => order_acceptance_withdrawn_customer { title, code }).with_reason(),
    tell!(OrderLine: FormerProvider => order_acceptance_withdrawn_provider { title, code, region })
        .with_reason(),
];

/// The provider is notified of a fee when it is booked, by `payment.status_changed`.
const ORDER_CANCELLED: &[OrderLine] = &[
    tell!(OrderLine: Customer => order_cancelled_customer { title, code })
        .with_details(list_cancel_terms)
        .with_reason(),
    tell!(OrderLine: Provider => order_cancelled_provider { title, code, region }).with_reason(),
];

const ORDER_COMPLETED: &[OrderLine] = &[
    OrderLine::new(Customer, write_completion_for_customer),
    OrderLine::new(Provider, write_completion_for_provider),
];

/// The customer gets only the steps of the work, because payments have their own events. The
/// provider gets it once the money is held.
const ORDER_STATUS_CHANGED: &[OrderLine] = &[
    OrderLine::new(Customer, write_work_step)
        .only_if(is_about_the_work)
        .with_details(list_held_share)
        .with_reason(),
    tell!(OrderLine: Provider => order_held_provider { title, code, region })
        .only_if(can_start_work)
        .with_details(list_held_share)
        .with_reason(),
];

const ORDER_INCIDENT_REPORTED: &[OrderLine] =
    &[OrderLine::new(Customer, write_report).with_details(list_report_text)];

const ORDER_INCIDENT_ANSWERED: &[OrderLine] = &[OrderLine::new(Provider, |order| {
    match order.params.agreed? {
        true => text!(order => order_incident_agreed_provider { title, code, extra }),
        false => text!(order => order_incident_declined_provider { title, code, extra }),
    }
})];

/// The other person answers on the order's page.
const ORDER_TIME_PROPOSED: &[OrderLine] = &[
    tell!(OrderLine: Customer => order_time_proposed_customer { title, code, other_time })
        .only_if(is_by_provider),
    tell!(OrderLine: Provider => order_time_proposed_provider { title, code, other_time })
        .only_if(is_by_customer),
];

/// The actor declined; the proposer gets the line.
const ORDER_TIME_DECLINED: &[OrderLine] = &[
    tell!(OrderLine: Customer => order_time_declined_customer { title, code, other_time })
        .only_if(is_by_provider),
    tell!(OrderLine: Provider => order_time_declined_provider { title, code, other_time })
        .only_if(is_by_customer),
];

/// The actor agreed, and has read the answer.
const ORDER_RESCHEDULED: &[OrderLine] = &[
    tell!(OrderLine: Customer => order_rescheduled_customer { title, code, other_time })
        .only_if(is_by_provider),
    tell!(OrderLine: Provider => order_rescheduled_provider { title, code, other_time })
        .only_if(is_by_customer),
];

const ORDER_OFFERED: &[OrderLine] = &[
    tell!(OrderLine: Offered => order_offered_provider { title, code, region, price, offer_end }),
];

/// The actor wrote the message; the other person has not read it.
const ORDER_MESSAGE_UNREAD: &[OrderLine] = &[
    tell!(OrderLine: Customer => order_message_unread_customer { title, code })
        .only_if(is_by_provider),
    tell!(OrderLine: Provider => order_message_unread_provider { title, code })
        .only_if(is_by_customer),
];

const ORDER_MESSAGE_REPORTED: &[OrderLine] = &[tell!(OrderLine:
    Admins(&[WithdrawOrders, ReadDesks]) => order_message_reported_admin { code, region })
.with_reason()];

const REVIEW_CREATED: &[ReviewLine] = &[
    tell!(ReviewLine: Provider => review_created_provider { title, code, rating }).with_reason(),
];

const REVIEW_REPLIED: &[ReviewLine] =
    &[tell!(ReviewLine: Customer => review_replied_customer { title, code }).with_reason()];

const REVIEW_REPORTED: &[ReviewLine] = &[
    tell!(ReviewLine: Admins(&[ModerateReviews]) => review_reported_admin { code }).with_reason(),
];

const REVIEW_HIDDEN: &[ReviewLine] = &[
    tell!(ReviewLine: Customer => review_hidden { title, code }).with_reason(),
    tell!(ReviewLine: Provider => review_hidden { title, code }).with_reason(),
];

const REVIEW_RESTORED: &[ReviewLine] = &[
    tell!(ReviewLine: Customer => review_restored { title, code }).with_reason(),
    tell!(ReviewLine: Provider => review_restored { title, code }).with_reason(),
];

const USER_READMITTED: &[ReadmissionLine] =
    &[tell!(ReadmissionLine: Themselves => user_readmitted)];

/// An attacker with the password may have made the request.
const USER_ADDRESS_CHANGE_ASKED: &[AccountLine] =
    &[tell!(AccountLine: Themselves => user_address_change_asked)];

/// The change may be an attacker's, and it ended the owner's other sessions.
const USER_PASSWORD_CHANGED: &[AccountLine] =
    &[tell!(AccountLine: Themselves => user_password_changed)];

/// The other admins see it too, because an attacker may have removed it.
const USER_SECOND_FACTOR_REMOVED: &[AccountLine] =
    &[tell!(AccountLine: Admins(&[ResetPasswords]) => user_second_factor_removed_admin)];

/// The sign-in may be an attacker's.
const USER_NEW_DEVICE_SEEN: &[AccountLine] = &[
    tell!(AccountLine: Themselves => user_new_device_seen),
    tell!(AccountLine: Admins(&[ResetPasswords]) => user_new_device_seen_admin)
        .only_if(|event| event.role == Role::Admin),
];

/// The request may be an attacker's, and the owner can still undo it.
const USER_DELETION_ASKED: &[AccountLine] =
    &[tell!(AccountLine: Themselves => user_deletion_asked)];

const USER_DELETION_UNDONE: &[AccountLine] =
    &[tell!(AccountLine: Themselves => user_deletion_undone)];

const PROFILE_VERIFICATION_SUBMITTED: &[ProfileLine] =
    &[tell!(ProfileLine: Admins(&[VerifyProviders]) => profile_verification_submitted_admin)];

const PROFILE_VERIFIED: &[ProfileLine] = &[tell!(ProfileLine: Themselves => profile_verified)];

const PROFILE_VERIFICATION_REJECTED: &[ProfileLine] =
    &[
        ProfileLine::new(Themselves, |person| match person.params.asks_more {
            true => text!(person => profile_more_asked),
            false => text!(person => profile_verification_rejected),
        })
        .with_reason(),
    ];

const PLATFORM_ALARM_RAISED: &[AlarmLine] = &[AlarmLine::new(Admins(&[ReadPlatform]), |line| {
    match line.params.subject() {
        AlarmPlace::Edge => {
            text!(line => platform_alarm_raised_edge { edge, what, region, since })
        }
        AlarmPlace::Region => text!(line => platform_alarm_raised_region { region, what, since }),
        AlarmPlace::Part => text!(line => platform_alarm_raised_part { part, what, since }),
        AlarmPlace::Many => text!(line => platform_alarm_raised_more { more }),
    }
})];

const PLATFORM_ALARM_ENDED: &[AlarmLine] = &[AlarmLine::new(Admins(&[ReadPlatform]), |line| {
    match line.params.subject() {
        AlarmPlace::Edge => text!(line => platform_alarm_ended_edge { edge, what, region, since }),
        AlarmPlace::Region => text!(line => platform_alarm_ended_region { region, what, since }),
        AlarmPlace::Part => text!(line => platform_alarm_ended_part { part, what, since }),
        AlarmPlace::Many => text!(line => platform_alarm_ended_more { more }),
    }
})];

fn is_by_customer(event: &OrderEvent) -> bool {
    event.actor.role == Role::Customer
}

fn is_by_provider(event: &OrderEvent) -> bool {
    event.actor.role == Role::Provider
}

/// The price is unpaid, or held until the objection period ends.
fn write_completion_for_customer(order: &LineValues<'_, OrderParams>) -> Option<LineText> {
    let terms = &order.params.terms;
    if order.params.reminds {
        text!(order => order_unpaid_customer { title, code, price })
    } else if terms.objections_until.is_some() {
        text!(order => order_completed_held_customer { title, code, until })
    } else if terms.payment_status == Some(PaymentStatus::Unpaid) {
        text!(order => order_completed_unpaid_customer { title, code, price })
    } else {
        text!(order => order_completed_customer { title, code })
    }
}

fn write_completion_for_provider(order: &LineValues<'_, OrderParams>) -> Option<LineText> {
    let terms = &order.params.terms;
    if terms.objections_until.is_some() {
        text!(order => order_completed_held_provider { title, code, price, until })
    } else if terms.payment_status == Some(PaymentStatus::Unpaid) {
        text!(order => order_completed_unpaid_provider { title, code, price })
    } else {
        text!(order => order_completed_provider { title, code })
    }
}

/// Work began, or the provider withdrew and the order is open again.
fn write_work_step(order: &LineValues<'_, OrderParams>) -> Option<LineText> {
    match order.params.status? {
        OrderStatus::InProgress => text!(order => order_started_customer { title, code }),
        OrderStatus::Pending => text!(order => order_given_back_customer { title, code }),
        OrderStatus::PendingReview
        | OrderStatus::Accepted
        | OrderStatus::Completed
        | OrderStatus::Reviewed
        | OrderStatus::Cancelled
        | OrderStatus::Rejected => None,
    }
}

fn write_report(order: &LineValues<'_, OrderParams>) -> Option<LineText> {
    match order.params.incident?.kind {
        IncidentKind::RunningLate => text!(order => order_incident_late_customer { title, code }),
        IncidentKind::NobodyHome => {
            text!(order => order_incident_nobody_home_customer { title, code })
        }
        IncidentKind::MoreWork => {
            text!(order => order_incident_more_work_customer { title, code, extra })
        }
        IncidentKind::Other => text!(order => order_incident_other_customer { title, code }),
    }
}

/// The customer gets the steps that `write_work_step` describes.
fn is_about_the_work(event: &OrderEvent) -> bool {
    let is_step = matches!(
        event.order.status,
        OrderStatus::InProgress | OrderStatus::Pending
    );
    is_step && event.money.is_none()
}

/// The payment just entered custody. Later payment updates leave the work unchanged.
fn can_start_work(event: &OrderEvent) -> bool {
    let money = event.money.as_ref();
    money.is_some_and(|money| money.payment_status == PaymentStatus::Held)
        && event.order.status == OrderStatus::Accepted
        && event.actor.role == Role::Customer
}

/// A promise that counts although its order was closed.
fn makes_a_case(why: Option<Code>) -> bool {
    matches!(
        why,
        Some(Code::OrderCancelledMeanwhile | Code::OrderRejectedMeanwhile)
    )
}

#[cfg(test)]
mod tests {
    use wire::Role;

    use super::*;

    #[test]
    fn every_event_has_recipients_or_a_reason_to_be_silent() {
        for event in EventType::ALL {
            match find_event_lines(event) {
                EventLines::Silent(reason) => assert!(reason.len() > 10, "{event}"),
                lines => assert!(!lines.recipients().is_empty(), "{event}"),
            }
        }
    }

    #[test]
    fn a_stored_line_finds_one_template_by_its_readers_role() {
        for event in EventType::ALL {
            let recipients = find_event_lines(event).recipients();
            for role in Role::ALL {
                let found = recipients.iter().filter(|one| one.has_role(role)).count();
                assert!(found <= 1, "{event} has {found} templates for {role}");
            }
        }
    }

    #[test]
    fn every_line_of_the_admins_is_about_the_work_of_a_permission_of_theirs() {
        let of_admins = Permission::allowed_for_role(Role::Admin);
        for event in EventType::ALL {
            for recipient in find_event_lines(event).recipients() {
                let Admins(permissions) = recipient else {
                    continue;
                };
                assert!(!permissions.is_empty(), "no admin would see {event}");
                assert!(
                    permissions.iter().all(|one| of_admins.contains(one)),
                    "{event}"
                );
            }
        }
    }
}
