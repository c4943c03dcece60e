//! Copies of a refresh token, and their worth to a thief.

use attack::{AttackedPlatform, HttpAnswer, HttpCall, PASSWORD, PATIENCE, Station};
use serde_json::json;
use support::eventually;
use wire::Region;

async fn refreshed(platform: &AttackedPlatform, from: Station, token: &str) -> HttpAnswer {
    let call = HttpCall::post("/api/v1/auth/refresh").json(&json!({"refresh_token": token}));
    from.ask(platform.gateway(), &call)
        .await
        .expect("an answer")
}

#[tokio::test]
async fn a_thief_goes_on_refreshing_with_a_copy_of_a_spent_token() {
    let platform = AttackedPlatform::shared().await;
    let provider = platform.provider().await;
    let owner = provider.station;
    let thief = Station::fresh();
    let form = json!({
        "username": provider.username, "password": PASSWORD, "refresh": true,
        "region": Region::North,
    });
    let call = HttpCall::post("/api/v1/auth/login").json(&form);
    let grant = owner.ask(platform.gateway(), &call).await.unwrap().json();
    let token = |answer: &serde_json::Value, name: &str| answer[name].as_str().unwrap().to_owned();
    let copied = token(&grant, "refresh_token");
    let at_edge = token(&grant, "edge_token");
    let mut kept = copied.clone();
    let mut access = String::new();
    for _ in 0..2 {
        let answer = refreshed(platform, owner, &kept).await;
        assert_eq!(answer.status, 200, "the owner refreshes: {}", answer.text());
        (access, kept) = (
            token(&answer.json(), "access_token"),
            token(&answer.json(), "refresh_token"),
        );
    }
    let orders = HttpCall::get("/api/v1/orders").bearer(&access);
    assert_eq!(
        owner.ask(platform.gateway(), &orders).await.unwrap().status,
        200
    );

    let answer = refreshed(platform, thief, &copied).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "invalid_token"),
        "the copy"
    );
    let answer = owner.ask(platform.gateway(), &orders).await.unwrap();
    assert_eq!(
        answer.status, 401,
        "two hold the session, so it ends for both"
    );
    assert_eq!(
        refreshed(platform, owner, &kept).await.code(),
        "invalid_token"
    );
    let board = HttpCall::get("/board").bearer(&at_edge);
    eventually("the edge has heard of it", PATIENCE, async || {
        let answer = thief.ask(platform.edge().http, &board).await.ok()?;
        (answer.code() == "session_ended").then_some(())
    })
    .await;
    let orders = provider.ask(HttpCall::get("/api/v1/orders")).await.unwrap();
    assert_eq!(orders.status, 200, "the other session of the owner goes on");
}
