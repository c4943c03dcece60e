//! Tokens from a stolen signing key, before and after it is killed.

#![allow(clippy::unwrap_used)]

use attack::{
    AttackedPlatform, HttpAnswer, HttpCall, MqttGreeting, MqttLine, PASSWORD, PATIENCE, Somebody,
    Station,
};
use platform::{sql::Sql, vals};
use process::{
    clock::Clock,
    parts::CloudPart,
    tokens::{Claims, KeyVault, Signer, TokenKind},
};
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use support::{claims, eventually};
use wire::{Actor, Region, Role};

use super::{ADMINS, encoded, opens_nothing};

/// Forges the admin's token, as a thief of the cloud's machine would.
struct Forger {
    sound: Claims,
}

impl Forger {
    fn of(admin: &Somebody) -> Self {
        let actor = Actor {
            user_id: admin.person.user_id,
            role: Role::Admin,
        };
        Self {
            sound: claims(actor, Clock::system().now()),
        }
    }

    fn for_edges(&self) -> Claims {
        Claims {
            kind: TokenKind::Edge,
            region: Some(Region::North),
            ..self.sound.clone()
        }
    }

    /// Signs the claims under any key id.
    fn under(&self, name: &str, private: &[u8]) -> String {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(private).expect("a key");
        let head = json!({"alg": "EdDSA", "typ": "JWT", "kid": name});
        let body = encoded(&serde_json::to_value(&self.sound).expect("claims"));
        let signed = format!("{}.{body}", encoded(&head));
        let signature = pair.sign(signed.as_bytes());
        let signature = base64::Engine::encode(
            &base64::engine::general_purpose::URL_SAFE_NO_PAD,
            signature.as_ref(),
        );
        format!("{signed}.{signature}")
    }
}

async fn names(platform: &AttackedPlatform) -> Vec<String> {
    let call = HttpCall::get("/.well-known/jwks.json");
    let set = Station::fresh()
        .ask(platform.gateway(), &call)
        .await
        .expect("an answer")
        .json();
    let name = |key: &Value| key["kid"].as_str().expect("a name").to_owned();
    set["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .map(name)
        .collect()
}

#[tokio::test]
async fn a_thief_of_the_signing_key_goes_on_after_it_was_killed() {
    let platform = AttackedPlatform::fresh().await;
    let admin = platform.admin().await;
    let provider = platform.provider().await;
    let file = platform.stack.layout().cloud_folder().join("auth.key");
    let private = std::fs::read(&file).unwrap();
    let stolen = Signer::load(&file).unwrap();
    let forger = Forger::of(&admin);
    let thief = Station::fresh();
    let cloud = stolen.sign_claims(&forger.sound);
    let edge = stolen.sign_claims(&forger.for_edges());
    let at_gateway = async |token: &str| {
        thief
            .ask(platform.gateway(), &HttpCall::get(ADMINS).bearer(token))
            .await
            .unwrap()
    };
    let at_edge = async |token: &str| {
        let call = HttpCall::get("/session").bearer(token);
        thief.ask(platform.edge().http, &call).await.unwrap()
    };
    assert_eq!(
        at_gateway(&cloud).await.status,
        200,
        "a stolen key opens everything"
    );
    assert_eq!(at_edge(&edge).await.status, 200);
    let greeting = MqttGreeting::of("thiefs-tablet", &edge);
    let (code, mut line) = MqttLine::open(thief, platform.edge().mqtt, &greeting)
        .await
        .unwrap();
    assert_eq!(code, 0, "and stays at the edge");

    let form = json!({"kid": stolen.kid(), "reason": "It was on a stolen disk."});
    admin
        .done(HttpCall::post("/api/v1/admin/keys/kill").json(&form))
        .await;
    eventually(
        "the stolen key opens nothing any more",
        PATIENCE,
        async || {
            // The order service may refuse the forged token first; a provider is turned away by
            // the gateway itself.
            let provider = at_gateway(&provider.person.token).await;
            let cloud = at_gateway(&cloud).await;
            let edge = at_edge(&edge).await;
            let refused = |answer: &HttpAnswer| answer.code() == "invalid_token";
            [provider, cloud, edge].iter().all(refused).then_some(())
        },
    )
    .await;
    assert!(
        line.packet().await.is_err(),
        "the open connection ended with it"
    );
    for token in [&admin.person.token, &provider.person.token, &cloud] {
        opens_nothing(&platform, "a token of before", token).await;
    }
    opens_nothing(&platform, "an edge's token of before", &provider.edge_token).await;
    let mut tried = names(&platform).await;
    assert!(
        !tried.iter().any(|name| name == stolen.kid()),
        "it is published no more"
    );
    tried.extend([stolen.kid().to_owned(), String::new(), "0".to_owned()]);
    for name in tried {
        opens_nothing(&platform, &name, &forger.under(&name, &private)).await;
    }

    let back = platform
        .sign_in(provider.station, &provider.username, PASSWORD)
        .await;
    let back = back.unwrap_or_else(|refusal| panic!("{}", refusal.text()));
    eventually(
        "honest people come back by new tokens",
        PATIENCE,
        async || {
            let answer = back.ask(HttpCall::get("/api/v1/orders")).await.ok()?;
            let call = HttpCall::get("/board").bearer(&back.edge_token);
            let board = back.station.ask(platform.edge().http, &call).await.ok()?;
            (answer.status == 200 && board.status == 200).then_some(())
        },
    )
    .await;
}

#[tokio::test]
async fn a_thief_signs_with_a_key_that_does_not_sign_yet() {
    const NEXT: &str = "SELECT kid, sealed FROM signing_keys WHERE place = 2";
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let folder = platform.stack.layout().cloud_folder();
    let stores = platform.stack.stores().expect("a platform on servers");
    let store = Sql::open(&stores.database_url(CloudPart::Auth))
        .await
        .expect("auth's store");
    let next: Option<(String, Vec<u8>)> = store.fetch_optional(NEXT, vals![]).await.unwrap();
    store.close().await;
    let (name, sealed) = next.expect("a next key");
    assert!(
        names(platform).await.contains(&name),
        "others know it already"
    );
    let (_, other) =
        KeyVault::load_or_create(&tempfile::tempdir().unwrap().path().join("key")).unwrap();
    assert!(
        other.open(&name, &sealed).is_none(),
        "the database alone does not give it away"
    );
    let (_, vault) = KeyVault::load_or_create(&folder.join("auth.key")).unwrap();
    let stolen = vault.open(&name, &sealed).expect("the key file opens it");
    let forger = Forger::of(&admin);
    let later = |claims: &Claims| Claims {
        iat: claims.iat + 2 * 24 * 3_600,
        exp: claims.exp + 2 * 24 * 3_600,
        ..claims.clone()
    };
    for claims in [&forger.sound, &forger.for_edges()] {
        opens_nothing(platform, "the next key", &stolen.sign_claims(claims)).await;
        opens_nothing(platform, "dated ahead", &stolen.sign_claims(&later(claims))).await;
    }
}
