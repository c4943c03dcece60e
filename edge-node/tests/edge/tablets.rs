//! Real MQTT clients against the embedded broker: authentication, topic rules, and replies to
//! commands.

mod clients;
mod disconnects;
mod page;
mod signed_out;
mod without_mqtt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{SinkExt, StreamExt};
use rumqttc::ConnectReturnCode;
use serde_json::{Value, json};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};
use wire::{Code, Hop, OrderStatus, Reply, Role, Verdict, topics};

use crate::world::{
    accept, call,
    cloud::Cloud,
    edge, frame, get, id, order,
    tablet::{REGION, Tablet, edge_id},
    until,
};

struct Region {
    cloud: Cloud,
    edge: holdfast_edge::RunningEdge,
    _data: tempfile::TempDir,
}

impl Region {
    /// An enrolled edge with orders 1 to 3 and its link up.
    async fn open() -> Self {
        let (cloud, gateway) = Cloud::start().await;
        (1..=3).for_each(|n| cloud.put(order(n, 1)));
        let data = tempfile::tempdir().unwrap();
        let edge = edge(data.path(), &format!("http://{gateway}")).await;
        until("three orders at the edge", || async {
            cloud.last_ack().filter(|ack| ack.feed_cursor == 3)
        })
        .await;
        Self {
            cloud,
            edge,
            _data: data,
        }
    }

    fn token(&self, role: Role, user: u128) -> String {
        self.cloud.people().token(role, user)
    }

    async fn provider(&self, device: &str, user: u128) -> Tablet {
        let token = self.token(Role::Provider, user);
        Tablet::of(self.edge.mqtt, device, &token, user).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_is_stored_and_then_decided() {
    let region = Region::open().await;
    let mut tablet = region.provider("t-1", 20).await;
    tablet
        .send(frame(101, &region.token(Role::Provider, 20), &accept(1)))
        .await;
    let stored = tablet.reply().await;
    assert_eq!(
        (stored.hop, stored.verdict),
        (Hop::Stored, Verdict::Provisional)
    );
    assert!(stored.receipt.is_some());
    let decided = tablet.reply().await;
    assert_eq!((decided.hop, decided.code), (Hop::Decided, None));
    assert!(decided.outcome.unwrap().has_succeeded());
    assert_eq!(decided.order.unwrap().version, 2);
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_tablets_see_the_board_change_and_not_who_took_what() {
    let region = Region::open().await;
    let mut other = region.provider("t-2", 21).await;
    let mut tablet = region.provider("t-1", 20).await;
    region.cloud.cut();
    tablet
        .send(frame(101, &region.token(Role::Provider, 20), &accept(1)))
        .await;
    tablet.reply().await;
    let topic = topics::changes_topic(REGION, &edge_id());
    let changes: Value = other.hear(&topic).await;
    assert_eq!(
        (&changes["items"], &changes["gone"]),
        (&json!([]), &json!([id(1)]))
    );
    assert_eq!(changes["feed_seq"], json!(3));

    region.cloud.heal();
    region.cloud.put(order(4, 1));
    let opened = loop {
        let changes: Value = other.hear(&topic).await;
        if let Some(item) = changes["items"].as_array().unwrap().first() {
            break item.clone();
        }
    };
    assert_eq!(
        (&opened["id"], &opened["address"]),
        (&json!(id(4)), &json!(""))
    );
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_valid_token_of_ones_own_opens_the_door_and_the_refusal_says_so() {
    let region = Region::open().await;
    let at = region.edge.mqtt;
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
async fn a_tablet_hears_and_says_its_own_and_nothing_else() {
    let region = Region::open().await;
    let mut tablet = region.provider("t-1", 20).await;
    let edge = edge_id();
    let other = wire::DeviceId::new("t-2").unwrap();
    let foreign = topics::provider_topic(REGION, &edge, wire::UserId(id(21)));
    for filter in [
        "#",
        "+/+/+/+/+",
        "hf/#",
        "$SYS/#",
        "$share/g/hf/NORTH/north-1/changes",
        "hf/NORTH/north-1/cmd/t-1",
        &topics::reply_topic(REGION, &edge, &other),
        &foreign,
    ] {
        assert!(!tablet.subscribe(filter).await, "{filter}");
    }
    // In MQTT 3.1.1 a forbidden publish is acknowledged and dropped.
    let mut victim = region.provider("t-2", 21).await;
    let token = region.token(Role::Provider, 20);
    for topic in [
        topics::reply_topic(REGION, &edge, &other),
        topics::head_topic(REGION, &edge),
        topics::changes_topic(REGION, &edge),
        topics::command_topic(REGION, &edge, &other),
    ] {
        tablet.publish(&topic, frame(101, &token, &accept(1))).await;
    }
    tablet.send(frame(102, &token, &accept(2))).await;
    assert_eq!(
        tablet.reply().await.command_id,
        Some(wire::CommandId(id(102)))
    );
    victim
        .send(frame(103, &region.token(Role::Provider, 21), &accept(3)))
        .await;
    assert_eq!(
        victim.reply().await.command_id,
        Some(wire::CommandId(id(103)))
    );
    let known = region.cloud.commands();
    assert!(
        known
            .iter()
            .all(|op| op.command.id != wire::CommandId(id(101)))
    );
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_answers_to_one_person_at_a_time() {
    let region = Region::open().await;
    let at = region.edge.mqtt;
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
    region.cloud.cut();
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
    let at = region.edge.mqtt;
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
async fn the_head_is_retained_and_names_this_boot() {
    let region = Region::open().await;
    let mut tablet = region.provider("t-1", 20).await;
    let topic = topics::head_topic(REGION, &edge_id());
    let head: Value = tablet.hear(&topic).await;
    let hello = &region.cloud.hellos()[0];
    assert_eq!(head["nonce"], json!(hello.nonce.to_string()));
    assert_eq!(
        (&head["edge"], &head["epoch"]),
        (&json!("north-1"), &json!(1))
    );
    let standing = get(&region.edge, "/api/head", None).await.unwrap();
    assert_eq!(
        (&standing["seq"], &standing["link_up"]),
        (&head["seq"], &json!(true))
    );

    let key = URL_SAFE_NO_PAD
        .decode(standing["public_key"].as_str().unwrap())
        .unwrap();
    tablet
        .send(frame(101, &region.token(Role::Provider, 20), &accept(1)))
        .await;
    let receipt = tablet.reply().await.receipt.unwrap();
    let signature = URL_SAFE_NO_PAD.decode(&receipt.sig).unwrap();
    let key = key.try_into().unwrap();
    assert!(process::tokens::verify_bytes(
        &key,
        &receipt.signed_bytes(),
        &signature
    ));
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tablet_of_version_5_is_answered_and_told_why_it_may_not() {
    use rumqttc::v5::{
        AsyncClient, Event, MqttOptions,
        mqttbytes::{
            QoS,
            v5::{Packet, PubAckReason},
        },
    };
    let region = Region::open().await;
    let at = region.edge.mqtt;
    let token = region.token(Role::Provider, 20);
    let mut options = MqttOptions::new("t-5", at.ip().to_string(), at.port());
    options.set_credentials("t-5", &token);
    options.set_outgoing_inflight_upper_limit(100);
    let (client, mut events) = AsyncClient::new(options, 16);
    let device = wire::DeviceId::new("t-5").unwrap();
    let edge = edge_id();
    client
        .subscribe(
            topics::reply_topic(REGION, &edge, &device),
            QoS::AtLeastOnce,
        )
        .await
        .unwrap();
    let forbidden = topics::head_topic(REGION, &edge);
    client
        .publish(forbidden, QoS::AtLeastOnce, true, b"{}".to_vec())
        .await
        .unwrap();
    let own = topics::command_topic(REGION, &edge, &device);
    client
        .publish(own, QoS::AtLeastOnce, false, frame(101, &token, &accept(1)))
        .await
        .unwrap();

    let mut refused = false;
    let reply: Reply = loop {
        match tokio::time::timeout(crate::world::PATIENCE, events.poll())
            .await
            .unwrap()
            .unwrap()
        {
            Event::Incoming(Packet::PubAck(ack)) => {
                refused |= ack.reason == PubAckReason::NotAuthorized;
            }
            Event::Incoming(Packet::Publish(publish)) => {
                break serde_json::from_slice(&publish.payload).unwrap();
            }
            _ => {}
        }
    };
    assert!(refused, "the forbidden publish was not refused");
    assert_eq!(reply.verdict, Verdict::Provisional);
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mqtt_runs_over_websocket_beside_clients_that_never_finish_their_handshake() {
    let region = Region::open().await;
    let _silent = tokio::net::TcpStream::connect(region.edge.ws)
        .await
        .unwrap();
    let token = region.token(Role::Provider, 20);
    drop(over_websocket(region.edge.ws, "t-ws", &token).await);
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_that_has_ended_leaves_nobody_signed_in() {
    let region = Region::open().await;
    let [first, second] = [20, 21].map(|user| region.token(Role::Provider, user));
    for n in 0..6 {
        let device = format!("t-{n}");
        let mut socket = over_websocket(region.edge.ws, &device, &first).await;
        let busy = refusal(region.edge.mqtt, &device, &second).await.unwrap();
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
            refusal(region.edge.mqtt, &device, &second)
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
    let device = client_id.split('.').next().unwrap();
    let text = |text: &str| {
        let length = u16::try_from(text.len()).unwrap().to_be_bytes();
        [&length[..], text.as_bytes()].concat()
    };
    let mut head = vec![level, 0b1100_0010, 0, 30];
    // No properties.
    head.extend((level == 5).then_some(0));
    let body = [
        text("MQTT"),
        head,
        text(client_id),
        text(device),
        text(token),
    ]
    .concat();
    let low = body.len() % 128;
    let high = body.len() / 128;
    let length = [
        u8::try_from(low).unwrap() | 0x80,
        u8::try_from(high).unwrap(),
    ];
    [&[0x10][..], &length, &body].concat()
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
