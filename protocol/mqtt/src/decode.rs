//! Decodes a client's packets and checks each as its version of the specification demands.

use bytes::Bytes;

use crate::{
    packets::{
        Connect, Packet, PacketError, Publish, Qos, ReasonCode, RetainHandling, Subscribe,
        TopicFilter, Unsubscribe, Version, Will,
    },
    properties::{
        Properties, PropertySection, Reader, check_shortest, check_topic_name, read_variable,
    },
};

/// The first byte of a CONNECT.
pub(crate) const CONNECT: u8 = 0x10;

/// The flags of PUBREL, SUBSCRIBE and UNSUBSCRIBE (2.1.3).
const FLAGS_OF_REQUESTS: u8 = 0x02;

/// A packet's first byte and the length of the rest (2.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct FixedHeader {
    pub first: u8,
    /// In bytes.
    pub size: usize,
    pub body_size: usize,
}

impl FixedHeader {
    /// `None` if more bytes are needed.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>, PacketError> {
        let Some((first, rest)) = bytes.split_first() else {
            return Ok(None);
        };
        let length = read_variable(rest)?;
        Ok(length.map(|length| Self {
            first: *first,
            size: 1 + length.size,
            body_size: usize::try_from(length.value).unwrap_or(usize::MAX),
        }))
    }

    pub(crate) fn packet_size(self) -> usize {
        self.size.saturating_add(self.body_size)
    }

    fn check_shortest(self, version: Version) -> Result<(), PacketError> {
        match version {
            Version::V311 => Ok(()),
            Version::V5 => check_shortest(
                u32::try_from(self.body_size).unwrap_or(u32::MAX),
                self.size - 1,
            ),
        }
    }
}

/// Why a first packet is not a valid CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectError {
    /// Its version is unknown or 3.1.1, which demands silence.
    Silent(PacketError),
    /// MQTT in a version that this server does not speak.
    UnsupportedVersion { level: u8 },
    /// Version 5 answers with the code.
    Invalid(PacketError),
}

pub(crate) fn decode_connect(
    header: FixedHeader,
    body: &[u8],
) -> Result<Connect<'_>, ConnectError> {
    let mut reader = Reader::new(body);
    let version = read_version(&mut reader)?;
    let connect = header
        .check_shortest(version)
        .and_then(|()| decode_connect_fields(reader, version));
    connect.map_err(|error| match version {
        Version::V311 => ConnectError::Silent(error),
        Version::V5 => ConnectError::Invalid(error),
    })
}

fn read_version(reader: &mut Reader<'_>) -> Result<Version, ConnectError> {
    let name = reader.read_text().map_err(ConnectError::Silent)?;
    let level = reader.read_u8().map_err(ConnectError::Silent)?;
    match (name, level) {
        ("MQTT", 4) => Ok(Version::V311),
        ("MQTT", 5) => Ok(Version::V5),
        // MQIsdp is the name in version 3.1.
        ("MQTT" | "MQIsdp", level) => Err(ConnectError::UnsupportedVersion { level }),
        _ => Err(ConnectError::Silent(PacketError::protocol(
            "The protocol's name is not MQTT",
        ))),
    }
}

const CLEAN_START: u8 = 0x02;
const WILL: u8 = 0x04;
const WILL_QOS: u8 = 0x18;
const WILL_RETAIN: u8 = 0x20;
const PASSWORD: u8 = 0x40;
const USER_NAME: u8 = 0x80;

fn decode_connect_fields(
    mut reader: Reader<'_>,
    version: Version,
) -> Result<Connect<'_>, PacketError> {
    let flags = reader.read_u8()?;
    check_connect_flags(flags, version)?;
    let keep_alive = reader.read_u16()?;
    let properties = read_section(&mut reader, version, PropertySection::Connect)?;
    if properties.has_authentication_data && !properties.has_authentication_method {
        return Err(PacketError::protocol(
            "CONNECT has Authentication Data without an Authentication Method",
        ));
    }
    let client_id = reader.read_text()?;
    let mut will = None;
    if flags & WILL != 0 {
        will = Some(read_will(&mut reader, version)?);
    }
    let mut user_name = None;
    if flags & USER_NAME != 0 {
        user_name = Some(reader.read_text()?);
    }
    let mut password = None;
    if flags & PASSWORD != 0 {
        password = Some(reader.read_binary()?);
    }
    reader.finish()?;
    Ok(Connect {
        version,
        clean_start: flags & CLEAN_START != 0,
        keep_alive,
        client_id,
        will,
        user_name,
        password,
        session_expiry: properties.session_expiry.unwrap_or_default(),
        receive_maximum: properties.receive_maximum.unwrap_or(u16::MAX),
        maximum_packet_size: properties.maximum_packet_size.unwrap_or(u32::MAX),
        problem_information: properties.problem_information.unwrap_or(true),
        has_authentication_method: properties.has_authentication_method,
    })
}

fn read_will(reader: &mut Reader<'_>, version: Version) -> Result<Will, PacketError> {
    read_section(reader, version, PropertySection::Will)?;
    let topic = reader.read_text()?;
    check_topic_name(topic)?;
    Ok(Will {
        topic: topic.to_owned(),
        payload: Bytes::copy_from_slice(reader.read_binary()?),
    })
}

fn check_connect_flags(flags: u8, version: Version) -> Result<(), PacketError> {
    if flags & 0x01 != 0 {
        return Err(PacketError::malformed("The reserved flag of CONNECT is 1"));
    }
    if Qos::from_bits((flags & WILL_QOS) >> 3).is_none() {
        return Err(PacketError::malformed("The will's QoS is 3"));
    }
    if flags & WILL == 0 && flags & (WILL_QOS | WILL_RETAIN) != 0 {
        return Err(PacketError::malformed(
            "CONNECT describes a will and has none",
        ));
    }
    // 3.1.1: 3.1.2.9.
    if version == Version::V311 && flags & PASSWORD != 0 && flags & USER_NAME == 0 {
        return Err(PacketError::malformed(
            "CONNECT has a password and no user name",
        ));
    }
    Ok(())
}

fn read_section(
    reader: &mut Reader<'_>,
    version: Version,
    section: PropertySection,
) -> Result<Properties, PacketError> {
    match version {
        Version::V311 => Ok(Properties::default()),
        Version::V5 => reader.read_properties(section),
    }
}

/// Decodes a packet of a client that has connected.
pub(crate) fn decode_packet(
    header: FixedHeader,
    body: &[u8],
    version: Version,
) -> Result<Packet<'_>, PacketError> {
    header.check_shortest(version)?;
    let kind = header.first >> 4;
    let flags = header.first & 0x0f;
    let mut reader = Reader::new(body);
    let packet = match kind {
        3 => Packet::Publish(decode_publish(&mut reader, flags, version)?),
        4..=7 => decode_acknowledgement(&mut reader, kind, flags, version)?,
        8 => Packet::Subscribe(decode_subscribe(&mut reader, flags, version)?),
        10 => Packet::Unsubscribe(decode_unsubscribe(&mut reader, flags, version)?),
        12 => {
            check_flags(flags, 0)?;
            Packet::Pingreq
        }
        14 => decode_disconnect(&mut reader, flags, version)?,
        _ => return Err(refuse_kind(kind, version)),
    };
    reader.finish()?;
    Ok(packet)
}

fn refuse_kind(kind: u8, version: Version) -> PacketError {
    match (kind, version) {
        (0, _) | (15, Version::V311) => PacketError::malformed("The packet's type is reserved"),
        (1, _) => PacketError::protocol("A second CONNECT"),
        (15, Version::V5) => {
            PacketError::protocol("AUTH without an Authentication Method in CONNECT")
        }
        _ => PacketError::protocol("Only a server sends packets of this type"),
    }
}

fn check_flags(flags: u8, expected: u8) -> Result<(), PacketError> {
    if flags == expected {
        Ok(())
    } else {
        Err(PacketError::malformed(
            "The flags do not belong to the packet's type",
        ))
    }
}

fn decode_publish<'a>(
    reader: &mut Reader<'a>,
    flags: u8,
    version: Version,
) -> Result<Publish<'a>, PacketError> {
    let qos = Qos::from_bits((flags >> 1) & 0x03);
    let qos = qos.ok_or(PacketError::malformed("The QoS is 3"))?;
    let is_duplicate = flags & 0x08 != 0;
    if is_duplicate && qos == Qos::AtMostOnce {
        return Err(PacketError::malformed(
            "A message of QoS 0 is marked as a duplicate",
        ));
    }
    let topic = reader.read_text()?;
    let packet_id = match qos {
        Qos::AtMostOnce => 0,
        Qos::AtLeastOnce | Qos::ExactlyOnce => reader.read_packet_id()?,
    };
    read_section(reader, version, PropertySection::Publish)?;
    check_topic_name(topic)?;
    Ok(Publish {
        topic,
        payload: reader.read_rest(),
        qos,
        packet_id,
    })
}

/// PUBACK, PUBREC, PUBREL and PUBCOMP (3.4 to 3.7).
fn decode_acknowledgement<'a>(
    reader: &mut Reader<'a>,
    kind: u8,
    flags: u8,
    version: Version,
) -> Result<Packet<'a>, PacketError> {
    check_flags(flags, if kind == 6 { FLAGS_OF_REQUESTS } else { 0 })?;
    let packet_id = reader.read_packet_id()?;
    let mut reason = 0;
    if version == Version::V5 && !reader.is_empty() {
        reason = reader.read_u8()?;
        check_acknowledgement_reason(kind, reason)?;
        if !reader.is_empty() {
            reader.read_properties(PropertySection::Acknowledgement)?;
        }
    }
    Ok(match kind {
        4 => Packet::Puback { packet_id },
        5 => Packet::Pubrec {
            packet_id,
            is_refusal: reason >= 0x80,
        },
        6 => Packet::Pubrel { packet_id },
        _ => Packet::Pubcomp { packet_id },
    })
}

fn check_acknowledgement_reason(kind: u8, reason: u8) -> Result<(), PacketError> {
    let is_defined = match kind {
        4 | 5 => matches!(
            reason,
            0x00 | 0x10 | 0x80 | 0x83 | 0x87 | 0x90 | 0x91 | 0x97 | 0x99
        ),
        _ => matches!(reason, 0x00 | 0x92),
    };
    if is_defined {
        Ok(())
    } else {
        Err(PacketError::malformed(
            "The packet has a reason code that is not its own",
        ))
    }
}

fn decode_subscribe<'a>(
    reader: &mut Reader<'a>,
    flags: u8,
    version: Version,
) -> Result<Subscribe<'a>, PacketError> {
    check_flags(flags, FLAGS_OF_REQUESTS)?;
    let packet_id = reader.read_packet_id()?;
    let properties = read_section(reader, version, PropertySection::Subscribe)?;
    let mut filters = Vec::new();
    while !reader.is_empty() {
        let filter = read_filter(reader)?;
        let options = reader.read_u8()?;
        filters.push(decode_options(filter, options, version)?);
    }
    if filters.is_empty() {
        return Err(PacketError::protocol("SUBSCRIBE has no topic filter"));
    }
    Ok(Subscribe {
        packet_id,
        has_identifier: properties.has_subscription_identifier,
        filters,
    })
}

fn read_filter<'a>(reader: &mut Reader<'a>) -> Result<&'a str, PacketError> {
    match reader.read_text()? {
        "" => Err(PacketError::protocol("A topic filter is empty")),
        filter => Ok(filter),
    }
}

const NO_LOCAL: u8 = 0x04;
const RETAIN_AS_PUBLISHED: u8 = 0x08;

/// The subscription options (3.8.3.1); 3.1.1 has only the QoS.
fn decode_options(
    filter: &str,
    options: u8,
    version: Version,
) -> Result<TopicFilter<'_>, PacketError> {
    let reserved = match version {
        Version::V311 => 0xfc,
        Version::V5 => 0xc0,
    };
    if options & reserved != 0 {
        return Err(PacketError::malformed(
            "A reserved bit of a subscription is 1",
        ));
    }
    let qos = Qos::from_bits(options & 0x03);
    let qos = qos.ok_or(PacketError::protocol("The QoS of a subscription is 3"))?;
    let retain_handling = match (options >> 4) & 0x03 {
        0 => RetainHandling::Always,
        1 => RetainHandling::IfNew,
        2 => RetainHandling::Never,
        _ => return Err(PacketError::protocol("The Retain Handling is 3")),
    };
    if options & NO_LOCAL != 0 && filter.starts_with("$share/") {
        return Err(PacketError::protocol("A shared subscription has No Local"));
    }
    Ok(TopicFilter {
        filter,
        qos,
        retain_as_published: options & RETAIN_AS_PUBLISHED != 0,
        retain_handling,
    })
}

fn decode_unsubscribe<'a>(
    reader: &mut Reader<'a>,
    flags: u8,
    version: Version,
) -> Result<Unsubscribe<'a>, PacketError> {
    check_flags(flags, FLAGS_OF_REQUESTS)?;
    let packet_id = reader.read_packet_id()?;
    read_section(reader, version, PropertySection::Unsubscribe)?;
    let mut filters = Vec::new();
    while !reader.is_empty() {
        filters.push(read_filter(reader)?);
    }
    if filters.is_empty() {
        return Err(PacketError::protocol("UNSUBSCRIBE has no topic filter"));
    }
    Ok(Unsubscribe { packet_id, filters })
}

fn decode_disconnect<'a>(
    reader: &mut Reader<'a>,
    flags: u8,
    version: Version,
) -> Result<Packet<'a>, PacketError> {
    check_flags(flags, 0)?;
    let mut reason = NORMAL_DISCONNECTION;
    let mut properties = Properties::default();
    if version == Version::V5 && !reader.is_empty() {
        reason = reader.read_u8()?;
        check_disconnect_reason(reason)?;
        if !reader.is_empty() {
            properties = reader.read_properties(PropertySection::Disconnect)?;
        }
    }
    Ok(Packet::Disconnect {
        session_expiry: properties.session_expiry.unwrap_or_default(),
        deletes_will: reason == NORMAL_DISCONNECTION,
    })
}

/// The only code of a DISCONNECT that deletes the will (3.14.4); in version 3.1.1 each one does.
const NORMAL_DISCONNECTION: u8 = 0x00;

/// The codes that a client may send (3.14.2.1).
fn check_disconnect_reason(reason: u8) -> Result<(), PacketError> {
    if matches!(reason, 0x00 | 0x04 | 0x80..=0x83 | 0x90 | 0x93..=0x99) {
        Ok(())
    } else {
        Err(PacketError::malformed(
            "The packet has a reason code that is not its own",
        ))
    }
}

/// A wildcard stands alone in its level, `#` only in the last; a shared subscription has a name
/// without wildcards and a filter (4.7.1, 4.8.2).
pub(crate) fn check_filter(filter: &str) -> Result<(), ReasonCode> {
    let mut pattern = filter;
    if let Some(shared) = filter.strip_prefix("$share/") {
        let Some((name, rest)) = shared.split_once('/') else {
            return Err(ReasonCode::TopicFilterInvalid);
        };
        if name.is_empty() || name.contains(['+', '#']) || rest.is_empty() {
            return Err(ReasonCode::TopicFilterInvalid);
        }
        pattern = rest;
    }
    let mut levels = pattern.split('/').peekable();
    while let Some(level) = levels.next() {
        let is_last = levels.peek().is_none();
        let is_valid = match level {
            "+" => true,
            "#" => is_last,
            _ => !level.contains(['+', '#']),
        };
        if !is_valid {
            return Err(ReasonCode::TopicFilterInvalid);
        }
    }
    Ok(())
}
