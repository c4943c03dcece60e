//! Decodes the packets that a broker of version 5 sends to a client.

use crate::{
    packets::{PacketError, Qos},
    properties::{Reader, check_topic_name},
};

/// The fields of a CONNACK (3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Acceptance {
    pub session_present: bool,
    pub code: u8,
    pub text: String,
    pub receive_maximum: u16,
    pub packet_bytes_max: u32,
    /// In seconds, if the broker sets another than the client's.
    pub keep_alive: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BrokerPacket {
    Connack(Acceptance),
    Publish {
        topic: String,
        payload: Vec<u8>,
        /// `None` for QoS 0.
        packet_id: Option<u16>,
    },
    Puback {
        packet_id: u16,
    },
    Suback {
        code: u8,
    },
    Pingresp,
    Disconnect {
        code: u8,
        text: String,
    },
}

pub(super) fn decode_broker_packet(first: u8, body: &[u8]) -> Result<BrokerPacket, PacketError> {
    let mut reader = Reader::new(body);
    match first >> 4 {
        2 => decode_connack(&mut reader),
        3 => decode_publish(first, &mut reader),
        4 => {
            let packet_id = reader.read_packet_id()?;
            Ok(BrokerPacket::Puback { packet_id })
        }
        9 => {
            reader.read_packet_id()?;
            read_properties(&mut reader)?;
            let code = reader.read_u8()?;
            Ok(BrokerPacket::Suback { code })
        }
        13 => Ok(BrokerPacket::Pingresp),
        14 => decode_disconnect(&mut reader),
        _ => Err(PacketError::protocol("a packet that was not asked for")),
    }
}

fn decode_connack(reader: &mut Reader<'_>) -> Result<BrokerPacket, PacketError> {
    let session_present = reader.read_u8()? & 0x01 != 0;
    let code = reader.read_u8()?;
    let properties = read_properties(reader)?;
    Ok(BrokerPacket::Connack(Acceptance {
        session_present,
        code,
        text: properties.reason,
        receive_maximum: properties.receive_maximum.unwrap_or(u16::MAX),
        packet_bytes_max: properties.packet_bytes_max.unwrap_or(u32::MAX),
        keep_alive: properties.keep_alive,
    }))
}

fn decode_publish(first: u8, reader: &mut Reader<'_>) -> Result<BrokerPacket, PacketError> {
    let topic = reader.read_text()?.to_owned();
    check_topic_name(&topic)?;
    let packet_id = match Qos::from_bits((first >> 1) & 0x03) {
        Some(Qos::AtMostOnce) => None,
        Some(Qos::AtLeastOnce) => Some(reader.read_packet_id()?),
        // The subscription has QoS 1.
        Some(Qos::ExactlyOnce) | None => {
            return Err(PacketError::protocol("a message with a QoS above 1"));
        }
    };
    read_properties(reader)?;
    Ok(BrokerPacket::Publish {
        topic,
        payload: reader.read_rest().to_vec(),
        packet_id,
    })
}

fn decode_disconnect(reader: &mut Reader<'_>) -> Result<BrokerPacket, PacketError> {
    let mut code = 0;
    let mut text = String::new();
    if !reader.is_empty() {
        code = reader.read_u8()?;
    }
    if !reader.is_empty() {
        text = read_properties(reader)?.reason;
    }
    Ok(BrokerPacket::Disconnect { code, text })
}

/// The properties that matter to the client; all others are skipped.
#[derive(Debug, Default)]
struct BrokerProperties {
    reason: String,
    receive_maximum: Option<u16>,
    packet_bytes_max: Option<u32>,
    keep_alive: Option<u16>,
}

const SERVER_KEEP_ALIVE: u8 = 0x13;
const REASON_STRING: u8 = 0x1f;
const RECEIVE_MAXIMUM: u8 = 0x21;
const MAXIMUM_PACKET_SIZE: u8 = 0x27;

fn read_properties(reader: &mut Reader<'_>) -> Result<BrokerProperties, PacketError> {
    let length = usize::try_from(reader.read_variable()?).unwrap_or(usize::MAX);
    let mut section = Reader::new(reader.read_bytes(length)?);
    let mut properties = BrokerProperties::default();
    while !section.is_empty() {
        let id = section.read_u8()?;
        match id {
            REASON_STRING => properties.reason = section.read_text()?.to_owned(),
            RECEIVE_MAXIMUM => properties.receive_maximum = Some(section.read_u16()?),
            MAXIMUM_PACKET_SIZE => properties.packet_bytes_max = Some(section.read_u32()?),
            SERVER_KEEP_ALIVE => properties.keep_alive = Some(section.read_u16()?),
            _ => skip_property(id, &mut section)?,
        }
    }
    Ok(properties)
}

/// The forms of all other properties (2.2.2.2).
fn skip_property(id: u8, section: &mut Reader<'_>) -> Result<(), PacketError> {
    match id {
        0x01 | 0x24 | 0x25 | 0x28..=0x2a => section.read_u8().map(drop),
        0x22 => section.read_u16().map(drop),
        0x02 | 0x11 | 0x18 => section.read_u32().map(drop),
        0x0b => section.read_variable().map(drop),
        0x03 | 0x08 | 0x12 | 0x15 | 0x1a | 0x1c => section.read_text().map(drop),
        0x09 | 0x16 => section.read_binary().map(drop),
        0x26 => {
            section.read_text()?;
            section.read_text().map(drop)
        }
        // The client allows no topic aliases.
        _ => Err(PacketError::malformed("a property that does not exist")),
    }
}
