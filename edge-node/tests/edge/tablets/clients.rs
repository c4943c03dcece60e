//! Clients that were not written here, in both versions of MQTT: Mosquitto's and paho's. Each
//! connects again by its own rules after the edge has ended its connection.

use std::{path::PathBuf, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{ChildStdout, Command},
    time::timeout,
};
use wire::{Reply, Role, topics};

use super::{Region, disconnects::Line};
use crate::world::{
    PATIENCE, accept, frame, id,
    tablet::{REGION, edge_id},
};

const VERSIONS: [(u8, &str); 2] = [(4, "mqttv311"), (5, "mqttv5")];

/// `mosquitto_sub` or `mosquitto_pub` as the device `t-1`.
fn mosquitto(program: &str, region: &Region, version: &str, token: &str) -> Command {
    let at = region.edge.mqtt.unwrap();
    let mut command = Command::new(program);
    command
        .args(["-V", version, "-h", &at.ip().to_string()])
        .args(["-p", &at.port().to_string()])
        .args(["-i", &format!("t-1.{program}"), "-u", "t-1", "-P", token])
        .kill_on_drop(true);
    command
}

/// The payload of the next message on that topic.
async fn next_message(lines: &mut Lines<BufReader<ChildStdout>>, topic: &str) -> String {
    let reading = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("it runs on");
            if let Some(payload) = line.strip_prefix(&format!("{topic} ")) {
                return payload.to_owned();
            }
        }
    };
    timeout(PATIENCE, reading).await.expect("a message")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mosquitto_connects_again_and_gets_its_replies() {
    let region = Region::open().await;
    let token = region.token(Role::Provider, 20);
    let edge = edge_id();
    let device = wire::DeviceId::new("t-1").unwrap();
    let head = topics::head_topic(REGION, &edge);
    let replies = topics::reply_topic(REGION, &edge, &device);
    let commands = topics::command_topic(REGION, &edge, &device);
    for (index, (level, version)) in (0_u128..).zip(VERSIONS) {
        let mut subscriber = mosquitto("mosquitto_sub", &region, version, &token)
            .args(["-v", "-q", "1", "-t", &head, "-t", &replies])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(subscriber.stdout.take().unwrap()).lines();
        next_message(&mut lines, &head).await;
        // A takeover. `mosquitto_sub` treats a DISCONNECT of version 5 as final.
        if level == 4 {
            drop(Line::open(&region, level, "t-1.mosquitto_sub", &token).await);
            next_message(&mut lines, &head).await;
        }
        for qos in ["1", "2"] {
            let number = 101 + 2 * index + u128::from(qos == "2");
            let command = frame(number, &token, &accept(1));
            let command = String::from_utf8(command).unwrap();
            let published = mosquitto("mosquitto_pub", &region, version, &token)
                .args(["-q", qos, "-t", &commands, "-m", &command])
                .output();
            let published = timeout(PATIENCE, published).await.unwrap().unwrap();
            assert!(
                published.status.success(),
                "{version}, QoS {qos}: {published:?}"
            );
            assert_eq!(published.stderr, b"", "{version}, QoS {qos}");
            loop {
                let reply = next_message(&mut lines, &replies).await;
                let reply: Reply = serde_json::from_str(&reply).unwrap();
                if reply.command_id == Some(wire::CommandId(id(number))) {
                    break;
                }
            }
        }
        subscriber.kill().await.unwrap();
    }
    region.edge.stop().await;
}

/// The folder of paho, which `cargo xtask install` fills.
fn paho() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let library = program.ancestors().nth(3).unwrap().join("paho");
    assert!(
        library.join("paho").is_dir(),
        "paho is missing: run `cargo xtask install`"
    );
    library
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paho_connects_again_and_gets_its_replies() {
    let region = Region::open().await;
    let token = region.token(Role::Provider, 20);
    let edge = edge_id();
    let device = wire::DeviceId::new("t-1").unwrap();
    let head = topics::head_topic(REGION, &edge);
    let replies = topics::reply_topic(REGION, &edge, &device);
    let commands = topics::command_topic(REGION, &edge, &device);
    let at = region.edge.mqtt.unwrap();
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/edge/tablets/paho_client.py"
    );
    for (number, (level, _)) in (101_u128..).zip(VERSIONS) {
        let mut client = Command::new("python3")
            .env("PYTHONPATH", paho())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .args([script, &at.ip().to_string(), &at.port().to_string()])
            .args([&level.to_string(), "t-1.paho", "t-1", &token])
            .args([&commands, &head, &replies])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut input = client.stdin.take().unwrap();
        let mut lines = BufReader::new(client.stdout.take().unwrap()).lines();
        next_message(&mut lines, &head).await;
        // A takeover, which ends paho's connection.
        drop(Line::open(&region, level, "t-1.paho", &token).await);
        next_message(&mut lines, &head).await;
        let mut command = frame(number, &token, &accept(1));
        command.push(b'\n');
        input.write_all(&command).await.unwrap();
        let reply = next_message(&mut lines, &replies).await;
        let reply: Reply = serde_json::from_str(&reply).unwrap();
        assert_eq!(reply.command_id, Some(wire::CommandId(id(number))));
        client.kill().await.unwrap();
    }
    region.edge.stop().await;
}
