//! Messages between customer and provider: told by the cloud, kept by the edge, and read from it
//! while the region is cut off.

use std::net::SocketAddr;

use holdfast_edge::{RunningEdge, start};
use http::{HeaderMap, StatusCode, header};
use process::{clock::Clock, tokens::Signer};
use serde_json::{Value, json};
use support::files::name_photo;
use tempfile::TempDir;
use wire::{
    ERASED_TITLE, Frame, MESSAGE_PHOTO_PART_BYTES_MAX, MessagesAnswerFrame, Order, OrderStatus,
    Role, UserId,
};

use crate::world::{
    cloud::{Cloud, messages::ScriptedTelling},
    config, cut_off, get, id, order, until,
};

const CUSTOMER: u128 = 10;
const PROVIDER: u128 = 20;

/// Order 1 is accepted by provider 20, and order 2 is open.
struct MessageRegion {
    cloud: Cloud,
    gateway: SocketAddr,
    edge: RunningEdge,
    clock: Clock,
    data: TempDir,
}

fn accepted(n: u128, version: u64) -> Order {
    Order {
        status: OrderStatus::Accepted,
        provider_id: Some(UserId(id(PROVIDER))),
        ..order(n, version)
    }
}

impl MessageRegion {
    async fn with_messages(count: usize) -> Self {
        Self::prepared(count, |_| ()).await
    }

    async fn prepared(count: usize, prepare: impl FnOnce(&Cloud)) -> Self {
        // It moves only in steps, so that no round comes by itself.
        let clock = Clock::fixed_at(Clock::system().now());
        let (cloud, gateway) = Cloud::start_at(clock.clone()).await;
        let key = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
        cloud.seal_with(Some(&key));
        cloud.tell_messages();
        cloud.put(accepted(1, 1));
        cloud.put(order(2, 1));
        for n in 0..count {
            let from = [Role::Customer, Role::Provider][n % 2];
            cloud.send_message(1, from, PROVIDER);
        }
        prepare(&cloud);
        let data = tempfile::tempdir().unwrap();
        let config = config(data.path(), &format!("http://{gateway}"));
        let edge = start(config, clock.clone()).await.unwrap();
        let region = Self {
            cloud,
            gateway,
            edge,
            clock,
            data,
        };
        region.until_asked(1, 1).await;
        region
    }

    /// Moves the clock on until a question about this order, after this many others, came.
    async fn until_asked(&self, order: u128, questions: usize) {
        until("the question", || async {
            self.clock.advance(100);
            let queries = self.cloud.message_queries();
            let mut later = queries.iter().skip(questions - 1);
            let names = |mark: &wire::MessageMark| mark.order_id.0 == id(order);
            let is_asked = later.any(|query| query.marks.iter().any(names));
            is_asked.then_some(())
        })
        .await;
    }

    async fn restarted(self) -> Self {
        self.edge.stop().await;
        let config = config(self.data.path(), &format!("http://{}", self.gateway));
        let edge = start(config, self.clock.clone()).await.unwrap();
        Self { edge, ..self }
    }

    async fn read(&self, role: Role, user: u128, path: &str) -> Result<Value, u16> {
        let token = self.cloud.people().token(role, user);
        get(&self.edge, path, Some(&token)).await
    }

    async fn read_bytes(&self, role: Role, user: u128, path: &str) -> Result<Vec<u8>, StatusCode> {
        let token = self.cloud.people().token(role, user);
        let request = http::Request::get(format!("http://{}{path}", self.edge.http))
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.body(axum::body::Body::empty()).unwrap();
        let client = process::client::Client::new();
        let answer = client.send_request(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = axum::body::Body::new(body);
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        match parts.status {
            StatusCode::OK => Ok(bytes.to_vec()),
            status => Err(status),
        }
    }

    async fn newest(&self, role: Role, user: u128) -> Value {
        self.read(role, user, "/messages").await.unwrap()
    }

    async fn thread(&self, role: Role, user: u128, order: u128) -> Result<Value, u16> {
        let path = format!("/orders/{}/messages", id(order));
        self.read(role, user, &path).await
    }

    /// Waits until the provider may read this much of an order.
    async fn until_newest(&self, order: u128, number: u64) -> Value {
        let expected = json!({ "order_id": id(order), "number": number });
        until("the message", || async {
            let newest = self.newest(Role::Provider, PROVIDER).await;
            let orders = newest["orders"].as_array().unwrap().clone();
            orders.contains(&expected).then_some(newest)
        })
        .await
    }

    async fn until_told(&self) -> Value {
        until("the time", || async {
            let newest = self.newest(Role::Provider, PROVIDER).await;
            (!newest["as_of"].is_null()).then_some(newest)
        })
        .await
    }
}

fn numbers(thread: &Value) -> Vec<u64> {
    let items = thread["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["number"].as_u64().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_arrive_and_are_read_while_the_region_is_cut_off_also_after_a_restart() {
    let region = MessageRegion::with_messages(40).await;
    region.until_newest(1, 40).await;
    let told = region.until_told().await;
    let thread = region.thread(Role::Provider, PROVIDER, 1).await.unwrap();
    let all: Vec<u64> = (1..=40).collect();
    assert_eq!(numbers(&thread), all);
    assert_eq!(thread["as_of"], told["as_of"]);
    let item = &thread["items"][1];
    let expected = json!({
        "number": 2, "id": id(1_002), "from": "provider", "text": "2: 钥匙在垫子下面 🔑",
        "sent_at": item["sent_at"],
    });
    assert_eq!(*item, expected);
    for mark in region.cloud.message_queries().iter().flat_map(|q| &q.marks) {
        assert_ne!(mark.order_id.0, id(2), "an open order has no messages");
    }

    cut_off(&region.cloud, region.edge.http).await;
    let region = region.restarted().await;
    region.clock.advance(60_000);
    let again = region.thread(Role::Provider, PROVIDER, 1).await.unwrap();
    assert_eq!(again, thread);
    let customer = region.thread(Role::Customer, CUSTOMER, 1).await.unwrap();
    assert_eq!(customer, thread);
    assert_eq!(region.newest(Role::Provider, PROVIDER).await, told);
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_but_the_two_of_an_order_learns_of_its_messages() {
    let region = MessageRegion::with_messages(3).await;
    region.until_newest(1, 3).await;
    region.until_told().await;
    for (role, user) in [
        (Role::Provider, 21),
        (Role::Customer, 11),
        (Role::Provider, CUSTOMER),
        (Role::Customer, PROVIDER),
        (Role::Admin, CUSTOMER),
    ] {
        assert_eq!(
            region.thread(role, user, 1).await,
            Err(404),
            "{role} {user}"
        );
        let newest = region.newest(role, user).await;
        assert_eq!(newest["orders"], json!([]), "{role} {user}");
    }
    assert_eq!(region.thread(Role::Provider, PROVIDER, 9).await, Err(404));
    for path in ["/messages".into(), format!("/orders/{}/messages", id(1))] {
        let stranger = get(&region.edge, &path, None).await;
        assert_eq!(stranger, Err(401), "{path}");
        let nonsense = get(&region.edge, &path, Some("nonsense")).await;
        assert_eq!(nonsense, Err(401), "{path}");
    }
    region.edge.stop().await;
}

async fn ask_unless(url: &str, token: &str, known: &str) -> (StatusCode, HeaderMap) {
    let request = http::Request::get(url)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::IF_NONE_MATCH, known);
    let request = request.body(axum::body::Body::empty()).unwrap();
    let client = process::client::Client::new();
    let answer = client.send_request(request).await.unwrap();
    let (parts, _) = answer.into_parts();
    (parts.status, parts.headers)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_the_reader_has_is_not_sent_again() {
    let region = MessageRegion::with_messages(3).await;
    region.until_newest(1, 3).await;
    region.until_told().await;
    let token = region.cloud.people().token(Role::Provider, PROVIDER);
    let at = region.edge.http;
    let urls = ["/messages".into(), format!("/orders/{}/messages", id(1))];
    let urls = urls.map(|path: String| format!("http://{at}{path}"));
    let mut tags = Vec::new();
    for url in &urls {
        let (status, headers) = ask_unless(url, &token, "\"another\"").await;
        assert_eq!(status, StatusCode::OK);
        let tag = headers[header::ETAG].to_str().unwrap().to_owned();
        let (status, _) = ask_unless(url, &token, &tag).await;
        assert_eq!(status, StatusCode::NOT_MODIFIED);
        tags.push(tag);
    }
    region.cloud.send_message(1, Role::Customer, PROVIDER);
    region.clock.advance(15_000);
    region.until_newest(1, 4).await;
    for (url, tag) in urls.iter().zip(tags) {
        assert_eq!(ask_unless(url, &token, &tag).await.0, StatusCode::OK);
    }
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_gets_its_provider_is_asked_about_at_once() {
    let region = MessageRegion::with_messages(1).await;
    region.until_told().await;
    region.cloud.send_message(2, Role::Customer, PROVIDER);
    region.cloud.put(accepted(2, 2));
    let asked = region.cloud.message_queries().len();
    region.clock.advance(1_000);
    region.until_newest(2, 1).await;
    assert!(region.cloud.message_queries().len() > asked);
    region.until_told().await;
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_without_messages_takes_the_time_back_until_it_was_asked_about() {
    let region = MessageRegion::with_messages(1).await;
    region.until_told().await;
    region.cloud.put(accepted(2, 2));
    until("no time", || async {
        let newest = region.newest(Role::Provider, PROVIDER).await;
        newest["as_of"].is_null().then_some(())
    })
    .await;
    let thread = region.thread(Role::Provider, PROVIDER, 2).await.unwrap();
    assert_eq!(thread, json!({ "as_of": null, "items": [] }));
    region.clock.advance(1_000);
    let told = region.until_told().await;
    let thread = region.thread(Role::Provider, PROVIDER, 2).await.unwrap();
    assert_eq!(thread, json!({ "as_of": told["as_of"], "items": [] }));
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloud_that_cannot_tell_is_asked_again_and_proves_nothing() {
    let missing = [ScriptedTelling::Missing; 2];
    let region = MessageRegion::prepared(3, |cloud| cloud.script_messages(missing)).await;
    region.until_asked(1, 2).await;
    let newest = region.newest(Role::Provider, PROVIDER).await;
    assert_eq!(newest, json!({ "as_of": null, "orders": [] }));
    region.until_asked(1, 3).await;
    region.until_newest(1, 3).await;
    region.until_told().await;
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_without_an_answer_is_given_up_and_asked_again_in_the_same_session() {
    let silence = [ScriptedTelling::Silence];
    let region = MessageRegion::prepared(3, |cloud| cloud.script_messages(silence)).await;
    let sessions = region.cloud.hellos().len();
    let pings = region.cloud.pings();
    for ping in 1..=9 {
        region.clock.advance(6_000);
        until("a ping", || async {
            (region.cloud.pings() >= pings + ping).then_some(())
        })
        .await;
    }
    assert_eq!(region.cloud.message_queries().len(), 1, "one is under way");
    for ping in 10..=14 {
        region.clock.advance(6_000);
        until("a ping", || async {
            (region.cloud.pings() >= pings + ping).then_some(())
        })
        .await;
    }
    region.until_newest(1, 3).await;
    assert_eq!(region.cloud.hellos().len(), sessions);
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_the_hub_has_not_signed_brings_nothing() {
    let silence = [ScriptedTelling::Silence; 2];
    let region = MessageRegion::prepared(3, |cloud| cloud.script_messages(silence)).await;
    let query = region.cloud.message_queries().remove(0);
    let sessions = region.cloud.hellos().len();
    region.cloud.send_message(1, Role::Customer, PROVIDER);
    let forged = MessagesAnswerFrame {
        link_session: query.link_session,
        messages: vec![wire::OrderMessage {
            order_id: query.marks[0].order_id,
            number: 1,
            id: wire::CommandId(id(7)),
            from: Role::Customer,
            provider_id: UserId(id(PROVIDER)),
            text: "Come to the back door.".into(),
            sent_at: region.clock.now(),
            photo: None,
        }],
        is_more: false,
        is_missing: false,
        photo: None,
    };
    region.cloud.forge(Frame::MessagesAnswer(forged));
    until("the edge leaves the forger", || async {
        (region.cloud.hellos().len() > sessions).then_some(())
    })
    .await;
    let newest = region.newest(Role::Provider, PROVIDER).await;
    assert_eq!(newest["orders"], json!([]));
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_when_their_customer_is_erased() {
    let region = MessageRegion::with_messages(3).await;
    region.until_newest(1, 3).await;
    region.cloud.put(Order {
        status: OrderStatus::Completed,
        title: ERASED_TITLE.into(),
        updated_at: region.clock.now(),
        ..accepted(1, 2)
    });
    until("they are gone", || async {
        let newest = region.newest(Role::Provider, PROVIDER).await;
        (newest["orders"] == json!([])).then_some(())
    })
    .await;
    let thread = region.thread(Role::Provider, PROVIDER, 1).await.unwrap();
    assert_eq!(thread["items"], json!([]));
    // Nor do they come again, though this cloud still tells them.
    let asked = region.cloud.message_queries().len();
    region.until_asked(1, asked + 2).await;
    let newest = region.newest(Role::Provider, PROVIDER).await;
    assert_eq!(newest["orders"], json!([]));
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_photo_of_a_message_comes_after_it_for_its_readers_and_goes_with_it() {
    let picture = vec![7; 2 * MESSAGE_PHOTO_PART_BYTES_MAX + 1];
    let photo = name_photo(&picture);
    let name = |cloud: &Cloud| cloud.name_photo(photo);
    let region = MessageRegion::prepared(1, name).await;
    region.until_newest(1, 1).await;
    let shown =
        |state: &'static str| json!({ "hash": photo.hash, "bytes": photo.bytes, "state": state });
    let thread = region.thread(Role::Provider, PROVIDER, 1).await.unwrap();
    assert_eq!(thread["items"][0]["photo"], shown("coming"));
    let path = format!("/orders/{}/messages/1/photo", id(1));
    let early = region.read_bytes(Role::Provider, PROVIDER, &path).await;
    assert_eq!(early, Err(StatusCode::NOT_FOUND));

    region.cloud.put_picture(1, 1, &picture);
    until("the picture", || async {
        region.clock.advance(1_000);
        let thread = region.thread(Role::Provider, PROVIDER, 1).await.unwrap();
        (thread["items"][0]["photo"] == shown("here")).then_some(())
    })
    .await;
    let region = region.restarted().await;
    for (role, user) in [(Role::Provider, PROVIDER), (Role::Customer, CUSTOMER)] {
        let read = region.read_bytes(role, user, &path).await;
        assert!(read == Ok(picture.clone()), "{role}");
    }
    for (role, user) in [(Role::Provider, 21), (Role::Customer, 11), (Role::Admin, 1)] {
        let read = region.read_bytes(role, user, &path).await;
        assert_eq!(read, Err(StatusCode::NOT_FOUND), "{role}");
    }

    let folder = region.data.path().join("message-photos");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    region.cloud.put(Order {
        title: ERASED_TITLE.to_owned(),
        ..accepted(1, 2)
    });
    until("no picture", || async {
        region.clock.advance(1_000);
        let files = std::fs::read_dir(&folder).unwrap().count();
        (files == 0).then_some(())
    })
    .await;
    region.edge.stop().await;
}
