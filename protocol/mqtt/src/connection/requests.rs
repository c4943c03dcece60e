//! Answers the packets that a client sends after its CONNECT.

use crate::{
    decode::check_filter,
    encode,
    handler::ConnectionHandler,
    packets::{
        Packet, PacketError, Publish, Qos, Reason, ReasonCode, Subscribe, TopicFilter, Unsubscribe,
        Version,
    },
};

use super::Connection;

impl Connection {
    pub(super) fn receive_request(
        &mut self,
        packet: Packet<'_>,
        handler: &mut impl ConnectionHandler,
    ) -> Result<(), PacketError> {
        match packet {
            Packet::Publish(publish) => self.receive_message(&publish, handler)?,
            Packet::Puback { packet_id } => {
                self.unacknowledged.remove(&packet_id);
            }
            Packet::Pubrec {
                packet_id,
                is_refusal,
            } => {
                self.receive_pubrec(packet_id, is_refusal)?;
            }
            Packet::Pubrel { packet_id } => self.release_message(packet_id),
            // Answers a PUBREL for a message that does not exist.
            Packet::Pubcomp { .. } => {}
            Packet::Subscribe(subscribe) => self.receive_subscribe(&subscribe, handler)?,
            Packet::Unsubscribe(unsubscribe) => self.receive_unsubscribe(&unsubscribe, handler),
            Packet::Pingreq => self.put_answer(&encode::PINGRESP),
            Packet::Disconnect {
                session_expiry,
                deletes_will,
            } => {
                if session_expiry > 0 && !self.client.asked_to_keep_session {
                    return Err(PacketError::protocol(
                        "DISCONNECT asks for a session that CONNECT did not ask for",
                    ));
                }
                if deletes_will {
                    self.will = None;
                }
                self.close(None);
            }
        }
        Ok(())
    }

    fn receive_message(
        &mut self,
        publish: &Publish<'_>,
        handler: &mut impl ConnectionHandler,
    ) -> Result<(), PacketError> {
        let packet_id = publish.packet_id;
        match publish.qos {
            Qos::AtMostOnce => {
                // A packet without an identifier cannot be answered.
                let _ = handler.take_message(publish);
            }
            Qos::AtLeastOnce => {
                let code = handler.take_message(publish).err();
                let code = code.unwrap_or(ReasonCode::Success);
                self.put_acknowledgement(encode::PUBACK, packet_id, code);
            }
            Qos::ExactlyOnce if self.unreleased.contains(&packet_id) => {
                self.put_acknowledgement(encode::PUBREC, packet_id, ReasonCode::Success);
            }
            Qos::ExactlyOnce => {
                if self.unreleased.len() >= usize::from(self.limits.unreleased_max) {
                    return Err(PacketError {
                        code: ReasonCode::ReceiveMaximumExceeded,
                        explanation: "The client sends more messages of QoS 2 than it releases",
                    });
                }
                let code = handler.take_message(publish).err();
                let code = code.unwrap_or(ReasonCode::Success);
                // In version 5 a refused message is over with its PUBREC (4.3.3).
                if code == ReasonCode::Success || self.version == Version::V311 {
                    self.unreleased.insert(packet_id);
                }
                self.put_acknowledgement(encode::PUBREC, packet_id, code);
            }
        }
        Ok(())
    }

    /// This server sends no message of QoS 2, so a PUBREC is about none.
    fn receive_pubrec(&mut self, packet_id: u16, is_refusal: bool) -> Result<(), PacketError> {
        if self.unacknowledged.contains(&packet_id) {
            return Err(PacketError::protocol(
                "A message of QoS 1 is answered by PUBREC",
            ));
        }
        if !is_refusal {
            let code = ReasonCode::PacketIdentifierNotFound;
            self.put_acknowledgement(encode::PUBREL, packet_id, code);
        }
        Ok(())
    }

    fn release_message(&mut self, packet_id: u16) {
        let code = if self.unreleased.remove(&packet_id) {
            ReasonCode::Success
        } else {
            ReasonCode::PacketIdentifierNotFound
        };
        self.put_acknowledgement(encode::PUBCOMP, packet_id, code);
    }

    fn receive_subscribe(
        &mut self,
        subscribe: &Subscribe<'_>,
        handler: &mut impl ConnectionHandler,
    ) -> Result<(), PacketError> {
        if subscribe.has_identifier {
            return Err(PacketError {
                code: ReasonCode::SubscriptionIdentifiersNotSupported,
                explanation: "This server takes no Subscription Identifiers",
            });
        }
        let mut codes = Vec::with_capacity(subscribe.filters.len());
        for filter in &subscribe.filters {
            let subscribed = check_filter(filter.filter).and_then(|()| handler.subscribe(filter));
            codes.push(self.encode_subscription(filter, subscribed));
        }
        let packet_id = subscribe.packet_id;
        let answer = encode::encode_codes(encode::SUBACK, packet_id, &codes, self.version);
        self.put_answer(&answer);
        Ok(())
    }

    /// The granted QoS, or why the subscription failed (3.9.3; 3.1.1: 0x80).
    fn encode_subscription(
        &self,
        filter: &TopicFilter<'_>,
        subscribed: Result<(), ReasonCode>,
    ) -> u8 {
        match (subscribed, self.version) {
            (Ok(()), _) => match filter.qos {
                Qos::AtMostOnce => 0,
                Qos::AtLeastOnce | Qos::ExactlyOnce => 1,
            },
            (Err(_), Version::V311) => 0x80,
            (Err(code), Version::V5) => code.as_byte(),
        }
    }

    fn receive_unsubscribe(
        &mut self,
        unsubscribe: &Unsubscribe<'_>,
        handler: &mut impl ConnectionHandler,
    ) {
        let mut codes = Vec::with_capacity(unsubscribe.filters.len());
        for filter in &unsubscribe.filters {
            let code = if handler.unsubscribe(filter) {
                ReasonCode::Success
            } else {
                ReasonCode::NoSubscriptionExisted
            };
            codes.push(code.as_byte());
        }
        if self.version == Version::V311 {
            codes.clear();
        }
        let packet_id = unsubscribe.packet_id;
        let answer = encode::encode_codes(encode::UNSUBACK, packet_id, &codes, self.version);
        self.put_answer(&answer);
    }

    fn put_acknowledgement(&mut self, first: u8, packet_id: u16, code: ReasonCode) {
        let packet = encode::encode_acknowledgement(first, packet_id, code, self.version);
        self.put_answer(&packet);
    }

    /// A client that cannot take the answer to its request is disconnected.
    fn put_answer(&mut self, packet: &[u8]) {
        if packet.len() <= self.client.packet_bytes_max {
            self.output.extend_from_slice(packet);
            return;
        }
        self.end(Reason {
            code: ReasonCode::PacketTooLarge,
            text: "packet_too_large: The answer exceeds the client's maximum.".to_owned(),
        });
    }
}
