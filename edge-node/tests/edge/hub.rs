//! The edge's trust in its hub: the first session pins the hub's key, and later sessions require
//! it. A cloud of the previous version, which signs nothing, serves only an edge without a pinned
//! key.

use holdfast_edge::{RunningEdge, StartError, start};
use process::{clock::Clock, tokens::Signer};
use serde_json::json;
use wire::{Code, Frame, HubKey, Role, SessionRefusal};

use crate::world::{
    accept, cloud::Cloud, config, cut_off, edge, frame, get, order, tablet::Tablet, until,
};

fn key() -> Signer {
    Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap()
}

async fn fed(cloud: &Cloud, cursor: u64) {
    until("the feed", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == cursor)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_session_pins_the_hubs_key_and_nobody_else_is_the_hub_from_then_on() {
    let (cloud, gateway) = Cloud::start().await;
    let hub = key();
    let other = key();
    cloud.seal_with(Some(&hub));
    cloud.put(order(1, 1));
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    fed(&cloud, 1).await;
    assert_eq!(cloud.hellos()[0].pinned, None, "it knew no key");

    for pretender in [Some(&other), None] {
        cloud.seal_with(pretender);
        cut_off(&cloud, edge.http).await;
        let calls = cloud.hellos().len();
        let acks = cloud.acks();
        cloud.put(order(2, 1));
        cloud.heal();
        until("two calls", || async {
            (cloud.hellos().len() >= calls + 2).then_some(())
        })
        .await;
        assert_eq!(cloud.acks(), acks, "no session was opened");
    }
    assert_eq!(cloud.hellos().last().unwrap().pinned, Some(true));

    cloud.seal_with(Some(&hub));
    fed(&cloud, 3).await;
    edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_an_operator_names_counts_before_the_pinned_one() {
    let (cloud, gateway) = Cloud::start().await;
    let old = key();
    let new = key();
    cloud.seal_with(Some(&old));
    let data = tempfile::tempdir().unwrap();
    let gateway = format!("http://{gateway}");
    let first = edge(data.path(), &gateway).await;
    until("a session", || async { cloud.last_ack() }).await;
    first.stop().await;

    cloud.seal_with(Some(&new));
    cloud.put(order(1, 1));
    let mut named = config(data.path(), &gateway);
    named.hub_key = HubKey(new.public_key()).compute_fingerprint().to_string();
    let second = start(named, Clock::system()).await.unwrap();
    fed(&cloud, 1).await;
    second.stop().await;

    cloud.put(order(2, 1));
    let third = edge(data.path(), &gateway).await;
    fed(&cloud, 2).await;
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_cloud_serves_an_edge_without_a_key_and_cannot_make_it_a_twin() {
    let (cloud, gateway) = Cloud::start().await;
    cloud.put(order(1, 1));
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    fed(&cloud, 1).await;
    let code = Code::EdgeTwin;
    cloud.interject(Frame::Refused(SessionRefusal {
        code,
        detail: "you are a copy".into(),
    }));
    until("the next call", || async {
        (cloud.hellos().len() == 2).then_some(())
    })
    .await;
    assert_eq!(cloud.hellos()[1].twin, None);
    edge.stop().await;
}

async fn is_twin(edge: &RunningEdge) -> Option<()> {
    let head = get(edge, "/api/head", None).await.ok()?;
    (head["twin"] == true).then_some(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_twin_promises_no_word_of_the_cloud() {
    let (cloud, gateway) = Cloud::start().await;
    let hub = key();
    cloud.seal_with(Some(&hub));
    cloud.put(order(1, 1));
    let data = tempfile::tempdir().unwrap();
    let gateway = format!("http://{gateway}");
    let first = edge(data.path(), &gateway).await;
    fed(&cloud, 1).await;
    let code = Code::EdgeTwin;
    cloud.interject(Frame::Refused(SessionRefusal {
        code,
        detail: "you are a copy".into(),
    }));
    until("the twin", || is_twin(&first)).await;
    let standing = get(&first, "/standing", None).await.unwrap();
    assert_eq!(
        (&standing["twin"], &standing["suspect"]),
        (&json!(true), &json!(true))
    );
    cloud.cut();
    let token = cloud.people().token(Role::Provider, 20);
    let says = "Stored on a copy of the regional node";
    let mut tablet = Tablet::of(first.mqtt.unwrap(), "t-1", &token, 20).await;
    tablet.send(frame(101, &token, &accept(1))).await;
    let reply = tablet.reply().await;
    assert!(
        reply.message.unwrap().en.starts_with(says),
        "{:?}",
        reply.code
    );
    first.stop().await;

    // A restart restores this from the file.
    let second = edge(data.path(), &gateway).await;
    let mut tablet = Tablet::of(second.mqtt.unwrap(), "t-1", &token, 20).await;
    tablet.send(frame(101, &token, &accept(1))).await;
    assert!(tablet.reply().await.message.unwrap().en.starts_with(says));
    second.stop().await;
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused_unless_the_configuration_allows_it() {
    let data = tempfile::tempdir().unwrap();
    let elsewhere = config(data.path(), "http://192.0.2.1:8080");
    let refused = start(elsewhere.clone(), Clock::system())
        .await
        .err()
        .unwrap();
    assert!(matches!(refused, StartError::PlainLine), "{refused}");
    let mut allowed = elsewhere;
    allowed.plain_link = true;
    start(allowed, Clock::system()).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_fingerprint_that_is_none_is_refused_at_start() {
    let data = tempfile::tempdir().unwrap();
    let mut wrong = config(data.path(), "https://cloud.example");
    wrong.hub_key = "ABCD-EFGH".into();
    let refused = start(wrong, Clock::system()).await.err().unwrap();
    assert!(matches!(refused, StartError::HubKey(_)), "{refused}");
}
