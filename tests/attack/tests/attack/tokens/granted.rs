//! A provider's tablet grant, which lives for days.

use attack::{AttackedPlatform, HttpCall, MqttGreeting, MqttLine, PASSWORD, PATIENCE, Station};
use serde_json::json;
use support::{DeviceSigner, eventually};

#[tokio::test]
async fn a_thief_of_a_tablet_goes_on_with_its_grant_elsewhere_or_after_its_end() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let victim = platform.provider().await;
    let edge = platform.edge();
    let thief = Station::fresh();
    let tablet = format!("t-{}", victim.person.user_id.0.simple());
    let form = json!({"username": victim.username, "password": PASSWORD, "tablet": tablet});
    let call = HttpCall::post("/session").json(&form);
    let answer = victim.station.ask(edge.http, &call).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let grant = answer.json();
    assert_eq!(grant["expires_in"], 72 * 3600);
    let token = grant["edge_token"].as_str().unwrap();

    let orders = HttpCall::get("/api/v1/orders").bearer(token);
    let cloud = thief.ask(platform.gateway(), &orders).await.unwrap();
    assert_eq!(
        (cloud.status, cloud.code().as_str()),
        (401, "invalid_token")
    );
    let form = json!({"region": "NORTH", "device": "another"});
    let more = HttpCall::post("/api/v1/auth/device-grants")
        .json(&form)
        .bearer(token);
    let answer = thief.ask(platform.gateway(), &more).await.unwrap();
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "invalid_token")
    );
    let session = |device: &str| HttpCall::get(&format!("/session?device={device}")).bearer(token);
    let elsewhere = thief.ask(edge.http, &session("another")).await.unwrap();
    assert_eq!(
        (elsewhere.status, elsewhere.code().as_str()),
        (401, "invalid_token")
    );
    let greeting = MqttGreeting::of("another", token);
    let refused = MqttLine::open(thief, edge.mqtt, &greeting).await;
    assert!(
        refused.is_err() || refused.is_ok_and(|(code, _)| code != 0),
        "let in elsewhere"
    );
    let own = victim
        .station
        .ask(edge.http, &session(&tablet))
        .await
        .unwrap();
    assert_eq!(own.status, 200, "{}", own.text());

    let sessions = format!("/api/v1/admin/users/{}/sessions", victim.person.user_id);
    let list = admin.done(HttpCall::get(&sessions)).await;
    let mut items = list["items"].as_array().unwrap().iter();
    let lost = items
        .find(|item| item["device"] == json!(tablet))
        .expect("the grant is listed");
    let end = format!("{sessions}/{}", lost["session_id"].as_str().unwrap());
    admin.done(HttpCall::new("DELETE", &end)).await;
    eventually(
        "the edge has heard that the grant has ended",
        PATIENCE,
        async || {
            let answer = thief.ask(edge.http, &session(&tablet)).await.ok()?;
            (answer.code() == "device_closed").then_some(())
        },
    )
    .await;
}

/// The thief copies everything that the tablet sent, but cannot copy the key in its browser.
#[tokio::test]
async fn a_thief_goes_on_with_a_copied_grant_without_its_tablets_key() {
    let platform = AttackedPlatform::shared().await;
    let victim = platform.provider().await;
    let edge = platform.edge();
    let thief = Station::fresh();
    let key = DeviceSigner::new();
    let tablet = format!("t-{}", victim.person.user_id.0.simple());
    let form = json!({
        "username": victim.username, "password": PASSWORD, "tablet": tablet,
        "tablet_key": key.key(), "tablet_label": "Chrome on Android",
    });
    let call = HttpCall::post("/session").json(&form);
    let answer = victim.station.ask(edge.http, &call).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let grant = answer.json()["edge_token"].as_str().unwrap().to_owned();
    let asked = HttpCall::get("/session/nonce");
    let nonce = thief.ask(edge.http, &asked).await.unwrap().json();
    let nonce = nonce["nonce"].as_str().unwrap();
    let path = format!("/session?device={tablet}");
    let shown = async |from: Station, text: &str| {
        let call = HttpCall::get(&path).bearer(text);
        from.ask(edge.http, &call).await.unwrap()
    };
    let own = shown(victim.station, &key.present(&grant, nonce)).await;
    assert_eq!(own.status, 200, "{}", own.text());
    let forged = DeviceSigner::new().present(&grant, nonce);
    let made_up = key.present(&grant, "AAAAAAAAAAAAAAAAAAAAAAAA");
    for text in [&grant, &forged, &made_up] {
        let answer = shown(thief, text).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "proof_required")
        );
        let greeting = MqttGreeting::of(&tablet, text);
        let refused = MqttLine::open(thief, edge.mqtt, &greeting).await;
        assert!(
            refused.is_err() || refused.is_ok_and(|(code, _)| code != 0),
            "connected without the key"
        );
    }

    let devices = victim.done(HttpCall::get("/api/v1/auth/devices")).await;
    let device = devices["items"][0]["device_id"].as_str().unwrap();
    let end = format!("/api/v1/auth/devices/{device}");
    victim.done(HttpCall::new("DELETE", &end)).await;
    eventually("the edge has heard of the end", PATIENCE, async || {
        let answer = shown(victim.station, &key.present(&grant, nonce)).await;
        (answer.code() == "device_closed").then_some(())
    })
    .await;
}
