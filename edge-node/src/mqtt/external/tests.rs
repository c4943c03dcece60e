use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::mpsc,
};
use wire::{Role, topics};

use super::*;
use crate::{
    config::Config,
    mqtt::command_queue::{QueuedCommand, UNANSWERED_MAX, command_queue},
    tests::{People, device, identity},
};

const CONNACK: [u8; 5] = [0x20, 3, 1, 0, 0];
const SUBACK: [u8; 6] = [0x90, 4, 0xff, 0xff, 0, 1];
const PUBLISH: u8 = 0x32;
const PUBACK: u8 = 0x40;
const PATIENCE: Duration = Duration::from_secs(10);

struct ReceivedPacket {
    first: u8,
    body: Vec<u8>,
}

/// The broker's end of a connection whose bytes the test writes.
struct ScriptedBroker {
    stream: DuplexStream,
}

impl ScriptedBroker {
    async fn read_packet(&mut self) -> ReceivedPacket {
        let reading = async {
            let first = self.stream.read_u8().await.unwrap();
            let length = self.read_length().await;
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await.unwrap();
            ReceivedPacket { first, body }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap()
    }

    /// Reads packets until one that begins with this byte.
    async fn read_until(&mut self, first: u8) -> Vec<u8> {
        loop {
            let packet = self.read_packet().await;
            if packet.first == first {
                return packet.body;
            }
        }
    }

    async fn read_length(&mut self) -> usize {
        let mut length = 0;
        for shift in [0, 7, 14] {
            let byte = self.stream.read_u8().await.unwrap();
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        length
    }

    async fn publish(&mut self, packet_id: u16, payload: &[u8]) {
        let topic = topics::command_topic(identity().region, &identity().edge_id, &device("t-1"));
        let length = 2 + topic.len() + 2 + 1 + payload.len();
        let mut packet = vec![0x32];
        packet.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        packet.push(u8::try_from(length >> 7).unwrap());
        packet.extend(u16::try_from(topic.len()).unwrap().to_be_bytes());
        packet.extend(topic.as_bytes());
        packet.extend(packet_id.to_be_bytes());
        packet.push(0);
        packet.extend(payload);
        self.stream.write_all(&packet).await.unwrap();
    }
}

struct Scene {
    tasks: Tasks,
    broker: ScriptedBroker,
    edge: ExternalBroker,
    inbound: mpsc::Receiver<QueuedCommand>,
    people: People,
}

/// A connected edge.
async fn connect() -> Scene {
    let people = People::new();
    let (inbox, inbound) = command_queue();
    let config = Config {
        broker_url: "mqtt://127.0.0.1:1".to_owned(),
        ..Config::default()
    };
    let edge = ExternalBroker::new();
    let client = BrokerClient {
        identity: identity(),
        authenticator: people.authenticator(),
        inbox,
        address: BrokerAddress::from_config(&config, &people.clock)
            .await
            .unwrap(),
        broker: edge.clone(),
    };
    let (ours, theirs) = duplex(64 * 1024);
    let tasks = Tasks::new();
    let stop = tasks.stop_token();
    tasks.spawn("session", async move {
        let session = BrokerSession::new(&client, Box::new(theirs));
        // Ends with the test's end of the stream.
        let _ = Box::pin(session.run(&stop)).await;
    });
    let mut broker = ScriptedBroker { stream: ours };
    broker.read_until(0x10).await;
    broker.stream.write_all(&CONNACK).await.unwrap();
    broker.read_until(0x82).await;
    assert!(edge.is_connected() && edge.check_readiness().is_err());
    broker.stream.write_all(&SUBACK).await.unwrap();
    let presence = broker.read_until(0x33).await;
    assert!(presence.ends_with(br#"{"edge":"north-1","online":true}"#));
    let mut status = edge.0.status.subscribe();
    let subscribed = status.wait_for(|status| *status == BrokerStatus::Subscribed);
    subscribed.await.unwrap();
    Scene {
        tasks,
        broker,
        edge,
        inbound,
        people,
    }
}

#[tokio::test]
async fn the_broker_keeps_a_command_until_it_is_answered() {
    let mut scene = connect().await;
    let token = scene.people.token(Role::Provider, 20);
    let frame = format!(r#"{{"token":"{token}"}}"#);
    for packet_id in 1..=UNANSWERED_MAX {
        scene.broker.publish(packet_id, frame.as_bytes()).await;
    }
    let mut taken = Vec::new();
    while taken.len() < usize::from(UNANSWERED_MAX) {
        taken.push(scene.inbound.recv().await.unwrap());
    }
    // Another message shows that no acknowledgement precedes it.
    scene.edge.publish("after", Vec::new(), false);
    let published = scene.broker.read_packet().await;
    assert_eq!(published.first, PUBLISH);
    drop(taken.swap_remove(41));
    let acknowledged = scene.broker.read_until(PUBACK).await;
    assert_eq!(acknowledged, 42_u16.to_be_bytes());
    scene.tasks.shutdown(PATIENCE).await;
}

#[tokio::test]
async fn a_foreign_token_is_refused_and_acknowledged() {
    let mut scene = connect().await;
    let id = crate::tests::id(7);
    let frame = format!(r#"{{"id":"{id}","token":"nonsense"}}"#);
    scene.broker.publish(9, frame.as_bytes()).await;
    let mut packets = [
        scene.broker.read_packet().await,
        scene.broker.read_packet().await,
    ];
    packets.sort_by_key(|packet| packet.first);
    let [reply, acknowledged] = packets;
    assert_eq!((reply.first, acknowledged.first), (PUBLISH, PUBACK));
    assert_eq!(acknowledged.body, 9_u16.to_be_bytes());
    let reply = String::from_utf8_lossy(&reply.body).into_owned();
    assert!(reply.contains("/reply/t-1"), "{reply}");
    assert!(reply.contains("invalid_token") && reply.contains(&id.to_string()));
    scene.tasks.shutdown(PATIENCE).await;
}

#[tokio::test]
async fn the_newest_head_comes_first_after_any_number_of_messages() {
    let mut scene = connect().await;
    // Two thousand messages exceed the outbox, which drops the oldest.
    for n in 0..2_000 {
        scene.edge.publish("changes", vec![0; n], false);
    }
    scene.edge.publish("head", b"newest".to_vec(), true);
    let head = scene.broker.read_until(0x33).await;
    assert!(head.ends_with(b"newest"));
    scene.tasks.shutdown(PATIENCE).await;
}
