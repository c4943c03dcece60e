use wire::CommandId;

use process::tokens::{KeySet, PublishedKey};
use support::{DeviceSigner, Issuer, samples::person};

use super::*;
use crate::tests::{People, device, id};

fn revoked(user: UserId) -> RevocationStatus {
    RevocationStatus::from_revocation(user, UnixMillis(0))
}

#[test]
fn somebody_who_is_let_in_again_comes_with_a_new_token_alone() {
    let people = People::new();
    let authenticator = people.authenticator();
    let user = people.user(7);
    let began = people.clock.now();
    let token = || people.token(wire::Role::Provider, 7);
    let old = token();
    let stays = authenticator.admit_connection(&old, None).unwrap().1;
    let told = |word| authenticator.merge_revocations(&[], &[word]);
    let at = |after_s: i64| began.plus_ms(after_s * 1_000);
    let revoked = |after_s| RevocationStatus::from_revocation(user, at(after_s));
    let readmitted = |after_s| RevocationStatus::from_readmission(user, at(after_s));
    told(revoked(10));
    people.clock.advance(20_000);
    let between = token();
    told(readmitted(30));
    assert!(!authenticator.is_still_valid(&stays));
    people.clock.advance(10_000);
    let new = token();
    for dead in [&old, &between] {
        assert_eq!(authenticator.admit_token(dead, None), Err(Code::Revoked));
    }
    assert!(authenticator.admit_token(&new, None).is_ok());
    // A feed with a new generation repeats both, in any order.
    for word in [
        readmitted(30),
        revoked(10),
        RevocationStatus::from_revocation(user, UnixMillis(0)),
    ] {
        told(word);
        assert!(authenticator.admit_token(&new, None).is_ok(), "{word:?}");
        assert_eq!(
            authenticator.admit_token(&old, None),
            Err(Code::Revoked),
            "{word:?}"
        );
    }
    told(revoked(30));
    for word in [revoked(10), readmitted(30)] {
        told(word);
        assert_eq!(
            authenticator.admit_token(&new, None),
            Err(Code::Revoked),
            "revoked once more: {word:?}"
        );
    }
}

#[test]
fn an_expired_or_revoked_token_is_known_and_not_admitted() {
    let people = People::new();
    let authenticator = people.authenticator();
    let token = people.token(wire::Role::Provider, 7);
    assert!(authenticator.admit_token(&token, None).is_ok());
    people.clock.advance(3_601_000);
    assert_eq!(
        authenticator.admit_token(&token, None),
        Err(Code::TokenExpired)
    );
    assert!(authenticator.check_token(&token, None).is_some());
    let fresh = people.token(wire::Role::Provider, 7);
    authenticator.merge_revocations(&[], &[revoked(people.user(7))]);
    assert_eq!(authenticator.admit_token(&fresh, None), Err(Code::Revoked));
    assert_eq!(
        authenticator.admit_token("nonsense", None),
        Err(Code::InvalidToken)
    );
}

#[test]
fn an_ended_sign_in_an_expired_token_a_revoked_person_and_a_closed_device_are_told_apart() {
    let people = People::new();
    let authenticator = people.authenticator();
    let session = |n| SessionId(id(n));
    let of = |n, kind| {
        people.token_of(|claims| Claims {
            jti: session(n),
            kind,
            ..claims
        })
    };
    let sign_in = of(1, TokenKind::Edge);
    let grant = of(2, TokenKind::DeviceGrant);
    let other = of(3, TokenKind::Edge);
    authenticator.merge_revocations(&[session(1), session(2)], &[]);
    assert_eq!(
        authenticator.admit_token(&sign_in, None),
        Err(Code::SessionEnded)
    );
    assert_eq!(
        authenticator.admit_token(&grant, None),
        Err(Code::DeviceClosed)
    );
    assert!(authenticator.admit_token(&other, None).is_ok());
    people.clock.advance(3_601_000);
    assert_eq!(
        authenticator.admit_token(&other, None),
        Err(Code::TokenExpired)
    );
    authenticator.merge_revocations(&[], &[revoked(people.user(7))]);
    for token in [sign_in, grant, other] {
        assert_eq!(
            authenticator.admit_token(&token, None),
            Err(Code::Revoked),
            "nothing else helps"
        );
    }
}

#[test]
fn nobody_stays_on_a_token_that_ran_out_or_was_revoked() {
    let people = People::new();
    let authenticator = people.authenticator();
    let admitted = |user| {
        let token = people.token(wire::Role::Provider, user);
        authenticator.admit_connection(&token, None).unwrap().1
    };
    let one = admitted(7);
    let other = admitted(8);
    let late = admitted(9);
    assert!(
        [one, other, late]
            .iter()
            .all(|admitted| authenticator.is_still_valid(admitted))
    );
    authenticator.merge_revocations(&[one.session_id], &[revoked(other.user_id)]);
    assert_eq!(
        [one, other, late].map(|admitted| authenticator.is_still_valid(&admitted)),
        [false, false, true]
    );
    people.clock.advance(3_600_000);
    assert!(!authenticator.is_still_valid(&late));
}

#[test]
fn a_key_lets_people_in_from_its_moment_until_it_is_gone() {
    let people = People::new();
    let authenticator = people.authenticator();
    let now = people.clock.now();
    let next = Issuer::new();
    let provider = person(7, wire::Role::Provider);
    let token_of_next = |at| next.edge_token(provider, Region::North, at);
    let key = |issuer: &Issuer, trusted_from| PublishedKey {
        public: issuer.signer.public_key(),
        trusted_from,
    };
    let present = people.issuer();
    let in_an_hour = now.plus_ms(3_600_000);
    let tell = |keys: &[PublishedKey], former: &[PublishedKey]| {
        let keys = keys.to_vec();
        let former_keys = former.to_vec();
        authenticator.replace_keys(&KeySet { keys, former_keys }.to_json());
    };
    let old = people.token(wire::Role::Provider, 7);
    let (_, admitted) = authenticator.admit_connection(&old, None).unwrap();
    let first = key(present, UnixMillis(0));
    let second = key(&next, in_an_hour);
    tell(&[first, second], &[]);
    let early = token_of_next(now);
    assert!(
        authenticator.check_token(&early, None).is_none(),
        "issued before its key signed"
    );
    let ahead = token_of_next(in_an_hour);
    assert_eq!(
        authenticator.admit_token(&ahead, None),
        Err(Code::InvalidToken)
    );
    assert!(
        authenticator.is_still_valid(&admitted),
        "nothing has changed for the others"
    );
    people.clock.advance(3_590_000);
    assert!(authenticator.admit_token(&ahead, None).is_ok());
    assert!(
        authenticator.admit_token(&old, None).is_ok(),
        "the previous key still counts"
    );

    tell(&[second], &[first]);
    assert_eq!(
        authenticator.admit_token(&old, None),
        Err(Code::InvalidToken)
    );
    people.clock.advance(60_000);
    assert_eq!(
        authenticator.admit_token(&old, None),
        Err(Code::TokenExpired),
        "its owner is still known"
    );
    let token = token_of_next(people.clock.now());
    let (_, admitted) = authenticator.admit_connection(&token, None).unwrap();
    tell(&[second], &[]);
    assert!(
        !authenticator.is_still_valid(&admitted),
        "a key is gone, and nothing tells whose"
    );
    let (_, admitted) = authenticator.admit_connection(&token, None).unwrap();
    assert!(authenticator.is_still_valid(&admitted));
    assert_eq!(
        authenticator.admit_token(&old, None),
        Err(Code::InvalidToken)
    );
}

#[test]
fn only_a_token_for_the_edges_of_this_region_opens_anything() {
    let people = People::new();
    let authenticator = people.authenticator();
    let here = people.token(wire::Role::Provider, 7);
    let command = CommandId(uuid::Uuid::from_u128(1));
    assert!(authenticator.admit_token(&here, None).is_ok());
    for elsewhere in [
        people.cloud_token(wire::Role::Provider, 7),
        people.token_of(|claims| Claims {
            region: Some(Region::South),
            ..claims
        }),
        people.token_of(|claims| Claims {
            command: Some(command),
            ..claims
        }),
    ] {
        assert!(authenticator.check_token(&elsewhere, None).is_none());
        assert_eq!(
            authenticator.admit_token(&elsewhere, None),
            Err(Code::InvalidToken)
        );
    }
}

#[test]
fn the_newest_word_of_token_and_feed_tells_who_is_verified() {
    let people = People::new();
    let authenticator = people.authenticator();
    let user = people.user(7);
    let told = |mark_version, verified| {
        let token = people.token_of(|claims| Claims {
            verified,
            mark_version,
            ..claims
        });
        authenticator.is_verified(&authenticator.admit_token(&token, None).unwrap())
    };
    assert_eq!(
        [told(0, false), told(4, true), told(5, false)],
        [false, true, false]
    );
    let feed = |version, verified| {
        authenticator.merge_marks(&[ProviderVerification {
            user,
            version,
            verified,
        }])
    };
    feed(6, true);
    assert_eq!(
        [told(0, false), told(5, false), told(7, false)],
        [true, true, false]
    );
    feed(8, false);
    assert_eq!(
        [told(4, true), told(7, true), told(9, true)],
        [false, false, true]
    );
    feed(6, true);
    assert!(
        !told(7, true),
        "an older word that comes again changes nothing"
    );
}

#[test]
fn a_grant_opens_for_its_device_alone() {
    let people = People::new();
    let authenticator = people.authenticator();
    let grant = people.grant(7, &device("t-1"));
    assert!(
        authenticator
            .admit_token(&grant, Some(&device("t-1")))
            .is_ok()
    );
    assert_eq!(
        authenticator.admit_token(&grant, Some(&device("t-2"))),
        Err(Code::InvalidToken)
    );
    assert!(
        authenticator.admit_token(&grant, None).is_ok(),
        "the way does not name a device"
    );
}

#[test]
fn the_age_of_what_is_known_of_revocations_counts_over_a_restart() {
    let people = People::new();
    let hours = |n: i64| n * 3_600_000;
    let authenticator = people.authenticator();
    assert!(
        !authenticator.revocations_are_fresh(),
        "nobody has said anything yet"
    );
    authenticator.confirm_revocations();
    people.clock.advance(hours(72));
    assert!(authenticator.revocations_are_fresh());
    people.clock.advance(1);
    assert!(!authenticator.revocations_are_fresh());

    let now = people.clock.now();
    for (ago, later, expected) in [
        (70, 2, true),
        (70, 3, false),
        (73, 0, false),
        (-1, 0, false),
    ] {
        let feed_confirmed_at = Some(now.plus_ms(-hours(ago)));
        let people = People::new();
        people.clock.advance(now.ms_since(people.clock.now()));
        let authenticator = people.authenticator();
        authenticator.apply_stored_trust(&Trust {
            feed_confirmed_at,
            ..Trust::default()
        });
        people.clock.advance(hours(later));
        assert_eq!(
            authenticator.revocations_are_fresh(),
            expected,
            "{ago} h ago, {later} h later"
        );
    }
    let strict =
        TokenAuthenticator::new(Region::North, people.clock.clone(), Duration::from_secs(1));
    strict.confirm_revocations();
    people.clock.advance(1_001);
    assert!(!strict.revocations_are_fresh());
}

#[test]
fn a_broken_key_set_leaves_the_old_one() {
    let people = People::new();
    let authenticator = people.authenticator();
    authenticator.replace_keys("{}");
    assert!(
        authenticator
            .admit_token(&people.token(wire::Role::Customer, 1), None)
            .is_ok()
    );
}

#[test]
fn a_copy_of_a_bound_grant_opens_nothing_without_the_key() {
    let people = People::new();
    let authenticator = people.authenticator();
    let tablet = device("t-1");
    let owner = DeviceSigner::new();
    let thief = DeviceSigner::new();
    let grant = people.bound_grant(&tablet, &owner);
    let nonce = authenticator.issue_nonce().nonce;
    let admit = |text: &str| {
        authenticator
            .admit_connection(text, Some(&tablet))
            .map(drop)
    };
    assert_eq!(admit(&owner.present(&grant, &nonce)), Ok(()));
    let refused = Err(Code::ProofRequired);
    assert_eq!(admit(&grant), refused);
    assert_eq!(admit(&thief.present(&grant, &nonce)), refused);
    let elsewhere = people.authenticator().issue_nonce().nonce;
    assert_eq!(
        admit(&owner.present(&grant, &elsewhere)),
        refused,
        "a nonce of another edge"
    );
    let checked = authenticator
        .check_token(&owner.present(&grant, &nonce), Some(&tablet))
        .unwrap();
    assert_eq!(checked.token, grant, "the log gets no proof");
}

#[test]
fn a_proof_is_worth_a_quarter_of_an_hour_and_never_outlives_the_grant() {
    let people = People::new();
    let authenticator = people.authenticator();
    let tablet = device("t-1");
    let owner = DeviceSigner::new();
    let grant = people.bound_grant(&tablet, &owner);
    let prove = || owner.present(&grant, &authenticator.issue_nonce().nonce);
    let early = prove();
    people.clock.advance(900_000);
    assert!(authenticator.admit_token(&early, None).is_ok());
    people.clock.advance(1_000);
    assert_eq!(
        authenticator.admit_token(&early, None),
        Err(Code::ProofRequired)
    );
    assert!(authenticator.admit_token(&prove(), None).is_ok());
    authenticator.merge_revocations(&[], &[revoked(people.user(7))]);
    assert_eq!(
        authenticator.admit_token(&grant, None),
        Err(Code::ProofRequired),
        "a sender without the key does not learn of the revocation"
    );
    assert_eq!(
        authenticator.admit_token(&prove(), None),
        Err(Code::Revoked)
    );
}

#[test]
fn a_token_without_a_key_needs_no_proof_and_ignores_one() {
    let people = People::new();
    let authenticator = people.authenticator();
    let token = people.grant(7, &device("t-1"));
    assert!(authenticator.admit_token(&token, None).is_ok());
    let nonce = authenticator.issue_nonce().nonce;
    let shown = DeviceSigner::new().present(&token, &nonce);
    assert!(authenticator.admit_token(&shown, None).is_ok());
}
