use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_764_000_000;

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn keys(written: Value) -> IssuerKeys {
    let document: KeySetDocument = serde_json::from_value(json!({ "keys": written })).unwrap();
    IssuerKeys::from_document(document)
}

fn own_key(kid: &str) -> Value {
    let x = URL_SAFE_NO_PAD.encode(key().public_key());
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "x": x })
}

fn claims() -> Value {
    json!({
        "iss": "https://a.example", "aud": "holdfast", "sub": "17", "exp": NOW + 300, "iat": NOW,
        "nonce": "n", "email": "a@b.c", "email_verified": true,
    })
}

fn signed(header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key().sign(text.as_bytes()));
    format!("{text}.{signature}")
}

fn judged(header: &Value, claims: &Value) -> Result<IdentityClaims, IdTokenError> {
    let expected = ExpectedClaims {
        issuer: "https://a.example",
        client_id: "holdfast",
        nonce: "n",
        begun_at: NOW - 30,
        now: NOW,
    };
    let text = signed(header, claims);
    IdToken::read(&text)?.verify_claims(&keys(json!([own_key("k")])), expected)
}

fn with(change: Value) -> Result<IdentityClaims, IdTokenError> {
    let mut all = claims();
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(all.as_object_mut().unwrap().remove(name)),
            value => all[name] = value.clone(),
        }
    }
    judged(&json!({ "alg": "EdDSA", "kid": "k" }), &all)
}

#[test]
fn a_good_token_tells_who_somebody_is() {
    let told = with(json!({})).unwrap();
    assert_eq!(
        (
            told.sub.as_str(),
            told.email.as_deref(),
            told.email_verified
        ),
        ("17", Some("a@b.c"), true)
    );
    assert!(
        with(json!({ "email_verified": "true" }))
            .unwrap()
            .email_verified
    );
    assert!(
        !with(json!({ "email_verified": null }))
            .unwrap()
            .email_verified
    );
    with(json!({ "aud": ["holdfast"] })).unwrap();
    with(json!({ "aud": ["other", "holdfast"], "azp": "holdfast" })).unwrap();
    with(json!({ "iat": NOW + 59, "nbf": NOW + 59, "exp": NOW - 59 })).unwrap();
}

#[test]
fn a_token_that_disagrees_in_one_claim_is_refused() {
    for (change, fault) in [
        (json!({ "iss": "https://b.example" }), IdTokenError::Issuer),
        (json!({ "iss": "https://a.example/" }), IdTokenError::Issuer),
        (json!({ "aud": "other" }), IdTokenError::Audience),
        (json!({ "aud": [] }), IdTokenError::Audience),
        (
            json!({ "aud": ["other", "holdfast"] }),
            IdTokenError::Audience,
        ),
        (
            json!({ "aud": ["other", "holdfast"], "azp": "other" }),
            IdTokenError::Audience,
        ),
        (json!({ "azp": "other" }), IdTokenError::Audience),
        (json!({ "exp": NOW - 60 }), IdTokenError::Expired),
        (json!({ "iat": NOW + 61 }), IdTokenError::IssueTime),
        (json!({ "iat": NOW - 91 }), IdTokenError::IssueTime),
        (json!({ "nbf": NOW + 61 }), IdTokenError::IssueTime),
        (json!({ "nonce": "m" }), IdTokenError::Nonce),
        (json!({ "nonce": null }), IdTokenError::Nonce),
        (json!({ "sub": "" }), IdTokenError::Subject),
        (json!({ "sub": "x".repeat(256) }), IdTokenError::Subject),
        (json!({ "exp": null }), IdTokenError::Malformed),
        (json!({ "iat": null }), IdTokenError::Malformed),
        (json!({ "sub": null }), IdTokenError::Malformed),
    ] {
        assert_eq!(with(change.clone()), Err(fault), "{change}");
    }
}

#[test]
fn only_a_signature_by_a_known_key_counts() {
    for (header, fault) in [
        (json!({ "alg": "none" }), IdTokenError::Algorithm),
        (
            json!({ "alg": "HS256", "kid": "k" }),
            IdTokenError::Algorithm,
        ),
        (
            json!({ "alg": "RS512", "kid": "k" }),
            IdTokenError::Algorithm,
        ),
        (
            json!({ "alg": "EdDSA", "kid": "k", "crit": ["b64"] }),
            IdTokenError::Algorithm,
        ),
        (
            json!({ "alg": "EdDSA", "kid": "other" }),
            IdTokenError::UnknownKey,
        ),
        (
            json!({ "alg": "RS256", "kid": "k" }),
            IdTokenError::UnknownKey,
        ),
        (
            json!({ "alg": "ES256", "kid": "k" }),
            IdTokenError::UnknownKey,
        ),
    ] {
        assert_eq!(judged(&header, &claims()), Err(fault), "{header}");
    }
    judged(&json!({ "alg": "EdDSA" }), &claims()).expect("the only key needs no name");
    let good = signed(&json!({ "alg": "EdDSA", "kid": "k" }), &claims());
    let (start, signature) = good.rsplit_once('.').unwrap();
    let forged = format!(
        "{}.{}.{signature}",
        start.split_once('.').unwrap().0,
        part(&json!({}))
    );
    let expected = ExpectedClaims {
        issuer: "",
        client_id: "",
        nonce: "",
        begun_at: NOW,
        now: NOW,
    };
    let verdict = IdToken::read(&forged)
        .unwrap()
        .verify_claims(&keys(json!([own_key("k")])), expected);
    assert_eq!(verdict, Err(IdTokenError::Signature));
    for broken in [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        &"x".repeat(20_000),
        &format!("{start}.!"),
    ] {
        assert!(IdToken::read(broken).is_err(), "{broken}");
    }
}

#[test]
fn two_keys_of_one_kind_must_be_named_and_useless_ones_are_left_out() {
    let both = keys(json!([own_key("k"), own_key("l")]));
    assert!(both.find_key(None, TokenAlgorithm::EdDsa).is_none());
    assert!(both.find_key(Some("l"), TokenAlgorithm::EdDsa).is_some());
    let mut for_secrets = own_key("k");
    for_secrets["use"] = json!("enc");
    let mut of_another_algorithm = own_key("k");
    of_another_algorithm["alg"] = json!("RS256");
    let useless = json!([
        for_secrets, of_another_algorithm, { "kty": "oct", "k": "AAAA" }, { "kty": "EC", "crv": "P-521" },
        { "kty": "OKP", "crv": "Ed25519", "x": "AAAA" }, { "kty": "RSA", "n": "AA", "e": "AQAB" }, "no key", 5,
    ]);
    assert!(keys(useless).is_empty());
}

#[test]
fn an_es256_key_verifies_its_signature_alone() {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let [x, y] = [&point[1..33], &point[33..]].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    let known = keys(json!([{ "kty": "EC", "crv": "P-256", "kid": "e", "x": x, "y": y }]));
    let key = known.find_key(Some("e"), TokenAlgorithm::Es256).unwrap();
    let signature = pair.sign(&random, b"word").unwrap();
    assert!(key.is_signature_valid(b"word", signature.as_ref()));
    assert!(!key.is_signature_valid(b"another", signature.as_ref()));
}

/// The example of RFC 7515, A.2.
#[test]
fn an_rs256_key_verifies_its_signature_alone() {
    const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const SIGNED: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let known = keys(json!([{ "kty": "RSA", "n": N, "e": "AQAB" }]));
    let key = known.find_key(None, TokenAlgorithm::Rs256).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(SIGNATURE).unwrap();
    assert!(key.is_signature_valid(SIGNED.as_bytes(), &signature));
    assert!(!key.is_signature_valid(format!("{SIGNED}x").as_bytes(), &signature));
}
