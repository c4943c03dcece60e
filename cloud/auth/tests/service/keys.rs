//! Signing keys rotate on schedule and by hand, and a stolen one is killed.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use platform::ServiceContext;
use process::{
    clock::Clock,
    tokens::{TokenAudience, TokenKeys},
};
use rstest::rstest;
use serde_json::{Value, json};
use support::eventually;

use crate::common::{Answer, Auth, Engine, MINUTE_MS, PASSWORD};

const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const ADMINS_KEYS: &str = "/api/v1/admin/keys";

async fn office(engine: Engine) -> Auth {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "provider").await;
    auth.register("boss", "customer").await;
    auth.make_admin("boss").await;
    auth
}

/// The id of the key that signed the token; it must be published.
async fn kid(auth: &Auth, token: &str) -> String {
    let set = jwks(auth).await;
    let signed = |key: &&Value| {
        let keys = TokenKeys::empty();
        keys.replace_key_set(&json!({ "keys": [key] }).to_string())
            .unwrap();
        keys.read(token).is_ok()
    };
    let key = set["keys"].as_array().unwrap().iter().find(signed).unwrap();
    key["kid"].as_str().unwrap().to_owned()
}

async fn jwks(auth: &Auth) -> Value {
    auth.send(Method::GET, "/.well-known/jwks.json", None, None)
        .await
        .body
}

async fn keys(auth: &Auth) -> TokenKeys {
    let keys = TokenKeys::empty();
    keys.replace_key_set(&jwks(auth).await.to_string()).unwrap();
    keys
}

fn kids(list: &Value) -> Vec<&str> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|key| key["kid"].as_str().unwrap())
        .collect()
}

/// The states of all keys, oldest first.
async fn states(auth: &Auth) -> Vec<String> {
    let admin = auth.token("boss").await;
    let list = auth
        .send(Method::GET, ADMINS_KEYS, Some(&admin), None)
        .await;
    let items = list.body["items"].as_array().unwrap();
    items
        .iter()
        .rev()
        .map(|key| key["state"].as_str().unwrap().to_owned())
        .collect()
}

async fn order(auth: &Auth, act: &str, token: &str, body: Value) -> Answer {
    let path = format!("{ADMINS_KEYS}/{act}");
    auth.send(Method::POST, &path, Some(token), Some(body))
        .await
}

async fn kill(auth: &Auth, kid: &str) -> Answer {
    let admin = auth.token("boss").await;
    order(
        auth,
        "kill",
        &admin,
        json!({ "kid": kid, "reason": "It was stolen." }),
    )
    .await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_next_key_is_known_before_it_signs_and_the_last_one_until_its_tokens_end(
    #[case] engine: Engine,
) {
    let mut auth = office(engine).await;
    let published = jwks(&auth).await;
    let [first, second] = kids(&published["keys"])[..] else {
        panic!("{published}")
    };
    let first = first.to_owned();
    let second = second.to_owned();
    let day_later = auth.clock.now().0 / 1000 + 24 * 3600;
    assert_eq!(
        published["keys"][0].get("trusted_from"),
        None,
        "as the single key before"
    );
    assert_eq!(published["keys"][1]["trusted_from"], day_later);
    assert_eq!(states(&auth).await, ["present", "next"]);

    auth.clock.advance(30 * DAY_MS - 10 * MINUTE_MS);
    let old = auth.token("lisi").await;
    assert_eq!(kid(&auth, &old).await, first);
    auth.clock.advance(20 * MINUTE_MS);
    let new = auth.token("lisi").await;
    assert_eq!(
        kid(&auth, &new).await,
        second,
        "at the planned moment, without any job"
    );
    for token in [&old, &new] {
        assert_eq!(auth.verify(token).await.status, StatusCode::OK);
    }
    auth = auth.restarted().await;
    assert_eq!(states(&auth).await, ["previous", "present", "next"]);
    assert_eq!(auth.verify(&old).await.status, StatusCode::OK);

    auth.clock.advance(14 * HOUR_MS);
    auth = auth.restarted().await;
    assert_eq!(states(&auth).await, ["former", "present", "next"]);
    let published = jwks(&auth).await;
    assert_eq!(published["keys"][0]["kid"], second.as_str());
    assert_eq!(kids(&published["former_keys"]), [first.as_str()]);
    let keys = keys(&auth).await;
    let then = auth.clock.now().plus_ms(-15 * HOUR_MS);
    assert!(
        keys.read(&old).is_ok(),
        "the log of an edge still names its people"
    );
    assert!(
        keys.verify(&old, TokenAudience::Cloud, then).is_err(),
        "and opens nothing"
    );
    let sealed = "SELECT COUNT(*) FROM signing_keys WHERE sealed IS NOT NULL";
    assert_eq!(auth.count(sealed).await, 2);
    auth.clock.advance(31 * DAY_MS);
    auth = auth.restarted().await;
    assert_eq!(
        auth.count(sealed).await,
        2,
        "a key that signs no more loses its private half"
    );
    assert_eq!(states(&auth).await, ["former", "former", "present", "next"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_admin_rotates_by_hand_once_others_know_the_next_key(#[case] engine: Engine) {
    let auth = office(engine).await;
    let rotate = async || {
        let admin = auth.token("boss").await;
        order(
            &auth,
            "rotate",
            &admin,
            json!({ "reason": "Somebody left." }),
        )
        .await
    };
    let early = rotate().await;
    assert_eq!(
        (early.status, early.code()),
        (StatusCode::CONFLICT, "key_too_new")
    );
    assert_eq!(
        early.body["trusted_from"],
        json!(auth.clock.now().plus_ms(DAY_MS))
    );
    auth.clock.advance(DAY_MS);
    let old = auth.token("lisi").await;
    let before = jwks(&auth).await;
    let done = rotate().await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    let new = auth.token("lisi").await;
    assert_eq!(kid(&auth, &new).await, before["keys"][1]["kid"]);
    for token in [&old, &new] {
        assert_eq!(auth.verify(token).await.status, StatusCode::OK);
    }
    assert_eq!(states(&auth).await, ["previous", "present", "next"]);
    assert_eq!(rotate().await.code(), "key_too_new");
    let recorded = "SELECT kid, rotated_why FROM signing_keys \
        WHERE rotated_why IS NOT NULL AND rotated_by IS NOT NULL AND place = 2";
    let reasons = auth.reasons("signing_keys.rotated_why", recorded).await;
    assert_eq!(reasons, ["Somebody left."]);

    let provider = auth.token("lisi").await;
    for act in ["rotate", "kill"] {
        let body = json!({ "kid": "x", "reason": "I want to." });
        assert_eq!(
            order(&auth, act, &provider, body).await.code(),
            "role_forbidden"
        );
        let admin = auth.token("boss").await;
        let silent = order(&auth, act, &admin, json!({ "kid": "x", "reason": " " })).await;
        assert_eq!(silent.fields(), ["reason"]);
    }
    let list = auth
        .send(Method::GET, ADMINS_KEYS, Some(&provider), None)
        .await;
    assert_eq!(list.code(), "role_forbidden");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_killed_key_takes_all_its_tokens_with_it(#[case] engine: Engine) {
    let mut auth = office(engine).await;
    let form = json!({
        "username": "lisi", "password": PASSWORD, "refresh": true, "region": "NORTH",
    });
    let grant = auth.post("login", form).await.body;
    let text = |name: &str| grant[name].as_str().unwrap().to_owned();
    let access = text("access_token");
    let refresh = text("refresh_token");
    let edge = text("edge_token");
    let first = kid(&auth, &access).await;
    let second = jwks(&auth).await["keys"][1]["kid"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(kill(&auth, "nobody's").await.status, StatusCode::NOT_FOUND);
    let killed = kill(&auth, &first).await;
    assert_eq!(killed.status, StatusCode::OK, "{}", killed.text);
    assert_eq!(states(&auth).await, ["killed", "present", "next"]);
    assert_eq!(
        kill(&auth, &first).await.status,
        StatusCode::OK,
        "a repeat changes nothing"
    );
    for _ in 0..2 {
        assert_eq!(auth.verify(&access).await.code(), "invalid_token");
        let refreshed = auth
            .post("refresh", json!({ "refresh_token": refresh }))
            .await;
        assert_eq!(refreshed.code(), "invalid_token");
        let out = auth.post("edge-logout", json!({ "token": edge })).await;
        assert_eq!(out.code(), "invalid_token");
        let others = keys(&auth).await;
        for token in [&access, &refresh, &edge] {
            assert!(others.read(token).is_err(), "nor does anybody else know it");
        }
        assert_eq!(states(&auth).await, ["killed", "present", "next"]);
        auth = auth.restarted().await;
    }
    let new = auth.token("lisi").await;
    assert_eq!(kid(&auth, &new).await, second, "the next key has begun");
    assert!(
        keys(&auth)
            .await
            .verify(&new, TokenAudience::Cloud, auth.clock.now())
            .is_ok()
    );
    // Kill the next key, then both.
    let third = jwks(&auth).await["keys"][1]["kid"]
        .as_str()
        .unwrap()
        .to_owned();
    kill(&auth, &third).await;
    assert_eq!(states(&auth).await, ["killed", "present", "killed", "next"]);
    assert_eq!(auth.verify(&new).await.status, StatusCode::OK);
    kill(&auth, &second).await;
    assert_eq!(
        states(&auth).await,
        ["killed", "killed", "killed", "present", "next"]
    );
    assert_eq!(auth.verify(&new).await.code(), "invalid_token");
    let recorded = "SELECT kid, killed_why FROM signing_keys \
        WHERE killed_why IS NOT NULL AND killed_by IS NOT NULL AND sealed IS NULL";
    let reasons = auth.reasons("signing_keys.killed_why", recorded).await;
    assert_eq!(reasons, ["It was stolen."; 3]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn every_replica_has_the_same_keys(#[case] engine: Engine) {
    let auth = office(engine).await;
    let other = auth.replica().await;
    assert_eq!(jwks(&auth).await, jwks(&other).await);
    auth.clock.advance(30 * DAY_MS);
    let one = auth.token("lisi").await;
    let two = other.token("lisi").await;
    assert_eq!(
        kid(&auth, &one).await,
        kid(&auth, &two).await,
        "both turn at the same moment"
    );
    kill(&auth, &kid(&auth, &one).await).await;
    eventually(
        "the other replica hears of it",
        Duration::from_secs(20),
        async || {
            let dead = other.verify(&one).await.code() == "invalid_token";
            (dead && jwks(&auth).await == jwks(&other).await).then_some(())
        },
    )
    .await;
    let back = other.token("lisi").await;
    assert_eq!(auth.verify(&back).await.status, StatusCode::OK);
}

#[tokio::test]
async fn another_key_file_ends_every_token_or_is_refused() {
    let auth = office(Engine::Sqlite).await;
    let token = auth.token("lisi").await;
    let mut config = auth.config.clone();
    config.signing_key = auth.file("other.key");
    let open = async |config: auth::Config| {
        let folder = tempfile::tempdir().unwrap();
        let clock: Clock = auth.clock.clone();
        let context: ServiceContext = testing::ground(folder.path(), &clock).await;
        auth::open(config, context, auth.matters.peers())
            .await
            .map(drop)
    };
    let error = open(config.clone()).await.unwrap_err();
    let why = process::problem::format_error_chain(&error);
    assert!(why.contains("signing_key_replaced"), "{why}");
    assert_eq!(
        auth.verify(&token).await.status,
        StatusCode::OK,
        "nothing has changed"
    );
    config.signing_key_replaced = true;
    open(config.clone()).await.unwrap();
    config.signing_key_replaced = false;
    open(config).await.unwrap();
    let sealed = "SELECT COUNT(*) FROM signing_keys WHERE killed_at IS NULL";
    assert_eq!(auth.count(sealed).await, 2, "the new key and its next one");
    let former = open(auth.config.clone()).await;
    assert!(former.is_err(), "the old file opens none of the keys");
}
