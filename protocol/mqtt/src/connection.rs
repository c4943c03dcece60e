//! The state of one client's connection.
//!
//! Invariants: a CONNECT comes first and once; nothing exceeds the client's maximum packet size or
//! its Receive Maximum; a packet that breaks the protocol ends the connection, in version 5 with
//! its reason; the will outlives every end except a DISCONNECT that deletes it; the input, the will
//! and the sets of packet identifiers are bounded by `ConnectionLimits`, the output by the caller,
//! who stops reading while much of it is unsent.

mod requests;

use std::{collections::BTreeSet, time::Duration};

use bytes::{Buf, BytesMut};

use crate::{
    decode::{CONNECT, ConnectError, FixedHeader, decode_connect, decode_packet},
    encode::{self, ServerLimits},
    handler::{ConnectionHandler, ConnectionLimits, OutgoingMessage},
    packets::{Connect, PacketError, Qos, Reason, ReasonCode, Version, Will},
};

#[derive(Debug)]
pub struct Connection {
    limits: ConnectionLimits,
    state: State,
    version: Version,
    input: BytesMut,
    output: BytesMut,
    last_packet_at: Duration,
    keep_alive: Duration,
    client: ClientLimits,
    /// Packet identifiers of messages that the client has not acknowledged.
    unacknowledged: BTreeSet<u16>,
    last_packet_id: u16,
    /// Packet identifiers of the client's messages of QoS 2 that await its PUBREL.
    unreleased: BTreeSet<u16>,
    /// Of an admitted client.
    will: Option<Will>,
    closed_for: Option<Reason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    AwaitingConnect,
    Open,
    Closed,
}

/// The client's wishes in its CONNECT.
#[derive(Debug)]
struct ClientLimits {
    packet_bytes_max: usize,
    receive_maximum: usize,
    wants_reason_text: bool,
    asked_to_keep_session: bool,
}

impl Connection {
    /// Times passed to the methods count from this moment.
    pub fn new(limits: ConnectionLimits) -> Self {
        Self {
            limits,
            state: State::AwaitingConnect,
            version: Version::V311,
            input: BytesMut::new(),
            output: BytesMut::new(),
            last_packet_at: Duration::ZERO,
            keep_alive: Duration::ZERO,
            client: ClientLimits {
                packet_bytes_max: usize::MAX,
                receive_maximum: 0,
                wants_reason_text: false,
                asked_to_keep_session: false,
            },
            unacknowledged: BTreeSet::new(),
            last_packet_id: 0,
            unreleased: BTreeSet::new(),
            will: None,
            closed_for: None,
        }
    }

    /// Bytes for the client. The caller removes those that it has sent.
    pub fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// True if the client has been answered or turned away.
    pub fn has_answered_connect(&self) -> bool {
        self.state != State::AwaitingConnect
    }

    /// True if the connection ends once the output is sent.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Why this side closed the connection.
    pub fn closed_for(&self) -> Option<&Reason> {
        self.closed_for.as_ref()
    }

    /// The will to publish, once. Call it after any end of the connection, even a broken stream.
    pub fn take_will(&mut self) -> Option<Will> {
        self.will.take()
    }

    /// When to call `check_deadline`, if nothing arrives before.
    pub fn deadline(&self) -> Option<Duration> {
        match self.state {
            State::AwaitingConnect => Some(self.limits.connect_within),
            State::Open if self.keep_alive > Duration::ZERO => {
                Some(self.last_packet_at + self.keep_alive)
            }
            State::Open | State::Closed => None,
        }
    }

    /// Ends the connection of a client that has been silent for too long.
    pub fn check_deadline(&mut self, now: Duration) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        self.end(Reason {
            code: ReasonCode::KeepAliveTimeout,
            text: "keep_alive_timeout: No packet arrived in time.".to_owned(),
        });
    }

    /// Ends the connection; a client of version 5 reads why.
    pub fn end(&mut self, reason: Reason) {
        if self.state == State::Open && self.version == Version::V5 {
            self.put_disconnect(&reason);
        }
        self.close(Some(reason));
    }

    pub fn receive(&mut self, bytes: &[u8], now: Duration, handler: &mut impl ConnectionHandler) {
        if self.is_closed() {
            return;
        }
        self.input.extend_from_slice(bytes);
        while !self.is_closed() {
            match self.receive_packet(now, handler) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => self.end(error.into()),
            }
        }
        self.input.clear();
    }

    /// True if another message may go to the client now.
    pub fn may_publish(&self) -> bool {
        self.state == State::Open && self.unacknowledged.len() < self.client.receive_maximum
    }

    /// Call only if `may_publish`. False if the message is too large for the client, which then
    /// does not get it (3.1.2.11.4).
    pub fn publish(&mut self, message: &OutgoingMessage<'_>) -> bool {
        if encode::measure_publish(message, self.version) > self.client.packet_bytes_max {
            return false;
        }
        let mut packet_id = None;
        if message.qos != Qos::AtMostOnce {
            packet_id = Some(self.take_packet_id());
        }
        encode::put_publish(&mut self.output, message, packet_id, self.version);
        true
    }

    /// An unused packet identifier: far fewer than 65,535 are in use.
    fn take_packet_id(&mut self) -> u16 {
        loop {
            self.last_packet_id = self.last_packet_id.checked_add(1).unwrap_or(1);
            if self.unacknowledged.insert(self.last_packet_id) {
                return self.last_packet_id;
            }
        }
    }

    /// False if the next packet is incomplete.
    fn receive_packet(
        &mut self,
        now: Duration,
        handler: &mut impl ConnectionHandler,
    ) -> Result<bool, PacketError> {
        let is_first = self.state == State::AwaitingConnect;
        if is_first && self.input.first().is_some_and(|first| *first != CONNECT) {
            return Err(PacketError::protocol("The first packet is not CONNECT"));
        }
        let Some(header) = FixedHeader::read(&self.input)? else {
            return Ok(false);
        };
        if header.packet_size() > self.packet_bytes_max() {
            return Err(PacketError {
                code: ReasonCode::PacketTooLarge,
                explanation: "The packet is larger than this server's maximum",
            });
        }
        if self.input.len() < header.packet_size() {
            return Ok(false);
        }
        let mut packet = self.input.split_to(header.packet_size());
        packet.advance(header.size);
        self.last_packet_at = now;
        if is_first {
            self.receive_connect(header, &packet, handler);
        } else {
            let packet = decode_packet(header, &packet, self.version)?;
            self.receive_request(packet, handler)?;
        }
        Ok(true)
    }

    fn packet_bytes_max(&self) -> usize {
        match self.state {
            State::AwaitingConnect => self.limits.connect_bytes_max,
            State::Open | State::Closed => self.limits.packet_bytes_max,
        }
    }

    fn receive_connect(
        &mut self,
        header: FixedHeader,
        body: &[u8],
        handler: &mut impl ConnectionHandler,
    ) {
        match decode_connect(header, body) {
            Ok(connect) => self.open(connect, handler),
            Err(ConnectError::Silent(error)) => self.close(Some(error.into())),
            Err(ConnectError::UnsupportedVersion { level }) => self.refuse_version(level),
            Err(ConnectError::Invalid(error)) => {
                // The limits of the client are unknown, so it gets no text.
                self.output
                    .extend(encode::encode_refusal(Version::V5, error.code, None));
                self.close(Some(error.into()));
            }
        }
    }

    /// Versions below 5 read a CONNACK of 3.1.1 (3.1.1: 3.1.2.2).
    fn refuse_version(&mut self, level: u8) {
        let code = ReasonCode::UnsupportedProtocolVersion;
        let form = if level < 5 {
            Version::V311
        } else {
            Version::V5
        };
        self.output.extend(encode::encode_refusal(form, code, None));
        self.close(Some(Reason {
            code,
            text: format!("unsupported_protocol_version: The client's version is {level}."),
        }));
    }

    fn open(&mut self, connect: Connect<'_>, handler: &mut impl ConnectionHandler) {
        self.version = connect.version;
        self.client = ClientLimits {
            packet_bytes_max: usize::try_from(connect.maximum_packet_size).unwrap_or(usize::MAX),
            receive_maximum: connect
                .receive_maximum
                .min(self.limits.unacknowledged_max)
                .into(),
            wants_reason_text: connect.problem_information,
            asked_to_keep_session: connect.session_expiry > 0,
        };
        if connect.has_authentication_method {
            return self.refuse(Reason {
                code: ReasonCode::BadAuthenticationMethod,
                text: "bad_authentication_method: Sign in with a password.".to_owned(),
            });
        }
        let limits = ServerLimits {
            receive_maximum: self.limits.unreleased_max,
            maximum_packet_size: u32::try_from(self.limits.packet_bytes_max).unwrap_or(u32::MAX),
            ends_session: self.client.asked_to_keep_session,
        };
        let acceptance = encode::encode_acceptance(self.version, &limits);
        if acceptance.len() > self.client.packet_bytes_max {
            return self.refuse(Reason {
                code: ReasonCode::PacketTooLarge,
                text: "packet_too_large: The client's maximum is too small.".to_owned(),
            });
        }
        if let Err(reason) = handler.admit_client(&connect) {
            return self.refuse(reason);
        }
        // One and a half times the client's keep-alive (3.1.2.10).
        self.keep_alive = Duration::from_millis(1_500) * u32::from(connect.keep_alive);
        self.state = State::Open;
        self.will = connect.will;
        self.output.extend(acceptance);
    }

    fn refuse(&mut self, reason: Reason) {
        let text = Some(reason.text.as_str()).filter(|_| self.client.wants_reason_text);
        let with_text = encode::encode_refusal(self.version, reason.code, text);
        let without_text = encode::encode_refusal(self.version, reason.code, None);
        for packet in [with_text, without_text] {
            if packet.len() <= self.client.packet_bytes_max {
                self.output.extend(packet);
                break;
            }
        }
        self.close(Some(reason));
    }

    fn put_disconnect(&mut self, reason: &Reason) {
        let with_text = encode::encode_disconnect(reason, self.client.wants_reason_text);
        let without_text = encode::encode_disconnect(reason, false);
        for packet in [with_text, without_text] {
            if packet.len() <= self.client.packet_bytes_max {
                self.output.extend(packet);
                return;
            }
        }
    }

    fn close(&mut self, reason: Option<Reason>) {
        if self.state != State::Closed {
            self.state = State::Closed;
            self.closed_for = reason;
        }
    }
}
