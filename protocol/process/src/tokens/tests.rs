//! Tokens that are trusted, and tokens that are not.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use proptest::prelude::*;
use wire::{EdgeId, UnixMillis};

use super::*;
use crate::{clock::Clock, random};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
const CLOUD: TokenAudience = TokenAudience::Cloud;
const NORTH: TokenAudience = TokenAudience::Edges(Region::North);

fn claims() -> Claims {
    Claims {
        iss: "holdfast".into(),
        sub: UserId(uuid::Uuid::from_u128(7)),
        role: Role::Provider,
        jti: SessionId(uuid::Uuid::from_u128(8)),
        iat: NOW.0 / 1000,
        exp: NOW.0 / 1000 + 3600,
        kind: TokenKind::Access,
        device: None,
        region: None,
        command: None,
        verified: false,
        mark_version: 0,
        binding: None,
    }
}

fn for_edges() -> Claims {
    Claims {
        kind: TokenKind::Edge,
        region: Some(Region::North),
        ..claims()
    }
}

fn signer() -> Signer {
    Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap()
}

fn keys_of(signer: &Signer) -> TokenKeys {
    let keys = TokenKeys::empty();
    keys.replace_key_set(&signer.jwks()).unwrap();
    keys
}

#[test]
fn a_token_is_believed_until_it_expires_cached_or_not() {
    let signer = signer();
    let keys = keys_of(&signer);
    let token = signer.sign_claims(&claims());
    for _ in 0..2 {
        assert_eq!(keys.verify(&token, CLOUD, NOW).unwrap(), claims());
    }
    assert!(keys.verify(&token, CLOUD, NOW.plus_ms(3_599_999)).is_ok());
    assert_eq!(
        keys.verify(&token, CLOUD, NOW.plus_ms(3_600_000)),
        Err(TokenError::Expired)
    );
    let granted = Claims {
        kind: TokenKind::DeviceGrant,
        device: Some(DeviceId::new("tablet-7").unwrap()),
        ..for_edges()
    };
    assert_eq!(
        keys.verify(&signer.sign_claims(&granted), NORTH, NOW)
            .unwrap(),
        granted
    );
}

#[test]
fn a_token_opens_its_own_audience_alone() {
    let signer = signer();
    let keys = keys_of(&signer);
    let command = |n| CommandId(uuid::Uuid::from_u128(n));
    let bound = Claims {
        command: Some(command(1)),
        ..for_edges()
    };
    let audiences = [
        CLOUD,
        NORTH,
        TokenAudience::Edges(Region::South),
        TokenAudience::Command(Region::North, command(1)),
        TokenAudience::Command(Region::North, command(2)),
        TokenAudience::Command(Region::South, command(1)),
    ];
    let opens = |claims: &Claims| {
        let token = signer.sign_claims(claims);
        assert_eq!(keys.read(&token).as_ref(), Ok(claims));
        audiences.map(|audience| match keys.verify(&token, audience, NOW) {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error, TokenError::Elsewhere);
                false
            }
        })
    };
    assert_eq!(opens(&claims()), [true, false, false, false, false, false]);
    assert_eq!(
        opens(&for_edges()),
        [false, true, false, false, false, false]
    );
    assert_eq!(opens(&bound), [false, false, false, true, false, false]);
    // Combinations that are never issued.
    for odd in [
        Claims {
            region: Some(Region::North),
            ..claims()
        },
        Claims {
            command: Some(command(1)),
            ..claims()
        },
        Claims {
            region: None,
            ..for_edges()
        },
        Claims {
            region: None,
            ..bound.clone()
        },
        Claims {
            kind: TokenKind::DeviceGrant,
            ..bound.clone()
        },
    ] {
        assert_eq!(opens(&odd), [false; 6], "{odd:?}");
    }
}

#[test]
fn a_token_for_edges_bears_its_region_as_audience() {
    let text = |claims: &Claims| serde_json::to_value(claims).unwrap();
    assert_eq!(text(&for_edges())["aud"], "NORTH");
    assert!(
        text(&claims()).get("aud").is_none(),
        "as before there were others"
    );
    let foreign = Claims {
        region: None,
        ..for_edges()
    };
    let mut foreign = text(&foreign);
    foreign["aud"] = "hub".into();
    let signer = signer();
    assert_eq!(
        keys_of(&signer).read(&signer.sign_claims(&foreign)),
        Err(TokenError::Invalid)
    );
}

#[test]
fn a_key_that_is_gone_takes_its_tokens_with_it() {
    let old = signer();
    let new = signer();
    let keys = keys_of(&old);
    let token = old.sign_claims(&claims());
    assert!(keys.verify(&token, CLOUD, NOW).is_ok());
    keys.replace_key_set(&new.jwks()).unwrap();
    assert_eq!(keys.verify(&token, CLOUD, NOW), Err(TokenError::Invalid));
    assert!(keys.verify(&new.sign_claims(&claims()), CLOUD, NOW).is_ok());
    assert_eq!(keys.jwks(), new.jwks());
}

#[test]
fn a_bad_key_set_leaves_the_good_one_in_place() {
    let signer = signer();
    let keys = keys_of(&signer);
    let short = BASE64.encode([1; 31]);
    let many = vec![serde_json::json!({}); 33];
    for bad in [
        "not json".to_owned(),
        r#"{"keys":[]}"#.to_owned(),
        r#"{"keys":[{"kty":"RSA","kid":"r","n":"x","e":"AQAB"}]}"#.to_owned(),
        format!(r#"{{"keys":[{{"crv":"Ed25519","kid":"s","x":"{short}"}}]}}"#),
        serde_json::json!({ "keys": many }).to_string(),
    ] {
        assert!(keys.replace_key_set(&bad).is_err(), "{bad}");
    }
    assert!(
        keys.verify(&signer.sign_claims(&claims()), CLOUD, NOW)
            .is_ok()
    );
    assert!(TokenKeys::empty().is_empty() && !keys.is_empty());
}

#[test]
fn no_other_algorithm_and_no_other_key_is_believed() {
    let signer = signer();
    let keys = keys_of(&signer);
    let token = signer.sign_claims(&claims());
    let [_, body, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("{token}")
    };
    let kid = signer.kid();
    for alg in ["none", "HS256", "RS256", "ES256"] {
        let header = BASE64.encode(format!(r#"{{"alg":"{alg}","kid":"{kid}"}}"#));
        for signature in ["", signature] {
            let forged = format!("{header}.{body}.{signature}");
            assert_eq!(
                keys.verify(&forged, CLOUD, NOW),
                Err(TokenError::Invalid),
                "{alg}"
            );
        }
    }
    // Signed by a stranger, under our key's name and without a name.
    for header in [
        format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#),
        r#"{"alg":"EdDSA"}"#.to_owned(),
    ] {
        let text = format!("{}.{body}", BASE64.encode(header));
        let forged = format!(
            "{text}.{}",
            BASE64.encode(signer_of_another().sign_bytes(text.as_bytes()))
        );
        assert_eq!(keys.verify(&forged, CLOUD, NOW), Err(TokenError::Invalid));
    }
}

#[test]
fn a_token_of_one_kind_is_not_taken_for_another() {
    let der = Signer::generate_pkcs8();
    let signer = Signer::from_pkcs8(&der).unwrap();
    let service = ServiceKey::from_pkcs8(&der).unwrap();
    let keys = keys_of(&signer);
    let clock = Clock::fixed_at(NOW);
    let edge = EdgeId::new("north-1").unwrap();
    let tokens = [
        signer.sign_claims(&claims()),
        signer.sign_claims(&for_edges()),
        service.issue_token("hub", "order", &clock),
        edge_token(&signer, &edge, &clock),
    ];
    let believed = tokens.each_ref().map(|token| {
        [
            keys.verify(token, CLOUD, NOW).is_ok(),
            keys.verify(token, NORTH, NOW).is_ok(),
            service.verify_token(token, "order", NOW).is_ok(),
            verify_edge(token, &signer.public_key(), NOW).is_ok(),
        ]
    });
    let one_each = [0, 1, 2, 3].map(|token| [0, 1, 2, 3].map(|kind| kind == token));
    assert_eq!(believed, one_each);
}

#[test]
fn a_service_token_names_both_ends_and_lasts_a_minute() {
    let key = ServiceKey::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
    let clock = Clock::fixed_at(NOW);
    let token = key.issue_token("hub", "order", &clock);
    assert_eq!(key.verify_token(&token, "order", NOW), Ok("hub".to_owned()));
    assert_eq!(
        key.verify_token(&token, "auth", NOW),
        Err(TokenError::Invalid)
    );
    assert_eq!(
        key.verify_token(&token, "order", NOW.plus_ms(91_000)),
        Err(TokenError::Expired)
    );
    let other = ServiceKey::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
    assert_eq!(
        other.verify_token(&token, "order", NOW),
        Err(TokenError::Invalid)
    );
}

#[test]
fn an_edges_token_is_checked_with_the_key_of_the_edge_it_claims() {
    let signer = signer();
    let clock = Clock::fixed_at(NOW);
    let edge = EdgeId::new("north-1").unwrap();
    let token = edge_token(&signer, &edge, &clock);
    assert_eq!(edge_claim(&token), Ok(edge.clone()));
    assert_eq!(verify_edge(&token, &signer.public_key(), NOW), Ok(edge));
    let stranger = signer_of_another().public_key();
    assert_eq!(
        verify_edge(&token, &stranger, NOW),
        Err(TokenError::Invalid)
    );
    let late = verify_edge(&token, &signer.public_key(), NOW.plus_ms(120_000));
    assert_eq!(late, Err(TokenError::Expired));
    assert_eq!(edge_claim("a.b.c"), Err(TokenError::Invalid));
}

#[test]
fn the_clock_of_an_edge_is_read_from_a_token_that_its_own_key_signed() {
    let signer = signer();
    let edge = EdgeId::new("north-1").unwrap();
    let public = signer.public_key();
    let stranger = signer_of_another().public_key();
    for error_ms in [-3 * 3_600_000, 0, 8 * 3_600_000] {
        let token = edge_token(&signer, &edge, &Clock::fixed_at(NOW.plus_ms(error_ms)));
        assert_eq!(edge_clock_error(&token, &public, NOW), Some(error_ms));
        assert_eq!(edge_clock_error(&token, &stranger, NOW), None);
    }
    let clock = Clock::fixed_at(NOW);
    let [one, other] = [0, 1].map(|_| edge_token(&signer, &edge, &clock));
    assert_ne!(one, other, "an answer to one says nothing about the other");
    assert_eq!(
        edge_clock_error(&signer.sign_claims(&claims()), &public, NOW),
        None,
        "a person's"
    );
}

#[test]
fn an_edge_cannot_make_itself_a_token_that_lasts() {
    let signer = signer();
    let now = NOW.0 / 1000;
    let verified = |iat: i64, exp: i64| {
        let claims = serde_json::json!({"sub": "north-1", "aud": "hub", "iat": iat, "exp": exp});
        verify_edge(&signer.sign_claims(&claims), &signer.public_key(), NOW).map(drop)
    };
    for (iat, exp, expected) in [
        (now, now + 600, Ok(())),
        (now, now + 601, Err(TokenError::Invalid)),
        (0, i64::MAX, Err(TokenError::Invalid)),
        (i64::MIN, i64::MAX, Err(TokenError::Invalid)),
        (now + 600, now + 700, Ok(())),
        (now + 601, now + 700, Err(TokenError::Invalid)),
        (now - 100, now, Err(TokenError::Expired)),
    ] {
        assert_eq!(verified(iat, exp), expected, "{iat} to {exp}");
    }
}

#[test]
fn a_key_file_is_made_once_and_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys/edge.key");
    let kids: Vec<String> = std::thread::scope(|scope| {
        let make = || Signer::load_or_create(&path).unwrap().kid().to_owned();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(kids.iter().all(|kid| *kid == kids[0]), "{kids:?}");
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
        1
    );
    std::fs::write(&path, "no key").unwrap();
    assert!(matches!(
        Signer::load_or_create(&path),
        Err(SignerError::BadFile(_))
    ));
}

#[test]
fn raw_signatures_hold_for_their_bytes_and_key_only() {
    let signer = signer();
    let signature = signer.sign_bytes(b"receipt");
    assert!(verify_bytes(&signer.public_key(), b"receipt", &signature));
    assert!(!verify_bytes(&signer.public_key(), b"Receipt", &signature));
    assert!(!verify_bytes(
        &signer_of_another().public_key(),
        b"receipt",
        &signature
    ));
    assert!(!verify_bytes(
        &signer.public_key(),
        b"receipt",
        &signature[..63]
    ));
}

#[test]
fn the_memory_of_checked_tokens_is_bounded() {
    let signer = signer();
    let keys = keys_of(&signer);
    let first = signer.sign_claims(&claims());
    keys.verify(&first, CLOUD, NOW).unwrap();
    for n in 0..5_000 {
        let token = signer.sign_claims(&Claims {
            exp: claims().exp + n,
            ..claims()
        });
        keys.verify(&token, CLOUD, NOW).unwrap();
    }
    assert!(keys.cached_count() <= 4_096);
    keys.verify(&first, CLOUD, NOW).unwrap();
}

proptest! {
    #[test]
    fn one_changed_byte_is_one_too_many(at in any::<proptest::sample::Index>(), to in "[A-Za-z0-9_.-]") {
        let signer = signer();
        let keys = keys_of(&signer);
        let token = signer.sign_claims(&claims());
        let at = at.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != token);
        prop_assert_eq!(keys.verify(&changed, CLOUD, NOW), Err(TokenError::Invalid));
    }

    #[test]
    fn any_text_is_judged_without_panic(text in ".{0,200}") {
        let keys = keys_of(&signer());
        prop_assert_eq!(keys.verify(&text, CLOUD, NOW), Err(TokenError::Invalid));
        prop_assert!(edge_claim(&text).is_err());
    }
}

#[test]
fn a_text_too_long_to_be_a_token_is_refused() {
    let long = random::secret_text(5_000);
    assert_eq!(
        keys_of(&signer()).verify(&long, CLOUD, NOW),
        Err(TokenError::Invalid)
    );
}

fn signer_of_another() -> Signer {
    signer()
}

#[test]
fn the_key_of_one_part_speaks_for_no_other() {
    use crate::parts::CloudPart;
    let folder = tempfile::tempdir().unwrap();
    ServiceKey::create_key_folders(folder.path()).unwrap();
    let key = |part: CloudPart| {
        ServiceKey::load_for_part(part, &folder.path().join(part.name()).join("service.key"))
            .unwrap()
    };
    let clock = Clock::fixed_at(NOW);
    let order = key(CloudPart::Order);
    let heard = |from: CloudPart, name: &'static str| {
        order.verify_token(
            &key(from).issue_token(name, "order", &clock),
            "order",
            clock.now(),
        )
    };
    assert_eq!(heard(CloudPart::Hub, "hub"), Ok("hub".to_owned()));
    for (from, name) in [
        (CloudPart::Notification, "hub"),
        (CloudPart::Gateway, "hub"),
        (CloudPart::Order, "hub"),
        (CloudPart::Notification, "notification"),
        (CloudPart::Hub, "nobody"),
    ] {
        assert_eq!(
            heard(from, name),
            Err(TokenError::Invalid),
            "{from} as {name}"
        );
    }
    // Making the keys again keeps them.
    let before = key(CloudPart::Hub).issue_token("hub", "order", &clock);
    ServiceKey::create_key_folders(folder.path()).unwrap();
    assert_eq!(
        key(CloudPart::Order).verify_token(&before, "order", clock.now()),
        Ok("hub".to_owned())
    );
    assert_eq!(
        order.verify_token("a.b.c", "order", clock.now()),
        Err(TokenError::Invalid)
    );
}
