//! The packets that a client sends, and the reason codes.

use bytes::Bytes;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V311,
    V5,
}

/// Reason codes of version 5 that this server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ReasonCode {
    Success = 0x00,
    NoSubscriptionExisted = 0x11,
    MalformedPacket = 0x81,
    ProtocolError = 0x82,
    UnsupportedProtocolVersion = 0x84,
    ClientIdentifierNotValid = 0x85,
    BadUserNameOrPassword = 0x86,
    NotAuthorized = 0x87,
    Banned = 0x8a,
    ServerShuttingDown = 0x8b,
    BadAuthenticationMethod = 0x8c,
    KeepAliveTimeout = 0x8d,
    SessionTakenOver = 0x8e,
    TopicFilterInvalid = 0x8f,
    TopicNameInvalid = 0x90,
    PacketIdentifierNotFound = 0x92,
    ReceiveMaximumExceeded = 0x93,
    TopicAliasInvalid = 0x94,
    PacketTooLarge = 0x95,
    QuotaExceeded = 0x97,
    AdministrativeAction = 0x98,
    SubscriptionIdentifiersNotSupported = 0xa1,
}

impl ReasonCode {
    pub fn as_byte(self) -> u8 {
        self as u8
    }

    /// The return code of a CONNACK in version 3.1.1 (3.1.1: 3.2.2.3).
    pub fn return_code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::UnsupportedProtocolVersion => 1,
            Self::ClientIdentifierNotValid => 2,
            Self::QuotaExceeded => 3,
            Self::BadUserNameOrPassword => 4,
            _ => 5,
        }
    }
}

/// Why a connection is refused or ends. Version 5 sends both fields, 3.1.1 only a return code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub code: ReasonCode,
    /// The reason string.
    pub text: String,
}

/// A packet that breaks the protocol; it ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PacketError {
    pub code: ReasonCode,
    pub explanation: &'static str,
}

impl PacketError {
    pub(crate) fn malformed(explanation: &'static str) -> Self {
        Self {
            code: ReasonCode::MalformedPacket,
            explanation,
        }
    }

    pub(crate) fn protocol(explanation: &'static str) -> Self {
        Self {
            code: ReasonCode::ProtocolError,
            explanation,
        }
    }
}

impl From<PacketError> for Reason {
    fn from(error: PacketError) -> Self {
        let name = match error.code {
            ReasonCode::MalformedPacket => "malformed_packet",
            ReasonCode::TopicNameInvalid => "topic_name_invalid",
            ReasonCode::TopicAliasInvalid => "topic_alias_invalid",
            ReasonCode::PacketTooLarge => "packet_too_large",
            ReasonCode::ReceiveMaximumExceeded => "receive_maximum_exceeded",
            ReasonCode::SubscriptionIdentifiersNotSupported => {
                "subscription_identifiers_not_supported"
            }
            _ => "protocol_error",
        };
        Self {
            code: error.code,
            text: format!("{name}: {}.", error.explanation),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qos {
    AtMostOnce,
    AtLeastOnce,
    ExactlyOnce,
}

impl Qos {
    pub(crate) fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }
}

/// A client's first packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect<'a> {
    pub version: Version,
    pub clean_start: bool,
    /// In seconds; 0 is none.
    pub keep_alive: u16,
    pub client_id: &'a str,
    pub will: Option<Will>,
    pub user_name: Option<&'a str>,
    pub password: Option<&'a [u8]>,
    /// In seconds.
    pub session_expiry: u32,
    /// Unacknowledged messages of QoS 1 that the client takes.
    pub receive_maximum: u16,
    pub maximum_packet_size: u32,
    /// False if the client wants no reason strings.
    pub problem_information: bool,
    pub has_authentication_method: bool,
}

/// The message that a client leaves for the end of its connection.
///
/// Its QoS and retain flag matter only to a server that routes it. A Will Delay ends with the
/// session, and a session here with its connection (3.1.3.2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    pub topic: String,
    pub payload: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish<'a> {
    pub topic: &'a str,
    pub payload: &'a [u8],
    pub qos: Qos,
    /// 0 only for QoS 0.
    pub(crate) packet_id: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscribe<'a> {
    pub packet_id: u16,
    pub has_identifier: bool,
    pub filters: Vec<TopicFilter<'a>>,
}

/// One filter of a SUBSCRIBE with its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicFilter<'a> {
    pub filter: &'a str,
    pub qos: Qos,
    /// Live messages keep their retain flag.
    pub retain_as_published: bool,
    pub retain_handling: RetainHandling,
}

/// When a subscription gets the retained message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetainHandling {
    Always,
    IfNew,
    Never,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unsubscribe<'a> {
    pub packet_id: u16,
    pub filters: Vec<&'a str>,
}

/// A packet after CONNECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    Publish(Publish<'a>),
    Puback {
        packet_id: u16,
    },
    Pubrec {
        packet_id: u16,
        is_refusal: bool,
    },
    Pubrel {
        packet_id: u16,
    },
    Pubcomp {
        packet_id: u16,
    },
    Subscribe(Subscribe<'a>),
    Unsubscribe(Unsubscribe<'a>),
    Pingreq,
    Disconnect {
        session_expiry: u32,
        deletes_will: bool,
    },
}
