//! The events of an order, collected from parts of which some do not answer.

use axum::{
    Json, Router,
    http::{Method, StatusCode},
    routing::{get, post},
};
use gateway::{Config, Peers};
use platform::upstream::Upstream;
use process::parts::CloudPart;
use serde_json::{Value, json};
use wire::Role;

use crate::common::{Gate, USER};

const ORDER: &str = "0192f5d4-0000-7000-8000-000000000009";
const SENT: &str = "0192f5d4-0000-7000-8000-000000000071";
const WAITING: &str = "0192f5d4-0000-7000-8000-000000000072";

/// An order service with two events, newest first as parts list them.
fn publisher() -> Router {
    let event = |id: &str, kind: &str, second: u8, sent: bool| {
        json!({
            "id": id, "kind": kind, "command_id": null, "order_version": 3,
            "made_at": format!("2025-11-24T16:00:0{second}Z"),
            "sent_at": sent.then_some("2025-11-24T16:00:05Z"),
            "people": [{"user_id": USER, "role": "customer"}],
        })
    };
    let events = json!({
        "items": [
            event(WAITING, "order.cancelled", 2, false),
            event(SENT, "order.accepted", 1, true),
        ],
        "more": true,
    });
    let path = format!("/internal/order-events/{ORDER}");
    Router::new().route(&path, get(async move || Json(events)))
}

fn hub() -> Router {
    let handled = async |Json(query): Json<Value>| {
        assert_eq!(query, json!({"events": [SENT, WAITING]}), "oldest first");
        let at = "2025-11-24T16:00:06Z";
        Json(json!({"items": [{"queue": "hub_feed", "event": SENT, "at": at}]}))
    };
    Router::new().route("/internal/receipts", post(handled))
}

#[tokio::test]
async fn a_part_that_does_not_answer_is_named_and_hides_no_other_answer() {
    let alter = |peers: Peers| {
        let local = Upstream::from_router;
        // The other parts answer in a form that is not theirs.
        let peers = peers.with_part(CloudPart::Order, local(publisher()));
        peers.with_part(CloudPart::Hub, local(hub()))
    };
    let gate = Gate::with(Config::default(), "memory:", alter).await;
    let path = format!("/api/v1/admin/orders/{ORDER}/events");
    let token = gate.token(Role::Admin);
    let answer = gate.ask(&Method::GET, &path, Some(&token)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let missing = json!(["payment", "review", "notification"]);
    assert_eq!(answer.body["missing"], missing, "{}", answer.body);
    assert_eq!(answer.body["more"], true);
    let items = answer.body["items"].as_array().unwrap();
    let ids: Vec<&Value> = items.iter().map(|item| &item["id"]).collect();
    assert_eq!(ids, [SENT, WAITING], "oldest first");
    assert!(items[1].get("sent_at").is_none(), "{}", items[1]);
    assert!(items[0].get("people").is_none(), "{}", items[0]);
    let state = |item: &Value, queue: &str| {
        let consumers = item["consumers"].as_array().unwrap();
        let of_queue = consumers.iter().find(|one| one["queue"] == queue).unwrap();
        of_queue["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(&items[0], "hub_feed"), "handled");
    assert_eq!(state(&items[1], "hub_feed"), "waiting");
    assert_eq!(state(&items[0], "payment_orders"), "unknown");
    assert_eq!(state(&items[0], "order_queue"), "unrecorded");

    let customer = gate.token(Role::Customer);
    let refused = gate.ask(&Method::GET, &path, Some(&customer)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let unknown = "/api/v1/admin/orders/seven/events";
    let unknown = gate.ask(&Method::GET, unknown, Some(&token)).await;
    assert_eq!(unknown.code(), "not_found");
}
