//! The services behind the gateway, the cache and the logs, from the side of a neighbour.

use std::time::Duration;

use attack::{AttackedPlatform, HttpCall, Station};
use platform::cache::Cache;
use process::{
    clock::Clock,
    tokens::{ServiceKey, Signer},
};
use serde_json::json;
use support::eventually;
use wire::{Region, Role};

/// The routes between services.
const INTERNAL: [(&str, &str, &str); 15] = [
    ("order", "GET", "/internal/assignments"),
    ("order", "POST", "/internal/ranges"),
    ("order", "POST", "/internal/orders"),
    ("order", "POST", "/internal/renewals"),
    ("order", "POST", "/internal/takebacks"),
    ("order", "POST", "/internal/waiting-accepts"),
    ("order", "POST", "/internal/ops"),
    ("payment", "POST", "/internal/funds"),
    ("hub", "GET", "/internal/stream"),
    ("hub", "POST", "/internal/asks"),
    ("hub", "GET", "/internal/seats/north-1"),
    ("auth", "POST", "/internal/sessions/renew"),
    ("auth", "POST", "/internal/permissions"),
    ("auth", "POST", "/internal/contact"),
    ("auth", "POST", "/internal/address-codes"),
];

#[tokio::test]
async fn a_neighbour_on_the_machine_asks_the_services_directly() {
    let attacked = AttackedPlatform::shared().await;
    let customer = attacked.somebody(Role::Customer).await;
    let admin = attacked.admin().await;
    let station = Station::fresh();
    let clock = Clock::system();
    let foreign = ServiceKey::from_pkcs8(&Signer::generate()).unwrap();
    for (part, port) in attacked.stack.layout().parts() {
        let forged = foreign.token("gateway", part.name(), &clock);
        let people = [Some(&admin.person.token), Some(&customer.person.token)];
        let internal = INTERNAL.iter().filter(|(whose, ..)| *whose == part.name());
        for (_, method, path) in internal {
            // A person hears there what concerns them, through the gateway or not.
            let people = people.into_iter().filter(|_| *path != "/internal/stream");
            for bearer in [None, Some(&forged)].into_iter().chain(people) {
                let call = HttpCall::new(method, path).json(&json!({}));
                let call = bearer.map_or(call.clone(), |token| call.bearer(token));
                let call = call.header("x-holdfast-service", "gateway");
                let answer = station.ask(port, &call).await.unwrap();
                assert!(matches!(answer.status, 401 | 403), "{part} {path}: {}", answer.text());
            }
        }
        // The gateway's word on a caller is worth nothing without the caller's own token.
        let call = HttpCall::get("/api/v1/orders")
            .header("x-user-id", admin.person.user_id.to_string())
            .header("x-user-role", "admin");
        let answer = station.ask(port, &call).await.unwrap();
        assert!(matches!(answer.status, 401 | 404), "{part}: {}", answer.text());
    }
    for (_, method, path) in INTERNAL {
        let call = HttpCall::new(method, path).json(&json!({}));
        let answer = admin.ask(call).await.unwrap();
        assert!(matches!(answer.status, 404 | 405), "{path} at the gateway: {}", answer.text());
    }
    customer.publish(Region::North, "All is well").await;
}

#[tokio::test]
async fn a_thief_goes_on_after_redis_has_lost_his_revocation() {
    let attacked = AttackedPlatform::shared().await;
    let servers = attacked.stack.servers().expect("a platform on servers");
    let provider = attacked.provider().await;
    let thief = Station::fresh();
    let orders = HttpCall::get("/api/v1/orders").bearer(&provider.person.token);
    let asked = async || thief.ask(attacked.gateway(), &orders).await.unwrap().status;
    assert_eq!(asked().await, 200);
    assert!(provider.ask(HttpCall::post("/api/v1/auth/logout")).await.unwrap().status < 300);
    assert_eq!(asked().await, 401);
    // Evicted, or lost with a restart from an older dump; the mark of completeness stands.
    let cache = Cache::open(&servers.redis).unwrap();
    let session = session_of(&provider.person.token);
    assert!(cache.get("sessions:complete").await.unwrap().is_some());
    cache.delete(&format!("session:{session}")).await.unwrap();
    // The list is written anew every fifteen seconds.
    let within = Duration::from_secs(20);
    // A refusal alone does not tell it: where the cache is slow, the gateway asks auth.
    eventually("the list is whole again", within, async || {
        cache.get(&format!("session:{session}")).await.unwrap().map(drop)
    })
    .await;
    assert_eq!(asked().await, 401, "the thief is out again");
}

fn session_of(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("claims")).expect("base64");
    let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
    claims["jti"].as_str().expect("a session").to_owned()
}

#[tokio::test]
async fn a_stranger_makes_the_logs_say_what_he_likes() {
    let attacked = AttackedPlatform::shared().await;
    let station = Station::fresh();
    let line = "2026-01-01T00:00:00Z ERROR forged-by-a-stranger the disk burns";
    let laden = format!("x\r\n{line}\n\u{1b}[2J{line}");
    let admin = attacked.admin().await;
    let customer = attacked.somebody(Role::Customer).await;
    for port in [attacked.gateway(), attacked.edge().http] {
        let form = json!({"username": laden, "password": laden, "code": laden, "token": laden});
        for path in [
            "/api/v1/auth/login",
            "/api/v1/auth/verify-token",
            "/api/v1/edges/enrol",
            "/session",
            "/commands",
        ] {
            let call =
                HttpCall::post(path).json(&form).header("user-agent", "x\tforged-by-a-stranger");
            let _answer = station.ask(port, &call).await.unwrap();
        }
        let path = "/x%0d%0a2026-01-01T00:00:00Z%20ERROR%20forged-by-a-stranger";
        let _answer = station.ask(port, &HttpCall::get(path)).await.unwrap();
    }
    let order = json!({
        "title": laden, "description": laden, "service_type": "cleaning_repair",
        "price": "200.00", "location": "NORTH", "address": "1 Harbour Road",
    });
    let made = customer.ask(HttpCall::post("/api/v1/orders").json(&order)).await.unwrap();
    if let Some(id) = made.json()["order_id"].as_str() {
        let path = format!("/api/v1/orders/{id}/reject");
        let call = HttpCall::post(&path).json(&json!({"reason": laden}));
        let _answer = admin.ask(call).await.unwrap();
    }
    for log in attack::files_below(&attacked.stack.layout().logs_folder()) {
        let text = String::from_utf8_lossy(&std::fs::read(&log).unwrap()).into_owned();
        let forged = text.lines().find(|line| line.starts_with("2026-01-01T00:00:00Z"));
        assert_eq!(forged, None, "{}", log.display());
        assert!(!text.contains("\u{1b}[2J"), "{} clears a screen", log.display());
    }
}
