//! Messages of a tablet at an edge that is cut off, over a link that breaks and an edge that dies.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use http::{Method, Request, StatusCode};
use process::client::Client;
use serde::Deserialize;
use serde_json::{Value, json};
use stack::{Layout, Part, Stack, Stores, Wishes};
use support::{
    Api, Mqtt, Person, Tablet, eventually,
    files::{name_photo, png},
};
use wire::{Code, CommandBody, CommandId, OrderId, OutcomeKind, Region, Role, UnixMillis, Verdict};

use crate::operator::north;

const REGION: Region = Region::North;
const ROUNDS: usize = 10;
const IN_EACH_ROUND: usize = 2;
/// One that the edge still has when it is killed.
const MESSAGE_WITH_PHOTO: usize = 6;
const PHOTO_BYTES_MAX: usize = 1 << 20;
/// The first bytes of a JPEG file.
const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];
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

/// A message that the edge has receipted.
struct SentMessage {
    id: CommandId,
    order_id: OrderId,
    /// Empty with a photo.
    text: String,
}

/// Checks that the provider's messages of this order arrived once, in the tablet's order.
fn check_thread<'a>(thread: &[Message], sent: impl Iterator<Item = &'a SentMessage>) {
    let numbers: Vec<u64> = thread.iter().map(|one| one.number).collect();
    let count = u64::try_from(thread.len()).unwrap();
    assert_eq!(numbers, Vec::from_iter(1..=count), "without a gap");
    assert!(thread.is_sorted_by_key(|one| one.sent_at));
    let own = thread.iter().filter(|one| one.from == Role::Provider);
    let own: Vec<_> = own.map(|one| (one.id, one.text.clone())).collect();
    let expected: Vec<_> = sent.map(|one| (one.id, one.text.clone())).collect();
    assert_eq!(own, expected);
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
        let edge = Api::new(self.edge_url());
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

    fn edge_url(&self) -> String {
        let port = self.stack.layout().edge(REGION).http;
        format!("http://127.0.0.1:{port}")
    }

    async fn upload_photo(&self, command: CommandId, picture: &[u8]) {
        let hash = name_photo(picture).hash;
        let request = Request::put(format!(
            "{}/photos/{command}/{hash}?offset=0",
            self.edge_url()
        ))
        .header(
            "authorization",
            format!("Bearer {}", self.tablet.person().token),
        )
        .body(Body::from(picture.to_vec()));
        let standing: Value = Client::new()
            .send_prepared(request.unwrap(), LIMIT)
            .await
            .unwrap();
        assert_eq!(standing["state"], "stored", "{standing}");
    }

    /// Reads the photo of the message as the customer, once it has arrived.
    async fn arrived_photo(&self, order_id: OrderId, number: u64) -> Bytes {
        eventually("the photo has arrived", LIMIT, async || {
            let url = format!(
                "{}/api/v1/orders/{order_id}/messages/{number}/photo",
                self.api.gateway()
            );
            let request = Request::get(url)
                .header("authorization", format!("Bearer {}", self.customer.token))
                .body(Body::empty());
            let answer = Client::new().send_request(request.unwrap()).await.ok()?;
            let (head, body) = answer.into_parts();
            if head.status != StatusCode::OK {
                return None;
            }
            to_bytes(body, PHOTO_BYTES_MAX).await.ok()
        })
        .await
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
    let picture = png(40, 30);
    let mut sent: Vec<SentMessage> = Vec::new();
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
            let has_photo = count == MESSAGE_WITH_PHOTO;
            let text = match has_photo {
                true => String::new(),
                false => format!("message {count}"),
            };
            let command = scene.tablet.prepare(CommandBody::SendMessage {
                order_id,
                text: text.clone(),
                photo: has_photo.then(|| name_photo(&picture)),
            });
            let reply = scene.tablet.until_stored(command, LIMIT).await.unwrap();
            if has_photo {
                scene.upload_photo(command, &picture).await;
            }
            assert_ne!(reply.verdict, Verdict::NotTaken, "{reply:?}");
            assert_eq!(reply.code, None, "{reply:?}");
            sent.push(SentMessage {
                id: command,
                order_id,
                text,
            });
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
    for message in &sent {
        let decided = scene.tablet.until_decided(message.id, LIMIT).await.unwrap();
        let outcome = decided.outcome.unwrap();
        assert!(outcome.has_succeeded(), "{outcome:?}");
    }
    let threads = [scene.thread(orders[0]).await, scene.thread(orders[1]).await];
    for (order_id, thread) in orders.into_iter().zip(&threads) {
        check_thread(thread, sent.iter().filter(|one| one.order_id == order_id));
    }
    let with_photo = threads[1].iter().find(|one| one.text.is_empty());
    let photo = scene.arrived_photo(orders[1], with_photo.unwrap().number);
    assert!(photo.await.starts_with(&JPEG), "encoded anew by the cloud");
    let answers = threads[0].iter().filter(|one| one.from == Role::Customer);
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
