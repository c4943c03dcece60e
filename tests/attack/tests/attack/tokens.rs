//! Tokens that the issuer never made, or made for another purpose.

mod copied;
mod cut_off;
mod granted;
mod keys;
mod readmitted;
mod resting;
mod roles;
mod stolen_key;
mod tablets;

use attack::{AttackedPlatform, HttpCall, PASSWORD, PATIENCE, Station};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::{
    clock::Clock,
    parts::CloudPart,
    tokens::{Claims, Signer, TokenKind, edge_token},
};
use ring::hmac;
use serde_json::{Value, json};
use support::{Issuer, claims, eventually};
use wire::{Actor, EdgeId, Region, Role};

/// A route that shows an admin all orders.
const ADMINS: &str = "/api/v1/admin/orders";

fn decoded(part: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// Asserts that the token opens neither the gateway nor the edge.
async fn opens_nothing(platform: &AttackedPlatform, why: &str, token: &str) {
    let station = Station::fresh();
    for (port, path) in [
        (platform.gateway(), ADMINS),
        (platform.edge().http, "/session"),
    ] {
        let answer = station
            .ask(port, &HttpCall::get(path).bearer(token))
            .await
            .expect("an answer");
        assert_eq!(answer.status, 401, "{why} at {path}: {}", answer.text());
        assert_eq!(answer.code(), "invalid_token", "{why} at {path}");
    }
}

#[tokio::test]
async fn a_customer_makes_himself_an_admin_in_his_tokens_claims() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let parts: Vec<&str> = customer.person.token.split('.').collect();
    let [head, body, signature] = parts.as_slice() else {
        panic!("a token has three parts")
    };
    let mut claims = decoded(body);
    claims["role"] = json!("admin");
    let raised = encoded(&claims);
    opens_nothing(
        platform,
        "the old signature",
        &format!("{head}.{raised}.{signature}"),
    )
    .await;
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
    let answer = customer
        .station
        .ask(platform.gateway(), &jwks)
        .await
        .unwrap();
    let key = answer.json()["keys"][0].clone();
    let mut claims = decoded(customer.person.token.split('.').nth(1).unwrap());
    claims["role"] = json!("admin");
    let public = key["x"].as_str().expect("an Ed25519 key");
    let secrets = [
        public.as_bytes().to_vec(),
        URL_SAFE_NO_PAD.decode(public).unwrap(),
    ];
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
    let now = Clock::system().now();
    let actor = Actor {
        user_id: admin.person.user_id,
        role: Role::Admin,
    };
    let issuer = Issuer::new();
    opens_nothing(platform, "another issuer", &issuer.token(actor, now)).await;
    // The same claims under the platform's key id, and with the key in the token's own header.
    let jwks = HttpCall::get("/.well-known/jwks.json");
    let jwks = admin
        .station
        .ask(platform.gateway(), &jwks)
        .await
        .unwrap()
        .json();
    let der = Signer::generate_pkcs8();
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
        opens_nothing(
            platform,
            &head.to_string(),
            &format!("{signed}.{signature}"),
        )
        .await;
    }
}

#[tokio::test]
async fn a_token_goes_on_after_its_hour_or_as_another_kind() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    // Signed with the issuer's own key: only one field of each token is wrong.
    let key = platform.stack.layout().cloud_folder().join("auth.key");
    let signer = Signer::load(&key).unwrap();
    let now = Clock::system().now();
    let sound = claims(
        Actor {
            user_id: admin.person.user_id,
            role: Role::Admin,
        },
        now,
    );
    let expired = Claims {
        iat: sound.iat - 7_200,
        exp: sound.iat - 3_600,
        ..sound.clone()
    };
    let for_edges = |kind, claims: &Claims| Claims {
        kind,
        region: Some(Region::North),
        ..claims.clone()
    };
    let edges = signer.sign_claims(&for_edges(TokenKind::Edge, &expired));
    let call = HttpCall::get("/session").bearer(&edges);
    let answer = Station::fresh()
        .ask(platform.edge().http, &call)
        .await
        .unwrap();
    assert_eq!(answer.status, 401, "expired at the edge: {}", answer.text());
    let grant = for_edges(TokenKind::DeviceGrant, &sound);
    for (why, claims) in [("expired", expired), ("a device's grant", grant)] {
        let call = HttpCall::get(ADMINS).bearer(&signer.sign_claims(&claims));
        let answer = Station::fresh()
            .ask(platform.gateway(), &call)
            .await
            .unwrap();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "invalid_token"),
            "{why}"
        );
    }
}

#[tokio::test]
async fn a_services_token_opens_a_persons_routes() {
    let platform = AttackedPlatform::shared().await;
    let clock = Clock::system();
    for (from, to) in [
        (CloudPart::Order, CloudPart::Auth),
        (CloudPart::Hub, CloudPart::Order),
        (CloudPart::Gateway, CloudPart::Gateway),
    ] {
        let token = platform
            .service_key(from)
            .issue_token(from.name(), to.name(), &clock);
        opens_nothing(platform, to.name(), &token).await;
    }
}

#[tokio::test]
async fn a_persons_token_opens_the_link_of_an_edge() {
    let platform = AttackedPlatform::shared().await;
    let upgrade = |token: &str| {
        HttpCall::get("/link")
            .bearer(token)
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    let people = [platform.admin().await, platform.provider().await];
    for somebody in people {
        let token = &somebody.person.token;
        let answer = somebody
            .station
            .ask(platform.gateway(), &upgrade(token))
            .await
            .unwrap();
        assert_eq!(
            answer.status,
            401,
            "{:?}: {}",
            somebody.person.role,
            answer.text()
        );
    }
    // A key that the hub never enrolled, under a known edge's name.
    let stranger = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
    let edge = EdgeId::new(&platform.edge().edge).unwrap();
    let token = edge_token(&stranger, &edge, &Clock::system());
    let answer = Station::fresh()
        .ask(platform.gateway(), &upgrade(&token))
        .await
        .unwrap();
    assert_eq!(answer.status, 401, "{}", answer.text());
}

#[tokio::test]
async fn a_thief_goes_on_with_a_token_that_was_signed_out() {
    let platform = AttackedPlatform::shared().await;
    let provider = platform.provider().await;
    let thief = Station::fresh();
    let at_edge = provider.edge_token.clone();
    let orders = HttpCall::get("/api/v1/orders").bearer(&provider.person.token);
    assert_eq!(
        thief.ask(platform.gateway(), &orders).await.unwrap().status,
        200
    );
    let out = provider
        .ask(HttpCall::post("/api/v1/auth/logout"))
        .await
        .unwrap();
    assert!(out.status < 300, "{}", out.text());
    let answer = thief.ask(platform.gateway(), &orders).await.unwrap();
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "invalid_token")
    );
    let board = HttpCall::get("/board").bearer(&at_edge);
    eventually("the edge has heard of it", PATIENCE, async || {
        let answer = thief.ask(platform.edge().http, &board).await.ok()?;
        (answer.code() == "session_ended").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_opens_a_door_or_renews_a_session_that_has_ended() {
    let platform = AttackedPlatform::shared().await;
    let station = Station::fresh();
    let username = format!("keeper-{}", process::random::secret_text(9).to_lowercase());
    let username = username.replace('_', "x");
    let account = json!({
        "username": username, "email": format!("{username}@example.org"), "password": PASSWORD,
        "role": "customer",
    });
    let register = HttpCall::post("/api/v1/auth/register").json(&account);
    assert!(
        station
            .ask(platform.gateway(), &register)
            .await
            .unwrap()
            .status
            < 300
    );
    let form = json!({"username": username, "password": PASSWORD, "refresh": true});
    let login = HttpCall::post("/api/v1/auth/login").json(&form);
    let grant = station
        .ask(platform.gateway(), &login)
        .await
        .unwrap()
        .json();
    let [access, refresh] =
        ["access_token", "refresh_token"].map(|name| grant[name].as_str().unwrap().to_owned());
    opens_nothing(platform, "a refresh token", &refresh).await;

    let refreshed = async |token: &str| {
        let form = json!({"refresh_token": token});
        let call = HttpCall::post("/api/v1/auth/refresh").json(&form);
        station.ask(platform.gateway(), &call).await.unwrap()
    };
    assert_eq!(
        refreshed(&refresh).await.status,
        200,
        "its owner gets a new token"
    );
    assert_eq!(
        refreshed(&access).await.code(),
        "invalid_token",
        "an overheard access token"
    );
    let logout = HttpCall::post("/api/v1/auth/logout").bearer(&access);
    assert_eq!(
        station
            .ask(platform.gateway(), &logout)
            .await
            .unwrap()
            .status,
        204
    );
    assert_eq!(
        refreshed(&refresh).await.code(),
        "invalid_token",
        "the session has ended"
    );
}
