use process::clock::Clock;
use wire::UnixMillis;

use super::*;
use crate::tests::{People, device, id};

fn provider(signed_in: &TabletSessions, user: u128) -> TabletSession {
    let people = People::new();
    let token = people.token(Role::Provider, user);
    let (claims, admitted) = people
        .authenticator()
        .admit_connection(&token, None)
        .unwrap();
    signed_in.new_session(&claims, admitted)
}

/// A connection of that person with its mailbox, not yet registered.
fn open(signed_in: &TabletSessions, client_id: &str, user: u128, owns_device: bool) -> OpenSession {
    OpenSession {
        device: DeviceId::from_client_id(client_id).unwrap(),
        session: provider(signed_in, user),
        owns_device,
        mailbox: Arc::default(),
    }
}

fn register(
    signed_in: &TabletSessions,
    client_id: &str,
    connection: &OpenSession,
) -> Result<(), ConnectRefusal> {
    signed_in
        .register_connection(client_id, connection.clone())
        .map(drop)
}

fn ending_code(connection: &OpenSession) -> Option<ReasonCode> {
    connection.mailbox.find_ending().map(|reason| reason.code)
}

const IN_USE: ConnectRefusal = ConnectRefusal::Person(Code::DeviceInUse);

#[test]
fn a_device_is_of_one_person_until_the_last_connection_ends() {
    let signed_in = TabletSessions::new(16);
    let one = open(&signed_in, "t-1", 1, false);
    let second = open(&signed_in, "t-1.x", 1, false);
    let other = open(&signed_in, "t-1.y", 2, false);
    let tablet = device("t-1");
    let user = UserId(id(2));
    assert_eq!(register(&signed_in, "t-1", &one), Ok(()));
    assert!(!signed_in.is_free_for(&tablet, user));
    assert!(signed_in.is_signed_in(UserId(id(1))) && !signed_in.is_signed_in(user));
    assert_eq!(register(&signed_in, "t-1.y", &other), Err(IN_USE));
    assert!(!signed_in.has_session("t-1.y", other.session));
    assert!(signed_in.is_free_for(&tablet, UserId(id(1))));
    assert_eq!(register(&signed_in, "t-1.x", &second), Ok(()));
    signed_in.remove_connection("t-1", one.session);
    assert_eq!(register(&signed_in, "t-1.y", &other), Err(IN_USE));
    signed_in.remove_connection("t-1.x", second.session);
    assert_eq!(register(&signed_in, "t-1.y", &other), Ok(()));
    assert!(!signed_in.is_signed_in(UserId(id(1))));
}

#[test]
fn the_owner_of_a_device_ends_the_connections_of_others() {
    let signed_in = TabletSessions::new(16);
    let owner = open(&signed_in, "t-1", 1, true);
    let other = open(&signed_in, "t-1.x", 2, false);
    assert_eq!(register(&signed_in, "t-1.x", &other), Ok(()));
    assert_eq!(register(&signed_in, "t-1", &owner), Ok(()));
    assert_eq!(ending_code(&other), Some(ReasonCode::NotAuthorized));
    let told = other.mailbox.find_ending().unwrap().text;
    assert!(told.starts_with("device_in_use: "), "{told}");
    assert!(!signed_in.has_session("t-1.x", other.session));
    assert_eq!(register(&signed_in, "t-1.x", &other), Err(IN_USE));
    assert!(signed_in.has_session("t-1", owner.session));
    assert_eq!(ending_code(&owner), None);
}

#[test]
fn connections_beyond_the_limit_of_a_person_are_refused() {
    let signed_in = TabletSessions::new(2);
    let register_new = |client_id, user| {
        register(
            &signed_in,
            client_id,
            &open(&signed_in, client_id, user, false),
        )
    };
    assert_eq!(register_new("t-1", 1), Ok(()));
    assert_eq!(register_new("t-2", 1), Ok(()));
    assert_eq!(
        register_new("t-2", 1),
        Ok(()),
        "the same client id takes the place"
    );
    assert_eq!(
        register_new("t-3", 1),
        Err(ConnectRefusal::TooManyConnections)
    );
    assert_eq!(register_new("t-3", 2), Ok(()));
}

#[test]
fn a_displaced_connection_ends_without_the_one_that_displaced_it() {
    let signed_in = TabletSessions::new(16);
    let old = open(&signed_in, "t-1", 1, false);
    let new = open(&signed_in, "t-1", 1, false);
    assert_ne!(old.session, new.session);
    for connection in [&old, &new] {
        assert_eq!(register(&signed_in, "t-1", connection), Ok(()));
    }
    assert_eq!(ending_code(&old), Some(ReasonCode::SessionTakenOver));
    signed_in.remove_connection("t-1", old.session);
    assert!(signed_in.has_session("t-1", new.session));
    assert!(!signed_in.has_session("t-1", old.session));
    assert_eq!(ending_code(&new), None);
}

#[test]
fn an_ended_token_ends_its_connection_with_the_reason() {
    let people = People::new();
    let authenticator = people.authenticator();
    let signed_in = TabletSessions::new(16);
    let connect = |client_id: &str, token: &str| {
        let (claims, admitted) = authenticator.admit_connection(token, None).unwrap();
        let connection = OpenSession {
            device: device(client_id),
            session: signed_in.new_session(&claims, admitted),
            owns_device: false,
            mailbox: Arc::default(),
        };
        register(&signed_in, client_id, &connection).unwrap();
        connection
    };
    let token = |user| people.token(Role::Provider, user);
    let ended = connect("t-1", &token(1));
    let closed = connect("t-2", &people.grant(2, &device("t-2")));
    let expired = connect("t-3", &token(3));
    authenticator.merge_revocations(&[ended.session.token.session_id], &[]);
    authenticator.merge_revocations(&[closed.session.token.session_id], &[]);
    signed_in.end_unauthorized(&authenticator);
    assert_eq!(expired.mailbox.find_ending(), None);
    people.clock.advance(3_600_000);
    signed_in.end_unauthorized(&authenticator);
    for (connection, code) in [
        (ended, Code::SessionEnded),
        (closed, Code::DeviceClosed),
        (expired, Code::TokenExpired),
    ] {
        let reason = connection.mailbox.find_ending().unwrap();
        assert_eq!(reason.code, ReasonCode::NotAuthorized);
        assert!(
            reason.text.starts_with(&format!("{code}: ")),
            "{}",
            reason.text
        );
    }
}

#[test]
fn a_removed_key_ends_connections_without_a_refusal() {
    let people = People::new();
    let authenticator = people.authenticator();
    let signed_in = TabletSessions::new(16);
    let token = people.token(Role::Provider, 1);
    let (claims, admitted) = authenticator.admit_connection(&token, None).unwrap();
    let connection = OpenSession {
        session: signed_in.new_session(&claims, admitted),
        ..open(&signed_in, "t-1", 1, false)
    };
    register(&signed_in, "t-1", &connection).unwrap();
    authenticator.replace_keys(&People::new().jwks());
    signed_in.end_unauthorized(&authenticator);
    assert_eq!(
        ending_code(&connection),
        Some(ReasonCode::AdministrativeAction)
    );
}

#[test]
fn each_refusal_has_a_code_of_mqtt_and_a_reason_string() {
    for (refusal, code, return_code) in [
        (ConnectRefusal::ClientId, 0x85, 2),
        (IN_USE, 0x85, 2),
        (ConnectRefusal::Person(Code::InvalidToken), 0x86, 4),
        (ConnectRefusal::Person(Code::InvalidCredentials), 0x86, 4),
        (ConnectRefusal::Person(Code::SessionEnded), 0x87, 5),
        (ConnectRefusal::Person(Code::ProofRequired), 0x87, 5),
        (ConnectRefusal::Person(Code::TokenExpired), 0x87, 5),
        (ConnectRefusal::Person(Code::Revoked), 0x8a, 5),
        (ConnectRefusal::Person(Code::DeviceClosed), 0x8a, 5),
        (ConnectRefusal::TooManyConnections, 0x97, 3),
    ] {
        let reason = refusal.to_reason();
        assert_eq!(reason.code.as_byte(), code, "{refusal:?}");
        assert_eq!(reason.code.return_code(), return_code, "{refusal:?}");
        assert!(reason.text.starts_with(refusal.as_str()), "{}", reason.text);
    }
    let reason = ConnectRefusal::Person(Code::SessionEnded).to_reason();
    assert_eq!(
        reason.text,
        "session_ended: This sign-in has been ended. Sign in again."
    );
}

#[test]
fn a_device_has_one_line_an_hour_and_strangers_have_only_so_many() {
    let clock = Clock::fixed_at(UnixMillis(0));
    let log = RefusalLog::new(clock.clone());
    let of = |name: &str| log.choose_line(Some(device(name)));
    assert_eq!(
        [of("t-1"), of("t-1"), of("t-2")],
        [
            RefusalLine::OfDevice,
            RefusalLine::None,
            RefusalLine::OfDevice
        ]
    );
    assert_eq!(
        [log.choose_line(None), log.choose_line(None)],
        [RefusalLine::OfDevice, RefusalLine::None]
    );
    let lines: Vec<_> = (0..2 * DEVICES_MAX)
        .map(|n| of(&format!("x-{n}")))
        .collect();
    let count = |line| lines.iter().filter(|told| **told == line).count();
    assert_eq!(
        (count(RefusalLine::OfDevice), count(RefusalLine::OfOthers)),
        (DEVICES_MAX - 3, 1)
    );
    clock.advance(3_600_000);
    assert_eq!(of("t-1"), RefusalLine::OfDevice);
}
