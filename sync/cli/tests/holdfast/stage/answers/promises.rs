//! The firm answers of two edges: one that the cloud kept, one that met a cancelled order.

use axum::Json;
use serde_json::{Value, json};

use super::{Asked, asked};
use crate::stage::{COMMAND, ORDER, PERSON, order_code};

/// Newest first, for any page size and filter.
pub(super) async fn firm_answers(query: Asked) -> Json<Value> {
    let before = asked(&query, "cursor").map_or(u64::MAX, |text| text.parse().unwrap());
    let limit: usize = asked(&query, "limit").unwrap().parse().unwrap();
    let is_asked = |answer: &Value| {
        let at = answer["hops"]["cloud_at"].as_str().unwrap();
        answer["id"].as_u64().unwrap() < before
            && asked(&query, "region").is_none_or(|region| answer["region"] == region)
            && asked(&query, "edge").is_none_or(|edge| answer["promise"]["edge"] == edge)
            && asked(&query, "from").is_none_or(|from| at >= from)
    };
    let all = [closed(), kept()].into_iter().filter(is_asked);
    let items: Vec<Value> = all.take(limit).collect();
    let next = (items.len() == limit).then(|| items.last().map(|item| item["id"].to_string()));
    Json(json!({"items": items, "next": next.flatten()}))
}

fn kept() -> Value {
    firm_answer(9, "NORTH", "north-1", "approve")
}

fn closed() -> Value {
    let mut answer = firm_answer(12, "SOUTH", "south-1", "accept");
    answer["order_status"] = json!("cancelled");
    answer["code"] = json!("order_cancelled_meanwhile");
    answer["cases"] = json!([{
        "id": 7, "order_id": ORDER, "order_code": order_code(), "region": "SOUTH",
        "user_id": PERSON, "kind": "met_closed", "command_id": COMMAND,
        "code": "order_cancelled_meanwhile", "at": "2025-11-24T16:03:12Z",
    }]);
    answer
}

fn firm_answer(id: u64, region: &str, edge: &str, action: &str) -> Value {
    json!({
        "id": id, "order_id": ORDER, "order_code": order_code(), "region": region,
        "order_status": "completed", "version": 3, "action": action,
        "actor": {"user_id": PERSON, "role": "provider"}, "from": "pending", "to": "accepted",
        "code": null, "reason": null, "command_id": COMMAND, "source": edge, "edge": edge,
        "epoch": 1, "seq": id, "verdict": "firm",
        "hops": {
            "tapped_at": "2025-11-24T15:00:10Z", "edge_at": "2025-11-24T15:00:11Z",
            "cloud_at": format!("2025-11-24T16:03:{id:02}Z"),
        },
        "promise": {"edge": edge, "epoch": 1, "fence": 4, "why": null, "end": null},
        "cases": [],
    })
}
