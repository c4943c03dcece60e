//! Other people's cursors and roles.

use attack::{AttackedPlatform, HttpCall, Somebody};
use serde_json::json;
use wire::{Region, Role};

/// A customer, the provider who accepted their order, and the order.
async fn deal(platform: &AttackedPlatform) -> (Somebody, Somebody, wire::OrderId) {
    let customer = platform.somebody(Role::Customer).await;
    let provider = platform.provider().await;
    let admin = platform.admin().await;
    let order = customer
        .publish_approved(&admin, Region::North, "Mend the tap")
        .await;
    let accepted = provider.act(order, "accept").await.expect("an answer");
    assert!(accepted.status < 300, "{}", accepted.text());
    (customer, provider, order)
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
        assert!(
            (400..500).contains(&answer.status),
            "{role}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn a_list_is_asked_for_with_a_cursor_of_somebody_else() {
    let platform = AttackedPlatform::shared().await;
    let (customer, _, order) = deal(platform).await;
    customer.publish(Region::North, "Paint the gate").await;
    let page = customer.done(HttpCall::get("/api/v1/orders?limit=1")).await;
    let cursor = page["next"]
        .as_str()
        .expect("there is a second page")
        .to_owned();
    let stranger = platform.somebody(Role::Customer).await;
    for path in [
        "/api/v1/orders",
        "/api/v1/notifications",
        "/api/v1/auth/sessions",
    ] {
        let call = HttpCall::get(&format!("{path}?limit=100&cursor={cursor}"));
        let answer = stranger.ask(call).await.unwrap();
        assert!(
            matches!(answer.status, 200 | 422),
            "{path}: {}",
            answer.text()
        );
        assert!(
            !answer.text().contains(&order.to_string()),
            "{path} shows the order"
        );
    }
    for query in [
        "limit=0",
        "limit=-1",
        "limit=99999999999",
        "limit=x",
        "cursor=%00",
        "cursor=a%27b",
    ] {
        let answer = stranger
            .ask(HttpCall::get(&format!("/api/v1/orders?{query}")))
            .await
            .unwrap();
        assert!(answer.status < 500, "{query}: {}", answer.text());
    }
}
