//! The services behind the gateway, the cache and the logs, attacked from the same machine.

use std::{collections::BTreeSet, path::Path, time::Duration};

use attack::{AttackedPlatform, HttpCall, Station};
use platform::cache::Cache;
use process::{
    clock::Clock,
    tokens::{ServiceKey, Signer},
};
use serde_json::json;
use support::eventually;
use wire::{Region, Role};

/// The routes between services, with the crate that declares each.
const INTERNAL: &[(&str, &str, &str)] = &[
    ("auth", "POST", "/internal/acts"),
    ("auth", "POST", "/internal/acts/{id}"),
    ("auth", "POST", "/internal/address-codes"),
    ("auth", "POST", "/internal/command-tokens"),
    ("auth", "POST", "/internal/contact"),
    ("auth", "POST", "/internal/password-codes"),
    ("auth", "POST", "/internal/permissions"),
    ("auth", "POST", "/internal/sessions/renew"),
    ("hub", "GET", "/internal/seats/{edge}"),
    ("hub", "GET", STREAM),
    ("hub", "POST", "/internal/asks"),
    ("notification", "GET", STREAM),
    ("notification", "POST", ARRIVALS),
    ("notification", "POST", "/internal/notices"),
    ("order", "GET", "/internal/assignments"),
    ("order", "GET", "/internal/orders/{id}"),
    ("order", "POST", "/internal/booked-providers"),
    ("order", "POST", "/internal/distrusted"),
    ("order", "POST", "/internal/known-orders"),
    ("order", "POST", "/internal/messages"),
    ("order", "POST", "/internal/ops"),
    ("order", "POST", "/internal/orders"),
    ("order", "POST", "/internal/people/open-matters"),
    ("order", "POST", "/internal/photos"),
    ("order", "POST", "/internal/ranges"),
    ("order", "POST", "/internal/renewals"),
    ("order", "POST", "/internal/takebacks"),
    ("order", "POST", "/internal/waiting-accepts"),
    ("payment", "POST", "/internal/funds"),
    ("payment", "POST", "/internal/people/open-matters"),
    (EVERY_PART, "GET", "/internal/letters"),
    (EVERY_PART, "GET", "/internal/letters/{name}"),
    (EVERY_PART, "GET", "/internal/order-events/{id}"),
    (EVERY_PART, "GET", "/internal/replays"),
    (EVERY_PART, "POST", "/internal/letters/{name}/drop"),
    (EVERY_PART, "POST", "/internal/letters/{name}/redrive"),
    (EVERY_PART, "POST", "/internal/receipts"),
    (EVERY_PART, "POST", "/internal/replays"),
    ("review", "POST", "/internal/ops"),
    ("user", "POST", "/internal/matches"),
];
/// Every part serves these routes.
const EVERY_PART: &str = "platform";
/// People receive their own events there, through the gateway or directly.
const STREAM: &str = "/internal/stream";
/// The inboxes that events reached.
const ARRIVALS: &str = "/internal/arrivals";

/// Fills each placeholder.
fn filled(path: &str) -> String {
    const ORDER: &str = "00000000-0000-7000-8000-000000000000";
    path.replace("{edge}", "north-1")
        .replace("{id}", ORDER)
        .replace("{name}", "dead:order")
}

/// Ensures that a new route between services is attacked as well.
#[test]
fn every_internal_route_of_the_source_is_attacked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap();
    let mut routes = BTreeSet::new();
    for of in ["cloud", "sync", "protocol"] {
        for file in attack::files_below(&root.join(of)) {
            let is_source = file.components().any(|part| part.as_os_str() == "src");
            let is_test = file.ends_with("tests.rs") || file.iter().any(|part| part == "tests");
            if is_source && !is_test && file.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&file).unwrap();
                let of = file
                    .iter()
                    .take_while(|part| *part != "src")
                    .last()
                    .unwrap();
                let of = of.to_string_lossy().into_owned();
                let found = internal_routes(&text).into_iter();
                routes.extend(found.map(|(method, path)| (of.clone(), method, path)));
            }
        }
    }
    let attacked: BTreeSet<_> = INTERNAL
        .iter()
        .map(|(of, method, path)| ((*of).to_owned(), (*method).to_owned(), (*path).to_owned()))
        .collect();
    assert_eq!(
        routes, attacked,
        "the routes of the source, and those that are attacked"
    );
}

/// Methods and paths of `.route("/internal/..", get(..).post(..))`, regardless of line breaks.
fn internal_routes(text: &str) -> Vec<(String, String)> {
    let text: String = text.split_whitespace().collect();
    let mut found = Vec::new();
    for route in text
        .split(".route(\"")
        .skip(1)
        .filter(|route| route.starts_with("/internal/"))
    {
        let (path, handlers) = route.split_once("\",").expect("a path");
        // The router's next call ends this route.
        let handlers = handlers.split([';', '}']).next().unwrap_or_default();
        let of_router = handlers.find(".with_state(").unwrap_or(handlers.len());
        for (method, call) in [
            ("GET", "get("),
            ("POST", "post("),
            ("PUT", "put("),
            ("DELETE", "delete("),
        ] {
            let handlers = &handlers[..of_router];
            let is_there = handlers.starts_with(call) || handlers.contains(&format!(".{call}"));
            found.extend(is_there.then(|| (method.to_owned(), path.to_owned())));
        }
    }
    found
}

#[tokio::test]
async fn a_neighbour_on_the_machine_asks_the_services_directly() {
    let attacked = AttackedPlatform::shared().await;
    let customer = attacked.somebody(Role::Customer).await;
    let admin = attacked.admin().await;
    let station = Station::fresh();
    let clock = Clock::system();
    let foreign = ServiceKey::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
    for (part, port) in attacked.stack.layout().parts() {
        let forged = foreign.issue_token("gateway", part.name(), &clock);
        let people = [&admin.person.token, &customer.person.token];
        let internal = INTERNAL
            .iter()
            .filter(|(of, ..)| [part.name(), EVERY_PART].contains(of));
        for (of, method, path) in internal {
            // An admin may read a part's dead letters and where an order's events got to with a
            // personal token, through the gateway or directly.
            let refused = match (*path, *of) {
                (STREAM, _) => &[][..],
                (ARRIVALS, _) | (_, EVERY_PART) => &people[1..],
                _ => &people,
            };
            let bearers = refused.iter().map(|token| Some(*token));
            for bearer in [None, Some(&forged)].into_iter().chain(bearers) {
                let call = HttpCall::new(method, &filled(path)).json(&json!({}));
                let call = bearer.map_or(call.clone(), |token| call.bearer(token));
                let call = call.header("x-holdfast-service", "gateway");
                let answer = station.ask(port, &call).await.unwrap();
                assert!(
                    matches!(answer.status, 401 | 403),
                    "{part} {method} {path}: {}",
                    answer.text()
                );
            }
        }
        // The gateway's identity headers are worthless without the caller's token.
        let call = HttpCall::get("/api/v1/orders")
            .header("x-user-id", admin.person.user_id.to_string())
            .header("x-user-role", "admin");
        let answer = station.ask(port, &call).await.unwrap();
        assert!(
            matches!(answer.status, 401 | 404),
            "{part}: {}",
            answer.text()
        );
    }
    for (_, method, path) in INTERNAL {
        let call = HttpCall::new(method, &filled(path)).json(&json!({}));
        let answer = admin.ask(call).await.unwrap();
        assert!(
            matches!(answer.status, 404 | 405),
            "{path} at the gateway: {}",
            answer.text()
        );
    }
    customer.publish(Region::North, "All is well").await;
}

#[tokio::test]
async fn a_thief_goes_on_after_redis_has_lost_his_revocation() {
    let attacked = AttackedPlatform::shared().await;
    let stores = attacked.stack.stores().expect("a platform on servers");
    let provider = attacked.provider().await;
    let thief = Station::fresh();
    let orders = HttpCall::get("/api/v1/orders").bearer(&provider.person.token);
    let asked = async || thief.ask(attacked.gateway(), &orders).await.unwrap().status;
    assert_eq!(asked().await, 200);
    assert!(
        provider
            .ask(HttpCall::post("/api/v1/auth/logout"))
            .await
            .unwrap()
            .status
            < 300
    );
    assert_eq!(asked().await, 401);
    // Simulates an eviction, or a restart from an older dump; the completeness marker remains.
    let cache = Cache::open(&stores.servers().redis).unwrap();
    let session = session_of(&provider.person.token);
    assert!(cache.get("sessions:complete").await.unwrap().is_some());
    cache.delete(&format!("session:{session}")).await.unwrap();
    // The list is rewritten every fifteen seconds.
    let within = Duration::from_secs(20);
    // A refusal alone is not proof: if the cache is slow, the gateway asks auth.
    eventually("the list is whole again", within, async || {
        cache
            .get(&format!("session:{session}"))
            .await
            .unwrap()
            .map(drop)
    })
    .await;
    assert_eq!(asked().await, 401, "the thief is out again");
}

fn session_of(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).expect("claims"))
        .expect("base64");
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
            let call = HttpCall::post(path)
                .json(&form)
                .header("user-agent", "x\tforged-by-a-stranger");
            let _answer = station.ask(port, &call).await.unwrap();
        }
        let path = "/x%0d%0a2026-01-01T00:00:00Z%20ERROR%20forged-by-a-stranger";
        let _answer = station.ask(port, &HttpCall::get(path)).await.unwrap();
    }
    let order = json!({
        "title": laden, "description": laden, "service_type": "cleaning_repair",
        "price": "200.00", "location": "NORTH", "address": "1 Harbour Road",
    });
    let made = customer
        .ask(HttpCall::post("/api/v1/orders").json(&order))
        .await
        .unwrap();
    if let Some(id) = made.json()["order_id"].as_str() {
        let path = format!("/api/v1/orders/{id}/reject");
        let call = HttpCall::post(&path).json(&json!({"reason": laden}));
        let _answer = admin.ask(call).await.unwrap();
    }
    for log in attack::files_below(&attacked.stack.layout().logs_folder()) {
        let text = String::from_utf8_lossy(&std::fs::read(&log).unwrap()).into_owned();
        let forged = text
            .lines()
            .find(|line| line.starts_with("2026-01-01T00:00:00Z"));
        assert_eq!(forged, None, "{}", log.display());
        assert!(
            !text.contains("\u{1b}[2J"),
            "{} clears a screen",
            log.display()
        );
    }
}
