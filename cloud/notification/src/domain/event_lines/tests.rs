//! Who gets a line of each event, and what it holds.

use wire::{Code, OrderStatus};

use super::*;
use crate::tests::samples;

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
        (EventType::OrderIncidentReported, vec![customer]),
        (EventType::OrderIncidentAnswered, vec![provider]),
        (EventType::OrderMessageSent, vec![]),
        (EventType::OrderMessageReported, vec![admins]),
        (EventType::PaymentCompleted, vec![customer]),
        (EventType::PaymentReleased, vec![provider]),
        (EventType::PaymentStatusChanged, vec![]),
        (EventType::PaymentCaseOpened, vec![admins]),
        (EventType::PayoutSent, vec![provider]),
        (EventType::RefundRequested, vec![provider, admins]),
        (EventType::RefundGranted, vec![provider]),
        (EventType::RefundRefused, vec![customer, provider]),
        (EventType::ProfileVerificationSubmitted, vec![admins]),
        (EventType::ReviewReported, vec![admins]),
        (EventType::ProfileVerified, vec![provider]),
        (EventType::UserRevoked, vec![]),
        (EventType::UserNewDeviceSeen, vec![provider]),
        (EventType::PlatformAlarmRaised, vec![admins]),
        (EventType::PlatformAlarmEnded, vec![admins]),
    ] {
        let told = samples::lines(event_type);
        let people: Vec<UserId> = told.iter().map(|line| line.user_id).collect();
        assert_eq!(people, expected, "{event_type}");
    }
}

fn roles(lines: &[InboxLine]) -> Vec<Role> {
    lines.iter().map(|line| line.role).collect()
}

fn told(event_type: EventType, event: &OrderEvent) -> Vec<Role> {
    roles(&samples::order_lines(event_type, event))
}

#[test]
fn another_time_is_told_to_the_person_who_did_not_act() {
    let mut event = samples::event_body();
    for kind in [
        EventType::OrderTimeProposed,
        EventType::OrderTimeDeclined,
        EventType::OrderRescheduled,
    ] {
        for (actor, reader) in [
            (Role::Provider, Role::Customer),
            (Role::Customer, Role::Provider),
        ] {
            event.actor.role = actor;
            assert_eq!(told(kind, &event), [reader], "{kind}");
        }
    }
}

#[test]
fn an_unread_message_tells_the_person_who_did_not_write_it() {
    let mut event = samples::event_body();
    for (writer, reader) in [
        (Role::Provider, Role::Customer),
        (Role::Customer, Role::Provider),
    ] {
        event.actor.role = writer;
        assert_eq!(told(EventType::OrderMessageUnread, &event), [reader]);
    }
}

#[test]
fn a_cancelled_order_that_nobody_took_tells_the_customer_alone() {
    let mut event = samples::event_body();
    event.order.provider_id = None;
    assert_eq!(told(EventType::OrderCancelled, &event), [Role::Customer]);
}

#[test]
fn a_new_device_of_an_administrator_is_told_to_the_administrators() {
    let told = samples::account_lines(EventType::UserNewDeviceSeen, Role::Admin);
    let owners: Vec<InboxOwner> = told.iter().map(InboxLine::owner).collect();
    assert_eq!(owners, [InboxOwner::ADMINS]);
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
        roles(&samples::payment_lines(
            EventType::PaymentStatusChanged,
            &event,
        ))
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
        let event = PaymentEvent {
            payment_status,
            charged_back,
            ..samples::money()
        };
        roles(&samples::payment_lines(
            EventType::PaymentStatusChanged,
            &event,
        ))
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
    // An older payment service opens a case with `payment.status_changed`.
    for event_type in [
        EventType::PaymentCaseOpened,
        EventType::PaymentStatusChanged,
    ] {
        for kind in samples::MONEY_CASES.into_iter().chain(["of_the_future"]) {
            let event = PaymentEvent {
                payment_status: PaymentStatus::Refunded,
                ..samples::money_case(kind)
            };
            let told = samples::payment_lines(event_type, &event);
            assert_eq!(roles(&told), [Role::Admin], "{event_type} {kind}");
        }
        let chargeback = samples::money_case("chargeback");
        assert_eq!(samples::payment_lines(event_type, &chargeback), []);
    }
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
