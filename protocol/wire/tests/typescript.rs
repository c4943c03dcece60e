//! The protocol's words as TypeScript for the apps, in `protocol/web/src/wire.gen.ts`.
//!
//! `HOLDFAST_GOLDEN=write` rewrites the file.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use serde::Serialize;
use wire::{
    Action, ChecksumState, Code, CommandBody, Currency, DeviceId, EdgeId, EventType, GateState,
    Hop, IncidentKind, LinkState, OrderStatus, OutcomeKind, PaymentStatus, Policy, QuarantineWhy,
    Region, Role, ServiceType, UserId, Verdict, checklist_for, topics,
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/src/wire.gen.ts");

/// A list that fails to compile if a variant is missing.
macro_rules! every {
    ($name:ident: $($variant:ident),+) => {{
        fn _none_is_missing(value: $name) {
            match value { $($name::$variant => (),)+ }
        }
        [$($name::$variant),+]
    }};
}

#[test]
fn the_apps_know_the_words_of_the_protocol() {
    let text = typescript();
    if std::env::var("HOLDFAST_GOLDEN").is_ok_and(|mode| mode == "write") {
        std::fs::write(FILE, &text).unwrap();
    }
    let stands = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(stands == text, "{FILE} is old: run `cargo xtask golden`");
}

fn typescript() -> String {
    let mut text = String::from(
        "// The words of the protocol, written by protocol/wire/tests/typescript.rs. Do not edit: `cargo xtask golden`.\n",
    );
    union(
        &mut text,
        "ORDER_STATUSES",
        "OrderStatus",
        &OrderStatus::ALL,
    );
    union(&mut text, "ACTIONS", "Action", &Action::ALL);
    union(
        &mut text,
        "INCIDENT_KINDS",
        "IncidentKind",
        &IncidentKind::ALL,
    );
    union(&mut text, "SERVICE_TYPES", "ServiceType", &ServiceType::ALL);
    union(
        &mut text,
        "PAYMENT_STATUSES",
        "PaymentStatus",
        &PaymentStatus::ALL,
    );
    union(&mut text, "REGIONS", "Region", &Region::ALL);
    union(&mut text, "ROLES", "Role", &Role::ALL);
    union(&mut text, "CURRENCIES", "Currency", &Currency::ALL);
    union(
        &mut text,
        "POLICIES",
        "Policy",
        &every!(Policy: Optimistic, Exclusive),
    );
    union(
        &mut text,
        "VERDICTS",
        "Verdict",
        &every!(Verdict: NotTaken, Provisional, Firm),
    );
    union(
        &mut text,
        "REPLY_HOPS",
        "ReplyHop",
        &every!(Hop: Stored, Decided),
    );
    let kinds = every!(OutcomeKind: Applied, Duplicate, Rejected);
    union(&mut text, "OUTCOME_KINDS", "OutcomeKind", &kinds);
    union(
        &mut text,
        "GATE_STATES",
        "GateState",
        &every!(GateState: Open, Closed),
    );
    union(
        &mut text,
        "LINK_STATES",
        "LinkState",
        &every!(LinkState: Up, Down, Never),
    );
    let checksums = every!(ChecksumState: Match, Mismatch, Settling, Unknown);
    union(&mut text, "CHECKSUM_STATES", "ChecksumState", &checksums);
    let whys = every!(QuarantineWhy: EdgeRestored, EdgeCloned);
    union(&mut text, "QUARANTINE_WHYS", "QuarantineWhy", &whys);
    union(&mut text, "COMMAND_TYPES", "CommandType", &command_types());
    union(&mut text, "EVENT_TYPES", "EventType", &EventType::ALL);
    union(&mut text, "CODES", "Code", Code::ALL);
    transitions(&mut text);
    statuses(&mut text);
    checklists(&mut text);
    topic_functions(&mut text);
    text
}

fn union<T: Serialize>(text: &mut String, list: &str, name: &str, values: &[T]) {
    let words = values
        .iter()
        .map(|value| format!("  {},\n", quoted(value)))
        .collect::<String>();
    write!(text, "\nexport const {list} = [\n{words}] as const\n").unwrap();
    writeln!(text, "export type {name} = (typeof {list})[number]").unwrap();
}

fn quoted(value: &impl Serialize) -> String {
    format!(
        "'{}'",
        serde_json::to_value(value).unwrap().as_str().unwrap()
    )
}

/// The `type` of each command in JSON.
fn command_types() -> Vec<&'static str> {
    fn _none_is_missing(body: &CommandBody) {
        match body {
            CommandBody::PublishOrder { .. }
            | CommandBody::ApproveOrder { .. }
            | CommandBody::RejectOrder { .. }
            | CommandBody::AcceptOrder { .. }
            | CommandBody::WithdrawAcceptance { .. }
            | CommandBody::StartOrder { .. }
            | CommandBody::CompleteOrder { .. }
            | CommandBody::CancelOrder { .. }
            | CommandBody::SubmitReview { .. }
            | CommandBody::ReportIncident { .. }
            | CommandBody::AnswerIncident { .. }
            | CommandBody::RescheduleOrder { .. }
            | CommandBody::SendMessage { .. } => (),
        }
    }
    let names = [
        "publish_order",
        "approve_order",
        "reject_order",
        "accept_order",
        "withdraw_acceptance",
        "start_order",
        "complete_order",
        "cancel_order",
        "submit_review",
        "report_incident",
        "answer_incident",
        "reschedule_order",
        "send_message",
    ];
    for name in names {
        let fields = r#""order_id":"00000000-0000-7000-8000-000000000000","reason":"r","rating":5,"text":"t",
            "kind":"other","incident":"00000000-0000-7000-8000-000000000000","agreed":true,
            "proposal":"00000000-0000-7000-8000-000000000000",
            "order":{"title":"t","service_type":"other","price":"1.00","location":"MID","address":"a"}"#;
        let json = format!(r#"{{"type":"{name}",{fields}}}"#);
        assert!(serde_json::from_str::<CommandBody>(&json).is_ok(), "{name}");
    }
    names.into()
}

fn transitions(text: &mut String) {
    text.push_str("\n/** Where each action leads. The server alone says who may do it. */\n");
    text.push_str(
        "export const AFTER: Record<OrderStatus, Partial<Record<Action, OrderStatus>>> = {\n",
    );
    for status in OrderStatus::ALL {
        let ways = Action::ALL
            .iter()
            .filter_map(|action| Some(format!("{action}: '{}'", status.next_status(*action)?)));
        let ways = ways.collect::<Vec<_>>().join(", ");
        let ways = if ways.is_empty() {
            "{}".into()
        } else {
            format!("{{ {ways} }}")
        };
        writeln!(text, "  {status}: {ways},").unwrap();
    }
    text.push_str("}\n");
}

fn statuses(text: &mut String) {
    text.push_str("\n/** The HTTP status of each code. */\nexport const STATUS_OF: Record<Code, number> = {\n");
    for code in Code::ALL {
        writeln!(text, "  {}: {},", code.as_str(), code.status()).unwrap();
    }
    text.push_str("}\n");
}

fn checklists(text: &mut String) {
    text.push_str("\n/** The keys of the checklist for each kind of work. */\n");
    text.push_str("export const CHECKLISTS: Record<ServiceType, readonly string[]> = {\n");
    for service in ServiceType::ALL {
        let keys = checklist_for(service).iter().map(quoted);
        let keys = keys.collect::<Vec<_>>().join(", ");
        writeln!(text, "  {service}: [{keys}],").unwrap();
    }
    text.push_str("}\n");
}

fn topic_functions(text: &mut String) {
    let region = Region::North;
    let edge = EdgeId::new("edge-name").unwrap();
    let device = DeviceId::new("device-name").unwrap();
    let user = UserId(uuid::Uuid::nil());
    let parts = [
        (region.to_string(), "region"),
        (edge.to_string(), "edge"),
        (device.to_string(), "device"),
        (user.to_string(), "user"),
    ];
    let functions = [
        ("cmd", topics::command_topic(region, &edge, &device)),
        ("reply", topics::reply_topic(region, &edge, &device)),
        ("provider", topics::provider_topic(region, &edge, user)),
        ("changes", topics::changes_topic(region, &edge)),
        ("head", topics::head_topic(region, &edge)),
    ];
    text.push_str(
        "\n/** The MQTT topics between a tablet and its edge. */\nexport const topics = {\n",
    );
    for (name, topic) in functions {
        let used = parts
            .iter()
            .filter(|(part, _)| topic.contains(part.as_str()));
        let arguments = used.clone().map(|(_, name)| match *name {
            "region" => "region: Region".to_owned(),
            other => format!("{other}: string"),
        });
        let arguments = arguments.collect::<Vec<_>>().join(", ");
        let topic = used.fold(topic.clone(), |topic, (part, name)| {
            topic.replace(part.as_str(), &format!("${{{name}}}"))
        });
        writeln!(text, "  {name}: ({arguments}) => `{topic}`,").unwrap();
    }
    text.push_str("}\n");
}
