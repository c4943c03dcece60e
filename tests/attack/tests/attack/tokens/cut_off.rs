//! Tokens whose end an edge cannot hear of, because it is cut off.

#![allow(clippy::unwrap_used)]

use attack::{AttackedPlatform, HttpCall, PATIENCE, Station};
use serde_json::{Value, json};
use support::eventually;
use wire::Region;

/// At a cut-off edge they open what they opened, as docs/security.md says; nothing that was accepted by them after
/// their end counts in the cloud, and the edge shuts them out as soon as it is linked.
#[tokio::test]
async fn a_thief_goes_on_with_ended_tokens_at_an_edge_that_is_linked_again() {
    let platform = AttackedPlatform::fresh().await;
    let (admin, thief) = (platform.admin().await, Station::fresh());
    let (signed_out, revoked) = (platform.provider().await, platform.provider().await);
    let customer = platform.somebody(wire::Role::Customer).await;
    let order = customer.publish(Region::North, "Mend the tap").await;
    admin.act(order, "approve").await.unwrap();
    let board = async |token: &str| -> Value {
        let call = HttpCall::get("/board").bearer(token);
        thief.ask(platform.edge().http, &call).await.unwrap().json()
    };
    for victim in [&signed_out, &revoked] {
        eventually("the edge has the order", PATIENCE, async || {
            let shown = board(&victim.edge_token).await;
            shown.to_string().contains(&order.to_string()).then_some(())
        })
        .await;
    }
    platform.stack.cut(Region::North).await.unwrap();
    let out = signed_out.ask(HttpCall::post("/api/v1/auth/logout")).await.unwrap();
    assert_eq!(out.status, 204, "{}", out.text());
    let path = format!("/api/v1/admin/users/{}/revoke", revoked.person.user_id);
    admin.done(HttpCall::post(&path).json(&json!({"reason": "A tablet was stolen."}))).await;
    for victim in [&signed_out, &revoked] {
        assert!(board(&victim.edge_token).await["items"].is_array(), "it cannot know yet");
    }
    let frame = json!({
        "v": 1, "id": process::clock::Clock::system().new_id(), "device_seq": 1,
        "tapped_at": process::clock::Clock::system().now(), "token": revoked.edge_token,
        "body": { "type": "accept_order", "order_id": order },
    });
    let call = HttpCall::post("/commands").json(&frame);
    let reply = thief.ask(platform.edge().http, &call).await.unwrap().json();
    assert_eq!(reply["verdict"], json!("provisional"), "{reply}");

    platform.stack.heal(Region::North).await.unwrap();
    for (victim, code) in [(&signed_out, "session_ended"), (&revoked, "revoked")] {
        eventually("the edge has heard of it", PATIENCE, async || {
            (board(&victim.edge_token).await["code"] == code).then_some(())
        })
        .await;
    }
    eventually("the cloud has decided the op", PATIENCE, async || {
        let path = format!("/api/v1/admin/commands/{}", frame["id"].as_str().unwrap());
        (admin.ask(HttpCall::get(&path)).await.ok()?.status == 200).then_some(())
    })
    .await;
    let call = HttpCall::get(&format!("/api/v1/orders/{order}"));
    let shown = admin.done(call).await;
    assert_eq!(shown.get("provider_id").filter(|id| !id.is_null()), None, "{shown}");
}
