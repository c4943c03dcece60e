//! Wills at the embedded broker, byte by byte in both versions of MQTT, and with Mosquitto's client
//! at both brokers.

use std::{collections::BTreeSet, process::Stdio};

use rstest::rstest;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::timeout,
};
use wire::{CommandId, DeviceId, Hop, Role, topics};

use super::{
    BrokerKind, Region, WillFields,
    clients::plain_options,
    connect_packet_with_will,
    disconnects::Line,
    foreign::{LEVELS, mosquitto},
};
use crate::world::{
    PATIENCE, accept, frame, id,
    tablet::{REGION, Tablet, edge_id},
    until,
};

const DISCONNECT: [u8; 2] = [0xe0, 0];
const DISCONNECT_WITH_WILL: [u8; 3] = [0xe0, 1, 4];

fn own_topic(device: &str) -> String {
    topics::command_topic(REGION, &edge_id(), &DeviceId::new(device).unwrap())
}

fn command(number: u128) -> CommandId {
    CommandId(id(number))
}

/// A connection whose will is on its device's own topic.
async fn open_with_will(
    region: &Region,
    level: u8,
    client_id: &str,
    token: &str,
    payload: &[u8],
) -> Line {
    let device = client_id.split('.').next().unwrap();
    let will = WillFields {
        topic: &own_topic(device),
        payload,
        properties: &[],
    };
    let connect = connect_packet_with_will(level, client_id, token, Some(&will));
    let mut line = Line::start(region, &connect).await;
    line.read_acceptance().await;
    line
}

/// Waits for the edge's reply to a command.
async fn hear_stored(listener: &mut Tablet, number: u128) {
    loop {
        let reply = listener.reply().await;
        if reply.hop == Hop::Stored {
            assert_eq!(reply.command_id, Some(command(number)));
            assert!(reply.receipt.is_some());
            return;
        }
    }
}

/// Another connection of the same device, which receives the replies to its wills.
async fn listen(region: &Region, device: &str, token: &str) -> Tablet {
    let at = region.edge.mqtt.unwrap();
    let client_id = format!("{device}.listener");
    let mut listener = Tablet::connect(at, &client_id, device, token)
        .await
        .unwrap();
    let replies = topics::reply_topic(REGION, &edge_id(), &DeviceId::new(device).unwrap());
    assert!(listener.subscribe(&replies).await);
    listener
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_will_is_taken_as_a_command_unless_the_tablet_disconnects(#[values(4, 5)] level: u8) {
    let region = Region::open().await;
    let token = region.token(Role::Provider, 20);
    let mut listener = listen(&region, "t-1", &token).await;
    let will = |number, job| frame(number, &token, &accept(job));

    let mut polite = open_with_will(&region, level, "t-1", &token, &will(101, 1)).await;
    polite.send(&DISCONNECT).await;
    assert_eq!(polite.read_packet().await, None);

    let lost = open_with_will(&region, level, "t-1", &token, &will(102, 1)).await;
    drop(lost);
    hear_stored(&mut listener, 102).await;

    let mut faulty = open_with_will(&region, level, "t-1", &token, &will(103, 2)).await;
    faulty.send(&[0x82, 2, 0, 0]).await;
    hear_stored(&mut listener, 103).await;

    let mut replaced = open_with_will(&region, level, "t-1", &token, &will(104, 3)).await;
    let newer = open_with_will(&region, level, "t-1", &token, &will(105, 3)).await;
    hear_stored(&mut listener, 104).await;
    let told = replaced.read_packet().await;
    assert_eq!(told.is_some(), level == 5, "{told:?}");
    let mut expected = BTreeSet::from([102, 103, 104].map(command));

    drop(newer);
    hear_stored(&mut listener, 105).await;
    expected.insert(command(105));
    if level == 5 {
        let mut asking = open_with_will(&region, level, "t-1", &token, &will(106, 3)).await;
        asking.send(&DISCONNECT_WITH_WILL).await;
        hear_stored(&mut listener, 106).await;
        expected.insert(command(106));
    }
    assert_eq!(region.stop_and_list_commands().await, expected);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_will_elsewhere_is_refused_and_takes_nothing_over(#[values(4, 5)] level: u8) {
    let region = Region::open().await;
    let token = region.token(Role::Provider, 20);
    let edge = edge_id();
    let own = DeviceId::new("t-1").unwrap();
    let mut present = Line::open(&region, level, "t-1", &token).await;
    let payload = frame(101, &token, &accept(1));
    for topic in [
        own_topic("t-2"),
        own_topic("T-1"),
        format!("{}/", own_topic("t-1")),
        topics::reply_topic(REGION, &edge, &own),
        topics::head_topic(REGION, &edge),
        topics::presence_topic(REGION, &edge),
        "gone".to_owned(),
    ] {
        let will = WillFields {
            topic: &topic,
            payload: &payload,
            properties: &[],
        };
        let connect = connect_packet_with_will(level, "t-1", &token, Some(&will));
        let mut refused = Line::start(&region, &connect).await;
        let connack = refused.read_packet().await.unwrap();
        assert_eq!(connack, refusing_connack(level), "{topic}");
        assert_eq!(refused.read_packet().await, None, "{topic}");
        present.send(&[0xc0, 0]).await;
        assert_eq!(present.read_packet().await.unwrap(), [0xd0, 0], "{topic}");
    }
    assert_eq!(region.stop_and_list_commands().await, BTreeSet::new());
}

fn refusing_connack(level: u8) -> Vec<u8> {
    if level == 4 {
        return vec![0x20, 2, 0, 5];
    }
    let text = "will_refused: A will may only be a command of this device, on its own topic.";
    let text_length = u8::try_from(text.len()).unwrap();
    let properties = [&[0x1f, 0, text_length][..], text.as_bytes()].concat();
    let section_length = u8::try_from(properties.len()).unwrap();
    let length = section_length + 3;
    [&[0x20, length, 0, 0x87, section_length][..], &properties].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_will_delay_ends_with_the_session_which_ends_with_its_connection() {
    let region = Region::open().await;
    let token = region.token(Role::Provider, 20);
    let mut listener = listen(&region, "t-1", &token).await;
    let will = WillFields {
        topic: &own_topic("t-1"),
        payload: &frame(101, &token, &accept(1)),
        // Will Delay: 136 years.
        properties: &[0x18, 0xff, 0xff, 0xff, 0xff],
    };
    let connect = connect_packet_with_will(5, "t-1", &token, Some(&will));
    let mut line = Line::start(&region, &connect).await;
    line.read_acceptance().await;
    drop(line);
    hear_stored(&mut listener, 101).await;
    region.edge.stop().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_may_no_longer_publish_leaves_no_will(#[values(4, 5)] level: u8) {
    let region = Region::open().await;
    let at = region.edge.mqtt.unwrap();
    let [ended, owner, visitor] = [20, 21, 22].map(|user| region.token(Role::Provider, user));
    // Its sender's token stays valid, but the connection's counts.
    let will = frame(101, &owner, &accept(1));
    let mut line = open_with_will(&region, level, "t-1", &ended, &will).await;
    region.cloud.tell(wire::FeedChange::Revoked {
        version: 1,
        sessions: vec![wire::SessionId(id(5_020))],
        users: Vec::new(),
        person: None,
        verification: None,
    });
    while line.read_packet().await.is_some() {}

    // A visitor on a device whose owner comes back.
    let before = Tablet::connect(at, "t-2", "t-2", &owner).await;
    before.unwrap().leave().await;
    let will = frame(102, &visitor, &accept(2));
    let mut displaced = until("the device is free", || async {
        let free = Tablet::connect(at, "t-2", "t-2", &visitor).await.ok()?;
        free.leave().await;
        Some(open_with_will(&region, level, "t-2", &visitor, &will).await)
    })
    .await;
    let mut present = listen(&region, "t-2", &owner).await;
    while displaced.read_packet().await.is_some() {}

    present.send(frame(103, &owner, &accept(3))).await;
    hear_stored(&mut present, 103).await;
    let stored = region.stop_and_list_commands().await;
    assert_eq!(stored, BTreeSet::from([command(103)]));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_that_stops_takes_the_wills_of_its_tablets(#[values(4, 5)] level: u8) {
    let region = Region::open().await;
    let token = region.token(Role::Provider, 20);
    let will = frame(101, &token, &accept(1));
    let mut line = open_with_will(&region, level, "t-1", &token, &will).await;
    let stored = region.stop_and_list_commands().await;
    while line.read_packet().await.is_some() {}
    assert_eq!(stored, BTreeSet::from([command(101)]));
}

/// `mosquitto_sub` as the device `t-1`, subscribed to the head and with a will.
fn mosquitto_with_will(
    region: &Region,
    level: u8,
    password: String,
    topic: &str,
    payload: Vec<u8>,
) -> Command {
    let options = plain_options(region, level, &password);
    let mut client = mosquitto("mosquitto_sub", &options);
    client
        .args(["-q", "1", "-t", &topics::head_topic(REGION, &edge_id())])
        .args(["--will-qos", "1", "--will-topic", topic])
        .args(["--will-payload", &String::from_utf8(payload).unwrap()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    client
}

/// Waits until the client has received the head, and kills it.
async fn kill_once_connected(mut client: Command) {
    let mut child = client.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let heard = timeout(PATIENCE, lines.next_line()).await.unwrap();
    assert!(heard.unwrap().is_some(), "it ended before");
    child.kill().await.unwrap();
}

#[rstest]
#[case::embedded(BrokerKind::Embedded)]
#[case::mosquitto(BrokerKind::Mosquitto)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_killed_leaves_its_command_and_nothing_elsewhere(
    #[case] broker: BrokerKind,
) {
    let region = Region::open_with(broker).await;
    let token = region.token(Role::Provider, 20);
    let password = region.broker_password("t-1", &token);
    let mut listener = region.provider("t-1", 20).await;
    let mut victim = region.provider("t-2", 21).await;
    let edge = edge_id();
    let theirs = DeviceId::new("t-2").unwrap();
    for (level, number) in LEVELS.into_iter().zip([101, 102]) {
        let with_will = |topic: &str, command| {
            let payload = frame(command, &token, &accept(1));
            mosquitto_with_will(&region, level, password.clone(), topic, payload)
        };
        // After one message it disconnects.
        let mut polite = with_will(&own_topic("t-1"), 201);
        let polite = timeout(PATIENCE, polite.args(["-C", "1"]).output()).await;
        assert!(polite.unwrap().unwrap().status.success());
        for forbidden in [
            own_topic("t-2"),
            topics::reply_topic(REGION, &edge, &theirs),
            topics::changes_topic(REGION, &edge),
        ] {
            let mut client = with_will(&forbidden, 202);
            if broker == BrokerKind::Embedded {
                let refused = timeout(PATIENCE, client.output()).await.unwrap().unwrap();
                assert!(!refused.status.success(), "{forbidden}: {refused:?}");
            } else {
                // Mosquitto takes any will, and publishes only what its rules allow.
                kill_once_connected(client).await;
            }
        }
        kill_once_connected(with_will(&own_topic("t-1"), number)).await;
        hear_stored(&mut listener, number).await;
    }
    let others = region.token(Role::Provider, 21);
    victim.send(frame(103, &others, &accept(3))).await;
    let replies = topics::reply_topic(REGION, &edge, &theirs);
    loop {
        let (topic, message) = victim.message().await;
        assert!(
            !message.to_string().contains(&id(202).to_string()),
            "{topic}: {message}"
        );
        if topic == replies {
            assert_eq!(message["command_id"], serde_json::json!(id(103)));
            break;
        }
    }
    let stored = region.stop_and_list_commands().await;
    assert_eq!(stored, BTreeSet::from([101, 102, 103].map(command)));
}
