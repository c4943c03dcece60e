//! The bytes on a socket, where only they tell: the end of a connection of version 5 has its
//! reason, and clients of 3.1.1 get only packets of 3.1.1.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wire::{Role, topics};

use super::{Region, connect_packet, refusal};
use crate::world::{
    PATIENCE, accept, frame, id,
    tablet::{REGION, edge_id},
    until,
};

/// A socket whose CONNECT was accepted.
pub(super) struct Line {
    socket: TcpStream,
}

impl Line {
    pub(super) async fn open(region: &Region, version: u8, device: &str, token: &str) -> Self {
        let mut line = Self::start(region, &connect_packet(version, device, token)).await;
        line.read_acceptance().await;
        line
    }

    /// A socket whose CONNECT is not answered yet.
    pub(super) async fn start(region: &Region, connect: &[u8]) -> Self {
        let mut socket = TcpStream::connect(region.edge.mqtt.unwrap()).await.unwrap();
        socket.write_all(connect).await.unwrap();
        Self { socket }
    }

    pub(super) async fn read_acceptance(&mut self) {
        let connack = self.read_packet().await.unwrap();
        assert_eq!(connack[..2], [0x20, connack[1]]);
        assert_eq!(connack[2..4], [0, 0], "accepted");
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.unwrap();
    }

    /// The next packet, or `None` once the edge has closed the connection.
    pub(super) async fn read_packet(&mut self) -> Option<Vec<u8>> {
        let reading = async {
            let first = self.socket.read_u8().await.ok()?;
            let length = self.socket.read_u8().await.ok()?;
            let mut packet = vec![first, length];
            let mut size = usize::from(length & 0x7f);
            if length & 0x80 != 0 {
                let high = self.socket.read_u8().await.ok()?;
                packet.push(high);
                size += usize::from(high) << 7;
            }
            let head = packet.len();
            packet.resize(head + size, 0);
            self.socket.read_exact(&mut packet[head..]).await.ok()?;
            Some(packet)
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap()
    }

    /// Reads a DISCONNECT: its code and the beginning of its reason string up to the colon.
    pub(super) async fn read_disconnect(&mut self) -> (u8, String) {
        let packet = self.read_packet().await.expect("a DISCONNECT");
        assert_eq!(packet[0], 0xe0, "{packet:02x?}");
        // First byte, length, code, length of the properties, identifier, length of the text.
        let text = String::from_utf8(packet[7..].to_vec()).unwrap();
        assert_eq!(self.read_packet().await, None, "nothing follows");
        let name = text.split(':').next().unwrap().to_owned();
        (packet[2], name)
    }
}

fn publish_packet(version: u8, qos: u8, topic: &str, payload: &[u8]) -> Vec<u8> {
    let mut body = u16::try_from(topic.len()).unwrap().to_be_bytes().to_vec();
    body.extend(topic.as_bytes());
    body.extend([0, 1]);
    body.extend((version == 5).then_some(0));
    body.extend(payload);
    let low = u8::try_from(body.len() % 128).unwrap() | 0x80;
    let high = u8::try_from(body.len() / 128).unwrap();
    [&[0x30 | (qos << 1), low, high][..], &body].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_end_of_a_connection_of_version_5_has_its_reason() {
    let region = Region::open().await;
    let token = region.token(Role::Provider, 20);
    let mut first = Line::open(&region, 5, "t-1", &token).await;
    let mut second = Line::open(&region, 5, "t-1", &token).await;
    let taken_over = first.read_disconnect().await;
    assert_eq!(taken_over, (0x8e, "session_taken_over".to_owned()));

    second.send(&[0x82, 2, 0, 0]).await;
    let invalid = second.read_disconnect().await;
    assert_eq!(invalid, (0x82, "protocol_error".to_owned()));

    let mut large = Line::open(&region, 5, "t-1", &token).await;
    large.send(&[0x30, 0xff, 0xff, 0x7f]).await;
    large.send(&vec![0; 64 * 1024]).await;
    let too_large = large.read_disconnect().await;
    assert_eq!(too_large, (0x95, "packet_too_large".to_owned()));

    let mut ended = Line::open(&region, 5, "t-1", &token).await;
    region.cloud.tell(wire::FeedChange::Revoked {
        version: 1,
        sessions: vec![wire::SessionId(id(5_020))],
        users: Vec::new(),
        person: None,
        verification: None,
    });
    let signed_out = ended.read_disconnect().await;
    assert_eq!(signed_out, (0x87, "session_ended".to_owned()));

    let other = region.token(Role::Provider, 21);
    let mut stays = Line::open(&region, 5, "t-2", &other).await;
    let Region { edge, .. } = region;
    let (_, stopped) = tokio::join!(edge.stop(), stays.read_disconnect());
    assert_eq!(stopped, (0x8b, "server_shutting_down".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_3_1_1_gets_packets_of_3_1_1() {
    let region = Region::open().await;
    let token = region.token(Role::Provider, 20);
    let mut line = Line::open(&region, 4, "t-1", &token).await;
    let edge = edge_id();
    let device = wire::DeviceId::new("t-1").unwrap();
    let own = topics::command_topic(REGION, &edge, &device);
    let forbidden = topics::head_topic(REGION, &edge);
    let command = frame(101, &token, &accept(1));
    for topic in [&own, &forbidden] {
        line.send(&publish_packet(4, 1, topic, &command)).await;
        assert_eq!(
            line.read_packet().await.unwrap(),
            [0x40, 2, 0, 1],
            "{topic}"
        );
        line.send(&publish_packet(4, 2, topic, &command)).await;
        assert_eq!(
            line.read_packet().await.unwrap(),
            [0x50, 2, 0, 1],
            "{topic}"
        );
        line.send(&[0x62, 2, 0, 1]).await;
        assert_eq!(
            line.read_packet().await.unwrap(),
            [0x70, 2, 0, 1],
            "{topic}"
        );
        line.send(&[0x62, 2, 0, 9]).await;
        assert_eq!(
            line.read_packet().await.unwrap(),
            [0x70, 2, 0, 9],
            "{topic}"
        );
    }
    line.send(&[0xc0, 0]).await;
    assert_eq!(line.read_packet().await.unwrap(), [0xd0, 0]);
    let mut again = Line::open(&region, 4, "t-1", &token).await;
    assert_eq!(
        line.read_packet().await,
        None,
        "a takeover closes without a packet"
    );
    again.send(&[0x82, 2, 0, 0]).await;
    assert_eq!(
        again.read_packet().await,
        None,
        "and so does a protocol error"
    );
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_tablet_ends_after_one_and_a_half_keep_alives() {
    let region = Region::open().await;
    let token = region.token(Role::Provider, 20);
    let mut connect = connect_packet(5, "t-1", &token);
    // The keep-alive follows the three bytes of the fixed header, the name, level and flags.
    connect[3 + 6 + 2..][..2].copy_from_slice(&[0, 1]);
    let mut socket = TcpStream::connect(region.edge.mqtt.unwrap()).await.unwrap();
    socket.write_all(&connect).await.unwrap();
    let began = tokio::time::Instant::now();
    let mut line = Line { socket };
    assert_eq!(line.read_packet().await.unwrap()[0], 0x20);
    let silent = line.read_disconnect().await;
    assert_eq!(silent, (0x8d, "keep_alive_timeout".to_owned()));
    assert!(
        began.elapsed() >= Duration::from_millis(1_400),
        "{:?}",
        began.elapsed()
    );
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_is_its_first_persons_even_if_they_leave_at_once() {
    let region = Region::open().await;
    let at = region.edge.mqtt.unwrap();
    let owner = region.token(Role::Provider, 20);
    let visitor = region.token(Role::Provider, 21);
    for n in 0..12 {
        let device = format!("t-{n}");
        let mut socket = TcpStream::connect(at).await.unwrap();
        let connect = connect_packet(5, &device, &owner);
        socket.write_all(&connect).await.unwrap();
        // The edge reads the end of the stream before it has answered.
        socket.shutdown().await.unwrap();
        let _reset = socket.read_to_end(&mut Vec::new()).await;
        until("the device is left", || async {
            refusal(at, &device, &visitor).await.is_none().then_some(())
        })
        .await;
        let _visitor = Line::open(&region, 5, &device, &visitor).await;
        let _owner = Line::open(&region, 5, &device, &owner).await;
    }
    region.edge.stop().await;
}
