//! Crowds of fresh accounts.

use attack::{AttackedPlatform, HttpCall, PASSWORD, Somebody, Station};
use process::clock::Clock;
use serde_json::json;
use wire::{Region, Role};

/// Fewer than one person may send at once.
const EACH: usize = 1_000;
const CROWD: usize = 11;
/// Commands on their way at the same time.
const WINDOW: usize = 25;
/// Beyond that, an edge takes commands from people alone whom it has known for a day.
const NEWCOMERS_MAX: usize = 10_000;

/// Sends a new order of that customer. Returns whether it stands in the log.
async fn is_logged(platform: &AttackedPlatform, who: &Somebody) -> bool {
    let clock = Clock::system();
    let order = json!({
        "title": "Nothing", "description": "of use", "service_type": "cleaning_repair",
        "price": "1.00", "location": Region::North, "address": "Nowhere",
    });
    let frame = json!({
        "v": 1, "id": clock.new_id(), "device_seq": 1, "tapped_at": clock.now(),
        "token": who.edge_token,
        "body": {"type": "publish_order", "order_id": clock.new_id(), "order": order},
    });
    let call = HttpCall::post("/commands").json(&frame);
    let answer = who.station.ask(platform.edge().http, &call).await.expect("an answer");
    let reply = answer.json();
    let refused = reply["code"] == json!("too_many_requests");
    assert!(refused || reply["receipt"].is_object(), "{}", answer.text());
    !refused
}

#[tokio::test]
async fn a_crowd_of_fresh_accounts_fills_the_log_of_an_edge() {
    let platform = AttackedPlatform::fresh().await;
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.push(platform.somebody(Role::Customer).await);
    }
    platform.stack.cut(Region::North).await.unwrap();
    let mut logged = 0;
    for who in &crowd {
        for _ in 0..EACH / WINDOW {
            let sending = (0..WINDOW).map(|_| is_logged(&platform, who));
            let answers = futures::future::join_all(sending).await;
            logged += answers.into_iter().filter(|logged| *logged).count();
        }
    }
    println!("{logged} commands of {CROWD} fresh accounts stand in the log");
    assert!(logged <= NEWCOMERS_MAX + WINDOW, "newcomers take the last room of the log");
}

/// More than an address may make in a day.
const ACCOUNTS: usize = 70;

fn registration(name: &str) -> HttpCall {
    let form = json!({
        "username": name, "email": format!("{name}@example.org"), "password": PASSWORD,
        "role": "provider",
    });
    HttpCall::post("/api/v1/auth/register").json(&form)
}

#[tokio::test]
async fn a_stranger_makes_accounts_without_end_under_forged_addresses() {
    let platform = AttackedPlatform::fresh().await;
    let (port, station) = (platform.gateway(), Station::fresh());
    let mut refusal = None;
    for number in 0..ACCOUNTS {
        let call = registration(&format!("sock-{number}"))
            .header("x-forwarded-for", format!("203.0.113.{number}"))
            .header("x-holdfast-client", format!("203.0.113.{number}"));
        let answer = station.ask(port, &call).await.unwrap();
        if answer.status != 201 {
            refusal = Some(answer);
            break;
        }
    }
    let refusal = refusal.expect("a refusal");
    assert_eq!((refusal.status, refusal.code().as_str()), (429, "registration_quota"));
    let signed = platform.sign_in(station, "sock-0", PASSWORD).await;
    assert!(signed.is_ok(), "signing in is counted apart");
    platform.somebody(Role::Customer).await;
}
