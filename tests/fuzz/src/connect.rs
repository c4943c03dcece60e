//! The first packet at an edge's broker, from any client that reaches its port.
//!
//! The broker decodes the packet with this very crate before it looks for a CONNECT, and passes a
//! CONNECT to the edge, which reads the tablet's credentials from it.

use bytes::BytesMut;
use mqtt5_protocol::{
    FixedHeader, Packet,
    packet::{MqttPacket, connect::ConnectPacket},
};
use wire::{Code, TabletCredentials};

/// The broker's default version until a CONNECT names one.
const FIRST_VERSION: u8 = 5;

/// # Panics
/// If a CONNECT changes in a round trip, or the credentials differ from it.
pub fn check(bytes: &[u8]) {
    match first_packet(bytes) {
        Some(Ok(Packet::Connect(connect))) => {
            check_again(&connect);
            check_credentials(&connect);
        }
        // The broker waits for more bytes, or closes the connection.
        None | Some(Ok(_)) => {}
        Some(Err(why)) => assert_ne!(why, ""),
    }
}

fn first_packet(bytes: &[u8]) -> Option<Result<Packet, String>> {
    let mut read = BytesMut::from(bytes);
    let header = match FixedHeader::decode(&mut read) {
        Ok(header) => header,
        Err(error) => return Some(Err(error.to_string())),
    };
    let length = usize::try_from(header.remaining_length).ok()?;
    let mut body = (length <= read.len()).then(|| read.split_to(length))?;
    let packet = Packet::decode_from_body_with_version(
        header.packet_type,
        &header,
        &mut body,
        FIRST_VERSION,
    );
    Some(packet.map_err(|error| error.to_string()))
}

fn check_again(connect: &ConnectPacket) {
    let mut bytes = BytesMut::new();
    if let Err(error) = connect.encode(&mut bytes) {
        panic!("{connect:?} cannot be written: {error}");
    }
    match first_packet(&bytes) {
        Some(Ok(Packet::Connect(again))) => assert_eq!(fields(&again), fields(connect)),
        other => panic!("{connect:?} is {other:?} once it is written"),
    }
}

/// All fields except the properties, whose order does not matter.
fn fields(connect: &ConnectPacket) -> impl PartialEq + std::fmt::Debug + use<'_> {
    let ConnectPacket {
        protocol_version,
        clean_start,
        keep_alive,
        client_id,
        ..
    } = connect;
    let ConnectPacket {
        username,
        password,
        will,
        ..
    } = connect;
    let will = will
        .as_ref()
        .map(|will| (&will.topic, &will.payload, will.qos, will.retain));
    (
        (protocol_version, clean_start, keep_alive),
        client_id,
        (username, password),
        will,
    )
}

fn check_credentials(connect: &ConnectPacket) {
    let ConnectPacket {
        client_id,
        username,
        password,
        ..
    } = connect;
    match TabletCredentials::read(client_id, username.as_deref(), password.as_deref()) {
        Ok(TabletCredentials { device, token }) => {
            assert_eq!(username.as_deref(), Some(device.as_str()));
            assert_eq!(password.as_deref(), Some(token.as_bytes()));
            let rest = client_id.strip_prefix(device.as_str());
            assert!(rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
        }
        Err(code) => assert_eq!(code, Code::InvalidCredentials),
    }
}
