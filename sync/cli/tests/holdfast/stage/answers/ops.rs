//! The answers about ops, queues and waiting acceptances.

use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use process::problem::Problem;
use serde_json::{Value, json};
use wire::Code;

use super::{
    super::{COMMAND, ORDER, STOPPED, UNREAD, order_code},
    Asked, asked, missing,
};

fn op_of(seq: u64, state: &str) -> Value {
    json!({
        "edge": "north-1", "epoch": 1, "seq": seq, "region": "NORTH", "hash": "0".repeat(64),
        "kind": "command", "state": state, "failures": if state == "needs_operator" { 3 } else { 0 },
        "received_at": "2025-11-24T16:02:12Z",
        "command": {
            "id": COMMAND, "type": "accept_order", "order_id": ORDER, "order_code": order_code(),
            "actor": {"user_id": COMMAND, "role": "provider"}, "verdict": "provisional",
            "device": "tablet-7", "tapped_at": "2025-11-24T16:00:10Z",
            "edge_at": "2025-11-24T16:00:11Z",
        },
    })
}

fn decided_op() -> Value {
    let mut op = op_of(17, "decided");
    op["outcome"] = json!({
        "number": 16, "stored_at": "2025-11-24T16:03:01Z", "told": true,
        "outcome": {
            "kind": "rejected", "code": "order_already_accepted", "lost": null,
            "decided_at": "2025-11-24T16:03:00Z",
        },
    });
    op
}

pub(super) async fn queue(query: Asked) -> Json<Value> {
    if asked(&query, "command").is_some() {
        return Json(json!({"items": [], "next": null}));
    }
    let state = asked(&query, "state").unwrap_or_default().to_owned();
    let second_page = asked(&query, "cursor").is_some();
    let (items, next) = match (state.as_str(), second_page) {
        ("needs_operator", _) => (vec![op_of(5, "needs_operator")], None),
        ("held_region", _) => (vec![op_of(7, "held_region")], None),
        ("received", false) => (vec![op_of(8, "received")], Some("north-1/1/8")),
        ("received", true) => (vec![op_of(9, "received")], None),
        _ => (vec![], None),
    };
    Json(json!({"items": items, "next": next}))
}

pub(super) async fn asks() -> Json<Value> {
    let ask = |id: &str, state: &str, failures: u64| {
        json!({
            "command_id": id, "user_id": COMMAND, "region": "NORTH", "order_id": ORDER,
            "order_code": order_code(), "taken_at": "2025-11-24T16:03:00Z", "state": state,
            "failures": failures,
        })
    };
    let mut unread = ask(UNREAD, "needs_operator", 3);
    unread
        .as_object_mut()
        .unwrap()
        .retain(|name, _| !name.starts_with("order"));
    let items = [
        ask(ORDER, "held_region", 0),
        ask(STOPPED, "needs_operator", 3),
        unread,
    ];
    Json(json!({"next": null, "items": items}))
}

pub(super) async fn retry_ask(Path(id): Path<String>) -> Response {
    match id.as_str() {
        STOPPED => Json(json!({"command_id": id})).into_response(),
        ORDER => Problem::new(Code::OpNotStopped).into_response(),
        _ => missing(),
    }
}

pub(super) async fn left_behind() -> Json<Value> {
    let mut again = op_of(3, "left_behind");
    again["again"] = json!({"edge": "north-1", "epoch": 2, "seq": 4});
    let boot = json!({
        "edge": "north-1", "epoch": 1, "seq": 1, "region": "NORTH", "hash": "0".repeat(64),
        "kind": "boot", "state": "left_behind", "failures": 0,
        "received_at": "2025-11-24T16:00:00Z",
    });
    Json(json!({"items": [boot, again, op_of(4, "left_behind")], "next": null}))
}

pub(super) async fn retry(Path((edge, epoch, seq)): Path<(String, u64, u64)>) -> Response {
    if (edge.as_str(), epoch, seq) != ("north-1", 1, 5) {
        return missing();
    }
    Json(json!({"edge": edge, "epoch": epoch, "seq": seq})).into_response()
}

pub(super) async fn op(Path((edge, epoch, seq)): Path<(String, u64, u64)>) -> Response {
    match (edge.as_str(), epoch, seq) {
        ("north-1", 1, 17) => Json(decided_op()).into_response(),
        ("north-1", 1, 5) => Json(op_of(5, "needs_operator")).into_response(),
        _ => missing(),
    }
}

pub(super) async fn answers(Path(id): Path<String>) -> Json<Value> {
    let answer = json!({
        "command_id": COMMAND, "user_id": COMMAND, "applied": false,
        "code": "order_already_accepted", "order_id": ORDER, "order_version": 3,
        "op": {"edge": "north-1", "epoch": 1, "seq": 17}, "decided_at": "2025-11-24T16:03:00Z",
    });
    let items = if id == COMMAND { vec![answer] } else { vec![] };
    Json(json!({"items": items}))
}
