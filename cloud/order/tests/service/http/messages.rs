//! Messages between the two people of an order: who reads them, once each and in order, blocks,
//! reports, and the line about those that no one has read.

use axum::{
    extract::Request,
    http::{Method, header},
};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;
use wire::{Actor, CommandBody, Event, EventType, OrderId};

use super::service::*;
use crate::stage::*;

const MINUTE_MS: i64 = 60_000;
const MONTH_MS: i64 = 30 * 24 * 60 * MINUTE_MS;

/// An order of customer 1 that provider 1 has accepted.
pub(super) async fn accepted(service: &Service) -> OrderId {
    let order_id = service.stage.pending().await;
    service.stage.decide(provider(1), accept(order_id)).await;
    order_id
}

pub(super) fn messages_of(order_id: OrderId) -> String {
    format!("/api/v1/orders/{order_id}/messages")
}

impl Service {
    async fn write(&self, writer: Actor, order_id: OrderId, text: &str) -> Answer {
        let form = json!({ "text": text });
        self.post(writer, &messages_of(order_id), form).await
    }

    async fn put(&self, person: Actor, path: &str, form: Value) -> Answer {
        let token = format!("Bearer {}", self.token(person));
        let request = Request::builder().method(Method::PUT).uri(path);
        self.send(request.header(header::AUTHORIZATION, token), Some(form))
            .await
    }

    async fn read_up_to(&self, reader: Actor, order_id: OrderId, number: u64) -> Answer {
        let path = format!("{}/read", messages_of(order_id));
        self.put(reader, &path, json!({ "number": number })).await
    }

    async fn set_block(&self, person: Actor, order_id: OrderId, blocked: bool) -> Answer {
        let path = format!("{}/block", messages_of(order_id));
        self.put(person, &path, json!({ "blocked": blocked })).await
    }

    async fn report(&self, person: Actor, order_id: OrderId, number: u64) -> Answer {
        let path = format!("{}/{number}/report", messages_of(order_id));
        let form = json!({ "reason": "He insults me." });
        self.post(person, &path, form).await
    }

    /// The texts that a person reads, oldest first.
    async fn texts(&self, reader: Actor, order_id: OrderId) -> Vec<String> {
        let thread = self.get(reader, &messages_of(order_id)).await;
        assert_eq!(thread.status.as_u16(), 200, "{}", thread.body);
        let items = thread.body["items"].as_array().unwrap().iter().rev();
        items
            .map(|item| item["text"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(super) async fn events_of(&self, kind: EventType) -> Vec<Event> {
        let mut events = self.stage.events().await;
        events.retain(|event| event.kind == kind);
        events
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_two_of_an_order_write_to_each_other_and_no_one_else_reads_it(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = accepted(&service).await;
    let version = service.stage.store.find_order(order_id).await.unwrap();
    let version = version.unwrap().version;
    let sent = service.write(provider(1), order_id, " I come at 2. ").await;
    assert_eq!(sent.status.as_u16(), 201, "{}", sent.body);
    assert_eq!(sent.body["number"], 1);
    assert_eq!(sent.body["from"], "provider");
    let sent = service
        .write(customer(1), order_id, "水阀在水槽下面。")
        .await;
    assert_eq!(
        (&sent.body["number"], &sent.body["from"]),
        (&json!(2), &json!("customer"))
    );
    for reader in [customer(1), provider(1)] {
        let texts = service.texts(reader, order_id).await;
        assert_eq!(texts, ["I come at 2.", "水阀在水槽下面。"]);
    }
    for stranger in [customer(2), provider(2)] {
        let thread = service.get(stranger, &messages_of(order_id)).await;
        thread.refused(404, "order_not_found");
        let sent = service.write(stranger, order_id, "Hello").await;
        sent.refused(404, "order_not_found");
        let read = service.read_up_to(stranger, order_id, 9).await;
        read.refused(404, "order_not_found");
        let blocked = service.set_block(stranger, order_id, true).await;
        blocked.refused(404, "order_not_found");
        let reported = service.report(stranger, order_id, 1).await;
        reported.refused(404, "order_not_found");
    }
    let thread = service.get(admin(), &messages_of(order_id)).await;
    thread.refused(403, "role_forbidden");
    let order = service.stage.store.find_order(order_id).await.unwrap();
    assert_eq!(
        order.unwrap().version,
        version,
        "a message changes no order"
    );
    let events = service.events_of(EventType::OrderMessageSent).await;
    let [first, second] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(first.body["actor"]["role"], "provider");
    assert_eq!(second.body["actor"]["role"], "customer");
    let told = serde_json::to_string(&events).unwrap();
    assert!(!told.contains("at 2") && !told.contains("水槽"), "{told}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_is_stored_once_and_those_at_once_have_an_order(#[case] engine: Engine) {
    let service = std::sync::Arc::new(Service::new(engine).await);
    let order_id = accepted(&service).await;
    let mut sends = JoinSet::new();
    for n in 0..8_u128 {
        // Each message is sent twice at once under its key.
        for _ in 0..2 {
            let service = service.clone();
            let writer = if n % 2 == 0 { customer(1) } else { provider(1) };
            sends.spawn(async move {
                let form = json!({ "text": format!("message {n}") });
                let key = Some(Uuid::from_u128(100 + n));
                let path = messages_of(order_id);
                service.keyed(writer, &path, key, form).await
            });
        }
    }
    let mut numbers: Vec<u64> = Vec::new();
    while let Some(sent) = sends.join_next().await {
        let sent = sent.unwrap();
        assert_eq!(sent.status.as_u16(), 201, "{}", sent.body);
        numbers.push(sent.body["number"].as_u64().unwrap());
    }
    numbers.sort_unstable();
    let twice: Vec<u64> = (1..=8).flat_map(|number| [number, number]).collect();
    assert_eq!(numbers, twice);
    let key = Some(Uuid::from_u128(100));
    let other = json!({ "text": "another text" });
    let path = messages_of(order_id);
    let reused = service.keyed(customer(1), &path, key, other).await;
    reused.refused(409, "command_id_reused");
    let mut texts = service.texts(provider(1), order_id).await;
    texts.sort_unstable();
    let expected: Vec<String> = (0..8).map(|n| format!("message {n}")).collect();
    assert_eq!(texts, expected);
    let events = service.events_of(EventType::OrderMessageSent).await;
    assert_eq!(events.len(), 8);
}

#[tokio::test]
async fn messages_begin_with_the_acceptance_and_close_a_month_after_the_end() {
    let service = Service::new(Engine::Sqlite).await;
    let order_id = service.stage.pending().await;
    let early = service.write(customer(1), order_id, "Hello?").await;
    early.refused(409, "messages_not_open");
    let thread = service.get(customer(1), &messages_of(order_id)).await.body;
    assert_eq!(thread["refusal"], "messages_not_open");

    service.stage.decide(provider(1), accept(order_id)).await;
    service.write(provider(1), order_id, "On my way").await;
    let cancel = CommandBody::CancelOrder {
        order_id,
        reason: None,
        fee: None,
    };
    let before = service.stage.clock.now();
    let cancelled = service.stage.decide(admin(), cancel).await;
    assert!(cancelled.has_succeeded(), "{cancelled:?}");
    let thread = service.get(provider(1), &messages_of(order_id)).await.body;
    assert_eq!(thread["refusal"], Value::Null);
    assert_eq!(thread["closes_at"], json!(before.plus_ms(MONTH_MS)));

    service.stage.clock.advance(MONTH_MS - 1);
    let sent = service
        .write(customer(1), order_id, "Where is my key?")
        .await;
    assert_eq!(sent.status.as_u16(), 201, "{}", sent.body);
    service.stage.clock.advance(1);
    let late = service.write(customer(1), order_id, "Still there?").await;
    late.refused(409, "messages_closed");
    let texts = service.texts(provider(1), order_id).await;
    assert_eq!(texts, ["On my way", "Where is my key?"]);
}

#[tokio::test]
async fn a_message_that_no_one_could_read_names_its_field() {
    let service = Service::new(Engine::Sqlite).await;
    let order_id = accepted(&service).await;
    let long = "水".repeat(1_001);
    for text in ["", " \n ", "a\u{202e}b", &long] {
        let refused = service.write(customer(1), order_id, text).await;
        refused.refused(422, "invalid_input");
        assert_eq!(refused.fields(), ["text"], "{text:?}");
    }
    let whole = "水".repeat(1_000);
    let sent = service.write(customer(1), order_id, &whole).await;
    assert_eq!(sent.status.as_u16(), 201, "{}", sent.body);
    assert_eq!(service.texts(provider(1), order_id).await, [whole]);
}

#[tokio::test]
async fn the_next_provider_reads_nothing_that_was_written_to_the_one_before() {
    let service = Service::new(Engine::Sqlite).await;
    let order_id = accepted(&service).await;
    service.write(customer(1), order_id, "The code is 7.").await;
    let back = CommandBody::WithdrawAcceptance {
        order_id,
        reason: None,
    };
    service.stage.decide(provider(1), back).await;
    service.stage.decide(provider(2), accept(order_id)).await;
    let none: [&str; 0] = [];
    assert_eq!(service.texts(provider(2), order_id).await, none);
    let gone = service.get(provider(1), &messages_of(order_id)).await;
    gone.refused(404, "order_not_found");
    assert_eq!(
        service.texts(customer(1), order_id).await,
        ["The code is 7."]
    );
    service.read_up_to(provider(2), order_id, 9).await;
    service.stage.clock.advance(MINUTE_MS);
    service
        .stage
        .store
        .announce_unread_messages(10)
        .await
        .unwrap();
    let told = service.events_of(EventType::OrderMessageUnread).await;
    assert!(told.is_empty(), "{told:?}");
    let thread = service.get(customer(1), &messages_of(order_id)).await.body;
    assert!(thread["items"][0].get("read_at").is_none(), "{thread}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn of_unread_messages_one_line_tells_and_a_read_one_tells_nothing(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = accepted(&service).await;
    let store = &service.stage.store;
    for text in ["One", "Two"] {
        service.write(provider(1), order_id, text).await;
    }
    store.announce_unread_messages(10).await.unwrap();
    assert!(
        service
            .events_of(EventType::OrderMessageUnread)
            .await
            .is_empty()
    );
    service.stage.clock.advance(MINUTE_MS);
    for _ in 0..2 {
        store.announce_unread_messages(10).await.unwrap();
        let told = service.events_of(EventType::OrderMessageUnread).await;
        let [told] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert_eq!(told.body["actor"]["role"], "provider");
    }
    let read = service.read_up_to(customer(1), order_id, 2).await;
    assert_eq!(read.body, json!({ "read": 2 }));
    let thread = service.get(provider(1), &messages_of(order_id)).await.body;
    let now = service.stage.clock.now();
    assert_eq!(thread["items"][0]["read_at"], json!(now));

    service.write(provider(1), order_id, "Three").await;
    service.read_up_to(customer(1), order_id, 3).await;
    service.stage.clock.advance(MINUTE_MS);
    store.announce_unread_messages(10).await.unwrap();
    let told = service.events_of(EventType::OrderMessageUnread).await;
    assert_eq!(told.len(), 1, "the page was open");
    // One that came while an earlier one was read is told of, too.
    for text in ["Four", "Five"] {
        service.write(provider(1), order_id, text).await;
    }
    service.read_up_to(customer(1), order_id, 4).await;
    service.stage.clock.advance(MINUTE_MS);
    store.announce_unread_messages(10).await.unwrap();
    let told = service.events_of(EventType::OrderMessageUnread).await;
    assert_eq!(told.len(), 2, "the fifth is unread");
    // A reader marks what was sent to them, not what they sent.
    let read = service.read_up_to(provider(1), order_id, 9).await;
    assert_eq!(read.body, json!({ "read": 0 }));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_block_stops_both_until_it_is_ended(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = accepted(&service).await;
    let other = accepted(&service).await;
    for _ in 0..2 {
        let blocked = service.set_block(customer(1), order_id, true).await;
        assert_eq!(blocked.body, json!({ "blocked": true }));
    }
    for (writer, order_id) in [
        (provider(1), order_id),
        (customer(1), order_id),
        (provider(1), other),
    ] {
        let refused = service.write(writer, order_id, "Hello").await;
        refused.refused(409, "messages_blocked");
    }
    for (reader, blocked) in [(customer(1), true), (provider(1), false)] {
        let thread = service.get(reader, &messages_of(other)).await.body;
        assert_eq!(thread["blocked"], blocked);
        assert_eq!(thread["refusal"], "messages_blocked");
    }
    let not_his = service.set_block(provider(1), order_id, false).await;
    assert_eq!(not_his.status.as_u16(), 200);
    let refused = service.write(provider(1), order_id, "Hello").await;
    refused.refused(409, "messages_blocked");
    service.set_block(customer(1), order_id, false).await;
    let sent = service.write(provider(1), order_id, "Hello").await;
    assert_eq!(sent.status.as_u16(), 201, "{}", sent.body);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_reported_message_opens_one_case_and_lets_admins_read(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = accepted(&service).await;
    let desk = format!("/api/v1/admin/orders/{order_id}/messages");
    service.write(provider(1), order_id, "You fool").await;
    service.write(customer(1), order_id, "Please stop").await;
    service.get(admin(), &desk).await.refused(404, "not_found");
    // A person reports what was sent to them, and nothing else.
    service
        .report(provider(1), order_id, 1)
        .await
        .refused(404, "not_found");
    service
        .report(customer(1), order_id, 7)
        .await
        .refused(404, "not_found");
    for _ in 0..2 {
        let reported = service.report(customer(1), order_id, 1).await;
        assert_eq!(
            reported.body,
            json!({ "blocked": true }),
            "{}",
            reported.body
        );
    }
    let refused = service.write(provider(1), order_id, "Ha").await;
    refused.refused(409, "messages_blocked");

    let cases = service.get(admin(), "/api/v1/admin/cases").await.body;
    let items = cases["items"].as_array().unwrap();
    let [case] = items.as_slice() else {
        panic!("{cases}");
    };
    assert_eq!(case["kind"], "message_reported");
    assert_eq!(case["user_id"], json!(provider(1).user_id));
    let told = service.events_of(EventType::OrderMessageReported).await;
    let [told] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!(told.body["reason"], "He insults me.");
    assert_eq!(told.body["actor"]["role"], "customer");

    let thread = service.get(admin(), &desk).await.body;
    assert_eq!(thread["items"][0]["text"], "Please stop");
    assert_eq!(thread["items"][1]["text"], "You fool");
    assert_eq!(thread["items"][1]["reported_why"], "He insults me.");
    for (reader, learns) in [(customer(1), true), (provider(1), false)] {
        let thread = service.get(reader, &messages_of(order_id)).await.body;
        let message = &thread["items"][1];
        assert_eq!(message.get("reported_at").is_some(), learns, "{thread}");
        assert!(message.get("reported_why").is_none(), "{thread}");
    }
}

#[tokio::test]
async fn one_person_writes_no_more_than_their_share_and_the_other_still_can() {
    let service = Service::new(Engine::Sqlite).await;
    let order_id = accepted(&service).await;
    for n in 0..500 {
        let sent = service.write(customer(1), order_id, &format!("{n}")).await;
        assert_eq!(sent.status.as_u16(), 201, "{}", sent.body);
    }
    let refused = service.write(customer(1), order_id, "One more").await;
    refused.refused(429, "too_many_messages");
    let sent = service.write(provider(1), order_id, "Please call me").await;
    assert_eq!(sent.body["number"], 501);
    let path = format!("{}?limit=100", messages_of(order_id));
    let mut next = None;
    let mut seen = 0;
    loop {
        let path = next.map_or(path.clone(), |cursor| format!("{path}&cursor={cursor}"));
        let page = service.get(provider(1), &path).await.body;
        seen += page["items"].as_array().unwrap().len();
        next = page["next"].as_str().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    assert_eq!(seen, 501);
}
