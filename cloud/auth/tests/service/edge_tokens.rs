//! Tokens for the edges of one region: from a session, with a sign-in, and for one command.

use axum::http::{Method, StatusCode};
use process::tokens::{Claims, TokenAudience, TokenKeys};
use rstest::rstest;
use serde_json::json;
use uuid::Uuid;
use wire::{CommandId, Region};

use crate::common::{Answer, Auth, Engine, MINUTE_MS, NOW, PASSWORD};

const GIVE: &str = "/api/v1/auth/edge-token";
const COMMAND: &str = "/internal/command-tokens";
const NORTH: TokenAudience = TokenAudience::Edges(Region::North);

async fn keys(auth: &Auth) -> TokenKeys {
    let jwks = auth
        .send(Method::GET, "/.well-known/jwks.json", None, None)
        .await;
    let keys = TokenKeys::empty();
    keys.replace_key_set(&jwks.text).unwrap();
    keys
}

/// The claims of a token for any audience.
pub(crate) async fn claims(auth: &Auth, token: &str) -> Claims {
    keys(auth).await.read(token).unwrap()
}

async fn given(auth: &Auth, token: &str) -> Answer {
    auth.send(
        Method::POST,
        GIVE,
        Some(token),
        Some(json!({ "region": "NORTH" })),
    )
    .await
}

fn edge_token(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.body["edge_token"].as_str().unwrap().to_owned()
}

async fn edge_logout(auth: &Auth, token: &str) -> StatusCode {
    auth.post("edge-logout", json!({ "token": token }))
        .await
        .status
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_token_for_edges_is_of_the_session_ends_with_it_and_opens_nothing_here(
    #[case] engine: Engine,
) {
    let auth = Auth::new(engine).await;
    auth.register("lisi", "provider").await;
    let own = auth.token("lisi").await;
    auth.clock.advance(10 * MINUTE_MS);
    let answer = given(&auth, &own).await;
    let token = edge_token(&answer);
    assert_eq!(answer.body["region"], "NORTH");
    assert_eq!(answer.body["expires_in"], 50 * 60);
    let mine = claims(&auth, &own).await;
    let theirs = claims(&auth, &token).await;
    assert_eq!(
        (theirs.jti, theirs.sub, theirs.exp),
        (mine.jti, mine.sub, mine.exp)
    );
    assert_eq!(theirs.audience(), Some(NORTH));
    assert!(
        keys(&auth)
            .await
            .verify(&token, NORTH, auth.clock.now())
            .is_ok()
    );

    for (method, path) in [(Method::POST, GIVE), (Method::GET, "/api/v1/auth/sessions")] {
        let body = Some(json!({ "region": "NORTH" }));
        let refused = auth.send(method, path, Some(&token), body).await;
        assert_eq!(refused.code(), "invalid_token", "{path}");
    }
    assert_eq!(auth.logout(&token).await.code(), "invalid_token");
    assert_eq!(auth.verify(&token).await.code(), "invalid_token");
    assert_eq!(auth.verify(&own).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_for_edges_ends_the_session_and_a_token_for_the_cloud_does_not_that_way() {
    let auth = Auth::new(Engine::Sqlite).await;
    auth.register("lisi", "provider").await;
    let own = auth.token("lisi").await;
    let token = edge_token(&given(&auth, &own).await);
    assert_eq!(edge_logout(&auth, &own).await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        edge_logout(&auth, "nonsense").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(edge_logout(&auth, &token).await, StatusCode::NO_CONTENT);
    assert_eq!(auth.verify(&own).await.code(), "invalid_token");
    assert_eq!(edge_logout(&auth, &token).await, StatusCode::UNAUTHORIZED);
    assert_eq!(given(&auth, &own).await.code(), "invalid_token");
    let told = auth.events().await;
    let session = claims(&auth, &token).await.jti;
    assert_eq!(
        told.last().unwrap().body["session_id"],
        json!(session),
        "edges hear of it"
    );
}

#[tokio::test]
async fn a_sign_in_that_names_a_region_gets_a_token_for_its_edges_beside_or_alone() {
    let auth = Auth::new(Engine::Sqlite).await;
    auth.register("lisi", "provider").await;
    let sign_in = async |more: serde_json::Value| {
        let mut form = json!({ "username": "lisi", "password": PASSWORD });
        form.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        auth.post("login", form).await
    };
    let plain = sign_in(json!({})).await;
    assert!(plain.body["access_token"].is_string() && plain.body.get("edge_token").is_none());
    let both = sign_in(json!({ "region": "NORTH" })).await;
    let [cloud, edge] = ["access_token", "edge_token"].map(|name| both.body[name].as_str());
    let cloud = claims(&auth, cloud.unwrap()).await;
    let edge = claims(&auth, edge.unwrap()).await;
    assert_eq!(
        (cloud.audience(), edge.audience()),
        (Some(TokenAudience::Cloud), Some(NORTH))
    );
    assert_eq!((cloud.jti, cloud.exp), (edge.jti, edge.exp));
    let alone = sign_in(json!({ "region": "NORTH", "edge_only": true })).await;
    assert_eq!(
        claims(&auth, &edge_token(&alone)).await.audience(),
        Some(NORTH)
    );
    assert!(alone.body.get("access_token").is_none(), "{}", alone.text);
    assert_eq!(
        sign_in(json!({ "edge_only": true })).await.fields(),
        ["region"]
    );
    assert_eq!(
        sign_in(json!({ "region": "NOWHERE" })).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn only_the_hub_gets_a_token_for_one_command_and_only_of_a_live_session() {
    let auth = Auth::new(Engine::Sqlite).await;
    auth.register("lisi", "provider").await;
    let own = auth.token("lisi").await;
    let command = CommandId(Uuid::from_u128(7));
    let ask = async |from: &'static str, token: &str| {
        let bearer = auth.service_key.issue_token(from, "auth", &auth.clock);
        let form = json!({ "token": token, "region": "NORTH", "command": command });
        auth.send(Method::POST, COMMAND, Some(&bearer), Some(form))
            .await
    };
    let answer = ask("hub", &own).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let bound = answer.body["token"].as_str().unwrap();
    let audience = TokenAudience::Command(Region::North, command);
    assert_eq!(claims(&auth, bound).await.audience(), Some(audience));
    assert_eq!(edge_logout(&auth, bound).await, StatusCode::UNAUTHORIZED);

    assert_eq!(ask("order", &own).await.code(), "role_forbidden");
    let of_edges = edge_token(&given(&auth, &own).await);
    for bad in [bound, &of_edges, "nonsense"] {
        assert_eq!(ask("hub", bad).await.code(), "invalid_token");
    }
    auth.logout(&own).await;
    assert_eq!(ask("hub", &own).await.code(), "invalid_token");
    assert!(auth.clock.now() >= NOW);
}
