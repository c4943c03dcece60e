//! Waiting events are never lost. A stopped consumer gets its events when it is back, each once. An
//! event that cannot be handled becomes a dead letter; an operator reads the reason, then redrives
//! or drops it.

use std::time::Duration;

use chaos::operator;
use http::Method;
use mongodb::bson::{Document, doc};
use platform::bus::{Bus, topology};
use process::{clock::Clock, parts::CloudPart};
use serde_json::{Value, json};
use stack::{Layout, Part, Stack, Stores, Wishes};
use support::{
    Api, Operator, Person, eventually, is_deep_run,
    samples::{order, person},
    test_servers,
};
use wire::{CommandId, Event, EventId, EventType, OrderEvent, Role};

const NOTIFICATION: Part = Part::Alone(CloudPart::Notification);
const QUEUE: &str = "order_queue";
/// Of the events that wait for a stopped consumer, how many come twice.
const TWICE: usize = 500;
const DRAINED_WITHIN: Duration = Duration::from_secs(120);
const SOON: Duration = Duration::from_secs(30);
const LETTERS: &str = "/api/v1/admin/letters";

/// Events that wait for a stopped consumer.
fn waiting_events() -> usize {
    if is_deep_run() { 10_000 } else { 2_000 }
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_events_wait_for_a_stopped_part_and_one_for_a_person() {
    let layout = Layout::temporary(Stores::Real).unwrap().with_one_edge();
    let wishes = Wishes::default().on(test_servers());
    let stack = Stack::start(layout, &wishes).await.unwrap();
    let api = Api::new(stack.layout().gateway_url());
    let admin = stack.admin_sign_in();
    let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
    let stores = stack.stores().unwrap();
    let bus = Bus::open(&stores.bus_url()).await.unwrap();
    let mongodb = stores.database_url(CloudPart::Notification);
    let mongodb = mongodb::Client::with_uri_str(mongodb).await.unwrap();
    let inbox = mongodb
        .default_database()
        .unwrap()
        .collection::<Document>("customer_inbox");
    let desk = Desk {
        api,
        admin,
        operator: operator(&stack).await,
    };

    desk.settles_a_letter(&bus).await;

    stack.kill9(NOTIFICATION).await.unwrap();
    let count = waiting_events();
    let events: Vec<Event> = (0..count).map(told).collect();
    for part in events.chunks(500).chain([&events[..TWICE]]) {
        bus.replay_events(&topology::ORDER_QUEUE, part)
            .await
            .unwrap();
    }
    let shown = desk.asks(Method::GET, LETTERS, None).await;
    assert_eq!(
        shown["missing"],
        json!(["notification"]),
        "who is away is named: {shown}"
    );
    stack.restart(NOTIFICATION).await.unwrap();
    eventually("every event is taken in", DRAINED_WITHIN, async || {
        let lines = inbox.count_documents(doc! {}).await.unwrap();
        let left = bus.count_waiting(QUEUE).await.unwrap();
        (lines >= count as u64 && left == 0).then_some(())
    })
    .await;
    assert_eq!(
        inbox.count_documents(doc! {}).await.unwrap(),
        count as u64,
        "each once"
    );
    assert_eq!(desk.waiting().await, 0, "none was put aside");
    bus.close().await;
    stack.stop().await.unwrap();
}

struct Desk {
    api: Api,
    admin: Person,
    operator: Operator,
}

impl Desk {
    async fn settles_a_letter(&self, bus: &Bus) {
        let poison = event(&json!({ "order": "none" }));
        bus.replay_events(&topology::ORDER_QUEUE, std::slice::from_ref(&poison))
            .await
            .unwrap();
        let letter = self.letter_but(&Value::Null).await;
        assert_eq!(
            (&letter["event"], &letter["type"]),
            (&json!(poison.id), &json!("order.created"))
        );
        let reason = letter["reason"].as_str().unwrap();
        assert!(
            reason.starts_with("the event cannot be handled: "),
            "{reason}"
        );
        assert!(letter["put_aside_at"].is_string() && letter["happened_at"].is_string());
        assert!(letter.get("body").is_none(), "it names nobody: {letter}");

        // The queue takes it again, and it fails as before.
        let named = json!({ "events": [poison.id] });
        let path = format!("{LETTERS}/{QUEUE}/redrive");
        eventually("the broker has it back from the look", SOON, async || {
            let done = self.asks(Method::POST, &path, Some(named.clone())).await;
            (done == json!({ "settled": 1 })).then_some(())
        })
        .await;
        let again = self.letter_but(&letter["put_aside_at"]).await;
        assert_eq!(again["event"], json!(poison.id), "it was tried anew");
        self.has_waiting(1).await;
        eventually("the operator reads the same", SOON, async || {
            let (_, listed) = self.operator.gets(&format!("dlq show {QUEUE}")).unwrap();
            (listed["items"] == json!([again])).then_some(())
        })
        .await;
        let other = EventId(Clock::system().new_id());
        let (_, none) = self
            .operator
            .gets(&format!("dlq drop {QUEUE} {other}"))
            .unwrap();
        assert_eq!(none, json!({ "settled": 0 }), "another's id drops nothing");
        eventually("it is dropped", SOON, async || {
            let line = format!("dlq drop {QUEUE} {}", poison.id);
            (self.operator.gets(&line).unwrap().1 == json!({ "settled": 1 })).then_some(())
        })
        .await;
        self.has_waiting(0).await;

        let nowhere = format!("{LETTERS}/nothing");
        let unknown = self
            .api
            .call::<Value>(Method::GET, &nowhere, Some(&self.admin), None)
            .await;
        assert_eq!(
            unknown.unwrap_err().problem.unwrap().code,
            wire::Code::NotFound
        );
    }

    /// The dead letter, once it differs from the one put aside at this time.
    async fn letter_but(&self, before: &Value) -> Value {
        eventually("the event is put aside", SOON, async || {
            let shown = self
                .asks(Method::GET, &format!("{LETTERS}/{QUEUE}"), None)
                .await;
            let letter = shown["items"].get(0)?.clone();
            (letter["put_aside_at"] != *before).then_some(letter)
        })
        .await
    }

    /// The broker's count lags.
    async fn has_waiting(&self, letters: u64) {
        eventually("the letters are counted", SOON, async || {
            (self.waiting().await == letters).then_some(())
        })
        .await;
    }

    async fn waiting(&self) -> u64 {
        let shown = self.asks(Method::GET, LETTERS, None).await;
        let mut boxes = shown["items"].as_array().unwrap().iter();
        let own = boxes
            .find(|one| one["name"] == QUEUE)
            .expect("the queue is listed");
        assert_eq!(
            (&own["kind"], &own["part"]),
            (&json!("dead"), &json!("notification"))
        );
        own["waiting"].as_u64().unwrap()
    }

    async fn asks(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        self.api
            .call(method, path, Some(&self.admin), body)
            .await
            .unwrap()
    }
}

/// An event that notifies one customer about an order.
fn told(n: usize) -> Event {
    let body = OrderEvent::from_order(
        order(1_000 + n as u128, 1),
        person(10, Role::Customer),
        CommandId(Clock::system().new_id()),
    );
    event(&serde_json::to_value(body).unwrap())
}

fn event(body: &Value) -> Event {
    let clock = Clock::system();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    Event::new(
        EventId(clock.new_id()),
        EventType::OrderCreated,
        clock.now(),
        trace,
        body,
    )
    .unwrap()
}
