//! The end of a connection with a will (3.1.2.5): each publishes it, except a DISCONNECT that deletes
//! it (3.14.4).

use std::time::Duration;

use mqtt_protocol::{Connection, Reason, ReasonCode, Version, Will};

use crate::cases::{ACCEPTED, LIMITS, TestHandler, write};

const VERSIONS: [Version; 2] = [Version::V311, Version::V5];
const FIXED_HEADER_BYTES: usize = 3;

/// A CONNECT with a will of these properties.
fn connect_with_will(flags: &str, properties: &str) -> String {
    format!(
        "10['MQTT' (04){{05}} {flags} 003c <17 00> 't-1' <{properties}> 'cmd' 'gone' 't-1' 'good']"
    )
}

fn expected_will() -> Will {
    Will {
        topic: "cmd".to_owned(),
        payload: b"gone"[..].into(),
    }
}

struct Line {
    connection: Connection,
    handler: TestHandler,
    version: Version,
}

impl Line {
    /// Sends a first packet, and removes the answer from the output.
    fn open(version: Version, connect: &str, answer: &str) -> Self {
        let mut line = Self {
            connection: Connection::new(LIMITS),
            handler: TestHandler::default(),
            version,
        };
        line.send(connect);
        let answered = line.connection.output().to_vec();
        assert_eq!(answered, write(answer, version), "{version:?}: {connect}");
        line.connection.output().clear();
        line
    }

    fn with_will(version: Version) -> Self {
        Self::open(version, &connect_with_will("c6", ""), ACCEPTED)
    }

    fn send(&mut self, sent: &str) {
        let bytes = write(sent, self.version);
        self.connection
            .receive(&bytes, Duration::ZERO, &mut self.handler);
    }
}

#[test]
fn a_will_is_due_after_every_end_but_a_disconnect_that_deletes_it() {
    const DELETED: bool = false;
    const DUE: bool = true;
    let normal = [("e0[]", DELETED), ("c000 e0[]", DELETED)];
    let of_version_5 = [
        ("e0[00]", DELETED),
        ("e0[00 <>]", DELETED),
        ("e0[00 <1f 'bye'>]", DELETED),
        ("e0[04]", DUE),
        ("e0[04 <26 'a' 'b'>]", DUE),
        ("e0[80]", DUE),
        ("e0[98]", DUE),
        // Invalid: it requests a session, and its CONNECT did not.
        ("e0[00 <11 00000001>]", DUE),
    ];
    let faults = [
        // The stream ends.
        ("", DUE),
        ("c000", DUE),
        ("e0", DUE),
        ("e1[]", DUE),
        ("0000", DUE),
        ("82[0000 <> 'a' 01]", DUE),
        ("30 ff ff ff 7f", DUE),
        ("10['MQTT' (04){05} 02 003c <> 't-1']", DUE),
    ];
    for version in VERSIONS {
        let mut cases = [&normal[..], &faults].concat();
        if version == Version::V5 {
            cases.extend(of_version_5);
        }
        for (sent, is_due) in cases {
            let mut line = Line::with_will(version);
            line.send(sent);
            let will = line.connection.take_will();
            let expected = is_due.then(expected_will);
            assert_eq!(will, expected, "{version:?}: {sent}");
            assert_eq!(line.connection.take_will(), None, "it is published once");
        }
    }
}

#[test]
fn a_will_is_due_after_an_end_by_the_server() {
    for version in VERSIONS {
        let mut silent = Line::with_will(version);
        silent.connection.check_deadline(Duration::from_secs(90));
        assert!(silent.connection.is_closed());
        assert_eq!(silent.connection.take_will(), Some(expected_will()));

        let mut taken_over = Line::with_will(version);
        taken_over.connection.end(Reason {
            code: ReasonCode::SessionTakenOver,
            text: "why".to_owned(),
        });
        // A client that is late deletes nothing.
        taken_over.send("e0[]");
        assert_eq!(taken_over.connection.take_will(), Some(expected_will()));
    }
}

#[test]
fn a_wills_flags_and_properties_change_neither_its_bytes_nor_when_it_is_due() {
    for version in VERSIONS {
        for flags in ["c6", "ce", "d6", "e6", "f6"] {
            let connect = connect_with_will(flags, "");
            let mut line = Line::open(version, &connect, ACCEPTED);
            assert_eq!(line.connection.take_will(), Some(expected_will()));
        }
    }
    // The session that would outlast the delay ends with its connection.
    let expiring = "20[00 00 <11 00000000 21 0003 27 00014000 29 00>]";
    for properties in [
        "18 ffffffff",
        "18 00000005 01 01 02 00000001 03 'x' 08 'y' 26 'a' 'b'",
    ] {
        let fields = format!("<{properties}> 'cmd' 'gone' 't-1' 'good'");
        let connect = format!("10['MQTT' 05 c6 003c <11 00000e10> 't-1' {fields}]");
        let mut line = Line::open(Version::V5, &connect, expiring);
        assert_eq!(line.connection.take_will(), Some(expected_will()));
    }
}

#[test]
fn only_an_admitted_client_leaves_a_will() {
    for version in VERSIONS {
        let mut line = Line::open(version, &write_refused("cmd", "bad"), "20[00 (04){86} <>]");
        assert_eq!(line.connection.take_will(), None);
        let mut line = Line::open(version, &write_refused("w", "good"), "20[00 (05){87} <>]");
        assert_eq!(line.connection.take_will(), None);
        let without = "10['MQTT' (04){05} c2 003c <17 00> 't-1' 't-1' 'good']";
        let mut line = Line::open(version, without, ACCEPTED);
        assert_eq!(line.connection.take_will(), None);
    }
}

fn write_refused(topic: &str, password: &str) -> String {
    format!("10['MQTT' (04){{05}} c6 003c <17 00> 't-1' <> '{topic}' 'gone' 't-1' '{password}']")
}

#[test]
fn the_largest_connect_brings_its_will_and_one_byte_more_ends_in_silence() {
    for version in VERSIONS {
        let head = write("'MQTT' (04){05} c6 003c <17 00> 't-1' <> 'cmd'", version);
        let tail = write("'t-1' 'good'", version);
        let length_bytes = 2;
        let around = FIXED_HEADER_BYTES + head.len() + length_bytes + tail.len();
        let largest = LIMITS.connect_bytes_max - around;
        for (size, is_taken) in [(largest, true), (largest + 1, false)] {
            let length = u16::try_from(size).unwrap().to_be_bytes();
            let body = [&head[..], &length, &vec![b'x'; size], &tail].concat();
            let low = u8::try_from(body.len() % 128).unwrap() | 0x80;
            let high = u8::try_from(body.len() / 128).unwrap();
            let packet = [&[0x10, low, high][..], &body].concat();
            let mut connection = Connection::new(LIMITS);
            let mut handler = TestHandler::default();
            connection.receive(&packet, Duration::ZERO, &mut handler);
            let will = connection.take_will();
            assert_eq!(
                will.map(|will| will.payload.len()),
                is_taken.then_some(size)
            );
            assert_eq!(connection.is_closed(), !is_taken);
            assert_eq!(connection.output().is_empty(), !is_taken);
        }
    }
}
