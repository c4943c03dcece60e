//! The answers about the events of an order and its changes in the feed.

use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use process::problem::Problem;
use serde_json::{Value, json};
use wire::Code;

use super::super::ORDER;

const WINNER: &str = "0192f5d4-0000-7000-8000-000000000002";
const LOSER: &str = "0192f5d4-0000-7000-8000-000000000003";

/// An acceptance that reached everyone, and a lost one whose event the payment service has not
/// handled. The review service is away.
pub(super) async fn events(Path(id): Path<String>) -> Response {
    if id != ORDER {
        return Problem::new(Code::NotFound).into_response();
    }
    let consumer = |queue: &str, part: &str, at: Option<&str>| {
        let mut receipt = json!({"queue": queue, "part": part, "state": "waiting"});
        if let Some(at) = at {
            receipt["state"] = json!("handled");
            receipt["at"] = json!(at);
        }
        receipt
    };
    let accepted = json!({
        "id": "0192f5d4-0000-7000-8000-000000000071", "type": "order.accepted", "part": "order",
        "command_id": WINNER, "order_version": 3,
        "made_at": "2025-11-24T16:02:00Z", "sent_at": "2025-11-24T16:02:00.120Z",
        "consumers": [
            consumer("payment_orders", "payment", Some("2025-11-24T16:02:00.150Z")),
            {"queue": "order_queue", "part": "notification", "state": "unrecorded"},
            consumer("hub_feed", "hub", Some("2025-11-24T16:02:00.180Z")),
        ],
        "arrivals": [{
            "role": "provider", "user_id": WINNER, "at": "2025-11-24T16:02:00.200Z",
            "read_at": "2025-11-24T16:20:00Z",
            "deliveries": [{
                "channel": "email", "state": "waiting", "attempts": 2,
                "created_at": "2025-11-24T16:02:00.210Z",
            }],
        }],
    });
    let lost = json!({
        "id": "0192f5d4-0000-7000-8000-000000000072", "type": "order.acceptance_lost",
        "part": "order", "command_id": LOSER, "order_version": 3,
        "made_at": "2025-11-24T16:03:00Z", "sent_at": "2025-11-24T16:03:00.090Z",
        "consumers": [consumer("payment_orders", "payment", None)], "arrivals": [],
    });
    let paid = json!({
        "id": "0192f5d4-0000-7000-8000-000000000073", "type": "payment.completed",
        "part": "payment", "made_at": "2025-11-24T16:04:00Z", "consumers": [], "arrivals": [],
    });
    Json(json!({"items": [accepted, lost, paid], "missing": ["review"], "more": false}))
        .into_response()
}

/// Version 3 has reached one of two edges.
pub(super) async fn feed(Path(_): Path<String>) -> Json<Value> {
    Json(json!({
        "waiting": [],
        "changes": [{
            "region": "NORTH", "feed_seq": 17, "version": 3, "gone": false,
            "at": "2025-11-24T16:02:00.180Z",
            "edges": [
                {"edge": "north-1", "reached": true, "at": "2025-11-24T16:02:00.420Z", "link": "up"},
                {"edge": "north-2", "reached": false, "link": "down"},
            ],
        }],
    }))
}
