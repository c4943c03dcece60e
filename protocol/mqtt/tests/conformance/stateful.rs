//! What depends on time, on earlier packets, or on messages to the client.

use std::time::Duration;

use mqtt_protocol::{Connection, OutgoingMessage, Qos, Reason, ReasonCode, Version};

use crate::cases::{ACCEPTED, LIMITS, TestHandler, connect, write};

const VERSIONS: [Version; 2] = [Version::V311, Version::V5];
const DISCONNECT_CODE_AT: usize = 2;

fn open(version: Version) -> (Connection, TestHandler) {
    let mut connection = Connection::new(LIMITS);
    let mut handler = TestHandler::default();
    connect(&mut connection, &mut handler, version);
    (connection, handler)
}

fn open_with(properties: &str) -> (Connection, TestHandler) {
    let sent = format!("10['MQTT' 05 c2 003c <{properties}> 't-1' 't-1' 'good']");
    let mut connection = Connection::new(LIMITS);
    let mut handler = TestHandler::default();
    connection.receive(&write(&sent, Version::V5), Duration::ZERO, &mut handler);
    assert_eq!(connection.output().to_vec(), write(ACCEPTED, Version::V5));
    connection.output().clear();
    (connection, handler)
}

fn message(payload: &[u8], qos: Qos) -> OutgoingMessage<'_> {
    OutgoingMessage {
        topic: "a",
        payload,
        qos,
        retain: false,
    }
}

fn send(connection: &mut Connection, handler: &mut TestHandler, version: Version, sent: &str) {
    connection.receive(&write(sent, version), Duration::ZERO, handler);
}

#[test]
fn a_client_without_connect_is_dropped_after_ten_seconds() {
    let mut connection = Connection::new(LIMITS);
    assert_eq!(connection.deadline(), Some(Duration::from_secs(10)));
    connection.check_deadline(Duration::from_secs(9));
    assert!(!connection.is_closed());
    connection.check_deadline(Duration::from_secs(10));
    assert!(connection.is_closed() && connection.output().is_empty());
}

#[test]
fn a_silent_client_ends_after_one_and_a_half_keep_alives() {
    for version in VERSIONS {
        let (mut connection, mut handler) = open(version);
        assert_eq!(connection.deadline(), Some(Duration::from_secs(90)));
        let ping = write("c000", version);
        connection.receive(&ping[..1], Duration::from_secs(50), &mut handler);
        assert_eq!(
            connection.deadline(),
            Some(Duration::from_secs(90)),
            "half a packet"
        );
        connection.receive(&ping[1..], Duration::from_secs(60), &mut handler);
        assert_eq!(connection.deadline(), Some(Duration::from_secs(150)));
        connection.output().clear();
        connection.check_deadline(Duration::from_secs(150));
        assert!(connection.is_closed());
        assert_eq!(connection.output().to_vec(), write("{e0[8d]}", version));
    }
}

#[test]
fn without_a_keep_alive_a_client_may_be_silent() {
    let mut connection = Connection::new(LIMITS);
    let mut handler = TestHandler::default();
    let sent = "10['MQTT' 04 c2 0000 't-1' 't-1' 'good']";
    send(&mut connection, &mut handler, Version::V311, sent);
    assert_eq!(connection.deadline(), None);
}

#[test]
fn an_end_tells_version_5_why_and_closes_3_1_1() {
    let (mut connection, _) = open(Version::V311);
    let reason = Reason {
        code: ReasonCode::ServerShuttingDown,
        text: "stop: Bye.".to_owned(),
    };
    connection.end(reason.clone());
    assert!(connection.is_closed() && connection.output().is_empty());
    let (mut connection, mut handler) = open_with("");
    connection.end(reason.clone());
    let expected = write("e0[8b <1f 'stop: Bye.'>]", Version::V5);
    assert_eq!(connection.output().to_vec(), expected);
    assert_eq!(connection.closed_for(), Some(&reason));
    send(&mut connection, &mut handler, Version::V5, "c000");
    connection.end(reason);
    assert_eq!(
        connection.output().to_vec(),
        expected,
        "nothing follows a DISCONNECT"
    );
}

#[test]
fn a_protocol_error_is_explained_in_words() {
    let (mut connection, mut handler) = open_with("");
    send(
        &mut connection,
        &mut handler,
        Version::V5,
        "32['cmd' 0000 <>]",
    );
    let text = "protocol_error: The packet identifier is 0.";
    let expected = write(&format!("e0[82 <1f '{text}'>]"), Version::V5);
    assert_eq!(connection.output().to_vec(), expected);
}

#[test]
fn a_reason_that_does_not_fit_loses_its_words() {
    let (mut connection, mut handler) = open_with("27 00000010");
    send(&mut connection, &mut handler, Version::V5, "0000");
    assert_eq!(connection.output().to_vec(), write("e0[81]", Version::V5));
}

#[test]
fn an_answer_that_does_not_fit_ends_the_connection() {
    let (mut connection, mut handler) = open_with("27 00000010");
    let filters = "'x' 01".repeat(12);
    send(
        &mut connection,
        &mut handler,
        Version::V5,
        &format!("82[0001 <> {filters}]"),
    );
    assert!(connection.is_closed());
    assert_eq!(connection.output()[DISCONNECT_CODE_AT], 0x95);
}

#[test]
fn messages_have_the_form_of_their_version() {
    for version in VERSIONS {
        let (mut connection, _) = open(version);
        assert!(connection.publish(&message(b"x", Qos::AtMostOnce)));
        assert!(connection.publish(&message(b"x", Qos::AtLeastOnce)));
        let retained = OutgoingMessage {
            retain: true,
            ..message(b"", Qos::ExactlyOnce)
        };
        assert!(connection.publish(&retained));
        let expected = "30['a' <> \"x\"] 32['a' 0001 <> \"x\"] 33['a' 0002 <>]";
        assert_eq!(connection.output().to_vec(), write(expected, version));
    }
}

#[test]
fn unacknowledged_messages_are_bounded_and_an_acknowledgement_makes_room() {
    for version in VERSIONS {
        let (mut connection, mut handler) = open(version);
        for _ in 0..2 {
            assert!(connection.may_publish());
            connection.publish(&message(b"x", Qos::AtLeastOnce));
        }
        assert!(!connection.may_publish());
        send(&mut connection, &mut handler, version, "40[0009]");
        assert!(!connection.may_publish(), "an acknowledgement of nothing");
        send(&mut connection, &mut handler, version, "40[0001]");
        assert!(connection.may_publish());
    }
}

#[test]
fn a_smaller_receive_maximum_counts() {
    let (mut connection, mut handler) = open_with("21 0001");
    connection.publish(&message(b"x", Qos::AtLeastOnce));
    assert!(!connection.may_publish());
    send(&mut connection, &mut handler, Version::V5, "40[0001 80]");
    assert!(connection.may_publish());
}

#[test]
fn packet_identifiers_wrap_around_and_skip_those_in_use() {
    let (mut connection, mut handler) = open(Version::V311);
    connection.publish(&message(b"x", Qos::AtLeastOnce));
    for id in 2..=u16::MAX {
        connection.publish(&message(b"x", Qos::AtLeastOnce));
        send(
            &mut connection,
            &mut handler,
            Version::V311,
            &format!("40[{id:04x}]"),
        );
    }
    connection.output().clear();
    connection.publish(&message(b"x", Qos::AtLeastOnce));
    let expected = write("32['a' 0002 \"x\"]", Version::V311);
    assert_eq!(connection.output().to_vec(), expected, "1 is in use");
}

#[test]
fn a_message_that_is_too_large_for_the_client_is_not_sent() {
    let (mut connection, _) = open_with("27 00000010");
    assert!(connection.publish(&message(&[0; 8], Qos::AtLeastOnce)));
    assert_eq!(connection.output().len(), 16);
    assert!(!connection.publish(&message(&[0; 9], Qos::AtLeastOnce)));
    assert_eq!(connection.output().len(), 16);
}

#[test]
fn a_pubrec_for_a_message_of_qos_1_is_a_protocol_error() {
    for version in VERSIONS {
        let (mut connection, mut handler) = open(version);
        connection.publish(&message(b"x", Qos::AtLeastOnce));
        connection.output().clear();
        send(&mut connection, &mut handler, version, "50[0001]");
        assert!(connection.is_closed());
        assert_eq!(connection.output().to_vec(), write("{e0[82]}", version));
    }
}

#[test]
fn a_repeated_message_of_qos_2_is_taken_once() {
    for version in VERSIONS {
        let (mut connection, mut handler) = open(version);
        let sent = "34['cmd' 0001 <> \"x\"] 3c['cmd' 0001 <> \"x\"] 62[0001]";
        send(&mut connection, &mut handler, version, sent);
        assert_eq!(handler.messages, [b"x"]);
        send(
            &mut connection,
            &mut handler,
            version,
            "34['cmd' 0001 <> \"y\"]",
        );
        assert_eq!(handler.messages, [b"x", b"y"]);
    }
}

#[test]
fn the_largest_packet_is_taken_and_one_byte_more_ends_the_connection() {
    for version in VERSIONS {
        let head = write("'cmd' 0001 <>", version);
        let fixed_header = 4;
        let largest = 80 * 1024 - fixed_header - head.len();
        for (size, is_taken) in [(largest, true), (largest + 1, false)] {
            let (mut connection, mut handler) = open(version);
            let body = [head.clone(), vec![0; size]].concat();
            let mut packet = vec![0x32];
            let length = body.len();
            packet.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            packet.push(u8::try_from((length >> 7) & 0x7f).unwrap() | 0x80);
            packet.push(u8::try_from(length >> 14).unwrap());
            packet.extend(body);
            connection.receive(&packet, Duration::ZERO, &mut handler);
            assert_eq!(handler.messages.len(), usize::from(is_taken));
            assert_eq!(connection.is_closed(), !is_taken);
        }
    }
}
