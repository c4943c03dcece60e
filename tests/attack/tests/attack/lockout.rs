//! The lockout after wrong passwords, turned against another person.

use attack::{AttackedPlatform, HttpAnswer, HttpCall, PASSWORD, Station};
use serde_json::json;
use wire::Role;

const WRONG: &str = "wrong-horse-battery";

async fn login(
    platform: &AttackedPlatform,
    station: Station,
    name: &str,
    password: &str,
    device: Option<&str>,
) -> HttpAnswer {
    let mut form = json!({"username": name, "password": password});
    if let Some(device) = device {
        form["device"] = device.into();
    }
    let call = HttpCall::post("/api/v1/auth/login").json(&form);
    station
        .ask(platform.gateway(), &call)
        .await
        .expect("an answer")
}

/// Sends wrong passwords until the account is locked, and a few more.
async fn guess(platform: &AttackedPlatform, station: Station, name: &str, device: Option<&str>) {
    let mut codes = Vec::new();
    for _ in 0..12 {
        codes.push(login(platform, station, name, WRONG, device).await.code());
    }
    assert_eq!(
        codes.last().map(String::as_str),
        Some("account_locked"),
        "{codes:?}"
    );
}

#[tokio::test]
async fn a_stranger_locks_a_person_out_by_guessing() {
    let platform = AttackedPlatform::shared().await;
    let honest = platform.somebody(Role::Customer).await;
    guess(platform, Station::fresh(), &honest.username, None).await;
    let answer = login(platform, honest.station, &honest.username, PASSWORD, None).await;
    assert_eq!(
        answer.status,
        200,
        "the owner is locked out: {}",
        answer.text()
    );
    let told = &answer.json()["wrong_passwords"];
    assert_eq!(
        (&told["count"], &told["places"]),
        (&json!(10), &json!(1)),
        "the owner is told"
    );
}

#[tokio::test]
async fn a_neighbour_locks_a_persons_own_device_out() {
    let platform = AttackedPlatform::shared().await;
    let honest = platform.somebody(Role::Customer).await;
    let name = honest.username.as_str();
    let shop = honest.station;
    let first = login(platform, shop, name, PASSWORD, Some("")).await.json();
    let device = first["device"].as_str().map(str::to_owned);
    guess(platform, shop, name, None).await;
    let answer = login(platform, shop, name, PASSWORD, device.as_deref()).await;
    assert_eq!(
        answer.status,
        200,
        "the device is locked out: {}",
        answer.text()
    );
}

#[tokio::test]
async fn a_thief_of_a_device_guesses_on_past_the_lock() {
    let platform = AttackedPlatform::shared().await;
    let honest = platform.somebody(Role::Customer).await;
    let first = login(
        platform,
        honest.station,
        &honest.username,
        PASSWORD,
        Some(""),
    )
    .await;
    let device = first.json()["device"].as_str().map(str::to_owned);
    assert!(device.is_some(), "{}", first.text());
    guess(
        platform,
        Station::fresh(),
        &honest.username,
        device.as_deref(),
    )
    .await;
}

#[tokio::test]
async fn a_botnet_guesses_on_from_address_to_address() {
    let platform = AttackedPlatform::shared().await;
    let honest = platform.somebody(Role::Customer).await;
    let device = login(
        platform,
        honest.station,
        &honest.username,
        PASSWORD,
        Some(""),
    )
    .await
    .json();
    let mut tried = 0;
    for _ in 0..16 {
        let bot = Station::fresh();
        for _ in 0..9 {
            let answer = login(platform, bot, &honest.username, WRONG, None).await;
            tried += usize::from(answer.code() == "invalid_credentials");
        }
    }
    // Beyond a hundred, each attempt waits two seconds or more.
    assert!(
        (100..=135).contains(&tried),
        "{tried} of 144 passwords were tried"
    );
    let device = device["device"].as_str();
    let answer = login(platform, honest.station, &honest.username, PASSWORD, device).await;
    assert_eq!(
        answer.status,
        200,
        "the owner's device is held up: {}",
        answer.text()
    );
}
