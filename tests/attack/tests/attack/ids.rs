//! Somebody else's ids, cursors and roles.

use attack::{AttackedPlatform, HttpCall, Somebody};
use serde_json::{Value, json};
use wire::{Region, Role};

/// Every route of the platform, as it describes itself.
const ROUTES: &str = include_str!("../../../../cloud/gateway/openapi.json");
const ADDRESS: &str = "1 Harbour Road";

struct DescribedRoute {
    method: String,
    path: String,
    is_public: bool,
}

fn routes() -> Vec<DescribedRoute> {
    let document: Value = serde_json::from_str(ROUTES).expect("the routes are JSON");
    let paths = document["paths"].as_object().expect("paths");
    let each = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods");
        methods.iter().map(move |(method, route)| DescribedRoute {
            method: method.to_uppercase(),
            path: path.clone(),
            is_public: route["security"].as_array().is_none_or(Vec::is_empty),
        })
    });
    each.collect()
}

/// The path with a word for each of its places.
fn filled(path: &str, word: impl Fn(&str) -> String) -> String {
    let words = path.split('/').map(|part| match part.strip_prefix('{') {
        Some(name) => word(name.trim_end_matches('}')),
        None => part.to_owned(),
    });
    words.collect::<Vec<_>>().join("/")
}

/// A customer whose order a provider has taken, and both of them.
async fn deal(platform: &AttackedPlatform) -> (Somebody, Somebody, wire::OrderId) {
    let customer = platform.somebody(Role::Customer).await;
    let provider = platform.somebody(Role::Provider).await;
    let admin = platform.admin().await;
    let order = customer.publish(Region::North, "Mend the tap").await;
    for (who, action) in [(&admin, "approve"), (&provider, "accept")] {
        let answer = who.act(order, action).await.expect("an answer");
        assert!(answer.status < 300, "{action}: {}", answer.text());
    }
    (customer, provider, order)
}

#[tokio::test]
async fn a_stranger_without_a_token_reaches_a_route_that_is_not_public() {
    let platform = AttackedPlatform::shared().await;
    let stranger = attack::Station::fresh();
    let mut asked = 0;
    let ours = routes().into_iter().filter(|route| route.path.starts_with("/api/v1/"));
    for route in ours.filter(|route| !route.is_public) {
        let path = filled(&route.path, |_| "0192f5d4-0000-7000-8000-000000000009".into());
        let call = HttpCall::new(&route.method, &path).json(&json!({}));
        let answer = stranger.ask(platform.gateway(), &call).await.unwrap();
        assert_eq!(answer.status, 401, "{} {path}: {}", route.method, answer.text());
        asked += 1;
    }
    assert!(asked > 30, "the description lists the guarded routes: {asked}");
}

#[tokio::test]
async fn a_person_uses_somebody_elses_ids_on_every_route_that_takes_one() {
    let platform = AttackedPlatform::shared().await;
    let (customer, provider, order) = deal(platform).await;
    let path = format!("/api/v1/orders/{order}");
    let before = customer.done(HttpCall::get(&path)).await;
    let line = support::eventually("the customer's inbox", attack::PATIENCE, async || {
        let inbox = customer.ask(HttpCall::get("/api/v1/notifications")).await.ok()?.json();
        inbox["items"].get(0).cloned()
    })
    .await;
    let victim = customer.person.user_id.to_string();
    let sessions = customer.done(HttpCall::get("/api/v1/auth/sessions")).await;
    let session = sessions["items"][0]["session_id"].as_str().expect("a session").to_owned();
    let word = |name: &str, path: &str| match (name, path) {
        ("region", _) => "NORTH".to_owned(),
        ("edge", _) => platform.edge().edge.clone(),
        ("epoch" | "seq", _) => "1".to_owned(),
        ("id", path) if path.contains("/users/") || path.contains("/customers/") => victim.clone(),
        ("id", path) if path.contains("/sessions/") => session.clone(),
        ("id", path) if path.contains("/edges/") => platform.edge().edge.clone(),
        ("id", path) if path.contains("/notifications/") => {
            line["event_id"].as_str().unwrap_or_default().to_owned()
        }
        _ => order.to_string(),
    };
    let strangers =
        [platform.somebody(Role::Customer).await, platform.somebody(Role::Provider).await];
    let with_ids =
        routes().into_iter().filter(|route| route.path.contains('{') && !route.is_public);
    for route in with_ids.filter(|route| route.path.starts_with("/api/v1/")) {
        let path = filled(&route.path, |name| word(name, &route.path));
        for stranger in &strangers {
            let body = json!({"reason": "mine now", "status": "cancelled", "gate": "closed"});
            let call = HttpCall::new(&route.method, &path).json(&body);
            let answer = stranger.ask(call).await.unwrap();
            let who = (stranger.person.role, &route.method, &path);
            assert!((400..500).contains(&answer.status), "{who:?}: {}", answer.text());
            assert!(!answer.text().contains(ADDRESS), "{who:?} reads the address");
        }
    }
    let after = customer.done(HttpCall::get(&path)).await;
    assert_eq!(after, before, "nobody else has changed it");
    let inbox = customer.done(HttpCall::get("/api/v1/notifications?unread=1")).await;
    assert!(inbox["items"].as_array().is_some_and(|items| items.contains(&line)), "still unread");
    assert!(provider.ask(HttpCall::get("/api/v1/orders")).await.unwrap().status == 200);
}

#[tokio::test]
async fn a_person_raises_himself_to_admin_when_he_registers() {
    let platform = AttackedPlatform::shared().await;
    let station = attack::Station::fresh();
    for role in ["admin", "Admin", "ADMIN", "admin ", "system"] {
        let form = json!({
            "username": format!("raised-{}", station.address().octets()[3]),
            "email": "raised@example.org", "password": "correct-horse-battery", "role": role,
            "role_id": "admin", "is_admin": true,
        });
        let call = HttpCall::post("/api/v1/auth/register").json(&form);
        let answer = station.ask(platform.gateway(), &call).await.unwrap();
        assert!((400..500).contains(&answer.status), "{role}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_list_is_asked_for_with_a_cursor_of_somebody_else() {
    let platform = AttackedPlatform::shared().await;
    let (customer, _, order) = deal(platform).await;
    customer.publish(Region::North, "Paint the gate").await;
    let page = customer.done(HttpCall::get("/api/v1/orders?limit=1")).await;
    let cursor = page["next"].as_str().expect("there is a second page").to_owned();
    let stranger = platform.somebody(Role::Customer).await;
    for path in ["/api/v1/orders", "/api/v1/notifications", "/api/v1/auth/sessions"] {
        let call = HttpCall::get(&format!("{path}?limit=100&cursor={cursor}"));
        let answer = stranger.ask(call).await.unwrap();
        assert!(matches!(answer.status, 200 | 422), "{path}: {}", answer.text());
        assert!(!answer.text().contains(&order.to_string()), "{path} shows the order");
    }
    for query in
        ["limit=0", "limit=-1", "limit=99999999999", "limit=x", "cursor=%00", "cursor=a%27b"]
    {
        let answer = stranger.ask(HttpCall::get(&format!("/api/v1/orders?{query}"))).await.unwrap();
        assert!(answer.status < 500, "{query}: {}", answer.text());
    }
}
