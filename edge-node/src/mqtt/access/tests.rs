use process::clock::Clock;
use wire::UnixMillis;

use super::*;
use crate::tests::{People, device, id};

fn provider(signed_in: &TabletSessions, user: u128) -> TabletSession {
    let people = People::new();
    let token = people.token(Role::Provider, user);
    let (claims, pass) = people
        .authenticator()
        .admit_connection(&token, None)
        .unwrap();
    signed_in.new_session(&claims, pass)
}

#[test]
fn the_broker_hands_back_what_it_was_given() {
    let signed_in = TabletSessions::new(16);
    let one = provider(&signed_in, 1);
    let again = provider(&signed_in, 1);
    assert_ne!(one, again);
    for session in [one, again] {
        assert_eq!(session.to_string().parse(), Ok(session));
    }
    assert_eq!("nobody".parse::<TabletSession>(), Err(()));
}

#[test]
fn a_device_is_of_one_person_until_the_last_connection_ends() {
    let signed_in = TabletSessions::new(16);
    let one = provider(&signed_in, 1);
    let other = provider(&signed_in, 2);
    let tablet = device("t-1");
    let user = UserId(id(2));
    let stays = |client_id, session| {
        signed_in
            .register_connection(client_id, session, false)
            .is_empty()
    };
    assert!(stays("t-1", one));
    assert!(!signed_in.is_free_for(&tablet, user));
    assert!(signed_in.is_signed_in(UserId(id(1))) && !signed_in.is_signed_in(user));
    assert!(!stays("t-1.x", other) && !signed_in.has_session("t-1.x", other));
    assert!(stays("t-2", other));
    let second = provider(&signed_in, 1);
    assert!(signed_in.is_free_for(&tablet, one.pass.user_id));
    assert!(stays("t-1.x", second));
    signed_in.remove_connection("t-1", one);
    assert!(!signed_in.is_free_for(&tablet, user) && signed_in.is_signed_in(UserId(id(1))));
    signed_in.remove_connection("t-1.x", second);
    assert!(signed_in.is_free_for(&tablet, user) && !signed_in.is_signed_in(UserId(id(1))));
}

#[test]
fn the_owner_of_a_device_ends_the_connections_of_others() {
    let signed_in = TabletSessions::new(16);
    let owner = provider(&signed_in, 1);
    let other = provider(&signed_in, 2);
    assert!(
        signed_in
            .register_connection("t-1.x", other, false)
            .is_empty()
    );
    assert_eq!(signed_in.register_connection("t-1", owner, true), ["t-1.x"]);
    assert!(signed_in.has_session("t-1", owner) && !signed_in.has_session("t-1.x", other));
    assert_eq!(
        signed_in.register_connection("t-1.y", other, false),
        ["t-1.y"]
    );
}

#[test]
fn people_who_connect_at_the_same_time_do_not_exceed_the_connection_limit() {
    let signed_in = TabletSessions::new(2);
    let one = provider(&signed_in, 1);
    let ends = |client_id| {
        !signed_in
            .register_connection(client_id, one, false)
            .is_empty()
    };
    assert!(!ends("t-1") && !ends("t-2") && !ends("t-2"));
    let may_open = |client_id| signed_in.may_open_connection(client_id, one.pass.user_id);
    assert!(may_open("t-1") && !may_open("t-3"));
    assert!(ends("t-3") && !signed_in.has_session("t-3", one));
    assert!(signed_in.may_open_connection("t-3", UserId(id(2))));
}

#[test]
fn a_displaced_connection_ends_without_the_one_that_displaced_it() {
    let signed_in = TabletSessions::new(16);
    let old = provider(&signed_in, 1);
    let new = provider(&signed_in, 1);
    for session in [old, new] {
        assert!(
            signed_in
                .register_connection("t-1", session, false)
                .is_empty()
        );
    }
    signed_in.remove_connection("t-1", old);
    assert!(signed_in.has_session("t-1", new) && !signed_in.has_session("t-1", old));
}

#[test]
fn a_displaced_connection_that_is_told_of_late_displaces_nobody() {
    let signed_in = TabletSessions::new(16);
    let stranger = provider(&signed_in, 2);
    let owner = provider(&signed_in, 1);
    assert!(signed_in.register_connection("t-1", owner, true).is_empty());
    assert!(
        signed_in
            .register_connection("t-1", stranger, false)
            .is_empty()
    );
    assert!(signed_in.has_session("t-1", owner) && !signed_in.has_session("t-1", stranger));
}

#[test]
fn the_brokers_words_give_way_to_the_reason() {
    let own = [&[0x20, 27, 0, 0x87, 24, 0x1f, 0, 21][..], BROKER_REASON].concat();
    let refusal = ConnectRefusal::Person(Code::SessionEnded);
    let said = refusal.replace_connack(&own).unwrap();
    let words = "session_ended: This sign-in has been ended. Sign in again.";
    let size = u8::try_from(words.len()).unwrap();
    assert_eq!(
        said[..8],
        [0x20, size + 6, 0, 0x87, size + 3, 0x1f, 0, size]
    );
    assert_eq!(&said[8..], words.as_bytes());
    for other in [&[0x20, 2, 0, 5][..], &own[1..], &[]] {
        assert_eq!(refusal.replace_connack(other), None, "{other:?}");
    }
    assert_eq!(encode_varint(200), [0xc8, 1]);
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
