//! Messages for an order of others, at an edge and in the portal.

use attack::{AttackedPlatform, HttpCall, PATIENCE, Somebody, new_frame, post_frame};
use serde_json::{Value, json};
use support::{
    eventually,
    files::{name_photo, png},
};
use wire::{CmdFrame, CommandBody, OrderId, Region, Role};

const REGION: Region = Region::North;

async fn texts_of(reader: &Somebody, order: OrderId) -> Vec<Value> {
    let call = HttpCall::get(&format!("/api/v1/orders/{order}/messages"));
    let thread = reader.done(call).await;
    let items = thread["items"].as_array().expect("a list");
    items.iter().map(|item| item["text"].clone()).collect()
}

async fn send(who: &Somebody, port: u16, frame: &CmdFrame) -> Value {
    let answer = who.station.ask(port, &post_frame(frame)).await;
    answer.expect("an answer").json()
}

/// Sends the message until the edge has the cloud's decision.
async fn send_until_decided(who: &Somebody, port: u16, frame: &CmdFrame) -> Value {
    eventually("the message is decided", PATIENCE, async || {
        let reply = send(who, port, frame).await;
        (reply["hop"] == "decided").then_some(reply)
    })
    .await
}

/// Strangers ask for the photo of a message, and send another one for it.
async fn photos_stay_between_the_two(
    port: u16,
    order: OrderId,
    customer: &Somebody,
    strangers: &[Somebody],
) {
    let bytes = png(60, 50);
    let photo = name_photo(&bytes);
    let path = format!("/api/v1/orders/{order}/messages");
    let form = json!({ "photo": photo });
    let sent = customer.done(HttpCall::post(&path).json(&form)).await;
    let path = format!("{path}/{}/photo", sent["number"]);
    let put = |body: &[u8]| HttpCall::new("PUT", &path).body("image/png", body);
    for stranger in strangers {
        for call in [HttpCall::get(&path), put(&bytes)] {
            let answer = stranger.ask(call).await.expect("an answer");
            let refusal = (answer.status, answer.code());
            assert_eq!(refusal, (404, "order_not_found".to_owned()));
        }
        let at_edge = format!("/orders/{order}/messages/{}/photo", sent["number"]);
        let call = HttpCall::get(&at_edge).bearer(&stranger.edge_token);
        let answer = stranger.station.ask(port, &call).await.expect("an answer");
        assert_eq!(answer.code(), "photo_not_named");
    }
    customer.done(put(&bytes)).await;
    for stranger in strangers {
        let answer = stranger.ask(HttpCall::get(&path)).await;
        assert_eq!(answer.expect("an answer").status, 404);
    }
}

#[tokio::test]
async fn somebody_writes_for_an_order_of_others_through_an_edge_and_at_the_portal() {
    let platform = AttackedPlatform::shared().await;
    let port = platform.edge().http;
    let admin = platform.admin().await;
    let customer = platform.somebody(Role::Customer).await;
    let provider = platform.provider().await;
    let order = customer
        .publish_approved(&admin, REGION, "Not theirs")
        .await;
    platform.until_on_board(&admin, order).await;
    let accepted = provider.act(order, "accept").await.expect("an answer");
    assert!(accepted.status < 300, "{}", accepted.text());
    let body = |text: &str| CommandBody::SendMessage {
        order_id: order,
        text: text.to_owned(),
        photo: None,
    };
    // The answer of the cloud shows that the edge knows the acceptance from here on.
    let first = new_frame(&provider.edge_token, body("I come at 2."));
    let reply = send_until_decided(&provider, port, &first).await;
    assert_eq!(reply["outcome"]["kind"], "applied", "{reply}");

    let strangers = [
        platform.provider().await,
        platform.somebody(Role::Customer).await,
    ];
    for stranger in &strangers {
        let told = new_frame(&stranger.edge_token, body("Pay me instead."));
        let reply = send(stranger, port, &told).await;
        let shown = reply.to_string();
        assert!(!shown.contains("I come at 2."), "{shown}");
        let doubt = (&reply["verdict"], &reply["code"]);
        assert_eq!(doubt, (&json!("provisional"), &json!("looks_not_yours")));
        let reply = send_until_decided(stranger, port, &told).await;
        let outcome = &reply["outcome"];
        assert_eq!(outcome["kind"], "rejected", "{reply}");
        assert_eq!(outcome["code"], "order_not_found", "{reply}");
        // An id of another's message is another command.
        let taken = CmdFrame {
            id: first.id,
            ..new_frame(&stranger.edge_token, body("I come at 2."))
        };
        let reply = send_until_decided(stranger, port, &taken).await;
        assert_eq!(reply["outcome"]["code"], "order_not_found", "{reply}");
        let call = HttpCall::post(&format!("/api/v1/orders/{order}/messages"));
        let answer = stranger.ask(call.json(&json!({ "text": "Hello" }))).await;
        let answer = answer.expect("an answer");
        let refusal = (answer.status, answer.code());
        assert_eq!(refusal, (404, "order_not_found".to_owned()));
    }
    let as_admin = new_frame(&admin.edge_token, body("By the desk."));
    let reply = send(&admin, port, &as_admin).await;
    assert_eq!(reply["code"], "role_forbidden", "{reply}");
    photos_stay_between_the_two(port, order, &customer, &strangers).await;
    for reader in [&customer, &provider] {
        let texts = [json!(""), json!("I come at 2.")];
        assert_eq!(texts_of(reader, order).await, texts);
    }
}
