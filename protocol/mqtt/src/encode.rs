//! Encodes the server's packets.

use bytes::{BufMut, BytesMut};

use crate::{
    handler::OutgoingMessage,
    packets::{Qos, Reason, ReasonCode, Version},
};

pub(crate) const PUBACK: u8 = 0x40;
pub(crate) const PUBREC: u8 = 0x50;
pub(crate) const PUBREL: u8 = 0x62;
pub(crate) const PUBCOMP: u8 = 0x70;
pub(crate) const SUBACK: u8 = 0x90;
pub(crate) const UNSUBACK: u8 = 0xb0;
pub(crate) const PINGRESP: [u8; 2] = [0xd0, 0];

const CONNACK: u8 = 0x20;
const PUBLISH: u8 = 0x30;
pub(crate) const DISCONNECT: u8 = 0xe0;

const SESSION_EXPIRY: u8 = 0x11;
const REASON_STRING: u8 = 0x1f;
const RECEIVE_MAXIMUM: u8 = 0x21;
const MAXIMUM_PACKET_SIZE: u8 = 0x27;
const SUBSCRIPTION_IDENTIFIERS_AVAILABLE: u8 = 0x29;

/// The server's limits in a CONNACK of version 5.
pub(crate) struct ServerLimits {
    pub receive_maximum: u16,
    pub maximum_packet_size: u32,
    /// The client requested a session that outlives its connection, which is refused.
    pub ends_session: bool,
}

pub(crate) fn encode_acceptance(version: Version, limits: &ServerLimits) -> Vec<u8> {
    if version == Version::V311 {
        return encode_packet(CONNACK, &[0, 0]);
    }
    let mut properties = Vec::new();
    if limits.ends_session {
        properties.put_u8(SESSION_EXPIRY);
        properties.put_u32(0);
    }
    properties.put_u8(RECEIVE_MAXIMUM);
    properties.put_u16(limits.receive_maximum);
    properties.put_u8(MAXIMUM_PACKET_SIZE);
    properties.put_u32(limits.maximum_packet_size);
    properties.put_u8(SUBSCRIPTION_IDENTIFIERS_AVAILABLE);
    properties.put_u8(0);
    let mut body = vec![0, ReasonCode::Success.as_byte()];
    put_section(&mut body, &properties);
    encode_packet(CONNACK, &body)
}

/// A refusing CONNACK; `text` only in version 5.
pub(crate) fn encode_refusal(version: Version, code: ReasonCode, text: Option<&str>) -> Vec<u8> {
    match version {
        Version::V311 => encode_packet(CONNACK, &[0, code.return_code()]),
        Version::V5 => {
            let mut body = vec![0, code.as_byte()];
            put_section(&mut body, &encode_reason_string(text));
            encode_packet(CONNACK, &body)
        }
    }
}

/// A DISCONNECT of version 5.
pub(crate) fn encode_disconnect(reason: &Reason, with_text: bool) -> Vec<u8> {
    let mut body = vec![reason.code.as_byte()];
    if with_text {
        put_section(&mut body, &encode_reason_string(Some(&reason.text)));
    }
    encode_packet(DISCONNECT, &body)
}

fn encode_reason_string(text: Option<&str>) -> Vec<u8> {
    let mut properties = Vec::new();
    if let Some(text) = text {
        properties.put_u8(REASON_STRING);
        put_text(&mut properties, text);
    }
    properties
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP. Version 5 leaves out the code of a success.
pub(crate) fn encode_acknowledgement(
    first: u8,
    packet_id: u16,
    code: ReasonCode,
    version: Version,
) -> Vec<u8> {
    let [high, low] = packet_id.to_be_bytes();
    match (version, code) {
        (Version::V311, _) | (Version::V5, ReasonCode::Success) => {
            encode_packet(first, &[high, low])
        }
        (Version::V5, code) => encode_packet(first, &[high, low, code.as_byte()]),
    }
}

/// SUBACK or UNSUBACK; in version 3.1.1 an UNSUBACK has no codes.
pub(crate) fn encode_codes(first: u8, packet_id: u16, codes: &[u8], version: Version) -> Vec<u8> {
    let mut body = packet_id.to_be_bytes().to_vec();
    if version == Version::V5 {
        put_section(&mut body, &[]);
    }
    body.extend_from_slice(codes);
    encode_packet(first, &body)
}

pub(crate) fn measure_publish(message: &OutgoingMessage<'_>, version: Version) -> usize {
    let body = measure_publish_body(message, version);
    1 + encode_variable(body).len() + body
}

fn measure_publish_body(message: &OutgoingMessage<'_>, version: Version) -> usize {
    let packet_id = if message.qos == Qos::AtMostOnce { 0 } else { 2 };
    let properties = if version == Version::V5 { 1 } else { 0 };
    2 + message.topic.len() + packet_id + properties + message.payload.len()
}

pub(crate) fn put_publish(
    output: &mut BytesMut,
    message: &OutgoingMessage<'_>,
    packet_id: Option<u16>,
    version: Version,
) {
    let qos = if packet_id.is_some() { 0x02 } else { 0 };
    output.put_u8(PUBLISH | qos | u8::from(message.retain));
    output.put_slice(&encode_variable(measure_publish_body(message, version)));
    put_text(output, message.topic);
    if let Some(packet_id) = packet_id {
        output.put_u16(packet_id);
    }
    if version == Version::V5 {
        // No properties.
        output.put_u8(0);
    }
    output.put_slice(message.payload);
}

/// At most 65,535 bytes; our texts are far shorter.
pub(crate) fn put_text(output: &mut impl BufMut, text: &str) {
    output.put_u16(u16::try_from(text.len()).unwrap_or(u16::MAX));
    output.put_slice(text.as_bytes());
}

pub(crate) fn put_section(body: &mut Vec<u8>, properties: &[u8]) {
    body.extend(encode_variable(properties.len()));
    body.extend_from_slice(properties);
}

pub(crate) fn encode_packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    packet.extend(encode_variable(body.len()));
    packet.extend_from_slice(body);
    packet
}

/// Seven bits per byte, lowest first (1.5.5).
fn encode_variable(mut left: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4);
    loop {
        let low = u8::try_from(left & 0x7f).unwrap_or_default();
        left >>= 7;
        bytes.push(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            return bytes;
        }
    }
}
