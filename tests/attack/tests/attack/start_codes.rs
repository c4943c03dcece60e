//! The code that a customer reads out at the door, guessed by the provider who should hear it there.

use attack::{AttackedPlatform, HttpCall, PATIENCE};
use serde_json::json;
use support::{eventually, samples::order_form};
use wire::{CommandBody, OrderId, Region, Role, StartCode, Verdict};

const WRONG_TRIES_MAX: u64 = 5;

fn start(order_id: OrderId, code: StartCode) -> CommandBody {
    CommandBody::StartOrder {
        order_id,
        start_code: Some(code),
        photos: Vec::new(),
    }
}

#[tokio::test]
async fn a_provider_guesses_the_code_of_a_job_at_its_edge_and_in_the_portal() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let customer = platform.somebody(Role::Customer).await;
    let provider = platform.provider().await;
    let port = platform.edge().http;
    let mut form = order_form(Region::North, "Oil the hinge");
    form["start_code"] = json!(true);
    let order = customer.publish_form(&form).await;
    let approved = admin.act(order, "approve").await.expect("an answer");
    assert_eq!(approved.status, 200, "{}", approved.text());
    platform.until_on_board(&admin, order).await;
    let accept = CommandBody::AcceptOrder { order_id: order };
    let accepted = provider.send_and_read_reply(port, 1, accept).await;
    assert_ne!(accepted.verdict, Verdict::NotTaken, "{accepted:?}");

    let path = format!("/api/v1/orders/{order}/start-code");
    let told = customer.done(HttpCall::get(&path)).await["start_code"].clone();
    let right: StartCode = serde_json::from_value(told).expect("a code");
    let number: u64 = right.as_str().parse().expect("a number");
    let wrong = |n: u64| StartCode::from_number((number + n) % 1_000_000);
    for n in 1..=WRONG_TRIES_MAX {
        let reply = provider
            .send_and_read_reply(port, n, start(order, wrong(n)))
            .await;
        assert_eq!(reply.verdict, Verdict::NotTaken);
        assert!(reply.receipt.is_none());
        let code = reply.code.expect("a reason");
        assert_eq!(code.as_str(), "start_code_wrong", "guess {n}");
    }
    let locked = provider
        .send_and_read_reply(port, 9, start(order, right.clone()))
        .await;
    assert_eq!(locked.verdict, Verdict::NotTaken);
    let code = locked.code.expect("a reason");
    assert_eq!(code.as_str(), "start_code_locked", "the sixth");

    let path = format!("/api/v1/orders/{order}");
    eventually("the cloud has decided the accept", PATIENCE, async || {
        let shown = customer.ask(HttpCall::get(&path)).await.ok()?.json();
        (shown["provider_id"] == json!(provider.person.user_id)).then_some(())
    })
    .await;
    let starting = format!("/api/v1/orders/{order}/start");
    let guess = async |code: &StartCode| {
        let call = HttpCall::post(&starting).json(&json!({ "start_code": code }));
        let answer = provider.ask(call).await.expect("an answer");
        answer.code()
    };
    for n in 1..=WRONG_TRIES_MAX {
        let answer = guess(&wrong(n)).await;
        assert_eq!(answer, "start_code_wrong", "guess {n}");
    }
    assert_eq!(guess(&right).await, "start_code_locked", "the sixth");

    let shown = customer.done(HttpCall::get(&path)).await;
    assert_eq!(shown["status"], "accepted", "nothing has begun");
}
