//! The edge at an external broker: outages of either side, and who hears what.

use std::process::Stdio;

use holdfast_edge::{Config, RunningEdge, start};
use process::clock::Clock;
use serde_json::{Value, json};
use support::Authority;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
};
use wire::{CommandId, Hop, Role, topics};

use super::{BrokerKind, Region};
use crate::world::{
    accept, call, frame, get, id,
    mosquitto::{Mosquitto, broker_password},
    tablet::{REGION, Tablet, edge_id},
    until,
};

/// Publishes as `t-1` over TLS with Mosquitto's client.
async fn publish_over_tls(mosquitto: &Mosquitto, payload: Vec<u8>) {
    let device = wire::DeviceId::new("t-1").unwrap();
    let mut client = Command::new("mosquitto_pub")
        .args(["-V", "mqttv5", "-h", "localhost", "-q", "1", "-s"])
        .args(["-p", &mosquitto.tls_port().to_string(), "--cafile"])
        .arg(mosquitto.authority())
        .args(["-i", "t-1.pub", "-u", "t-1", "-P", &broker_password("t-1")])
        .args(["-t", &topics::command_topic(REGION, &edge_id(), &device)])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take().unwrap();
    input.write_all(&payload).await.unwrap();
    drop(input);
    assert!(client.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_keeps_commands_for_an_edge_that_is_away() {
    let mut region = Region::open_with(BrokerKind::Mosquitto).await;
    let mut tablet = region.provider("t-1", 20).await;
    let presence = topics::presence_topic(REGION, &edge_id());
    assert!(tablet.subscribe(&presence).await);
    let online: Value = tablet.hear(&presence).await;
    assert_eq!(online["online"], json!(true));
    let token = region.token(Role::Provider, 20);
    region.edge.stop().await;
    let offline: Value = tablet.hear(&presence).await;
    assert_eq!(offline, json!({"edge": "north-1", "online": false}));

    let mosquitto = region.mosquitto.as_ref().unwrap();
    publish_over_tls(mosquitto, frame(101, &token, &accept(1))).await;
    region.edge = start(region.config.clone(), Clock::system()).await.unwrap();
    let stored = tablet.reply().await;
    assert_eq!(stored.command_id, Some(CommandId(id(101))));
    assert_eq!(stored.hop, Hop::Stored);
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_broker_is_away_readiness_says_so_and_http_works() {
    let mut region = Region::open_with(BrokerKind::Mosquitto).await;
    region.mosquitto.as_mut().unwrap().kill();
    until("the edge is not ready", || async {
        get(&region.edge, "/health/ready", None).await.err()
    })
    .await;
    let why = read_readiness(&region.edge).await;
    assert!(why.contains("edge.broker_url is away"), "{why}");
    let token = region.token(Role::Provider, 20);
    let command: Value = serde_json::from_slice(&frame(101, &token, &accept(1))).unwrap();
    let at = region.edge.http;
    let reply = call(at, http::Method::POST, "/commands", None, Some(&command)).await;
    assert_eq!(reply.unwrap()["verdict"], json!("provisional"));

    region.mosquitto.as_mut().unwrap().start_again().await;
    region.await_ready().await;
    let mut tablet = region.provider("t-1", 20).await;
    let head: Value = tablet.hear(&topics::head_topic(REGION, &edge_id())).await;
    assert_eq!(head["edge"], json!("north-1"), "published again");
    tablet.send(frame(102, &token, &accept(2))).await;
    assert_eq!(tablet.reply().await.command_id, Some(CommandId(id(102))));
    region.edge.stop().await;
}

/// The operators' readiness report.
async fn read_readiness(edge: &RunningEdge) -> String {
    let mut socket = TcpStream::connect(edge.operator.unwrap()).await.unwrap();
    let request = b"GET /health/ready HTTP/1.1\r\nhost: edge\r\nconnection: close\r\n\r\n";
    socket.write_all(request).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_gets_only_the_decisions_of_its_last_user() {
    let region = Region::open_with(BrokerKind::Mosquitto).await;
    let password = broker_password("t-1");
    let at = region.broker_address();
    let mut tablet = Tablet::connect(at, "t-1", "t-1", &password).await.unwrap();
    let device = wire::DeviceId::new("t-1").unwrap();
    let replies = topics::reply_topic(REGION, &edge_id(), &device);
    assert!(tablet.subscribe(&replies).await);
    region.cut_off().await;
    for (command, user, job) in [(101, 20, 1), (102, 21, 2)] {
        let token = region.token(Role::Provider, user);
        tablet.send(frame(command, &token, &accept(job))).await;
        assert_eq!(
            tablet.reply().await.command_id,
            Some(CommandId(id(command)))
        );
    }
    region.cloud.heal();
    let decided = tablet.reply().await;
    assert_eq!(decided.hop, Hop::Decided);
    assert_eq!(decided.command_id, Some(CommandId(id(102))), "not 101");
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_shows_its_password_to_no_broker_of_another_authority() {
    let mut region = Region::open_with(BrokerKind::Mosquitto).await;
    region.edge.stop().await;
    let other = Authority::new().unwrap();
    let file = region.config.data.join("other.pem");
    std::fs::write(&file, other.pem()).unwrap();
    region.config.broker_roots = file;
    region.edge = start(region.config.clone(), Clock::system()).await.unwrap();
    until("the reason", || async {
        let why = read_readiness(&region.edge).await;
        why.contains("invalid peer certificate").then_some(())
    })
    .await;
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_shows_its_certificate_to_a_broker_that_demands_one() {
    let mut region = Region::open_with(BrokerKind::Mosquitto).await;
    region.edge.stop().await;
    let mosquitto = region.mosquitto.as_ref().unwrap();
    let without = mosquitto.configure_mutual(region.config.clone());
    let [broker_certificate, broker_key] = mosquitto.client_certificate();
    let with = Config {
        broker_certificate,
        broker_key,
        ..without.clone()
    };
    region.edge = start(without, Clock::system()).await.unwrap();
    until("the refusal", || async {
        let why = read_readiness(&region.edge).await;
        why.contains("CertificateRequired").then_some(())
    })
    .await;
    region.edge.stop().await;
    region.edge = start(with, Clock::system()).await.unwrap();
    region.await_ready().await;
    region.edge.stop().await;
}
