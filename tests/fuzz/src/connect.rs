//! The packets of any client that reaches the port of an edge's broker: its CONNECT, from which the
//! edge reads the tablet's credentials, and those that follow.

use std::time::Duration;

use mqtt_protocol::{
    Connect, Connection, ConnectionHandler, ConnectionLimits, OutgoingMessage, Publish, Qos,
    Reason, ReasonCode, TopicFilter,
};
use wire::{Code, TabletCredentials};

const LIMITS: ConnectionLimits = ConnectionLimits {
    connect_within: Duration::from_secs(10),
    connect_bytes_max: 16 * 1024,
    packet_bytes_max: 80 * 1024,
    unreleased_max: 16,
    unacknowledged_max: 16,
};

/// # Panics
/// If credentials differ from their CONNECT, or the answers depend on how the bytes arrive.
pub fn check(bytes: &[u8]) {
    let whole = converse(std::iter::once(bytes));
    let in_pieces = converse(bytes.chunks(1));
    assert_eq!(whole, in_pieces);
}

#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    answers: Vec<u8>,
    is_closed: bool,
    handled: Counts,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    admitted: usize,
    messages: usize,
    subscriptions: usize,
}

fn converse<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut connection = Connection::new(LIMITS);
    let mut counts = Counts::default();
    for piece in pieces {
        connection.receive(piece, Duration::ZERO, &mut counts);
    }
    assert!(counts.admitted <= 1, "a connection signs in twice");
    if counts.admitted == 0 {
        assert_eq!(
            (counts.messages, counts.subscriptions),
            (0, 0),
            "before the sign-in"
        );
    }
    let outcome = Outcome {
        answers: connection.output().to_vec(),
        is_closed: connection.is_closed(),
        handled: counts,
    };
    if connection.may_publish() {
        connection.publish(&OutgoingMessage {
            topic: "t",
            payload: b"{}",
            qos: Qos::AtLeastOnce,
            retain: false,
        });
    }
    connection.check_deadline(Duration::from_secs(200_000));
    outcome
}

impl ConnectionHandler for Counts {
    fn admit_client(&mut self, connect: &Connect<'_>) -> Result<(), Reason> {
        check_credentials(connect).map_err(|code| Reason {
            code: ReasonCode::BadUserNameOrPassword,
            text: code.to_string(),
        })?;
        self.admitted += 1;
        Ok(())
    }

    fn take_message(&mut self, publish: &Publish<'_>) -> Result<(), ReasonCode> {
        assert!(!publish.topic.is_empty() && !publish.topic.contains(['+', '#', '\0']));
        self.messages += 1;
        if publish.topic.len() > 1 {
            return Err(ReasonCode::NotAuthorized);
        }
        Ok(())
    }

    fn subscribe(&mut self, filter: &TopicFilter<'_>) -> Result<(), ReasonCode> {
        assert!(!filter.filter.is_empty());
        self.subscriptions += 1;
        Ok(())
    }

    fn unsubscribe(&mut self, filter: &str) -> bool {
        filter.len() > 1
    }
}

fn check_credentials(connect: &Connect<'_>) -> Result<(), Code> {
    let Connect {
        client_id,
        user_name,
        password,
        ..
    } = connect;
    match TabletCredentials::read(client_id, *user_name, *password) {
        Ok(TabletCredentials { device, token }) => {
            assert_eq!(*user_name, Some(device.as_str()));
            assert_eq!(*password, Some(token.as_bytes()));
            let rest = client_id.strip_prefix(device.as_str());
            assert!(rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
            Ok(())
        }
        Err(code) => {
            assert_eq!(code, Code::InvalidCredentials);
            Err(code)
        }
    }
}
