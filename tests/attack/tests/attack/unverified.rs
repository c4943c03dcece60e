//! Acceptances by people whom no admin has verified, or whose verification has ended.

#![allow(clippy::unwrap_used)]

use attack::{AttackedPlatform, HttpCall, PATIENCE, Somebody};
use process::clock::Clock;
use serde_json::{Value, json};
use support::eventually;
use wire::{CommandId, OrderId, Region, Role};

/// Approved orders on the edge's board.
async fn open_orders<const N: usize>(platform: &AttackedPlatform) -> [OrderId; N] {
    let customer = platform.somebody(Role::Customer).await;
    let admin = platform.admin().await;
    let mut orders = Vec::new();
    for n in 0..N {
        let order = customer
            .publish_approved(&admin, Region::North, &format!("Mend tap {n}"))
            .await;
        orders.push(order);
    }
    eventually("the orders are on the edge's board", PATIENCE, async || {
        let call = HttpCall::get("/board").bearer(&admin.edge_token);
        let board = admin
            .station
            .ask(platform.edge().http, &call)
            .await
            .ok()?
            .json();
        let items = board["items"].as_array()?.clone();
        let open = |order| {
            let is = |item: &Value| item["id"] == json!(order) && item["status"] == "pending";
            items.iter().any(is)
        };
        orders.iter().all(open).then_some(())
    })
    .await;
    orders.try_into().unwrap()
}

fn new_id() -> CommandId {
    CommandId(Clock::system().new_id())
}

/// The edge's verdict on an acceptance, and its code.
async fn at_edge(
    platform: &AttackedPlatform,
    id: CommandId,
    who: &Somebody,
    order: OrderId,
) -> (String, String) {
    let frame = json!({
        "v": 1, "id": id, "device_seq": 1, "tapped_at": "2026-11-21T12:00:00Z",
        "token": who.edge_token, "body": {"type": "accept_order", "order_id": order},
    });
    let call = HttpCall::post("/commands")
        .bearer(&who.edge_token)
        .json(&frame);
    let reply = who
        .station
        .ask(platform.edge().http, &call)
        .await
        .unwrap()
        .json();
    let word = |name: &str| reply[name].as_str().unwrap_or_default().to_owned();
    (word("verdict"), word("code"))
}

async fn at_portal(who: &Somebody, order: OrderId) -> (u16, String) {
    let answer = who.act(order, "accept").await.unwrap();
    (answer.status, answer.code())
}

fn not_taken() -> (String, String) {
    ("not_taken".to_owned(), "not_verified".to_owned())
}

fn refused() -> (u16, String) {
    (403, "not_verified".to_owned())
}

fn done() -> (u16, String) {
    (200, String::new())
}

#[tokio::test]
async fn a_fresh_account_accepts_a_job_in_the_portal_or_at_an_edge_that_is_cut_off() {
    let platform = AttackedPlatform::on_any_stores().await;
    let [job, second, third] = open_orders(&platform).await;
    let fresh = platform.somebody(Role::Provider).await;
    let honest = platform.provider().await;
    assert_eq!(at_portal(&fresh, job).await, refused());
    assert_eq!(at_edge(&platform, new_id(), &fresh, job).await, not_taken());
    assert_eq!(at_portal(&honest, job).await, done(), "honest people go on");

    platform.stack.cut(Region::North).await.unwrap();
    assert_eq!(
        at_edge(&platform, new_id(), &fresh, second).await,
        not_taken()
    );
    let taken = at_edge(&platform, new_id(), &honest, second).await;
    assert_eq!(taken.0, "provisional", "{taken:?}");
    // The edge has no news of this provider, but their new token shows the verification.
    let late = platform.provider().await;
    let taken = at_edge(&platform, new_id(), &late, third).await;
    assert_eq!(taken.0, "provisional", "{taken:?}");
    platform.stack.heal(Region::North).await.unwrap();
    eventually("both are decided in their favour", PATIENCE, async || {
        for (who, order) in [(&honest, second), (&late, third)] {
            let shown = who
                .ask(HttpCall::get(&format!("/api/v1/orders/{order}")))
                .await
                .ok()?;
            (shown.json()["provider_id"] == json!(who.person.user_id)).then_some(())?;
        }
        Some(())
    })
    .await;
}

#[tokio::test]
async fn a_provider_accepts_by_tokens_from_before_he_lost_his_mark() {
    let platform = AttackedPlatform::on_any_stores().await;
    let [taken, first, second] = open_orders(&platform).await;
    let thief = platform.provider().await;
    let other = platform.provider().await;
    let admin = platform.admin().await;
    assert_eq!(at_portal(&other, taken).await, done());
    platform.stack.cut(Region::North).await.unwrap();
    let path = format!("/api/v1/admin/providers/{}", thief.person.user_id);
    let profile = admin.done(HttpCall::get(&path)).await;
    let decision = json!({"version": profile["version"], "reason": "The certificate was forged."});
    platform.decide(&admin, &thief, "reject", &decision).await;

    // The job is taken, so the refusal's code reveals the news: verification is checked first.
    eventually("the order service has heard of it", PATIENCE, async || {
        (at_portal(&thief, taken).await == refused()).then_some(())
    })
    .await;
    assert_eq!(
        at_portal(&thief, first).await,
        refused(),
        "whatever his token says"
    );
    // A cut-off edge cannot know; the cloud decides.
    let command = new_id();
    let told = at_edge(&platform, command, &thief, first).await;
    assert_eq!(told.0, "provisional", "{told:?}");
    platform.stack.heal(Region::North).await.unwrap();
    eventually("the cloud has refused it", PATIENCE, async || {
        let (_, code) = at_edge(&platform, command, &thief, first).await;
        (code == "not_verified").then_some(())
    })
    .await;
    let shown = admin
        .done(HttpCall::get(&format!("/api/v1/orders/{first}")))
        .await;
    assert_eq!(
        (&shown["status"], &shown["provider_id"]),
        (&json!("pending"), &Value::Null)
    );
    eventually(
        "the edge refuses his old token by the feed",
        PATIENCE,
        async || (at_edge(&platform, new_id(), &thief, taken).await == not_taken()).then_some(()),
    )
    .await;
    assert_eq!(
        at_edge(&platform, new_id(), &thief, second).await,
        not_taken()
    );
    assert_eq!(
        at_portal(&other, first).await,
        done(),
        "the job is open to others"
    );
}
