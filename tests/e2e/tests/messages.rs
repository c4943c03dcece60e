//! Messages of a tablet at an edge that is cut off, over a link that breaks and an edge that dies.

use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use stack::{Layout, Part, Stack, Stores, Wishes};
use support::{Api, Mqtt, Person, Tablet, eventually};
use wire::{Code, CommandBody, CommandId, OrderId, OutcomeKind, Region, Role, UnixMillis, Verdict};

use crate::operator::north;

const REGION: Region = Region::North;
const ROUNDS: usize = 10;
const IN_EACH_ROUND: usize = 2;
/// Long enough for a killed process to come back on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// A platform on which one provider has jobs of one customer, and a tablet.
struct Scene {
    stack: Stack,
    api: Api,
    customer: Person,
    provider: Person,
    tablet: Tablet,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Message {
    number: u64,
    id: CommandId,
    from: Role,
    text: String,
    sent_at: UnixMillis,
}

fn message(order_id: OrderId, text: &str) -> CommandBody {
    CommandBody::SendMessage {
        order_id,
        text: text.to_owned(),
        photo: None,
    }
}

impl Scene {
    async fn begin() -> Self {
        let layout = Layout::temporary(Stores::Embedded).unwrap().with_one_edge();
        let stack = Stack::start(layout, &Wishes::of_few_people()).await;
        let stack = stack.unwrap();
        let api = Api::new(stack.layout().gateway_url());
        let admin = stack.admin_sign_in();
        let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
        let customer = api.newcomer(Role::Customer).await.unwrap();
        let provider = api.provider(&admin).await.unwrap();
        let at_edge = api.at_edges(&provider, REGION).await.unwrap();
        let tablet = Tablet::new(north(&stack), "writing-tablet", &at_edge, Mqtt::V5);
        Self {
            stack,
            api,
            customer,
            provider,
            tablet,
        }
    }

    /// A job of the provider that the edge knows.
    async fn accepted(&self, title: &str) -> OrderId {
        let admin = self.stack.admin_sign_in();
        let admin = self.api.sign_in(&admin.username, &admin.password).await;
        let admin = admin.unwrap();
        let published = self
            .api
            .publish_approved(&self.customer, &admin, REGION, title);
        let order_id = published.await.unwrap();
        let accepted = self.api.act(&self.provider, order_id, "accept");
        accepted.await.unwrap();
        let port = self.stack.layout().edge(REGION).http;
        let edge = Api::new(format!("http://127.0.0.1:{port}"));
        eventually(
            "the edge has the job as the provider's",
            LIMIT,
            async || {
                let reader = Some(self.tablet.person());
                let board = edge
                    .call::<Value>(Method::GET, "/board", reader, None)
                    .await;
                let board = board.ok()?;
                let mut items = board["items"].as_array()?.iter();
                let job = items.find(|item| item["id"] == json!(order_id))?;
                (job["status"] == "accepted").then_some(())
            },
        )
        .await;
        order_id
    }

    async fn thread(&self, order_id: OrderId) -> Vec<Message> {
        let path = format!("/api/v1/orders/{order_id}/messages?limit=100");
        let reader = Some(&self.customer);
        let page = self
            .api
            .call::<Value>(Method::GET, &path, reader, None)
            .await;
        let mut page = page.unwrap();
        let items = page["items"].take();
        let mut messages: Vec<Message> = serde_json::from_value(items).unwrap();
        messages.reverse();
        messages
    }

    async fn write_at_portal(&self, order_id: OrderId, text: &str) {
        let path = format!("/api/v1/orders/{order_id}/messages");
        let form = json!({ "text": text });
        let sent = self.api.post_keyed::<Value>(&path, &self.customer, form);
        sent.await.unwrap();
    }

    async fn end(self) {
        self.tablet.stop().await;
        self.stack.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_messages_arrive_once_in_order_over_ten_cuts_and_two_deaths_of_the_edge() {
    let scene = Scene::begin().await;
    let orders = [
        scene.accepted("Mend the tap").await,
        scene.accepted("Mend the lamp").await,
    ];
    let mut sent: Vec<(CommandId, OrderId, String)> = Vec::new();
    scene.stack.cut(REGION).await.unwrap();
    for round in 0..ROUNDS {
        if round == 4 {
            // The edge dies with what it has taken, before the cloud has it.
            scene.stack.kill9(Part::Edge(REGION)).await.unwrap();
            scene.stack.restart(Part::Edge(REGION)).await.unwrap();
        }
        for n in 0..IN_EACH_ROUND {
            let count = round * IN_EACH_ROUND + n;
            let order_id = orders[usize::from(count.is_multiple_of(3))];
            let text = format!("message {count}");
            let command = scene.tablet.prepare(message(order_id, &text));
            let reply = scene.tablet.until_stored(command, LIMIT).await.unwrap();
            assert_ne!(reply.verdict, Verdict::NotTaken, "{reply:?}");
            assert_eq!(reply.code, None, "{reply:?}");
            sent.push((command, order_id, text));
        }
        scene
            .write_at_portal(orders[0], &format!("answer {round}"))
            .await;
        // The gate opens and closes while the log drains.
        scene.stack.heal(REGION).await.unwrap();
        if round == 7 {
            // It dies while the outcomes come back.
            scene.stack.kill9(Part::Edge(REGION)).await.unwrap();
            scene.stack.restart(Part::Edge(REGION)).await.unwrap();
        }
        scene.stack.cut(REGION).await.unwrap();
    }
    scene.stack.heal(REGION).await.unwrap();
    for (command, ..) in &sent {
        let decided = scene.tablet.until_decided(*command, LIMIT).await.unwrap();
        let outcome = decided.outcome.unwrap();
        assert!(outcome.has_succeeded(), "{outcome:?}");
    }
    for order_id in orders {
        let thread = scene.thread(order_id).await;
        let numbers: Vec<u64> = thread.iter().map(|one| one.number).collect();
        let count = u64::try_from(thread.len()).unwrap();
        assert_eq!(numbers, Vec::from_iter(1..=count), "without a gap");
        assert!(thread.is_sorted_by_key(|one| one.sent_at));
        let own = thread.iter().filter(|one| one.from == Role::Provider);
        let own: Vec<_> = own.map(|one| (one.id, one.text.clone())).collect();
        let expected = sent.iter().filter(|(_, to, _)| *to == order_id);
        let expected: Vec<_> = expected.map(|(id, _, text)| (*id, text.clone())).collect();
        assert_eq!(own, expected, "each once, in the order of the tablet");
    }
    let answers = scene.thread(orders[0]).await;
    let answers = answers.iter().filter(|one| one.from == Role::Customer);
    assert_eq!(answers.count(), ROUNDS);
    let timeline = scene
        .api
        .timeline(&scene.customer, orders[0])
        .await
        .unwrap();
    assert!(
        timeline.iter().all(|entry| entry.edge.is_none()),
        "the history has no line for a message"
    );
    scene.stack.healthy(LIMIT).await.unwrap();
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_blocked_and_of_a_reported_sender_are_refused_when_they_arrive() {
    let scene = Scene::begin().await;
    let order_id = scene.accepted("Mend the tap").await;
    let first = scene.tablet.tap(message(order_id, "You fool"), LIMIT).await;
    let first = first.unwrap().command_id.unwrap();
    let decided = scene.tablet.until_decided(first, LIMIT).await.unwrap();
    assert_eq!(decided.outcome.unwrap().kind, OutcomeKind::Applied);
    let messages = format!("/api/v1/orders/{order_id}/messages");
    let customer = Some(&scene.customer);
    let set_block = async |blocked: bool| {
        let path = format!("{messages}/block");
        let form = Some(json!({ "blocked": blocked }));
        let done = scene.api.call::<Value>(Method::PUT, &path, customer, form);
        done.await.unwrap();
    };
    let report = async || {
        let path = format!("{messages}/1/report");
        let form = json!({ "reason": "He insults me." });
        let done = scene.api.post_keyed::<Value>(&path, &scene.customer, form);
        done.await.unwrap();
    };
    for is_reported in [false, true] {
        scene.stack.cut(REGION).await.unwrap();
        let stored = scene.tablet.tap(message(order_id, "Answer me"), LIMIT);
        let stored = stored.await.unwrap();
        assert_eq!(
            (stored.verdict, stored.code),
            (Verdict::Provisional, None),
            "the edge knows of no block"
        );
        match is_reported {
            false => set_block(true).await,
            true => report().await,
        }
        scene.stack.heal(REGION).await.unwrap();
        let command = stored.command_id.unwrap();
        let decided = scene.tablet.until_decided(command, LIMIT).await.unwrap();
        let outcome = decided.outcome.unwrap();
        assert_eq!(outcome.code, Some(Code::MessagesBlocked), "{outcome:?}");
        let said = decided.message.unwrap();
        assert!(!said.en.is_empty() && !said.zh.is_empty(), "{said:?}");
        let thread = scene.thread(order_id).await;
        assert_eq!(thread.len(), 1, "{thread:?}");
        set_block(false).await;
    }
    // The block is over, so the next one arrives.
    let last = scene.tablet.tap(message(order_id, "Sorry"), LIMIT).await;
    let last = last.unwrap().command_id.unwrap();
    scene.tablet.until_decided(last, LIMIT).await.unwrap();
    eventually("it is in the thread", LIMIT, async || {
        let thread = scene.thread(order_id).await;
        (thread.len() == 2 && thread[1].text == "Sorry").then_some(())
    })
    .await;
    scene.end().await;
}
