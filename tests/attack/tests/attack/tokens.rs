//! Tokens that the issuer never made, or made for something else.

use attack::{AttackedPlatform, HttpCall, Station};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::tokens::Signer;
use ring::hmac;
use serde_json::{Value, json};
use support::{Issuer, claims};
use wire::{Actor, Role};

/// A route that shows an admin everybody's orders.
const ADMINS: &str = "/api/v1/admin/orders";

fn decoded(part: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// Sees that the token opens nothing, neither at the gateway nor at the edge.
async fn opens_nothing(platform: &AttackedPlatform, why: &str, token: &str) {
    let station = Station::fresh();
    for (port, path) in [(platform.gateway(), ADMINS), (platform.edge().http, "/session")] {
        let answer = station.ask(port, &HttpCall::get(path).bearer(token)).await.unwrap();
        assert_eq!(answer.status, 401, "{why} at {path}: {}", answer.text());
        assert_eq!(answer.code(), "invalid_token", "{why} at {path}");
    }
}

#[tokio::test]
async fn a_customer_makes_himself_an_admin_in_his_tokens_claims() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let parts: Vec<&str> = customer.person.token.split('.').collect();
    let [head, body, signature] = parts.as_slice() else { panic!("a token has three parts") };
    let mut claims = decoded(body);
    claims["role"] = json!("admin");
    let raised = encoded(&claims);
    opens_nothing(platform, "the old signature", &format!("{head}.{raised}.{signature}")).await;
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let unsigned = encoded(&json!({"alg": none, "typ": "JWT"}));
        opens_nothing(platform, none, &format!("{unsigned}.{raised}.")).await;
        opens_nothing(platform, none, &format!("{unsigned}.{raised}.{signature}")).await;
    }
    let answer = customer.ask(HttpCall::get(ADMINS)).await.unwrap();
    assert_eq!(answer.status, 403, "the true token is a customer's");
}

#[tokio::test]
async fn a_stranger_signs_tokens_with_the_public_key_as_a_secret() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let jwks = HttpCall::get("/.well-known/jwks.json");
    let answer = customer.station.ask(platform.gateway(), &jwks).await.unwrap();
    let key = answer.json()["keys"][0].clone();
    let mut claims = decoded(customer.person.token.split('.').nth(1).unwrap());
    claims["role"] = json!("admin");
    let public = key["x"].as_str().expect("an Ed25519 key");
    let secrets = [public.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(public).unwrap()];
    for secret in secrets {
        let head = json!({"alg": "HS256", "typ": "JWT", "kid": key["kid"]});
        let signed = format!("{}.{}", encoded(&head), encoded(&claims));
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let signature = hmac::sign(&secret, signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.as_ref());
        opens_nothing(platform, "HS256", &format!("{signed}.{signature}")).await;
    }
}

#[tokio::test]
async fn a_stranger_issues_admin_tokens_with_a_key_of_his_own() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let now = process::clock::Clock::system().now();
    let actor = Actor { user_id: admin.person.user_id, role: Role::Admin };
    let issuer = Issuer::new();
    opens_nothing(platform, "another issuer", &issuer.token(actor, now)).await;
    // The same claims under the name of the platform's key, and with the key in the token's own head.
    let jwks = HttpCall::get("/.well-known/jwks.json");
    let jwks = admin.station.ask(platform.gateway(), &jwks).await.unwrap().json();
    let der = Signer::generate();
    let pair = ring::signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap();
    let claims = encoded(&serde_json::to_value(claims(actor, now)).unwrap());
    let own: Value = serde_json::from_str(&issuer.signer.jwks()).unwrap();
    for head in [
        json!({"alg": "EdDSA", "typ": "JWT", "kid": jwks["keys"][0]["kid"]}),
        json!({"alg": "EdDSA", "typ": "JWT", "kid": "../../../../dev/null"}),
        json!({"alg": "EdDSA", "typ": "JWT", "jwk": own["keys"][0]}),
        json!({"alg": "EdDSA", "typ": "JWT", "jku": "http://127.0.0.1:9/jwks.json"}),
    ] {
        let signed = format!("{}.{claims}", encoded(&head));
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()).as_ref());
        opens_nothing(platform, &head.to_string(), &format!("{signed}.{signature}")).await;
    }
}
