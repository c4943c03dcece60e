//! Sample events for tests, and in `stores` the stores that hold their lines.

mod alarms;
mod incidents;
mod stores;

use serde::Serialize;
use uuid::Uuid;
use wire::{
    Actor, AlarmEvent, Amount, CancelCharge, Code, CommandId, Currency, Event, EventId, EventType,
    JobOffer, Language, Lost, NearbyJob, Order, OrderCode, OrderEvent, OrderId, OrderStatus,
    PaymentEvent, PaymentStatus, PayoutEvent, PlannedTime, ProfileEvent, RaceRule,
    ReadmissionEvent, Region, ReviewEvent, ReviewId, Role, Source, UnixMillis, UserEvent, UserId,
};

use crate::domain::{
    EventLines, InboxLine, LineParams, NoticeKind, NoticeParams, ReaderClock, ReaderLocale,
    SourceEvent, TimeZone, build_event_lines, build_match_line, find_event_lines,
};

pub(crate) use alarms::{alarm, more_alarms, part_alarm};
pub(crate) use incidents::{incident_answer, reported};
pub(crate) use stores::{deliveries, no_channels, notices, sqlite_store, web_push};

pub(crate) const CUSTOMER: UserId = UserId(Uuid::from_u128(1));
pub(crate) const PROVIDER: UserId = UserId(Uuid::from_u128(2));
pub(crate) const LOSER: UserId = UserId(Uuid::from_u128(3));
pub(crate) const AT: UnixMillis = UnixMillis(1_764_000_000_000);
/// The cases that reach admins.
pub(crate) const MONEY_CASES: [&str; 8] = [
    "extra_payment",
    "wrong_amount",
    "refund_failed",
    "chargeback_reversed",
    "unanswered",
    "completed_unpaid",
    "fee_shortfall",
    "adapter_differs",
];
pub(crate) const DISPUTE_MS: i64 = 72 * 60 * 60 * 1000;

/// A reader in Shanghai.
pub(crate) fn locale(language: Language) -> ReaderLocale {
    ReaderLocale {
        language,
        clock: ReaderClock::Own(TimeZone::USUAL),
    }
}

pub(crate) fn event_body() -> OrderEvent {
    OrderEvent {
        money: None,
        terms: None,
        refund: None,
        paid_afterwards: false,
        order: Order {
            offer: Some(JobOffer::new(vec![PROVIDER], AT.plus_ms(3_600_000))),
            ..order(9)
        },
        actor: Actor {
            user_id: LOSER,
            role: Role::Provider,
        },
        command_id: CommandId(Uuid::from_u128(8)),
        reason: Some("the price is missing a digit".into()),
        code: Some(Code::OrderAlreadyAccepted),
        lost: Some(lost()),
        taken_from: Some(LOSER),
        incident: Some(incidents::more_work()),
        incident_answer: Some(incident_answer(true)),
        other_time: Some(PlannedTime {
            service_start_time: AT,
            service_end_time: Some(AT.plus_ms(7_200_000)),
        }),
        offered_to: vec![PROVIDER],
    }
}

/// The order event that reports the money as held.
pub(crate) fn held() -> OrderEvent {
    let customer = Actor {
        user_id: CUSTOMER,
        role: Role::Customer,
    };
    let money = PaymentEvent {
        share: Some(cents(18_000)),
        ..money()
    };
    OrderEvent {
        actor: customer,
        money: Some(money),
        reason: None,
        ..event_body()
    }
}

/// The order event after the provider began the work.
pub(crate) fn started() -> OrderEvent {
    let mut event = OrderEvent {
        reason: None,
        ..event_body()
    };
    event.order.status = OrderStatus::InProgress;
    event
}

/// The order event after the provider withdrew.
pub(crate) fn given_back() -> OrderEvent {
    let mut event = OrderEvent {
        reason: Some("my van broke down".into()),
        ..event_body()
    };
    (event.order.status, event.order.provider_id) = (OrderStatus::Pending, None);
    event
}

pub(crate) fn money() -> PaymentEvent {
    let amount = Amount::from_minor(20_000).unwrap();
    PaymentEvent {
        order_id: OrderId(Uuid::from_u128(9)),
        customer_id: CUSTOMER,
        provider_id: Some(PROVIDER),
        movement_id: Uuid::from_u128(11),
        amount,
        currency: Currency::Cny,
        payment_status: PaymentStatus::Held,
        money_version: 1,
        held: amount,
        returning: None,
        share: None,
        charged_back: None,
        order_status: None,
        cancel_fee: None,
        case: None,
    }
}

pub(crate) fn payout() -> PayoutEvent {
    let PaymentEvent {
        movement_id,
        amount,
        currency,
        ..
    } = money();
    PayoutEvent {
        payout_id: movement_id,
        provider_id: PROVIDER,
        amount,
        currency,
    }
}

pub(crate) fn review() -> ReviewEvent {
    let order = order(9);
    ReviewEvent {
        review_id: ReviewId(Uuid::from_u128(13)),
        version: 1,
        order_id: order.id,
        order_code: order.code,
        title: order.title,
        customer_id: CUSTOMER,
        provider_id: PROVIDER,
        rating: 4,
        command_id: CommandId(Uuid::from_u128(8)),
        source: Source::Portal,
        reason: Some("it names a neighbour".into()),
    }
}

fn cause(event_type: EventType) -> SourceEvent {
    SourceEvent {
        event_type,
        event_id: EventId(Uuid::from_u128(7)),
        at: AT,
    }
}

pub(crate) fn cents(minor: i64) -> Amount {
    Amount::from_minor(minor).unwrap()
}

/// Cancelled with that fee and refund.
pub(crate) fn cancelled(fee: i64, refund: i64) -> OrderEvent {
    let terms = CancelCharge {
        fee: cents(fee),
        provider_id: Some(PROVIDER),
    };
    let terms = Some(terms);
    let refund = Some(cents(refund));
    OrderEvent {
        terms,
        refund,
        reason: None,
        ..event_body()
    }
}

/// Completed with that payment status.
pub(crate) fn completed(payment_status: PaymentStatus) -> OrderEvent {
    let mut event = event_body();
    (event.order.status, event.order.payment_status) = (OrderStatus::Completed, payment_status);
    event
}

/// The customer's bank has taken back the whole amount.
pub(crate) fn charged_back() -> PaymentEvent {
    let charged_back = Some(money().amount);
    let order_status = Some(OrderStatus::Accepted);
    let payment_status = PaymentStatus::Refunded;
    PaymentEvent {
        payment_status,
        charged_back,
        order_status,
        ..money()
    }
}

/// The fee of a cancelled order is booked for the provider.
pub(crate) fn fee_booked() -> PaymentEvent {
    let amount = cents(2_000);
    PaymentEvent {
        amount,
        cancel_fee: Some(amount),
        payment_status: PaymentStatus::PartiallyRefunded,
        ..money()
    }
}

/// A case of that kind, which waits for an admin.
pub(crate) fn money_case(kind: &str) -> PaymentEvent {
    PaymentEvent {
        case: Some(kind.into()),
        ..money()
    }
}

/// A notice from an admin to the customer.
pub(crate) fn notice() -> InboxLine {
    let title = "The lift is broken".into();
    let content = "Please ring the bell downstairs.".into();
    InboxLine {
        user_id: CUSTOMER,
        role: Role::Customer,
        event_type: None,
        order_id: None,
        event_id: EventId(Uuid::from_u128(12)),
        counterpart: None,
        params: LineParams::Notice(NoticeParams {
            notice: NoticeKind::Account,
            title,
            content,
        }),
        created_at: AT,
    }
}

/// An event with that body.
pub(crate) fn event(event_type: EventType, body: &impl Serialize) -> Event {
    Event::new(EventId(Uuid::from_u128(7)), event_type, AT, "", body).unwrap()
}

pub(crate) fn order_lines(event_type: EventType, body: &OrderEvent) -> Vec<InboxLine> {
    build_event_lines(&event(event_type, body), DISPUTE_MS).unwrap()
}

pub(crate) fn payment_lines(event_type: EventType, body: &PaymentEvent) -> Vec<InboxLine> {
    build_event_lines(&event(event_type, body), DISPUTE_MS).unwrap()
}

pub(crate) fn alarm_lines(event_type: EventType, body: &AlarmEvent) -> Vec<InboxLine> {
    build_event_lines(&event(event_type, body), DISPUTE_MS).unwrap()
}

/// The lines of a typical event of that type.
pub(crate) fn lines(event_type: EventType) -> Vec<InboxLine> {
    build_event_lines(&typical_event(event_type), DISPUTE_MS).unwrap()
}

fn typical_event(event_type: EventType) -> Event {
    let user_id = PROVIDER;
    let role = Role::Provider;
    match find_event_lines(event_type) {
        EventLines::Order(_) => event(event_type, &event_body()),
        EventLines::Payment(_) if event_type == EventType::PaymentCaseOpened => {
            event(event_type, &money_case("extra_payment"))
        }
        EventLines::Payment(_) => event(event_type, &money()),
        EventLines::Payout(_) => event(event_type, &payout()),
        EventLines::Review(_) => event(event_type, &review()),
        EventLines::Profile(_) => {
            let profile = ProfileEvent {
                user_id,
                role,
                version: 1,
                provider: None,
                reason: Some("the certificate has run out".into()),
                asks_more: false,
            };
            event(event_type, &profile)
        }
        EventLines::Readmission(_) => {
            let readmission = ReadmissionEvent {
                user_id,
                role,
                tokens_since: AT,
            };
            event(event_type, &readmission)
        }
        EventLines::Account(_) => account_event(event_type, role),
        EventLines::Alarm(_) => event(event_type, &alarm("link_down", Some("north-1"))),
        EventLines::Silent(_) => event(event_type, &()),
    }
}

fn account_event(event_type: EventType, role: Role) -> Event {
    let account = UserEvent {
        user_id: PROVIDER,
        role,
        session_id: None,
    };
    event(event_type, &account)
}

/// The lines of an event about that role's account.
pub(crate) fn account_lines(event_type: EventType, role: Role) -> Vec<InboxLine> {
    build_event_lines(&account_event(event_type, role), DISPUTE_MS).unwrap()
}

/// Includes variants that reach more people.
pub(crate) fn every_line(event_type: EventType) -> Vec<InboxLine> {
    let mut all = lines(event_type);
    let more = match event_type {
        EventType::OrderStatusChanged => [held(), started(), given_back()]
            .iter()
            .flat_map(|event| order_lines(event_type, event))
            .collect(),
        EventType::PaymentStatusChanged => {
            let mut lines = payment_lines(event_type, &charged_back());
            lines.extend(payment_lines(event_type, &fee_booked()));
            lines.extend(case_lines(event_type));
            lines
        }
        EventType::PaymentCaseOpened => case_lines(event_type),
        EventType::PaymentCompleted => payment_lines(
            event_type,
            &PaymentEvent {
                returning: Some(cents(20_000)),
                ..money()
            },
        ),
        EventType::OrderCompleted => {
            let statuses = PaymentStatus::ALL.into_iter();
            statuses
                .flat_map(|status| order_lines(event_type, &completed(status)))
                .collect()
        }
        EventType::OrderCancelled => order_lines(event_type, &cancelled(2_000, 18_000)),
        EventType::OrderAcceptanceLost => {
            let case = OrderEvent {
                code: Some(Code::OrderCancelledMeanwhile),
                ..event_body()
            };
            order_lines(event_type, &case)
        }
        EventType::OrderIncidentReported | EventType::OrderIncidentAnswered => {
            let events = incidents::more_events(event_type).into_iter();
            events
                .flat_map(|event| order_lines(event_type, &event))
                .collect()
        }
        EventType::OrderMessageUnread
        | EventType::OrderTimeProposed
        | EventType::OrderTimeDeclined
        | EventType::OrderRescheduled => {
            let from_customer = OrderEvent {
                actor: Actor {
                    user_id: CUSTOMER,
                    role: Role::Customer,
                },
                ..event_body()
            };
            order_lines(event_type, &from_customer)
        }
        EventType::OrderCreated | EventType::OrderApproved => {
            let reasons = ["serves_the_area", "does_this_work", "from_the_future"];
            let reasons = reasons.map(str::to_owned).to_vec();
            vec![build_match_line(
                cause(event_type),
                &event_body(),
                PROVIDER,
                reasons,
            )]
        }
        EventType::UserNewDeviceSeen => account_lines(event_type, Role::Admin),
        EventType::PlatformAlarmRaised | EventType::PlatformAlarmEnded => {
            let events = alarms::other_alarms().into_iter();
            events
                .flat_map(|event| alarm_lines(event_type, &event))
                .collect()
        }
        _ => Vec::new(),
    };
    all.extend(more);
    all
}

fn case_lines(event_type: EventType) -> Vec<InboxLine> {
    let kinds = MONEY_CASES.into_iter().chain(["of_the_future"]);
    kinds
        .flat_map(|kind| payment_lines(event_type, &money_case(kind)))
        .collect()
}

fn order(n: u128) -> Order {
    Order {
        title: "Mend the tap".into(),
        address: "1 Secret Lane".into(),
        customer_id: CUSTOMER,
        provider_id: Some(PROVIDER),
        status: OrderStatus::Accepted,
        created_at: AT,
        updated_at: AT,
        ..support::samples::order(n, 3)
    }
}

fn lost() -> Lost {
    let other = OrderId(Uuid::from_u128(10));
    Lost {
        winner_decided_at: Some(AT.plus_ms(5_000)),
        winner_source: Some(Source::Portal),
        tapped_at: Some(AT),
        edge_at: Some(AT.plus_ms(100)),
        nearby: vec![NearbyJob {
            order_id: other,
            code: OrderCode::from_order_id(Region::North, other),
            title: "Paint a wall".into(),
            price: Amount::from_minor(15_000).unwrap(),
            currency: Currency::Cny,
        }],
        taken_back: None,
        race_rule: Some(RaceRule::FirstInCloud),
        status: Some(OrderStatus::Accepted),
        promise_ended: None,
    }
}
