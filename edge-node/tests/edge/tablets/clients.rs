//! Clients that were not written here, in both versions of MQTT: Mosquitto's and paho's. Each
//! connects again by its own rules after the edge has ended its connection.

use tokio::time::timeout;
use wire::{Reply, Role, topics};

use super::{
    Region,
    disconnects::Line,
    foreign::{ClientOptions, ClientProgram, ForeignClient, LEVELS, publish_with_mosquitto},
};
use crate::world::{
    PATIENCE, accept, frame, id,
    tablet::{REGION, edge_id},
};

/// A client of the device `t-1` that hears the head and its replies.
pub(super) fn plain_options(region: &Region, level: u8, token: &str) -> ClientOptions {
    let at = region.broker_address();
    let edge = edge_id();
    let device = wire::DeviceId::new("t-1").unwrap();
    ClientOptions {
        host: at.ip().to_string(),
        port: at.port(),
        websocket_path: String::new(),
        authority: None,
        level,
        keep_alive: 20,
        device: device.to_string(),
        token: token.to_owned(),
        commands: topics::command_topic(REGION, &edge, &device),
        topics: vec![
            topics::head_topic(REGION, &edge),
            topics::reply_topic(REGION, &edge, &device),
        ],
    }
}

async fn hear_reply(client: &mut ForeignClient, replies: &str, number: u128) {
    let hearing = async {
        loop {
            let reply = client.hear(replies).await;
            let reply: Reply = serde_json::from_str(&reply).unwrap();
            if reply.command_id == Some(wire::CommandId(id(number))) {
                return;
            }
        }
    };
    timeout(PATIENCE, hearing)
        .await
        .unwrap_or_else(|_| panic!("no reply to command {number}"));
}

fn command_text(number: u128, token: &str) -> String {
    String::from_utf8(frame(number, token, &accept(1))).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mosquitto_connects_again_and_gets_its_replies() {
    let region = Region::open().await;
    let token = region.token(Role::Provider, 20);
    for (index, level) in (0_u128..).zip(LEVELS) {
        let options = plain_options(&region, level, &token);
        let [head, replies] = [0, 1].map(|n| options.topics[n].clone());
        let mut client = ForeignClient::start(ClientProgram::Mosquitto, options.clone());
        client.hear(&head).await;
        // A takeover. `mosquitto_sub` treats a DISCONNECT of version 5 as final.
        if level == 4 {
            drop(Line::open(&region, level, "t-1.mosquitto_sub", &token).await);
            client.hear(&head).await;
        }
        for qos in ["1", "2"] {
            let number = 101 + 2 * index + u128::from(qos == "2");
            publish_with_mosquitto(&options, qos, &command_text(number, &token)).await;
            hear_reply(&mut client, &replies, number).await;
        }
        client.kill().await;
    }
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paho_connects_again_and_gets_its_replies() {
    let region = Region::open().await;
    let token = region.token(Role::Provider, 20);
    for (number, level) in (101_u128..).zip(LEVELS) {
        let options = plain_options(&region, level, &token);
        let [head, replies] = [0, 1].map(|n| options.topics[n].clone());
        let mut client = ForeignClient::start(ClientProgram::Paho, options);
        client.hear(&head).await;
        // A takeover, which ends paho's connection.
        drop(Line::open(&region, level, "t-1.paho", &token).await);
        client.hear(&head).await;
        client.publish(&command_text(number, &token)).await;
        hear_reply(&mut client, &replies, number).await;
        client.kill().await;
    }
    region.edge.stop().await;
}
