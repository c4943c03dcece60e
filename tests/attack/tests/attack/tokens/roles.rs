//! An admin with a restricted role who wants more, and tokens from before a role change.

use attack::{AttackedPlatform, HttpCall, PASSWORD, PATIENCE, Station};
use serde_json::json;
use support::eventually;
use wire::Role;

#[tokio::test]
async fn a_narrowed_admin_does_more_than_the_role_names() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let clerk = platform.somebody(Role::Customer).await;
    let form = json!({
        "name": &clerk.username[..clerk.username.len().min(20)],
        "permissions": ["verify_providers", "read_people"],
        "reason": "For the desk of certificates.",
    });
    let role = admin
        .done(HttpCall::post("/api/v1/admin/roles").json(&form))
        .await;
    let gift = json!({"role_id": role["role_id"], "reason": "Joined the desk."});
    let path = format!("/api/v1/admin/users/{}/role", clerk.person.user_id);
    admin.done(HttpCall::new("PUT", &path).json(&gift)).await;

    let thief = Station::fresh();
    let old = HttpCall::get("/api/v1/orders").bearer(&clerk.person.token);
    let answer = thief.ask(platform.gateway(), &old).await.unwrap();
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "invalid_token"),
        "the customer's"
    );
    eventually("the linked edge hears of it", PATIENCE, async || {
        let call = HttpCall::get("/board").bearer(&clerk.edge_token);
        let answer = thief.ask(platform.edge().http, &call).await.ok()?;
        (answer.code() == "session_ended").then_some(())
    })
    .await;

    let signed = platform
        .sign_in(clerk.station, &clerk.username, PASSWORD)
        .await;
    let clerk = signed.unwrap_or_else(|refusal| panic!("not let in: {}", refusal.text()));
    for path in [
        "/api/v1/admin/verifications",
        "/api/v1/admin/users",
        "/api/v1/admin/roles",
    ] {
        clerk.done(HttpCall::get(path)).await;
    }
    let why = json!({"reason": "To try."});
    for (method, path) in calls_outside_the_role() {
        let answer = clerk
            .ask(HttpCall::new(method, &path).json(&why))
            .await
            .unwrap();
        let seen = (answer.status, answer.code());
        let refused = [
            (403, "permission_missing".to_owned()),
            (403, "role_forbidden".to_owned()),
        ];
        assert!(
            refused.contains(&seen),
            "{method} {path}: {}",
            answer.text()
        );
    }
}

/// Calls that need a permission which the role lacks.
fn calls_outside_the_role() -> Vec<(&'static str, String)> {
    let nobody = "00000000-0000-7000-8000-000000000000";
    vec![
        ("POST", format!("/api/v1/admin/users/{nobody}/revoke")),
        (
            "POST",
            format!("/api/v1/admin/users/{nobody}/password-reset"),
        ),
        (
            "DELETE",
            format!("/api/v1/admin/users/{nobody}/sessions/{nobody}"),
        ),
        ("PUT", format!("/api/v1/admin/users/{nobody}/role")),
        ("POST", "/api/v1/admin/roles".to_owned()),
        ("POST", format!("/api/v1/orders/{nobody}/approve")),
        ("POST", format!("/api/v1/orders/{nobody}/cancel")),
        ("PUT", format!("/api/v1/orders/{nobody}/status")),
        ("GET", "/api/v1/admin/orders".to_owned()),
        ("GET", format!("/api/v1/orders/{nobody}")),
        ("GET", format!("/api/v1/orders/{nobody}/timeline")),
        ("GET", format!("/api/v1/orders/{nobody}/photos")),
        (
            "GET",
            format!("/api/v1/orders/{nobody}/photos/{}", wire::Hash::ZERO),
        ),
        ("GET", format!("/api/v1/orders/{nobody}/statement")),
        ("GET", format!("/api/v1/orders/{nobody}/page")),
        ("PUT", "/api/v1/admin/regions/NORTH".to_owned()),
        ("POST", "/api/v1/admin/edges".to_owned()),
        ("POST", "/api/v1/admin/keys/rotate".to_owned()),
        // Aliases of the same routes.
        ("POST", format!("/api/orders/{nobody}/approve")),
        ("PUT", format!("/api/customer/orders/{nobody}/cancel")),
    ]
}
