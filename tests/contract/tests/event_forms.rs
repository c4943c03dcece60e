//! The published schema and a sample of every event, so a review sees each change that affects
//! consumers, outboxes and replays of thirty days: `protocol/wire/events`.
//!
//! `HOLDFAST_GOLDEN=write` rewrites the files. A change that breaks an older sample needs a new
//! version of the event.

use std::{collections::BTreeSet, fs, path::PathBuf};

use process::openapi::{ApiDocument, RouteDescription};
use serde::Serialize;
use serde_json::{Value, json};
use support::samples::{CUSTOMER, order, person};
use uuid::Uuid;
use wire::{
    Alarm, AlarmEvent, AlarmKind, Amount, AssignmentEvent, CancelCharge, Code, CommandId, Currency,
    EdgeId, Event, EventId, EventType, IncidentAnswer, IncidentKind, IncidentReport, Lost,
    MoneyCaseKind, OrderEvent, OrderId, OrderStatus, PaymentEvent, PaymentStatus, PayoutEvent,
    PlannedTime, ProfileEvent, ProviderStanding, RatingEvent, ReadmissionEvent, Region,
    RegionAssignment, ReviewEvent, ReviewId, Role, ServiceType, SessionId, Source, UnixMillis,
    UserEvent, UserId,
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../protocol/wire/events");
const REF: &str = "#/components/schemas/";
const VERSION: u32 = 1;
const AT: UnixMillis = UnixMillis(1_764_000_000_000);
const PROVIDER: UserId = UserId(Uuid::from_u128(20));

#[test]
fn every_event_has_a_published_form_and_a_sample_that_fits_it() {
    for kind in EventType::ALL {
        let form = form(kind);
        keep(&format!("{kind}.v{VERSION}.json"), &form);
        let sample = format!("samples/{kind}.v{VERSION}.json");
        keep(&sample, &serde_json::to_value(event(kind)).unwrap());
        let stands: Value =
            serde_json::from_str(&fs::read_to_string(place(&sample)).unwrap()).unwrap();
        assert_eq!(fits(&form, &form, &stands), Ok(()), "{kind}");
        let read: Event = serde_json::from_value(stands.clone()).unwrap();
        assert_eq!(again(kind, &read.body), stands["body"], "{kind}");
    }
}

#[test]
fn every_file_belongs_to_an_event() {
    let known: BTreeSet<String> = EventType::ALL
        .iter()
        .map(|kind| format!("{kind}.v{VERSION}.json"))
        .collect();
    for folder in ["", "samples"] {
        for file in fs::read_dir(place(folder)).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            assert!(file.path().is_dir() || known.contains(&name), "{name}");
        }
    }
}

#[test]
fn an_event_of_another_form_is_found_out() {
    let form = form(EventType::PaymentCompleted);
    let sample = serde_json::to_value(event(EventType::PaymentCompleted)).unwrap();
    assert_eq!(fits(&form, &form, &sample), Ok(()));
    for (pointer, wrong) in [
        ("/type", json!("payment.failed")),
        ("/version", json!(2)),
        ("/body/amount", json!(200)),
        ("/body/payment_status", json!("gone")),
        ("/body", json!({})),
    ] {
        let mut spoilt = sample.clone();
        *spoilt.pointer_mut(pointer).unwrap() = wrong;
        assert!(fits(&form, &form, &spoilt).is_err(), "{pointer}");
    }
}

/// The envelope, with the body's schema and everything it references.
fn form(kind: EventType) -> Value {
    let (document, body) = match body_of(kind) {
        Body::Order => schema::<OrderEvent>("OrderEvent"),
        Body::Assignment => schema::<AssignmentEvent>("AssignmentEvent"),
        Body::Payment => schema::<PaymentEvent>("PaymentEvent"),
        Body::Payout => schema::<PayoutEvent>("PayoutEvent"),
        Body::Person => schema::<UserEvent>("UserEvent"),
        Body::Readmission => schema::<ReadmissionEvent>("ReadmissionEvent"),
        Body::Profile => schema::<ProfileEvent>("ProfileEvent"),
        Body::Review => schema::<ReviewEvent>("ReviewEvent"),
        Body::Rating => schema::<RatingEvent>("RatingEvent"),
        Body::Alarm => schema::<AlarmEvent>("AlarmEvent"),
    };
    let mut form = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("`{kind}`, version {VERSION}, on `{}`", kind.exchange().as_str()),
        "type": "object",
        "required": ["id", "type", "version", "at", "trace", "body"],
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "type": { "type": "string", "enum": [kind.as_str()] },
            "version": { "type": "integer", "enum": [VERSION] },
            "at": { "type": "string", "format": "date-time" },
            "trace": { "type": "string", "description": "The W3C trace id the cause came with" },
            "body": body,
        },
        "$defs": document.schemas,
    });
    refer_within(&mut form);
    form
}

fn schema<T: utoipa::ToSchema>(name: &str) -> (ApiDocument, Value) {
    (
        ApiDocument::for_part("events").with_schema::<T>(),
        RouteDescription::schema_reference(name),
    )
}

fn refer_within(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix(REF) {
                *text = format!("#/$defs/{name}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(refer_within),
        Value::Object(members) => members.values_mut().for_each(refer_within),
        _ => {}
    }
}

enum Body {
    Order,
    Assignment,
    Payment,
    Payout,
    Person,
    Readmission,
    Profile,
    Review,
    Rating,
    Alarm,
}

fn body_of(kind: EventType) -> Body {
    use EventType as E;
    match kind {
        E::UserRegistered
        | E::SessionRevoked
        | E::UserRevoked
        | E::UserConfirmationAsked
        | E::UserAddressChangeAsked
        | E::UserPasswordCodeAsked
        | E::UserPasswordChanged
        | E::UserSecondFactorRemoved
        | E::UserNewDeviceSeen
        | E::UserDeletionAsked
        | E::UserDeletionUndone
        | E::UserDeleted => Body::Person,
        E::UserReadmitted => Body::Readmission,
        E::ProfileCreated
        | E::ProfileUpdated
        | E::ProfileVerificationSubmitted
        | E::ProfileVerified
        | E::ProfileVerificationRejected => Body::Profile,
        E::RegionAssigned => Body::Assignment,
        E::OrderCreated
        | E::OrderApproved
        | E::OrderRejected
        | E::OrderAccepted
        | E::OrderAcceptanceLost
        | E::OrderAcceptanceWithdrawn
        | E::OrderCancelled
        | E::OrderCompleted
        | E::OrderStatusChanged
        | E::OrderIncidentReported
        | E::OrderIncidentAnswered
        | E::OrderTimeProposed
        | E::OrderTimeDeclined
        | E::OrderRescheduled
        | E::OrderOffered
        | E::OrderOfferWithdrawn
        | E::OrderErased
        | E::OrderMessageSent
        | E::OrderMessageUnread
        | E::OrderMessageReported => Body::Order,
        E::PaymentInitiated
        | E::PaymentCompleted
        | E::PaymentFailed
        | E::RefundRequested
        | E::RefundGranted
        | E::RefundRefused
        | E::RefundProcessed
        | E::PaymentReleased
        | E::PaymentStatusChanged
        | E::PaymentCaseOpened => Body::Payment,
        E::PayoutSent | E::PayoutFailed => Body::Payout,
        E::ReviewCreated
        | E::ReviewUpdated
        | E::ReviewReplied
        | E::ReviewReported
        | E::ReviewHidden
        | E::ReviewRestored => Body::Review,
        E::RatingUpdated => Body::Rating,
        E::PlatformAlarmRaised | E::PlatformAlarmEnded => Body::Alarm,
    }
}

fn event(kind: EventType) -> Event {
    let trace = "0af7651916cd43dd8448eb211c80319c";
    Event::new(EventId(Uuid::from_u128(1)), kind, AT, trace, &body(kind)).unwrap()
}

fn body(kind: EventType) -> Value {
    match body_of(kind) {
        Body::Order => value(&order_event(kind)),
        Body::Assignment => value(&AssignmentEvent {
            region: Region::North,
            assignment: RegionAssignment {
                policy_version: 3,
                ..RegionAssignment::default()
            },
        }),
        Body::Payment => value(&payment_event(kind)),
        Body::Payout => value(&PayoutEvent {
            payout_id: Uuid::from_u128(70),
            provider_id: PROVIDER,
            amount: Amount::from_minor(18_000).unwrap(),
            currency: Currency::default(),
        }),
        Body::Person => value(&UserEvent {
            user_id: PROVIDER,
            role: Role::Provider,
            session_id: (kind == EventType::SessionRevoked)
                .then_some(SessionId(Uuid::from_u128(30))),
        }),
        Body::Readmission => value(&ReadmissionEvent {
            user_id: PROVIDER,
            role: Role::Provider,
            tokens_since: AT,
        }),
        Body::Profile => value(&ProfileEvent {
            user_id: PROVIDER,
            role: Role::Provider,
            version: 2,
            provider: Some(ProviderStanding {
                is_active: true,
                verified: true,
                service_areas: vec![Region::North],
                service_categories: vec![ServiceType::CleaningRepair],
            }),
            reason: (kind == EventType::ProfileVerificationRejected)
                .then(|| "the certificate has expired".to_owned()),
            asks_more: kind == EventType::ProfileVerificationRejected,
        }),
        Body::Review => value(&review_event(kind)),
        Body::Alarm => value(&AlarmEvent {
            alarm: Some(Alarm {
                kind: AlarmKind::LinkDown.as_str().to_owned(),
                region: Region::North,
                edge: Some(EdgeId::new("north-1").unwrap()),
                since: AT,
            }),
            part_alarm: None,
            more: 0,
        }),
        Body::Rating => value(&RatingEvent {
            provider_id: PROVIDER,
            version: 3,
            average_hundredths: 450,
            total_reviews: 2,
        }),
    }
}

fn order_event(kind: EventType) -> OrderEvent {
    let is_lost = kind == EventType::OrderAcceptanceLost;
    let lost = Lost {
        status: Some(OrderStatus::Accepted),
        ..Lost::default()
    };
    let is_withdrawn = kind == EventType::OrderAcceptanceWithdrawn;
    let is_answered = kind == EventType::OrderIncidentAnswered;
    let is_reported = kind == EventType::OrderMessageReported;
    let has_report = is_answered || kind == EventType::OrderIncidentReported;
    let is_about_time = matches!(
        kind,
        EventType::OrderTimeProposed | EventType::OrderTimeDeclined | EventType::OrderRescheduled
    );
    OrderEvent {
        order: order(40, 2),
        actor: person(20, Role::Provider),
        command_id: CommandId(Uuid::from_u128(50)),
        reason: match (is_withdrawn, is_reported) {
            (true, _) => Some("the van broke down".to_owned()),
            (_, true) => Some("it is an insult".to_owned()),
            _ => None,
        },
        code: is_lost.then_some(Code::OrderAlreadyAccepted),
        lost: is_lost.then_some(lost),
        taken_from: is_withdrawn.then_some(PROVIDER),
        money: (kind == EventType::OrderStatusChanged)
            .then(|| payment_event(EventType::PaymentCompleted)),
        terms: (kind == EventType::OrderCancelled).then_some(CancelCharge {
            fee: Amount::from_minor(2_000).unwrap(),
            provider_id: Some(PROVIDER),
        }),
        refund: (kind == EventType::OrderCancelled).then(|| Amount::from_minor(18_000).unwrap()),
        paid_afterwards: kind == EventType::OrderAccepted,
        incident: has_report.then(|| IncidentReport {
            kind: IncidentKind::MoreWork,
            extra_price: Some(Amount::from_minor(8_000).unwrap()),
        }),
        incident_answer: is_answered.then_some(IncidentAnswer {
            incident: CommandId(Uuid::from_u128(51)),
            agreed: true,
        }),
        other_time: is_about_time.then_some(PlannedTime {
            service_start_time: UnixMillis(1_764_090_000_000),
            service_end_time: Some(UnixMillis(1_764_097_200_000)),
        }),
        offered_to: match kind {
            EventType::OrderOffered => vec![PROVIDER],
            _ => Vec::new(),
        },
    }
}

fn review_event(kind: EventType) -> ReviewEvent {
    let order = order(40, 2);
    let is_hidden = kind == EventType::ReviewHidden;
    ReviewEvent {
        review_id: ReviewId(Uuid::from_u128(60)),
        version: 1,
        order_id: order.id,
        order_code: order.code,
        title: order.title,
        customer_id: CUSTOMER,
        provider_id: PROVIDER,
        rating: 5,
        command_id: CommandId(Uuid::from_u128(50)),
        source: Source::Portal,
        reason: is_hidden.then(|| "it names somebody's address".to_owned()),
    }
}

fn payment_event(kind: EventType) -> PaymentEvent {
    let of = |told, minor| (kind == told).then(|| Amount::from_minor(minor).unwrap());
    PaymentEvent {
        order_id: OrderId(Uuid::from_u128(40)),
        customer_id: CUSTOMER,
        provider_id: Some(PROVIDER),
        movement_id: Uuid::from_u128(60),
        amount: Amount::from_minor(20_000).unwrap(),
        currency: Currency::default(),
        payment_status: PaymentStatus::Held,
        money_version: 2,
        held: Amount::from_minor(20_000).unwrap(),
        returning: None,
        share: of(EventType::PaymentCompleted, 18_000),
        charged_back: of(EventType::PaymentStatusChanged, 20_000),
        order_status: (kind == EventType::PaymentStatusChanged).then_some(OrderStatus::Accepted),
        cancel_fee: None,
        case: (kind == EventType::PaymentCaseOpened)
            .then(|| MoneyCaseKind::CompletedUnpaid.as_str().to_owned()),
    }
}

fn value(body: &impl Serialize) -> Value {
    serde_json::to_value(body).unwrap()
}

/// Parses the body as its type and serialises it again.
fn again(kind: EventType, body: &Value) -> Value {
    fn through<T: serde::de::DeserializeOwned + Serialize>(body: &Value) -> Value {
        let read: T = serde_json::from_value(body.clone()).unwrap();
        serde_json::to_value(read).unwrap()
    }
    match body_of(kind) {
        Body::Order => through::<OrderEvent>(body),
        Body::Assignment => through::<AssignmentEvent>(body),
        Body::Payment => through::<PaymentEvent>(body),
        Body::Payout => through::<PayoutEvent>(body),
        Body::Person => through::<UserEvent>(body),
        Body::Readmission => through::<ReadmissionEvent>(body),
        Body::Profile => through::<ProfileEvent>(body),
        Body::Review => through::<ReviewEvent>(body),
        Body::Rating => through::<RatingEvent>(body),
        Body::Alarm => through::<AlarmEvent>(body),
    }
}

/// Supports the subset of JSON Schema that the files use; ignores purely descriptive keywords.
fn fits(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let members = schema
        .as_object()
        .ok_or_else(|| format!("no schema: {schema}"))?;
    for (word, wanted) in members {
        let is_met = match word.as_str() {
            "$ref" => {
                let name = wanted.as_str().unwrap_or_default().trim_start_matches('#');
                let named = root.pointer(name).ok_or_else(|| format!("no {wanted}"))?;
                return fits(root, named, value);
            }
            "type" => match wanted {
                Value::Array(some) => some.iter().any(|one| is_of(one, value)),
                one => is_of(one, value),
            },
            "enum" => wanted.as_array().is_some_and(|words| words.contains(value)),
            "oneOf" | "anyOf" => {
                let any = wanted.as_array().into_iter().flatten();
                any.clone().any(|one| fits(root, one, value).is_ok())
            }
            "allOf" => {
                for one in wanted.as_array().into_iter().flatten() {
                    fits(root, one, value)?;
                }
                true
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    fits(root, wanted, item)?;
                }
                true
            }
            "required" => wanted
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .all(|name| value.get(name).is_some()),
            "properties" => {
                for (name, own) in wanted.as_object().into_iter().flatten() {
                    if let Some(field) = value.get(name) {
                        fits(root, own, field).map_err(|why| format!("{name}: {why}"))?;
                    }
                }
                true
            }
            _ => true,
        };
        if !is_met {
            return Err(format!("{value} is not {word} {wanted}"));
        }
    }
    Ok(())
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    }
}

fn place(file: &str) -> PathBuf {
    PathBuf::from(FOLDER).join(file)
}

fn keep(file: &str, value: &Value) {
    let path = place(file);
    let text = format!("{value:#}\n");
    if std::env::var("HOLDFAST_GOLDEN").is_ok_and(|mode| mode == "write") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let stands = fs::read_to_string(&path).unwrap_or_default();
    assert!(stands == text, "{file} is old: run `cargo xtask golden`");
}
