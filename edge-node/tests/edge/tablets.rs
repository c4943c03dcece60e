//! Real MQTT clients: against the embedded broker its authentication, and in `brokers` what holds
//! with every broker.

mod brokers;
mod clients;
mod disconnects;
mod external;
mod foreign;
mod journeys;
mod names;
mod page;
mod proofs;
mod receipts;
mod signed_out;
mod wills;
mod without_mqtt;

use std::{collections::BTreeSet, net::SocketAddr};

use futures::{SinkExt, StreamExt};
use holdfast_edge::{Config, path_in, read_report, start};
use process::clock::Clock;
use rumqttc::ConnectReturnCode;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};
use wire::{CommandId, Role, topics};

use crate::world::{
    accept,
    cloud::Cloud,
    config, cut_off, frame, get, id,
    mosquitto::{Mosquitto, broker_password},
    order,
    tablet::{REGION, Tablet, edge_id},
    until,
};

struct Region {
    cloud: Cloud,
    edge: holdfast_edge::RunningEdge,
    /// The external broker.
    mosquitto: Option<Mosquitto>,
    config: Config,
    _data: tempfile::TempDir,
}

/// The broker between the edge and its tablets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BrokerKind {
    Embedded,
    Mosquitto,
}

impl Region {
    /// An enrolled edge with orders 1 to 3 and its link up.
    async fn open() -> Self {
        Self::open_with(BrokerKind::Embedded).await
    }

    async fn open_with(broker: BrokerKind) -> Self {
        let (cloud, gateway) = Cloud::start().await;
        (1..=3).for_each(|n| cloud.put(order(n, 1)));
        let data = tempfile::tempdir().unwrap();
        let mut config = config(data.path(), &format!("http://{gateway}"));
        let mut mosquitto = None;
        if broker == BrokerKind::Mosquitto {
            let started = Mosquitto::start().await;
            config = started.configure(config);
            mosquitto = Some(started);
        }
        let edge = start(config.clone(), Clock::system()).await.unwrap();
        until("three orders at the edge", || async {
            cloud.last_ack().filter(|ack| ack.feed_cursor == 3)
        })
        .await;
        let region = Self {
            cloud,
            edge,
            mosquitto,
            config,
            _data: data,
        };
        region.await_ready().await;
        region
    }

    async fn cut_off(&self) {
        cut_off(&self.cloud, self.edge.http).await;
    }

    /// Waits until the edge is connected to its broker.
    async fn await_ready(&self) {
        until("the edge is ready", || async {
            get(&self.edge, "/health/ready", None).await.ok()
        })
        .await;
    }

    /// Where tablets connect without TLS.
    fn broker_address(&self) -> SocketAddr {
        match &self.mosquitto {
            Some(mosquitto) => mosquitto.plain(),
            None => self.edge.mqtt.unwrap(),
        }
    }

    /// The device's password: the embedded broker takes its person's token.
    fn broker_password(&self, device: &str, token: &str) -> String {
        match &self.mosquitto {
            Some(_) => broker_password(device),
            None => token.to_owned(),
        }
    }

    fn token(&self, role: Role, user: u128) -> String {
        self.cloud.people().token(role, user)
    }

    async fn provider(&self, device: &str, user: u128) -> Tablet {
        let token = self.token(Role::Provider, user);
        let password = self.broker_password(device, &token);
        Tablet::of(self.broker_address(), device, &password, user).await
    }

    /// Stops the edge, which answers every command that it has taken, and returns those that are in
    /// the cloud or wait for it.
    async fn stop_and_list_commands(self) -> BTreeSet<CommandId> {
        self.edge.stop().await;
        let waiting = read_report(&path_in(&self.config.data)).unwrap().items;
        let mut stored = command_ids(&self.cloud);
        stored.extend(waiting.iter().map(|item| item.command_id));
        stored
    }
}

fn command_ids(cloud: &Cloud) -> BTreeSet<CommandId> {
    let commands = cloud.commands();
    commands.iter().map(|op| op.command.id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_valid_token_of_ones_own_opens_the_door_and_the_refusal_says_so() {
    let region = Region::open().await;
    let at = region.edge.mqtt.unwrap();
    let good = region.token(Role::Provider, 20);
    let expired = region.cloud.people().token_until(Role::Provider, 20, -1);
    let foreign = crate::world::People::new().token(Role::Provider, 20);
    for (client, user, token, code) in [
        (
            "t-1",
            "t-1",
            "nonsense",
            ConnectReturnCode::BadUserNamePassword,
        ),
        (
            "t-1",
            "t-1",
            foreign.as_str(),
            ConnectReturnCode::BadUserNamePassword,
        ),
        (
            "t-1",
            "t-2",
            good.as_str(),
            ConnectReturnCode::BadUserNamePassword,
        ),
        (
            "T-1",
            "t-1",
            good.as_str(),
            ConnectReturnCode::BadUserNamePassword,
        ),
        ("T 1", "T 1", good.as_str(), ConnectReturnCode::BadClientId),
        (
            "t-1",
            "t-1",
            expired.as_str(),
            ConnectReturnCode::NotAuthorized,
        ),
    ] {
        let refused = Tablet::connect(at, client, user, token).await.err();
        assert_eq!(refused, Some(code), "{client} {user}");
    }
    assert!(Tablet::connect(at, "t-1", "t-1", &good).await.is_ok());
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_answers_to_one_person_at_a_time() {
    let region = Region::open().await;
    let at = region.edge.mqtt.unwrap();
    let mine = region.token(Role::Provider, 20);
    let foreign = region.token(Role::Provider, 21);
    let mut tablet = region.provider("t-1", 20).await;
    for client_id in ["t-1", "t-1.second"] {
        let refused = Tablet::connect(at, client_id, "t-1", &foreign).await.err();
        assert_eq!(refused, Some(ConnectReturnCode::BadClientId), "{client_id}");
    }
    let mut second = Tablet::connect(at, "t-1.second", "t-1", &mine)
        .await
        .unwrap();
    let replies = topics::reply_topic(REGION, &edge_id(), &wire::DeviceId::new("t-1").unwrap());
    assert!(
        second.subscribe(&replies).await,
        "one person may hold several connections"
    );
    region.cut_off().await;
    tablet.send(frame(101, &mine, &accept(1))).await;
    for heard in [tablet.reply().await, second.reply().await] {
        assert_eq!(heard.command_id, Some(wire::CommandId(id(101))));
    }

    second.leave().await;
    tablet.leave().await;
    let mut other = until("the device is free", || async {
        Tablet::connect(at, "t-1", "t-1", &foreign).await.ok()
    })
    .await;
    assert!(other.subscribe(&replies).await);
    region.cloud.heal();
    until("the first person's outcome", || async {
        let decided = region.cloud.outcome_count();
        let known = region.cloud.commands().len() == 1;
        region
            .cloud
            .last_ack()
            .filter(|ack| known && ack.outcome_cursor == decided)
    })
    .await;
    other.send(frame(102, &foreign, &accept(2))).await;
    let heard = other.reply().await.command_id;
    assert_eq!(
        heard,
        Some(wire::CommandId(id(102))),
        "and nothing of the person before"
    );
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_to_a_device_waits_for_nobody_who_held_it_before() {
    let region = Region::open().await;
    let at = region.edge.mqtt.unwrap();
    let foreign = region.token(Role::Provider, 21);
    let replies = topics::reply_topic(REGION, &edge_id(), &wire::DeviceId::new("t-1").unwrap());
    let mut before = Tablet::resume(at, "t-1.before", "t-1", &foreign)
        .await
        .unwrap();
    assert!(before.subscribe(&replies).await);
    before.leave().await;
    let mine = region.token(Role::Provider, 20);
    let mut tablet = until("the device is free", || async {
        Tablet::connect(at, "t-1", "t-1", &mine).await.ok()
    })
    .await;
    assert!(tablet.subscribe(&replies).await);
    tablet.send(frame(101, &mine, &accept(1))).await;
    tablet.reply().await;
    tablet.leave().await;

    let mut before = until("the device is free again", || async {
        Tablet::resume(at, "t-1.before", "t-1", &foreign).await.ok()
    })
    .await;
    assert!(before.subscribe(&replies).await);
    before.send(frame(102, &foreign, &accept(2))).await;
    assert_eq!(
        before.reply().await.command_id,
        Some(wire::CommandId(id(102)))
    );
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mqtt_runs_over_websocket_beside_clients_that_never_finish_their_handshake() {
    let region = Region::open().await;
    let _silent = tokio::net::TcpStream::connect(region.edge.ws.unwrap())
        .await
        .unwrap();
    let token = region.token(Role::Provider, 20);
    drop(over_websocket(region.edge.ws.unwrap(), "t-ws", &token).await);
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_that_has_ended_leaves_nobody_signed_in() {
    let region = Region::open().await;
    let [first, second] = [20, 21].map(|user| region.token(Role::Provider, user));
    for n in 0..6 {
        let device = format!("t-{n}");
        let mut socket = over_websocket(region.edge.ws.unwrap(), &device, &first).await;
        let busy = refusal(region.edge.mqtt.unwrap(), &device, &second)
            .await
            .unwrap();
        assert!(busy.1.starts_with("device_in_use"), "{busy:?}");
        if n % 2 == 0 {
            const DISCONNECT: [u8; 2] = [0xe0, 0];
            socket
                .send(Message::Binary(DISCONNECT.to_vec().into()))
                .await
                .unwrap();
        }
        drop(socket);
        until("the device is free", || async {
            refusal(region.edge.mqtt.unwrap(), &device, &second)
                .await
                .is_none()
                .then_some(())
        })
        .await;
    }
    region.edge.stop().await;
}

type TabletSocket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// Opens an accepted connection.
async fn over_websocket(at: std::net::SocketAddr, device: &str, token: &str) -> TabletSocket {
    let mut request = format!("ws://{at}/mqtt").into_client_request().unwrap();
    request
        .headers_mut()
        .insert("sec-websocket-protocol", "mqtt".parse().unwrap());
    let (mut socket, answer) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert_eq!(answer.headers()["sec-websocket-protocol"], "mqtt");
    let connect = connect_packet(4, device, token);
    // Split, because a packet may span messages.
    let (head, tail) = connect.split_at(5);
    socket
        .send(Message::Binary(head.to_vec().into()))
        .await
        .unwrap();
    socket
        .send(Message::Binary(tail.to_vec().into()))
        .await
        .unwrap();
    let answer = socket.next().await.unwrap().unwrap().into_data();
    assert_eq!(&answer[..], [0x20, 2, 0, 0], "CONNACK, accepted");
    socket
}

/// CONNECT with user name and password. Level 4 is version 3.1.1.
fn connect_packet(level: u8, client_id: &str, token: &str) -> Vec<u8> {
    connect_packet_with_will(level, client_id, token, None)
}

struct WillFields<'a> {
    topic: &'a str,
    payload: &'a [u8],
    /// Properties of version 5.
    properties: &'a [u8],
}

fn connect_packet_with_will(
    level: u8,
    client_id: &str,
    token: &str,
    will: Option<&WillFields<'_>>,
) -> Vec<u8> {
    const NAME_PASSWORD_AND_CLEAN_START: u8 = 0b1100_0010;
    const RETAINED_WILL_OF_QOS_1: u8 = 0b0010_1100;
    let device = client_id.split('.').next().unwrap();
    let mut flags = NAME_PASSWORD_AND_CLEAN_START;
    if will.is_some() {
        flags |= RETAINED_WILL_OF_QOS_1;
    }
    let mut body = [prefixed(b"MQTT"), vec![level, flags, 0, 30]].concat();
    // No properties.
    body.extend((level == 5).then_some(0));
    body.extend(prefixed(client_id.as_bytes()));
    if let Some(will) = will {
        if level == 5 {
            body.push(u8::try_from(will.properties.len()).unwrap());
            body.extend(will.properties);
        }
        body.extend(prefixed(will.topic.as_bytes()));
        body.extend(prefixed(will.payload));
    }
    body.extend(prefixed(device.as_bytes()));
    body.extend(prefixed(token.as_bytes()));
    let low = body.len() % 128;
    let high = body.len() / 128;
    let length = [
        u8::try_from(low).unwrap() | 0x80,
        u8::try_from(high).unwrap(),
    ];
    [&[0x10][..], &length, &body].concat()
}

/// A field with its length.
fn prefixed(field: &[u8]) -> Vec<u8> {
    let length = u16::try_from(field.len()).unwrap().to_be_bytes();
    [&length[..], field].concat()
}

/// The reason code and string of version 5; `None` if the connection is accepted.
async fn refusal(at: std::net::SocketAddr, device: &str, token: &str) -> Option<(u8, String)> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut socket = tokio::net::TcpStream::connect(at).await.unwrap();
    socket
        .write_all(&connect_packet(5, device, token))
        .await
        .unwrap();
    let mut head = [0; 2];
    socket.read_exact(&mut head).await.unwrap();
    let mut connack = vec![0; usize::from(head[1])];
    socket.read_exact(&mut connack).await.unwrap();
    let flags = connack[0];
    let reason = connack[1];
    assert_eq!((head[0], flags), (0x20, 0));
    // Skips the length of the properties, the property's id, and its length.
    let words = || String::from_utf8(connack[6..].to_vec()).unwrap();
    (reason != 0).then(|| (reason, words()))
}
