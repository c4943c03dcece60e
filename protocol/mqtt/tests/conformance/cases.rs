//! The notation of the cases, and their runner.
//!
//! `3c` is a byte, `'text'` a text with its length, `"text"` a text without, `[..]` a section with
//! its length as a variable byte integer. Only version 5 has `{..}` and `<..>`, which is a section
//! of properties; only 3.1.1 has `(..)`. `!` at the end: the connection closes.

use std::time::Duration;

use mqtt_protocol::{
    Connect, Connection, ConnectionHandler, ConnectionLimits, Publish, Reason, ReasonCode,
    TopicFilter, Version,
};

pub(crate) struct Case {
    pub name: String,
    pub versions: &'static [Version],
    pub sent: String,
    pub answer: String,
    /// Runs after a CONNECT that was accepted.
    pub is_connected: bool,
}

impl Case {
    fn new(versions: &'static [Version], name: &str, sent: &str, answer: &str) -> Self {
        Self {
            name: name.to_owned(),
            versions,
            sent: sent.to_owned(),
            answer: answer.to_owned(),
            is_connected: true,
        }
    }

    /// Starts with the client's first packet.
    pub(crate) fn into_first_packet(self) -> Self {
        Self {
            is_connected: false,
            ..self
        }
    }
}

pub(crate) fn both(name: &str, sent: &str, answer: &str) -> Case {
    Case::new(&[Version::V311, Version::V5], name, sent, answer)
}

pub(crate) fn v311(name: &str, sent: &str, answer: &str) -> Case {
    Case::new(&[Version::V311], name, sent, answer)
}

pub(crate) fn v5(name: &str, sent: &str, answer: &str) -> Case {
    Case::new(&[Version::V5], name, sent, answer)
}

pub(crate) const CONNECT: &str = "10['MQTT' (04){05} c2 003c <17 00> 't-1' 't-1' 'good']";
pub(crate) const ACCEPTED: &str = "20[00 00 <21 0003 27 00014000 29 00>]";

pub(crate) const LIMITS: ConnectionLimits = ConnectionLimits {
    connect_within: Duration::from_secs(10),
    connect_bytes_max: 16 * 1024,
    packet_bytes_max: 80 * 1024,
    unreleased_max: 3,
    unacknowledged_max: 2,
};

/// Admits by the password, takes messages and wills on `cmd`, and lets clients subscribe to `a` and `b/c`.
#[derive(Default)]
pub(crate) struct TestHandler {
    pub messages: Vec<Vec<u8>>,
    pub subscriptions: Vec<String>,
}

impl ConnectionHandler for TestHandler {
    fn admit_client(&mut self, connect: &Connect<'_>) -> Result<(), Reason> {
        let code = match (connect.client_id, connect.password) {
            ("", _) => ReasonCode::ClientIdentifierNotValid,
            (_, Some(b"good")) => match &connect.will {
                Some(will) if will.topic != "cmd" => ReasonCode::NotAuthorized,
                _ => return Ok(()),
            },
            (_, Some(b"ended")) => ReasonCode::NotAuthorized,
            (_, Some(b"banned")) => ReasonCode::Banned,
            (_, Some(b"full")) => ReasonCode::QuotaExceeded,
            _ => ReasonCode::BadUserNameOrPassword,
        };
        Err(Reason {
            code,
            text: "why".to_owned(),
        })
    }

    fn take_message(&mut self, publish: &Publish<'_>) -> Result<(), ReasonCode> {
        if publish.topic != "cmd" {
            return Err(ReasonCode::NotAuthorized);
        }
        self.messages.push(publish.payload.to_vec());
        Ok(())
    }

    fn subscribe(&mut self, filter: &TopicFilter<'_>) -> Result<(), ReasonCode> {
        if !["a", "b/c"].contains(&filter.filter) {
            return Err(ReasonCode::NotAuthorized);
        }
        self.subscriptions.push(filter.filter.to_owned());
        Ok(())
    }

    fn unsubscribe(&mut self, filter: &str) -> bool {
        let before = self.subscriptions.len();
        self.subscriptions.retain(|subscribed| subscribed != filter);
        self.subscriptions.len() < before
    }
}

/// The failures of a case in each of its versions, whole and byte by byte.
pub(crate) fn run(case: &Case) -> Vec<String> {
    let mut failures = Vec::new();
    for version in case.versions {
        let sent = write(&case.sent, *version);
        for piece in [sent.len().max(1), 1] {
            let mut failure = check(case, *version, sent.chunks(piece));
            failures.extend(failure.take());
        }
    }
    failures
}

fn check<'a>(
    case: &Case,
    version: Version,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> Option<String> {
    let mut handler = TestHandler::default();
    let mut connection = Connection::new(LIMITS);
    if case.is_connected {
        connect(&mut connection, &mut handler, version);
    }
    for piece in pieces {
        connection.receive(piece, Duration::ZERO, &mut handler);
    }
    let closes = case.answer.ends_with('!');
    let expected = write(case.answer.trim_end_matches('!'), version);
    let answer = connection.output().to_vec();
    if answer == expected && connection.is_closed() == closes {
        return None;
    }
    Some(format!(
        "{} ({version:?}): expected {expected:02x?}, closes: {closes}; got {answer:02x?}",
        case.name
    ))
}

/// Connects, and removes the acceptance from the output.
pub(crate) fn connect(connection: &mut Connection, handler: &mut TestHandler, version: Version) {
    connection.receive(&write(CONNECT, version), Duration::ZERO, handler);
    assert_eq!(connection.output().to_vec(), write(ACCEPTED, version));
    connection.output().clear();
}

/// The bytes of a text in the notation of this module.
pub(crate) fn write(text: &str, version: Version) -> Vec<u8> {
    let mut writer = Writer {
        rest: text.chars(),
        version,
    };
    writer.write_until(None)
}

struct Writer<'a> {
    rest: std::str::Chars<'a>,
    version: Version,
}

impl Writer<'_> {
    fn write_until(&mut self, end: Option<char>) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(next) = self.rest.next() {
            match next {
                _ if Some(next) == end => return bytes,
                ' ' => {}
                '\'' => {
                    let text = self.read_quoted('\'');
                    bytes.extend(
                        u16::try_from(text.len())
                            .expect("a short text")
                            .to_be_bytes(),
                    );
                    bytes.extend(text);
                }
                '"' => bytes.extend(self.read_quoted('"')),
                '[' => {
                    let section = self.write_until(Some(']'));
                    bytes.extend(write_length(section.len()));
                    bytes.extend(section);
                }
                '<' => {
                    let section = self.write_until(Some('>'));
                    if self.version == Version::V5 {
                        bytes.extend(write_length(section.len()));
                        bytes.extend(section);
                    }
                }
                '{' => {
                    let section = self.write_until(Some('}'));
                    bytes.extend(section.into_iter().filter(|_| self.version == Version::V5));
                }
                '(' => {
                    let section = self.write_until(Some(')'));
                    bytes.extend(
                        section
                            .into_iter()
                            .filter(|_| self.version == Version::V311),
                    );
                }
                digit => {
                    let low = self.rest.next().expect("a second digit");
                    let byte = format!("{digit}{low}");
                    bytes.push(u8::from_str_radix(&byte, 16).expect("two digits"));
                }
            }
        }
        assert_eq!(end, None, "a section has no end");
        bytes
    }

    fn read_quoted(&mut self, quote: char) -> Vec<u8> {
        let text: String = self
            .rest
            .by_ref()
            .take_while(|next| *next != quote)
            .collect();
        text.into_bytes()
    }
}

fn write_length(mut left: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(left % 128).expect("seven bits");
        left /= 128;
        bytes.push(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            return bytes;
        }
    }
}
