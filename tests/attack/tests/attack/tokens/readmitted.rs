//! Tokens of a person who was revoked and later readmitted.

use attack::{AttackedPlatform, HttpCall, PASSWORD, PATIENCE, Somebody, Station};
use serde_json::json;
use support::eventually;

async fn act(admin: &Somebody, act: &str, on: &Somebody) {
    let path = format!("/api/v1/admin/users/{}/{act}", on.person.user_id);
    admin
        .done(HttpCall::post(&path).json(&json!({"reason": "It was looked into."})))
        .await;
}

#[tokio::test]
async fn a_thief_comes_back_with_the_tokens_of_somebody_who_is_let_in_again() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let victim = platform.provider().await;
    let form = json!({"username": victim.username, "password": PASSWORD, "refresh": true});
    let call = HttpCall::post("/api/v1/auth/login").json(&form);
    let grant = victim
        .station
        .ask(platform.gateway(), &call)
        .await
        .unwrap()
        .json();
    let thief = Station::fresh();
    act(&admin, "revoke", &victim).await;
    act(&admin, "readmit", &victim).await;
    let back = platform
        .sign_in(victim.station, &victim.username, PASSWORD)
        .await;
    let back = back.unwrap_or_else(|refusal| panic!("not let in again: {}", refusal.text()));
    let orders = |token: &str| HttpCall::get("/api/v1/orders").bearer(token);
    let answer = back.ask(HttpCall::get("/api/v1/orders")).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());

    for old in [
        victim.person.token.as_str(),
        grant["access_token"].as_str().unwrap(),
    ] {
        let answer = thief.ask(platform.gateway(), &orders(old)).await.unwrap();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "invalid_token")
        );
    }
    let form = json!({"refresh_token": grant["refresh_token"]});
    let call = HttpCall::post("/api/v1/auth/refresh").json(&form);
    let answer = thief.ask(platform.gateway(), &call).await.unwrap();
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "invalid_token")
    );

    let board = |token: &str| HttpCall::get("/board").bearer(token);
    eventually("the edge lets the person in again", PATIENCE, async || {
        let answer = back
            .station
            .ask(platform.edge().http, &board(&back.edge_token))
            .await
            .ok()?;
        let old = thief
            .ask(platform.edge().http, &board(&victim.edge_token))
            .await
            .ok()?;
        (answer.status == 200 && old.code() == "revoked").then_some(())
    })
    .await;
    act(&admin, "revoke", &victim).await;
    eventually("and refuses both once more", PATIENCE, async || {
        let answer = back
            .station
            .ask(platform.edge().http, &board(&back.edge_token))
            .await
            .ok()?;
        (answer.code() == "revoked").then_some(())
    })
    .await;
}
