//! The audience of each event: one table of the catalogue, so a new event or recipient is one line.

use wire::{
    Code, EventId, EventType, OrderEvent, OrderId, OrderStatus, PaymentEvent, PaymentStatus,
    PayoutEvent, Permission, ProfileEvent, ReadmissionEvent, Role, UnixMillis, UserEvent, UserId,
};

use super::{
    InboxLine, InboxOwner, LineParams,
    inbox::{MoneyParams, PersonParams, ReviewFacts},
};

/// A recipient, by their part in the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventRecipient {
    Customer,
    /// Has or had the order, or is paid for it.
    Provider,
    /// Lost the acceptance: the event's actor, not the order's provider.
    Loser,
    /// Lost the order because an admin withdrew it.
    FormerProvider,
    /// Proposed by the user service's matching; a separate consumer notifies them.
    Matched,
    /// The person the event is about.
    Themselves,
    /// All admins, through their shared inbox.
    Admins,
}

/// The effect of an event on inboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventAudience {
    Told(&'static [EventRecipient]),
    /// No inbox gets it, for this reason.
    Silent(&'static str),
}

/// `None` for an event without an entry here: it reaches no inbox, and a test fails.
pub fn event_audience(event: EventType) -> Option<EventAudience> {
    use EventAudience::{Silent, Told};
    use EventRecipient::{Admins, Customer, FormerProvider, Loser, Matched, Provider, Themselves};
    Some(match event {
        EventType::OrderCreated => Told(&[Customer, Admins]),
        EventType::OrderApproved => Told(&[Customer, Matched]),
        EventType::OrderRejected => Told(&[Customer]),
        EventType::OrderAccepted | EventType::OrderCancelled | EventType::OrderCompleted => {
            Told(&[Customer, Provider])
        }
        // Admins get it only if the promise counts, which opens a case.
        EventType::OrderAcceptanceLost => Told(&[Loser, Admins]),
        EventType::OrderAcceptanceWithdrawn => Told(&[Customer, FormerProvider]),
        // The provider gets it once the money is held, the customer only for the work, because
        // payments have their own events.
        EventType::OrderStatusChanged => Told(&[Customer, Provider]),
        EventType::RegionAssigned => Silent("it is about a region, and its edges hear of it"),
        EventType::PaymentInitiated => Silent("the customer has just begun it"),
        EventType::PaymentCompleted | EventType::PaymentFailed | EventType::RefundProcessed => {
            Told(&[Customer])
        }
        EventType::PaymentReleased | EventType::PayoutSent | EventType::PayoutFailed => {
            Told(&[Provider])
        }
        // Until it is answered, nothing is released to the provider.
        EventType::RefundRequested => Told(&[Provider, Admins]),
        // After a grant, the customer gets `refund.processed` once the money has left.
        EventType::RefundGranted => Told(&[Provider]),
        EventType::RefundRefused => Told(&[Customer, Provider]),
        // Covers chargebacks and, for admins, cases. Other money changes have their own events.
        EventType::PaymentStatusChanged => Told(&[Customer, Provider, Admins]),
        EventType::UserRegistered => {
            Silent("the person has just registered, and gets a mail with a code")
        }
        EventType::SessionRevoked => Silent("the session that ended hears of it"),
        EventType::UserRevoked => Silent("the person can no longer read"),
        EventType::UserReadmitted => Told(&[Themselves]),
        EventType::UserConfirmationAsked => Silent("a mail with the code answers it"),
        // An attacker with the password may have made the request.
        EventType::UserAddressChangeAsked => Told(&[Themselves]),
        EventType::ProfileCreated | EventType::ProfileUpdated => {
            Silent("the person has just done it, or the platform repeats what is known")
        }
        EventType::ProfileVerificationSubmitted => Told(&[Admins]),
        EventType::ProfileVerified | EventType::ProfileVerificationRejected => Told(&[Themselves]),
        EventType::RatingUpdated => Silent("the review behind it is told"),
        _ => return review_audience(event.as_str()),
    })
}

/// Permissions for the work behind an admins' line. An admin who holds one of them sees the line;
/// without an entry here, it stays hidden from all.
pub fn line_permissions(event: EventType) -> &'static [Permission] {
    match event {
        EventType::OrderCreated => &[Permission::ApproveOrders, Permission::ReadDesks],
        EventType::OrderAcceptanceLost => &[Permission::WithdrawOrders, Permission::ReadDesks],
        EventType::RefundRequested | EventType::PaymentStatusChanged => {
            &[Permission::RefundMoney, Permission::ReadDesks]
        }
        EventType::ProfileVerificationSubmitted => &[Permission::VerifyProviders],
        EventType::ReviewReported => &[Permission::ModerateReviews],
        _ => &[],
    }
}

/// Events with lines in the admins' inbox.
pub fn events_for_admins() -> impl Iterator<Item = EventType> {
    EventType::ALL
        .into_iter()
        .filter(|event| event_recipients(*event).contains(&EventRecipient::Admins))
}

fn review_audience(event: &str) -> Option<EventAudience> {
    use EventAudience::{Silent, Told};
    use EventRecipient::{Admins, Customer, Provider};
    Some(match event {
        "review.reported" => Told(&[Admins]),
        "review.created" => Told(&[Provider]),
        "review.replied" => Told(&[Customer]),
        "review.hidden" | "review.restored" => Told(&[Customer, Provider]),
        "review.updated" => Silent("its first version was told, and the page shows the newest"),
        _ => return None,
    })
}

/// The event data that all its lines share.
#[derive(Debug, Clone, Copy)]
pub struct SourceEvent {
    pub event_type: EventType,
    pub event_id: EventId,
    pub at: UnixMillis,
}

impl SourceEvent {
    fn build_line(
        self,
        to: InboxOwner,
        order_id: Option<OrderId>,
        counterpart: Option<UserId>,
        params: LineParams,
    ) -> InboxLine {
        InboxLine {
            user_id: to.user_id,
            role: to.role,
            event_type: Some(self.event_type),
            order_id,
            event_id: self.event_id,
            counterpart,
            params,
            created_at: self.at,
        }
    }
}

fn event_recipients(event: EventType) -> &'static [EventRecipient] {
    match event_audience(event) {
        Some(EventAudience::Told(listeners)) => listeners,
        Some(EventAudience::Silent(_)) | None => &[],
    }
}

/// The lines of an order event. After a completion, the customer may object for `dispute_ms`.
pub fn lines_of_order(cause: SourceEvent, event: &OrderEvent, dispute_ms: i64) -> Vec<InboxLine> {
    let told = event_recipients(cause.event_type).iter();
    let told = told.filter_map(|&listener| resolve_recipient(listener, cause, event));
    told.map(|(to, counterpart)| {
        let params = LineParams::of_order(cause, event, Vec::new(), dispute_ms);
        cause.build_line(to, Some(event.order.id), counterpart, params)
    })
    .collect()
}

/// The line for a proposed provider.
pub fn line_of_match(
    cause: SourceEvent,
    event: &OrderEvent,
    provider: UserId,
    reasons: Vec<String>,
) -> InboxLine {
    let to = InboxOwner {
        user_id: provider,
        role: Role::Provider,
    };
    // The order has no provider yet, so hide its customer.
    cause.build_line(
        to,
        Some(event.order.id),
        None,
        LineParams::of_order(cause, event, reasons, 0),
    )
}

pub fn lines_of_money(cause: SourceEvent, event: &PaymentEvent) -> Vec<InboxLine> {
    let is_change = cause.event_type == EventType::PaymentStatusChanged;
    // A chargeback also opens a case, but `charged_back` announces it.
    let opens_case = event
        .case
        .as_deref()
        .is_some_and(|case| case != "chargeback");
    if is_change && event.charged_back.is_none() && !opens_case {
        return Vec::new();
    }
    let told = event_recipients(cause.event_type)
        .iter()
        .filter_map(|listener| {
            let (to, counterpart) = match listener {
                EventRecipient::Customer | EventRecipient::Provider
                    if is_change && (opens_case || !stops_work(event)) =>
                {
                    return None;
                }
                EventRecipient::Customer => {
                    let to = InboxOwner {
                        user_id: event.customer_id,
                        role: Role::Customer,
                    };
                    (to, event.provider_id)
                }
                EventRecipient::Provider => {
                    let to = InboxOwner {
                        user_id: event.provider_id?,
                        role: Role::Provider,
                    };
                    (to, Some(event.customer_id))
                }
                EventRecipient::Admins => (InboxOwner::ADMINS, None),
                _ => return None,
            };
            Some(cause.build_line(
                to,
                Some(event.order_id),
                counterpart,
                LineParams::of_money(event),
            ))
        });
    told.collect()
}

/// The chargeback left too little custody for work that is still unpaid.
fn stops_work(event: &PaymentEvent) -> bool {
    use OrderStatus::{Accepted, InProgress, Pending};
    // An older payment service omits the status and reports `unpaid`.
    let goes_on = event
        .order_status
        .is_none_or(|status| matches!(status, Pending | Accepted | InProgress));
    goes_on
        && !matches!(
            event.payment_status,
            PaymentStatus::Held | PaymentStatus::Paid
        )
}

pub fn lines_of_review(cause: SourceEvent, event: ReviewFacts) -> Vec<InboxLine> {
    let ReviewFacts {
        order_id,
        customer_id,
        provider_id,
        params,
    } = event;
    let told = event_recipients(cause.event_type)
        .iter()
        .filter_map(|listener| {
            let of = |user_id, role| InboxOwner { user_id, role };
            let (to, counterpart) = match listener {
                EventRecipient::Customer => (of(customer_id, Role::Customer), Some(provider_id)),
                EventRecipient::Provider => (of(provider_id, Role::Provider), Some(customer_id)),
                EventRecipient::Admins => (InboxOwner::ADMINS, None),
                _ => return None,
            };
            Some(cause.build_line(
                to,
                Some(order_id),
                counterpart,
                LineParams::Review(params.clone()),
            ))
        });
    told.collect()
}

/// The line of a sent or failed payout.
pub fn line_of_payout(cause: SourceEvent, event: &PayoutEvent) -> InboxLine {
    let to = InboxOwner {
        user_id: event.provider_id,
        role: Role::Provider,
    };
    let PayoutEvent {
        amount, currency, ..
    } = *event;
    let params = MoneyParams {
        amount,
        currency,
        returning: None,
        case: None,
    };
    cause.build_line(to, None, None, LineParams::Money(params))
}

/// The lines of a verification that a provider submitted or an admin decided.
pub fn lines_of_profile(cause: SourceEvent, event: &ProfileEvent) -> Vec<InboxLine> {
    let params = LineParams::Person(PersonParams {
        reason: event.reason.clone(),
    });
    if event_recipients(cause.event_type).contains(&EventRecipient::Admins) {
        return vec![cause.build_line(InboxOwner::ADMINS, None, None, params)];
    }
    lines_for_subject(cause, event.user_id, event.role, params)
}

pub fn lines_of_readmission(cause: SourceEvent, event: &ReadmissionEvent) -> Vec<InboxLine> {
    lines_for_subject(
        cause,
        event.user_id,
        event.role,
        LineParams::Person(PersonParams::default()),
    )
}

/// Lines of account news without further data.
pub fn lines_of_person(cause: SourceEvent, event: &UserEvent) -> Vec<InboxLine> {
    lines_for_subject(
        cause,
        event.user_id,
        event.role,
        LineParams::Person(PersonParams::default()),
    )
}

/// Admins have no personal inbox; the shared one is about work.
fn lines_for_subject(
    cause: SourceEvent,
    user_id: UserId,
    role: Role,
    params: LineParams,
) -> Vec<InboxLine> {
    let is_told = event_recipients(cause.event_type).contains(&EventRecipient::Themselves);
    if !is_told || role == Role::Admin {
        return Vec::new();
    }
    vec![cause.build_line(InboxOwner { user_id, role }, None, None, params)]
}

fn resolve_recipient(
    listener: EventRecipient,
    cause: SourceEvent,
    event: &OrderEvent,
) -> Option<(InboxOwner, Option<UserId>)> {
    let order = &event.order;
    let provider = |user_id, counterpart| {
        (
            InboxOwner {
                user_id,
                role: Role::Provider,
            },
            counterpart,
        )
    };
    match listener {
        EventRecipient::Customer
            if cause.event_type == EventType::OrderStatusChanged && !is_about_the_work(event) =>
        {
            None
        }
        EventRecipient::Customer => {
            let to = InboxOwner {
                user_id: order.customer_id,
                role: Role::Customer,
            };
            Some((to, order.provider_id))
        }
        EventRecipient::Provider if cause.event_type == EventType::OrderStatusChanged => {
            let to = order.provider_id.filter(|_| can_start_work(event))?;
            Some(provider(to, Some(order.customer_id)))
        }
        EventRecipient::Provider => order
            .provider_id
            .map(|to| provider(to, Some(order.customer_id))),
        // The order was never theirs, so hide its customer.
        EventRecipient::Loser => Some(provider(event.actor.user_id, None)),
        EventRecipient::FormerProvider => event
            .taken_from
            .map(|to| provider(to, Some(order.customer_id))),
        EventRecipient::Admins if cause.event_type == EventType::OrderAcceptanceLost => {
            makes_a_case(event.code).then_some((InboxOwner::ADMINS, None))
        }
        EventRecipient::Admins => Some((InboxOwner::ADMINS, None)),
        EventRecipient::Matched | EventRecipient::Themselves => None,
    }
}

/// Work began, or the provider withdrew and the order is open again.
fn is_about_the_work(event: &OrderEvent) -> bool {
    let is_step = matches!(
        event.order.status,
        OrderStatus::InProgress | OrderStatus::Pending
    );
    is_step && event.money.is_none()
}

/// The payment just entered custody. Later payment updates leave the work unchanged.
fn can_start_work(event: &OrderEvent) -> bool {
    let is_held = |money: &PaymentEvent| money.payment_status == PaymentStatus::Held;
    event.money.as_ref().is_some_and(is_held)
        && event.order.status == OrderStatus::Accepted
        && event.actor.role == Role::Customer
}

/// A promise that counts although its order was closed.
pub fn makes_a_case(why: Option<Code>) -> bool {
    matches!(
        why,
        Some(Code::OrderCancelledMeanwhile | Code::OrderRejectedMeanwhile)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::samples;

    #[test]
    fn every_event_of_the_catalogue_is_told_or_silent_for_a_reason() {
        for event_type in EventType::ALL {
            match event_audience(event_type) {
                Some(EventAudience::Told(listeners)) => {
                    assert!(!listeners.is_empty(), "{event_type}")
                }
                Some(EventAudience::Silent(reason)) => assert!(reason.len() > 10, "{event_type}"),
                None => panic!("{event_type} has neither listeners nor a reason to be silent"),
            }
        }
    }

    #[test]
    fn every_line_of_the_admins_is_about_the_work_of_a_permission_of_theirs() {
        for event in events_for_admins() {
            let permissions = line_permissions(event);
            assert!(!permissions.is_empty(), "nobody would be shown {event}");
            let of_admins = Permission::allowed_for_role(Role::Admin);
            assert!(
                permissions.iter().all(|one| of_admins.contains(one)),
                "{event}"
            );
        }
    }

    #[test]
    fn each_event_reaches_exactly_its_people() {
        let customer = samples::CUSTOMER;
        let provider = samples::PROVIDER;
        let loser = samples::LOSER;
        let admins = InboxOwner::ADMINS.user_id;
        for (event_type, expected) in [
            (EventType::OrderCreated, vec![customer, admins]),
            (EventType::OrderApproved, vec![customer]),
            (EventType::OrderRejected, vec![customer]),
            (EventType::OrderAccepted, vec![customer, provider]),
            (EventType::OrderAcceptanceLost, vec![loser]),
            (EventType::OrderAcceptanceWithdrawn, vec![customer, loser]),
            (EventType::OrderCancelled, vec![customer, provider]),
            (EventType::OrderCompleted, vec![customer, provider]),
            (EventType::OrderStatusChanged, vec![]),
            (EventType::PaymentCompleted, vec![customer]),
            (EventType::PaymentReleased, vec![provider]),
            (EventType::PaymentStatusChanged, vec![]),
            (EventType::PayoutSent, vec![provider]),
            (EventType::RefundRequested, vec![provider, admins]),
            (EventType::RefundGranted, vec![provider]),
            (EventType::RefundRefused, vec![customer, provider]),
            (EventType::ProfileVerificationSubmitted, vec![admins]),
            (EventType::ReviewReported, vec![admins]),
            (EventType::ProfileVerified, vec![provider]),
            (EventType::UserRevoked, vec![]),
        ] {
            let told = samples::lines(event_type);
            let people: Vec<UserId> = told.iter().map(|line| line.user_id).collect();
            assert_eq!(people, expected, "{event_type}");
        }
    }

    fn told(event_type: EventType, event: &OrderEvent) -> Vec<Role> {
        let event_id = EventId(uuid::Uuid::nil());
        let told = lines_of_order(
            SourceEvent {
                event_type,
                event_id,
                at: UnixMillis(0),
            },
            event,
            0,
        );
        told.iter().map(|line| line.role).collect()
    }

    #[test]
    fn a_cancelled_order_that_nobody_took_tells_the_customer_alone() {
        let mut event = samples::event_body();
        event.order.provider_id = None;
        assert_eq!(told(EventType::OrderCancelled, &event), [Role::Customer]);
    }

    #[test]
    fn admins_hear_of_a_loss_that_makes_a_case() {
        let mut event = samples::event_body();
        event.code = Some(Code::OrderCancelledMeanwhile);
        assert_eq!(
            told(EventType::OrderAcceptanceLost, &event),
            [Role::Provider, Role::Admin]
        );
    }

    #[test]
    fn the_customer_hears_that_work_began_or_that_the_provider_withdrew_and_of_no_other_step() {
        for event in [samples::started(), samples::given_back()] {
            assert_eq!(
                told(EventType::OrderStatusChanged, &event),
                [Role::Customer]
            );
            // The same order with a payment update.
            let event = OrderEvent {
                money: Some(samples::money()),
                ..event
            };
            assert_eq!(told(EventType::OrderStatusChanged, &event), []);
        }
        let mut reviewed = samples::event_body();
        reviewed.order.status = OrderStatus::Reviewed;
        assert_eq!(told(EventType::OrderStatusChanged, &reviewed), []);
    }

    #[test]
    fn the_provider_hears_that_the_money_is_held_and_of_no_later_word() {
        let mut event = samples::held();
        assert_eq!(
            told(EventType::OrderStatusChanged, &event),
            [Role::Provider]
        );
        event.order.status = OrderStatus::InProgress;
        assert_eq!(told(EventType::OrderStatusChanged, &event), []);
        let mut event = samples::held();
        event.actor.role = Role::Admin;
        assert_eq!(told(EventType::OrderStatusChanged, &event), []);
    }

    #[test]
    fn a_chargeback_stops_no_work_that_is_over() {
        let told = |order_status| {
            let event = PaymentEvent {
                order_status,
                ..samples::charged_back()
            };
            let lines = samples::of_money(EventType::PaymentStatusChanged, &event);
            lines.iter().map(|line| line.role).collect::<Vec<_>>()
        };
        let all = [Role::Customer, Role::Provider, Role::Admin];
        assert_eq!(
            told(None),
            all,
            "a payment service of before does not say it"
        );
        for goes_on in [
            OrderStatus::Pending,
            OrderStatus::Accepted,
            OrderStatus::InProgress,
        ] {
            assert_eq!(told(Some(goes_on)), all, "{goes_on}");
        }
        for over in [
            OrderStatus::Completed,
            OrderStatus::Reviewed,
            OrderStatus::Cancelled,
        ] {
            assert_eq!(told(Some(over)), [Role::Admin], "{over}");
        }
    }

    #[test]
    fn a_chargeback_stops_the_work_that_has_its_money_still_to_come() {
        let told = |payment_status, charged_back| {
            let event_type = EventType::PaymentStatusChanged;
            let cause = SourceEvent {
                event_type,
                event_id: EventId(uuid::Uuid::nil()),
                at: samples::AT,
            };
            let event = PaymentEvent {
                payment_status,
                charged_back,
                ..samples::money()
            };
            lines_of_money(cause, &event)
                .iter()
                .map(|line| line.role)
                .collect::<Vec<_>>()
        };
        let back = Some(samples::money().amount);
        let all = [Role::Customer, Role::Provider, Role::Admin];
        for gone in [
            PaymentStatus::Refunded,
            PaymentStatus::PartiallyRefunded,
            PaymentStatus::Unpaid,
        ] {
            assert_eq!(told(gone, back), all);
        }
        // Already released, so the loss is the platform's.
        assert_eq!(told(PaymentStatus::Paid, back), [Role::Admin]);
        assert_eq!(told(PaymentStatus::Unpaid, None), []);
    }

    #[test]
    fn the_admins_alone_hear_of_a_case_about_money_and_once_of_a_chargeback() {
        let told = |event: &PaymentEvent| {
            let told = samples::of_money(EventType::PaymentStatusChanged, event);
            told.iter().map(|line| line.role).collect::<Vec<_>>()
        };
        for kind in samples::MONEY_CASES {
            let refunded = PaymentStatus::Refunded;
            let event = PaymentEvent {
                payment_status: refunded,
                ..samples::money_case(kind)
            };
            assert_eq!(told(&event), [Role::Admin], "{kind}");
        }
        assert_eq!(told(&samples::money_case("chargeback")), []);
    }

    #[test]
    fn no_line_holds_the_address() {
        for line in samples::lines(EventType::OrderAccepted) {
            let kept = serde_json::to_string(&line.params).unwrap();
            assert!(
                !kept.contains(&samples::event_body().order.address),
                "{kept}"
            );
        }
    }

    #[test]
    fn params_read_back_as_what_they_were() {
        let mut seen = Vec::new();
        for event_type in EventType::ALL {
            seen.extend(
                samples::lines(event_type)
                    .into_iter()
                    .map(|line| line.params),
            );
        }
        seen.push(samples::notice().params);
        for params in seen {
            let json = serde_json::to_value(&params).unwrap();
            assert_eq!(serde_json::from_value::<LineParams>(json).unwrap(), params);
        }
    }
}
