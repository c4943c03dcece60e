//! The client's side of one connection in version 5: for an edge at an external broker. Bytes and
//! the time go in, bytes and events come out.
//!
//! Invariants: a message of QoS 1 is acknowledged only when the caller says so, so the broker keeps
//! at most `receive_maximum` of them open; no more messages go out than the broker takes at once.

mod broker_packets;

use std::{collections::BTreeSet, time::Duration};

use bytes::{BufMut, BytesMut};

use crate::{
    decode::{CONNECT, FixedHeader},
    encode::{
        DISCONNECT, PUBACK, encode_acknowledgement, encode_packet, measure_publish, put_publish,
        put_section, put_text,
    },
    handler::OutgoingMessage,
    packets::{Qos, ReasonCode, Version},
};
use broker_packets::{Acceptance, BrokerPacket, decode_broker_packet};

const SUBSCRIBE: u8 = 0x82;
const PINGREQ: [u8; 2] = [0xc0, 0];

const SESSION_EXPIRY: u8 = 0x11;
const RECEIVE_MAXIMUM: u8 = 0x21;
const MAXIMUM_PACKET_SIZE: u8 = 0x27;

/// The flags of a CONNECT that has a retained will of QoS 1.
const WILL: u8 = 0x04 | 0x08 | 0x20;
const PASSWORD: u8 = 0x40;
const USER_NAME: u8 = 0x80;

/// The reason code of a DISCONNECT after which the broker publishes the will.
const DISCONNECT_WITH_WILL: u8 = 0x04;

/// The packet identifier of the only SUBSCRIBE.
const SUBSCRIBE_ID: u16 = u16::MAX;

/// Messages that the broker has not acknowledged; further ones wait with the caller.
const UNACKNOWLEDGED_MAX: u16 = 256;

#[derive(Debug, Clone)]
pub struct ClientOptions<'a> {
    pub client_id: &'a str,
    pub user_name: Option<&'a str>,
    pub password: Option<&'a [u8]>,
    pub keep_alive: Duration,
    /// Time for the CONNACK.
    pub connect_within: Duration,
    /// The broker keeps the session and unacknowledged messages for this long after the connection.
    pub session_expiry: Duration,
    /// Messages of QoS 1 that the broker may send before it gets an acknowledgement.
    pub receive_maximum: u16,
    pub maximum_packet_size: u32,
    /// Published and retained by the broker if the connection ends otherwise than by `close`.
    pub will: OutgoingMessage<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// `session_present`: the broker kept the session, and sends what it has not acknowledged.
    Connected {
        session_present: bool,
    },
    Subscribed,
    /// `packet_id`: to acknowledge; `None` for QoS 0.
    Message {
        topic: String,
        payload: Vec<u8>,
        packet_id: Option<u16>,
    },
}

/// Why a connection failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    #[error("the broker refused the connection with code {code:#04x} {text}")]
    Refused { code: u8, text: String },
    #[error("the broker refused the subscription with code {code:#04x}")]
    SubscriptionRefused { code: u8 },
    #[error("the broker ended the connection with code {code:#04x} {text}")]
    Disconnected { code: u8, text: String },
    #[error("the broker broke the protocol: {0}")]
    Protocol(&'static str),
    #[error("the broker does not answer")]
    Silent,
}

/// Times are those since the connection began.
#[derive(Debug)]
pub struct ClientConnection {
    input: BytesMut,
    output: BytesMut,
    keep_alive: Duration,
    connect_within: Duration,
    packet_bytes_max: usize,
    /// Set by CONNACK.
    acceptance: Option<Acceptance>,
    /// Identifiers of messages that the broker has not acknowledged.
    unacknowledged: BTreeSet<u16>,
    next_id: u16,
    heard_at: Duration,
    /// The time of the last PINGREQ.
    asked_at: Duration,
}

impl ClientConnection {
    /// The output begins with a CONNECT.
    pub fn new(options: &ClientOptions<'_>) -> Self {
        let mut output = BytesMut::new();
        output.put_slice(&encode_connect(options));
        Self {
            input: BytesMut::new(),
            output,
            keep_alive: options.keep_alive,
            connect_within: options.connect_within,
            packet_bytes_max: usize::try_from(options.maximum_packet_size).unwrap_or(usize::MAX),
            acceptance: None,
            unacknowledged: BTreeSet::new(),
            next_id: 1,
            heard_at: Duration::ZERO,
            asked_at: Duration::ZERO,
        }
    }

    /// The caller appends received bytes here, then calls `next_event` until it returns `None`.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// Bytes for the broker; the caller removes those that it has sent.
    pub fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// # Errors
    /// If the broker refuses or ends the connection, or breaks the protocol.
    pub fn next_event(&mut self, now: Duration) -> Result<Option<ClientEvent>, BrokerError> {
        loop {
            let Some(header) = FixedHeader::read(&self.input).map_err(|e| from_packet(&e))? else {
                return Ok(None);
            };
            if header.packet_size() > self.packet_bytes_max {
                return Err(BrokerError::Protocol("a packet is larger than agreed"));
            }
            if self.input.len() < header.packet_size() {
                return Ok(None);
            }
            self.heard_at = now;
            let packet = self.input.split_to(header.packet_size());
            let packet = decode_broker_packet(header.first, &packet[header.size..]);
            if let Some(event) = self.handle_packet(packet.map_err(|e| from_packet(&e))?)? {
                return Ok(Some(event));
            }
        }
    }

    fn handle_packet(&mut self, packet: BrokerPacket) -> Result<Option<ClientEvent>, BrokerError> {
        if matches!(packet, BrokerPacket::Connack { .. }) == self.acceptance.is_some() {
            return Err(BrokerError::Protocol("CONNACK is not the first packet"));
        }
        match packet {
            BrokerPacket::Connack(acceptance) => {
                if acceptance.code != ReasonCode::Success.as_byte() {
                    let Acceptance { code, text, .. } = acceptance;
                    return Err(BrokerError::Refused { code, text });
                }
                let session_present = acceptance.session_present;
                if let Some(keep_alive) = acceptance.keep_alive {
                    self.keep_alive = Duration::from_secs(keep_alive.into());
                }
                self.acceptance = Some(acceptance);
                Ok(Some(ClientEvent::Connected { session_present }))
            }
            BrokerPacket::Suback { code } if code >= 0x80 => {
                Err(BrokerError::SubscriptionRefused { code })
            }
            BrokerPacket::Suback { .. } => Ok(Some(ClientEvent::Subscribed)),
            BrokerPacket::Publish {
                topic,
                payload,
                packet_id,
            } => Ok(Some(ClientEvent::Message {
                topic,
                payload,
                packet_id,
            })),
            BrokerPacket::Puback { packet_id } => {
                self.unacknowledged.remove(&packet_id);
                Ok(None)
            }
            BrokerPacket::Pingresp => Ok(None),
            BrokerPacket::Disconnect { code, text } => {
                Err(BrokerError::Disconnected { code, text })
            }
        }
    }

    pub fn subscribe(&mut self, filter: &str) {
        const QOS_1: u8 = 0x01;
        let mut body = SUBSCRIBE_ID.to_be_bytes().to_vec();
        put_section(&mut body, &[]);
        put_text(&mut body, filter);
        body.put_u8(QOS_1);
        self.output.put_slice(&encode_packet(SUBSCRIBE, &body));
    }

    /// True if the broker takes another message now.
    pub fn can_publish(&self) -> bool {
        self.acceptance.as_ref().is_some_and(|acceptance| {
            let maximum = acceptance.receive_maximum.min(UNACKNOWLEDGED_MAX);
            self.unacknowledged.len() < usize::from(maximum)
        })
    }

    /// False if the message is larger than the broker takes. Call it only if `can_publish`.
    pub fn publish(&mut self, message: &OutgoingMessage<'_>) -> bool {
        let limit = self.acceptance.as_ref().map(|seen| seen.packet_bytes_max);
        let size = u32::try_from(measure_publish(message, Version::V5)).unwrap_or(u32::MAX);
        if limit.is_none_or(|limit| size > limit) {
            return false;
        }
        let packet_id = (message.qos != Qos::AtMostOnce).then(|| self.take_packet_id());
        put_publish(&mut self.output, message, packet_id, Version::V5);
        true
    }

    fn take_packet_id(&mut self) -> u16 {
        loop {
            let id = self.next_id;
            self.next_id = if id == SUBSCRIBE_ID - 1 { 1 } else { id + 1 };
            if self.unacknowledged.insert(id) {
                return id;
            }
        }
    }

    /// Acknowledges a received message of QoS 1: the broker forgets it.
    pub fn acknowledge(&mut self, packet_id: u16) {
        let packet = encode_acknowledgement(PUBACK, packet_id, ReasonCode::Success, Version::V5);
        self.output.put_slice(&packet);
    }

    /// The next time at which `tick` has something to do.
    pub fn next_tick(&self) -> Duration {
        match self.acceptance {
            None => self.connect_within,
            Some(_) => self.asked_at + self.keep_alive / 2,
        }
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// If the broker gave none for one and a half times the keep-alive time.
    pub fn tick(&mut self, now: Duration) -> Result<(), BrokerError> {
        if now < self.next_tick() {
            return Ok(());
        }
        let patience = self.keep_alive + self.keep_alive / 2;
        if self.acceptance.is_none() || now.saturating_sub(self.heard_at) > patience {
            return Err(BrokerError::Silent);
        }
        self.asked_at = now;
        self.output.put_slice(&PINGREQ);
        Ok(())
    }

    /// Ends the connection; the broker publishes the will and keeps the session.
    pub fn close(&mut self) {
        self.output
            .put_slice(&encode_packet(DISCONNECT, &[DISCONNECT_WITH_WILL]));
    }
}

fn from_packet(error: &crate::packets::PacketError) -> BrokerError {
    BrokerError::Protocol(error.explanation)
}

fn encode_connect(options: &ClientOptions<'_>) -> Vec<u8> {
    const LEVEL: u8 = 5;
    let mut flags = WILL;
    flags |= options.user_name.map_or(0, |_| USER_NAME);
    flags |= options.password.map_or(0, |_| PASSWORD);
    let mut body = Vec::new();
    put_text(&mut body, "MQTT");
    body.put_u8(LEVEL);
    body.put_u8(flags);
    body.put_u16(u16::try_from(options.keep_alive.as_secs()).unwrap_or(u16::MAX));
    let mut properties = Vec::new();
    properties.put_u8(SESSION_EXPIRY);
    properties.put_u32(u32::try_from(options.session_expiry.as_secs()).unwrap_or(u32::MAX));
    properties.put_u8(RECEIVE_MAXIMUM);
    properties.put_u16(options.receive_maximum);
    properties.put_u8(MAXIMUM_PACKET_SIZE);
    properties.put_u32(options.maximum_packet_size);
    put_section(&mut body, &properties);
    put_text(&mut body, options.client_id);
    put_section(&mut body, &[]);
    put_text(&mut body, options.will.topic);
    put_binary(&mut body, options.will.payload);
    if let Some(user_name) = options.user_name {
        put_text(&mut body, user_name);
    }
    if let Some(password) = options.password {
        put_binary(&mut body, password);
    }
    encode_packet(CONNECT, &body)
}

/// At most 65,535 bytes; ours are far shorter.
fn put_binary(body: &mut Vec<u8>, bytes: &[u8]) {
    body.put_u16(u16::try_from(bytes.len()).unwrap_or(u16::MAX));
    body.put_slice(bytes);
}

#[cfg(test)]
mod tests;
