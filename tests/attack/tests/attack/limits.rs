//! Limits turned against the people they protect.

use std::time::Duration;

use attack::{
    AttackedPlatform, HttpAnswer, HttpCall, PASSWORD, PATIENCE, Somebody, Station, during,
};
use serde_json::json;
use support::eventually;
use tokio::{task::JoinSet, time::timeout};
use wire::Role;

/// Requests that one person may send to one endpoint in a minute.
const ENDPOINTS_MOST: u32 = 100;
/// People to try until the requests of one fall within one minute.
const TRIES_MAX: u32 = 10;
/// More than one address may send to one endpoint in a minute.
const FLOOD: usize = 320;
/// Requests that one person may send to all endpoints together in a minute.
const PERSONS_MOST: usize = 600;
/// Concurrent requests of a flood.
const AT_ONCE: usize = 16;

fn junk_link() -> HttpCall {
    HttpCall::get("/link")
        .bearer("junk")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

fn wrong_login(name: &str) -> HttpCall {
    let form = json!({"username": name, "password": "wrong-horse-battery"});
    HttpCall::post("/api/v1/auth/login").json(&form)
}

#[tokio::test]
async fn a_stranger_keeps_a_healed_edge_away_with_junk_from_its_own_address() {
    // On a shared platform, the attack would also block other edges at this address.
    let platform = AttackedPlatform::fresh().await;
    let port = platform.gateway();
    let region = platform.edge().region;
    let station = Station::platforms_own();
    platform.stack.cut(region).await.unwrap();
    let flood = async {
        loop {
            let _answer = station.ask(port, &junk_link()).await;
        }
    };
    let healed = async {
        eventually("the junk is refused for its number", PATIENCE, async || {
            let answer = station.ask(port, &junk_link()).await.ok()?;
            (answer.status == 429).then_some(())
        })
        .await;
        timeout(PATIENCE, platform.stack.heal(region)).await
    };
    tokio::select! {
        () = flood => unreachable!("the flood has no end"),
        healed = healed => healed.expect("the edge is linked again").unwrap(),
    }
}

#[tokio::test]
async fn a_neighbour_shuts_the_sign_in_of_everybody_at_his_address() {
    let platform = AttackedPlatform::shared().await;
    let honest = platform.somebody(Role::Customer).await;
    let port = platform.gateway();
    let shop = Station::fresh();
    let flood = async {
        let mut under_way = JoinSet::new();
        for number in 0..FLOOD {
            if under_way.len() >= AT_ONCE {
                under_way.join_next().await;
            }
            let call = wrong_login(&format!("nobody-{number}"));
            under_way.spawn(async move { shop.ask(port, &call).await.map(|_| ()) });
        }
        under_way.join_all().await;
    };
    let elsewhere = async || {
        let signed = platform
            .sign_in(honest.station, &honest.username, PASSWORD)
            .await;
        signed.map(drop).map_err(|refusal| refusal.code())
    };
    let ((), experience) = during(flood, Duration::from_secs(3), elsewhere).await;
    println!("signing in elsewhere during the flood: {experience}");
    assert_eq!(experience.refused(), 0, "{experience}");
    // The flood continues: its address exceeds every limit of this minute.
    let _more = shop.ask(port, &wrong_login("nobody")).await;
    let signed = platform.sign_in(shop, &honest.username, PASSWORD).await;
    signed.unwrap_or_else(|refusal| panic!("the neighbour is shut out: {}", refusal.text()));
}

#[tokio::test]
async fn one_person_asks_every_endpoint_as_often_as_each_allows() {
    let platform = AttackedPlatform::shared().await;
    let [greedy, honest] = [
        platform.somebody(Role::Customer).await,
        platform.somebody(Role::Customer).await,
    ];
    let paths = [
        "/api/v1/orders",
        "/api/v1/orders/00000000-0000-7000-8000-000000000001",
        "/api/v1/orders/00000000-0000-7000-8000-000000000001/timeline",
        "/api/v1/orders/00000000-0000-7000-8000-000000000001/page",
        "/api/v1/notifications",
        "/api/v1/session",
        "/api/v1/auth/sessions",
    ];
    // A minute may end midway and restart the count.
    for at in 0..2 * PERSONS_MOST {
        let answer = greedy
            .ask(HttpCall::get(paths[at % paths.len()]))
            .await
            .unwrap();
        if answer.status != 429 {
            continue;
        }
        assert_eq!(answer.code(), "rate_limited");
        let left = answer.header("ratelimit").unwrap_or_default();
        assert!(left.contains("\"person\";r=0;"), "{left}");
        assert!(answer.header("retry-after").is_some());
        let answer = honest.ask(HttpCall::get("/api/v1/orders")).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        return;
    }
    panic!("nobody stopped them");
}

/// The number behind the key of a named limit, such as 99 of `"endpoint";r=99;t=40,
/// "person";r=599;t=40`.
fn told(header: &str, limit: &str, key: &str) -> u32 {
    let item = header
        .split(", ")
        .find(|item| item.starts_with(&format!("\"{limit}\";")));
    let number = item.and_then(|item| item.split(';').find_map(|part| part.strip_prefix(key)));
    let number = number.and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("{limit}, {key}: {header}"))
}

/// Sends requests until one is refused. Returns the number of requests before it and the refusal.
/// Returns `None` if the counts are not consecutive: the minute ended, or the cache was slow once
/// and the gateway counted locally.
async fn asks_until_refused(who: &Somebody, call: &HttpCall) -> Option<(u32, HttpAnswer)> {
    const POLICY: &str = "\"endpoint\";q=100;w=60, \"person\";q=600;w=60";
    let mut granted = 0;
    loop {
        let answer = who.ask(call.clone()).await.expect("an answer");
        assert_eq!(answer.header("ratelimit-policy"), Some(POLICY));
        if answer.status != 200 {
            return Some((granted, answer));
        }
        granted += 1;
        let left = answer.header("ratelimit").expect("what is left");
        if told(left, "endpoint", "r=") != ENDPOINTS_MOST.saturating_sub(granted) {
            return None;
        }
        assert!(
            granted <= ENDPOINTS_MOST,
            "request {granted} of a minute is granted"
        );
    }
}

#[tokio::test]
async fn one_person_asks_an_endpoint_once_more_than_a_minute_allows() {
    let platform = AttackedPlatform::shared().await;
    let orders = HttpCall::get("/api/v1/orders");
    let mut tries = 0;
    let (greedy, granted, refusal) = loop {
        tries += 1;
        assert!(
            tries <= TRIES_MAX,
            "no hundred requests are counted one after the other"
        );
        let greedy = platform.somebody(Role::Customer).await;
        if let Some((granted, refusal)) = asks_until_refused(&greedy, &orders).await {
            break (greedy, granted, refusal);
        }
    };
    assert_eq!(
        (refusal.status, refusal.code().as_str()),
        (429, "rate_limited")
    );
    assert_eq!(
        granted, ENDPOINTS_MOST,
        "the first that is refused is the next one"
    );
    let left = refusal.header("ratelimit").expect("what is left");
    let whole_in = told(left, "endpoint", "t=");
    assert_eq!(told(left, "endpoint", "r="), 0);
    assert!((1..=60).contains(&whole_in), "{left}");
    assert_eq!(
        refusal.header("retry-after"),
        Some(whole_in.to_string().as_str())
    );
    // The refused request used up no other limit.
    let elsewhere = greedy
        .ask(HttpCall::get("/api/v1/notifications"))
        .await
        .unwrap();
    assert_eq!(
        elsewhere.status,
        200,
        "another endpoint: {}",
        elsewhere.text()
    );
    let answer = platform
        .somebody(Role::Customer)
        .await
        .ask(orders)
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "another person: {}", answer.text());
}
