//! Reads the fields of a packet's body, and the properties of version 5 (2.2.2).

use crate::packets::{PacketError, ReasonCode};

/// The rest of a packet's body, or of a section within it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn read_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Fails if bytes are left over.
    pub(crate) fn finish(self) -> Result<(), PacketError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(PacketError::malformed(
                "The packet is longer than its fields",
            ))
        }
    }

    pub(crate) fn read_bytes(&mut self, length: usize) -> Result<&'a [u8], PacketError> {
        let Some((bytes, rest)) = self.rest.split_at_checked(length) else {
            return Err(PacketError::malformed("A field ends after its packet"));
        };
        self.rest = rest;
        Ok(bytes)
    }

    fn read_array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], PacketError> {
        let mut array = [0; LENGTH];
        array.copy_from_slice(self.read_bytes(LENGTH)?);
        Ok(array)
    }

    pub(crate) fn read_u8(&mut self) -> Result<u8, PacketError> {
        self.read_array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn read_u16(&mut self) -> Result<u16, PacketError> {
        self.read_array().map(u16::from_be_bytes)
    }

    pub(crate) fn read_u32(&mut self) -> Result<u32, PacketError> {
        self.read_array().map(u32::from_be_bytes)
    }

    /// A variable byte integer in its shortest form (1.5.5).
    pub(crate) fn read_variable(&mut self) -> Result<u32, PacketError> {
        match read_variable(self.rest)? {
            Some(VariableInteger { value, size }) => {
                self.rest = &self.rest[size..];
                check_shortest(value, size)?;
                Ok(value)
            }
            None => Err(PacketError::malformed("A field ends after its packet")),
        }
    }

    pub(crate) fn read_binary(&mut self) -> Result<&'a [u8], PacketError> {
        let length = self.read_u16()?;
        self.read_bytes(usize::from(length))
    }

    /// UTF-8 without U+0000 (1.5.4).
    pub(crate) fn read_text(&mut self) -> Result<&'a str, PacketError> {
        let text = str::from_utf8(self.read_binary()?)
            .map_err(|_| PacketError::malformed("A text is not UTF-8"))?;
        if text.contains('\0') {
            return Err(PacketError::malformed("A text contains U+0000"));
        }
        Ok(text)
    }

    /// A packet identifier, which is never 0 (2.2.1).
    pub(crate) fn read_packet_id(&mut self) -> Result<u16, PacketError> {
        match self.read_u16()? {
            0 => Err(PacketError::protocol("The packet identifier is 0")),
            id => Ok(id),
        }
    }

    pub(crate) fn read_properties(
        &mut self,
        section: PropertySection,
    ) -> Result<Properties, PacketError> {
        let length = self.read_variable()?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let mut reader = Self::new(self.read_bytes(length)?);
        let mut properties = Properties::default();
        while !reader.is_empty() {
            properties.read_next(&mut reader, section)?;
        }
        Ok(properties)
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct VariableInteger {
    pub value: u32,
    /// In bytes.
    pub size: usize,
}

/// `None` if more bytes are needed.
pub(crate) fn read_variable(bytes: &[u8]) -> Result<Option<VariableInteger>, PacketError> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        value |= u32::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let size = index + 1;
            return Ok(Some(VariableInteger { value, size }));
        }
    }
    if bytes.len() >= 4 {
        return Err(PacketError::malformed("A length has more than four bytes"));
    }
    Ok(None)
}

/// Version 5 allows only the shortest form of a length.
pub(crate) fn check_shortest(value: u32, size: usize) -> Result<(), PacketError> {
    if size > 1 && value >> (7 * (size - 1)) == 0 {
        return Err(PacketError::malformed(
            "A length has more bytes than it needs",
        ));
    }
    Ok(())
}

/// The place of a properties section; each allows other properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PropertySection {
    Connect,
    Will,
    Publish,
    Acknowledgement,
    Subscribe,
    Unsubscribe,
    Disconnect,
}

const PAYLOAD_FORMAT: u8 = 0x01;
const MESSAGE_EXPIRY: u8 = 0x02;
const CONTENT_TYPE: u8 = 0x03;
const RESPONSE_TOPIC: u8 = 0x08;
const CORRELATION_DATA: u8 = 0x09;
const SUBSCRIPTION_IDENTIFIER: u8 = 0x0b;
const SESSION_EXPIRY: u8 = 0x11;
const AUTHENTICATION_METHOD: u8 = 0x15;
const AUTHENTICATION_DATA: u8 = 0x16;
const PROBLEM_INFORMATION: u8 = 0x17;
const WILL_DELAY: u8 = 0x18;
const RESPONSE_INFORMATION: u8 = 0x19;
const REASON_STRING: u8 = 0x1f;
const RECEIVE_MAXIMUM: u8 = 0x21;
const TOPIC_ALIAS_MAXIMUM: u8 = 0x22;
const TOPIC_ALIAS: u8 = 0x23;
const USER_PROPERTY: u8 = 0x26;
const MAXIMUM_PACKET_SIZE: u8 = 0x27;

impl PropertySection {
    fn allows(self, id: u8) -> bool {
        match self {
            Self::Connect => matches!(
                id,
                SESSION_EXPIRY
                    | AUTHENTICATION_METHOD
                    | AUTHENTICATION_DATA
                    | PROBLEM_INFORMATION
                    | RESPONSE_INFORMATION
                    | RECEIVE_MAXIMUM
                    | TOPIC_ALIAS_MAXIMUM
                    | USER_PROPERTY
                    | MAXIMUM_PACKET_SIZE
            ),
            Self::Will => matches!(
                id,
                WILL_DELAY
                    | PAYLOAD_FORMAT
                    | MESSAGE_EXPIRY
                    | CONTENT_TYPE
                    | RESPONSE_TOPIC
                    | CORRELATION_DATA
                    | USER_PROPERTY
            ),
            Self::Publish => matches!(
                id,
                PAYLOAD_FORMAT
                    | MESSAGE_EXPIRY
                    | CONTENT_TYPE
                    | RESPONSE_TOPIC
                    | CORRELATION_DATA
                    | SUBSCRIPTION_IDENTIFIER
                    | TOPIC_ALIAS
                    | USER_PROPERTY
            ),
            Self::Acknowledgement => matches!(id, REASON_STRING | USER_PROPERTY),
            Self::Subscribe => matches!(id, SUBSCRIPTION_IDENTIFIER | USER_PROPERTY),
            Self::Unsubscribe => id == USER_PROPERTY,
            Self::Disconnect => matches!(id, SESSION_EXPIRY | REASON_STRING | USER_PROPERTY),
        }
    }
}

/// The properties that matter to this server; all others are only checked.
#[derive(Debug, Default)]
pub(crate) struct Properties {
    /// One bit for each identifier.
    seen: u64,
    pub session_expiry: Option<u32>,
    pub receive_maximum: Option<u16>,
    pub maximum_packet_size: Option<u32>,
    pub problem_information: Option<bool>,
    pub has_authentication_method: bool,
    pub has_authentication_data: bool,
    pub has_subscription_identifier: bool,
}

impl Properties {
    fn read_next(
        &mut self,
        reader: &mut Reader<'_>,
        section: PropertySection,
    ) -> Result<(), PacketError> {
        let id = u8::try_from(reader.read_variable()?).unwrap_or(u8::MAX);
        if !section.allows(id) {
            return Err(PacketError::malformed(
                "The packet has a property that does not belong to it",
            ));
        }
        // Every identifier in a section is below 64.
        let bit = 1 << id;
        if self.seen & bit != 0 && id != USER_PROPERTY {
            return Err(PacketError::protocol("The packet has a property twice"));
        }
        self.seen |= bit;
        self.read_value(id, reader, section)
    }

    fn read_value(
        &mut self,
        id: u8,
        reader: &mut Reader<'_>,
        section: PropertySection,
    ) -> Result<(), PacketError> {
        match id {
            PAYLOAD_FORMAT | RESPONSE_INFORMATION => {
                read_flag(reader)?;
            }
            PROBLEM_INFORMATION => self.problem_information = Some(read_flag(reader)?),
            SESSION_EXPIRY => self.session_expiry = Some(reader.read_u32()?),
            MESSAGE_EXPIRY | WILL_DELAY => {
                reader.read_u32()?;
            }
            MAXIMUM_PACKET_SIZE => self.maximum_packet_size = Some(read_size(reader)?),
            RECEIVE_MAXIMUM => self.receive_maximum = Some(read_receive_maximum(reader)?),
            TOPIC_ALIAS_MAXIMUM => {
                reader.read_u16()?;
            }
            TOPIC_ALIAS => {
                reader.read_u16()?;
                return Err(PacketError {
                    code: ReasonCode::TopicAliasInvalid,
                    explanation: "This server takes no topic aliases",
                });
            }
            SUBSCRIPTION_IDENTIFIER => {
                read_subscription_identifier(reader, section)?;
                self.has_subscription_identifier = true;
            }
            RESPONSE_TOPIC => check_topic_name(reader.read_text()?)?,
            CONTENT_TYPE | REASON_STRING => {
                reader.read_text()?;
            }
            AUTHENTICATION_METHOD => {
                reader.read_text()?;
                self.has_authentication_method = true;
            }
            CORRELATION_DATA => {
                reader.read_binary()?;
            }
            AUTHENTICATION_DATA => {
                reader.read_binary()?;
                self.has_authentication_data = true;
            }
            // A user property is a pair; no section allows other identifiers.
            _ => {
                reader.read_text()?;
                reader.read_text()?;
            }
        }
        Ok(())
    }
}

fn read_flag(reader: &mut Reader<'_>) -> Result<bool, PacketError> {
    match reader.read_u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(PacketError::protocol(
            "A property that is 0 or 1 has another value",
        )),
    }
}

fn read_size(reader: &mut Reader<'_>) -> Result<u32, PacketError> {
    match reader.read_u32()? {
        0 => Err(PacketError::protocol("The Maximum Packet Size is 0")),
        size => Ok(size),
    }
}

fn read_receive_maximum(reader: &mut Reader<'_>) -> Result<u16, PacketError> {
    match reader.read_u16()? {
        0 => Err(PacketError::protocol("The Receive Maximum is 0")),
        maximum => Ok(maximum),
    }
}

fn read_subscription_identifier(
    reader: &mut Reader<'_>,
    section: PropertySection,
) -> Result<(), PacketError> {
    if reader.read_variable()? == 0 {
        return Err(PacketError::protocol("The Subscription Identifier is 0"));
    }
    if section == PropertySection::Publish {
        return Err(PacketError::protocol(
            "A client's PUBLISH has a Subscription Identifier",
        ));
    }
    Ok(())
}

/// A topic name has at least one character and no wildcards (4.7.1).
pub(crate) fn check_topic_name(topic: &str) -> Result<(), PacketError> {
    if topic.is_empty() {
        return Err(PacketError::protocol("A topic name is empty"));
    }
    if topic.contains(['+', '#']) {
        return Err(PacketError {
            code: ReasonCode::TopicNameInvalid,
            explanation: "A topic name contains a wildcard",
        });
    }
    Ok(())
}
