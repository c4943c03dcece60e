//! The test gateway's answers, by route.

mod ops;
mod promises;
mod trace;

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, Query, Request},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{delete, get, post, put},
};
use process::problem::Problem;
use serde_json::{Value, json};
use wire::{Code, Region, Text};

use super::{
    AWAY_REFRESH, COMMAND, GUARDED, KEYED, NEXT_REFRESH, ORDER, PASSWORD, PERSON, REFRESH,
    SPENT_REFRESH, TOKEN, edge, order, order_code,
};

const TICKET: &str = "a-ticket";

pub(super) fn router(report: Arc<Mutex<Value>>, looked: mpsc::Sender<()>) -> Router {
    Router::new()
        .route(
            "/api/v1/admin/status",
            get(move || async move {
                let report = report.lock().unwrap().clone();
                // The test may already have ended.
                let _ = looked.send(());
                match report["busy_for_s"].as_u64() {
                    None => Json(report).into_response(),
                    Some(seconds) => {
                        let seconds = u32::try_from(seconds).unwrap();
                        let code = report["code"].as_str().unwrap().parse().unwrap();
                        Problem::new(code).retry_after(seconds).into_response()
                    }
                }
            }),
        )
        .route("/api/v1/admin/edges", get(edges).post(invite))
        .route("/api/v1/admin/edges/{id}/readmit", post(readmit))
        .route("/api/v1/admin/edges/{id}/code", delete(withdraw_code))
        .route("/api/v1/admin/edges/{id}/disabling", post(out_of_service))
        .route("/api/v1/admin/edges/{id}/retirement", post(out_of_service))
        .route("/api/v1/admin/edges/{id}/key", post(new_key))
        .route("/api/v1/admin/edges/{id}/acts", get(acts))
        .route(
            "/api/v1/admin/edges/{id}/left-behind",
            get(ops::left_behind),
        )
        .route(
            "/api/v1/admin/edges/{id}/queue/{epoch}/{seq}/retry",
            post(ops::retry),
        )
        .route("/api/v1/admin/queue", get(ops::queue))
        .route("/api/v1/admin/asks", get(ops::asks))
        .route("/api/v1/admin/asks/{id}/retry", post(ops::retry_ask))
        .route("/api/v1/admin/ops/{edge}/{epoch}/{seq}", get(ops::op))
        .route("/api/v1/admin/commands/{id}", get(ops::answers))
        .route("/api/v1/admin/lost-acceptances", get(lost))
        .route("/api/v1/admin/firm-answers", get(promises::firm_answers))
        .route("/api/v1/admin/cases", get(cases))
        .route("/api/v1/admin/users", get(people))
        .route(
            "/api/v1/admin/providers/{id}/withdrawals",
            post(withdrawals),
        )
        .route("/api/v1/admin/regions/{region}", put(gate))
        .route(
            "/api/v1/admin/assignments/{region}",
            put(assign).get(assignment),
        )
        .route("/api/v1/admin/keys", get(async || keys()))
        .route(
            "/api/v1/admin/keys/rotate",
            post(async |Json(_): Json<Value>| keys()),
        )
        .route("/api/v1/admin/keys/kill", post(kill_key))
        .route("/api/v1/admin/letters", get(async || letter_boxes()))
        .route("/api/v1/admin/letters/{name}", get(letters))
        .route("/api/v1/admin/letters/{name}/redrive", post(settled))
        .route("/api/v1/admin/letters/{name}/drop", post(settled))
        .route("/api/v1/admin/replays", post(replay))
        .route("/api/v1/admin/orders", get(orders))
        .route("/api/v1/admin/orders/{id}/events", get(trace::events))
        .route("/api/v1/admin/orders/{id}/feed", get(trace::feed))
        .route("/api/v1/orders/{id}", get(one_order))
        .route("/api/v1/orders/{id}/timeline", get(timeline))
        .route("/api/v1/auth/edge-token", post(edge_token))
        .route("/api/v1/auth/logout", post(async || StatusCode::NO_CONTENT))
        .route("/api/v1/edges/north-1/key", get(edge_key))
        .route("/api/v1/edges/ca", get(async || shop_ca()))
        .layer(middleware::from_fn(signed_in))
        .route("/api/v1/auth/login", post(login))
        .route("/api/v1/auth/login/second-factor", post(second_factor))
        .route("/api/v1/auth/refresh", post(refresh))
}

fn shop_ca() -> Json<Value> {
    Json(json!({
        "certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "fingerprint": "0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:\
            0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9",
        "permits": ["local", "internal", "10.0.0.0/8"],
        "not_after": "2035-11-24T16:00:00Z",
    }))
}

async fn signed_in(request: Request, next: Next) -> Response {
    let wanted = format!("Bearer {TOKEN}");
    match request.headers().get(header::AUTHORIZATION) {
        Some(given) if given.as_bytes() == wanted.as_bytes() => next.run(request).await,
        _ => Problem::new(Code::InvalidToken).into_response(),
    }
}

/// Accepts one password; the token ends so soon that the next command renews it.
async fn login(Json(form): Json<Value>) -> Response {
    if form["password"] == GUARDED.0 {
        return Problem::new(Code::SecondFactorRequired)
            .with_member("ticket", TICKET)
            .with_member("ways", ["passkey", "app"])
            .into_response();
    }
    if form["password"] == KEYED {
        return Problem::new(Code::SecondFactorRequired)
            .with_member("ticket", TICKET)
            .with_member("ways", ["passkey"])
            .into_response();
    }
    if form["password"] != PASSWORD {
        return Problem::new(Code::InvalidCredentials).into_response();
    }
    assert_eq!(form["refresh"], true);
    login_grant()
}

async fn second_factor(Json(form): Json<Value>) -> Response {
    assert_eq!(
        (&form["ticket"], &form["refresh"]),
        (&TICKET.into(), &true.into())
    );
    if form["code"] != GUARDED.1 {
        return Problem::new(Code::CodeWrong).into_response();
    }
    login_grant()
}

fn login_grant() -> Response {
    let guesses = json!({"count": 3, "places": 1, "since": "2025-11-24T16:00:00Z"});
    let grant = json!({
        "access_token": "an-old-token", "refresh_token": REFRESH, "token_type": "Bearer",
        "expires_in": 60, "user_id": ORDER, "role": "admin", "wrong_passwords": guesses,
    });
    Json(grant).into_response()
}

async fn refresh(Json(form): Json<Value>) -> Response {
    let token = form["refresh_token"].as_str();
    let attempt = form["attempt"].as_str();
    match (token.unwrap_or_default(), attempt) {
        (REFRESH | NEXT_REFRESH, _) => {}
        (token, attempt) if (token, attempt) == (SPENT_REFRESH.0, Some(SPENT_REFRESH.1)) => {}
        (AWAY_REFRESH, _) => return Problem::new(Code::Unavailable).into_response(),
        _ => return Problem::new(Code::InvalidToken).into_response(),
    }
    let expires_at = "2125-11-24T17:00:00Z";
    let ends_at = "2125-11-25T04:00:00Z";
    let renewed = json!({
        "access_token": TOKEN, "refresh_token": NEXT_REFRESH, "expires_at": expires_at,
        "ends_at": ends_at,
    });
    Json(renewed).into_response()
}

async fn edge_token(Json(form): Json<Value>) -> Json<Value> {
    let region = form["region"].as_str().unwrap();
    Json(json!({"edge_token": format!("for-{region}"), "region": region, "expires_in": 3600}))
}

async fn readmit(Path(edge): Path<String>) -> Response {
    match edge.as_str() {
        "north-9" => missing(),
        edge => Json(json!({"edge": edge})).into_response(),
    }
}

async fn withdraw_code(Path(edge): Path<String>) -> Response {
    match edge.as_str() {
        "north-1" => Problem::new(Code::EnrolmentCodeUsed).into_response(),
        "north-9" => missing(),
        edge => Json(json!({"edge": edge})).into_response(),
    }
}

async fn withdrawals(Path(person): Path<String>, Json(body): Json<Value>) -> Response {
    if body["reason"] == "" {
        let why = Text {
            en: "Give a reason.".into(),
            zh: "请说明原因。".into(),
        };
        return Problem::wrong_field("reason", why).into_response();
    }
    assert_eq!(
        (person.as_str(), body),
        (PERSON, json!({"reason": "Fraud"}))
    );
    let job = json!({"order_id": "0192f5d4-0000-7000-8000-000000000009", "order_code": "N-7F3K9Q", "code": null});
    Json(json!({"items": [job], "more": false})).into_response()
}

async fn edges(Query(query): Query<Vec<(String, String)>>) -> Json<Value> {
    let first = !query.iter().any(|(name, _)| name == "cursor");
    let at = "2025-11-24T16:00:00Z";
    let item = |name: &str, link: &str| {
        let mut item = edge(name, link, "match");
        item["region"] = json!("NORTH");
        item["created_at"] = json!(at);
        item["enrolled_at"] = json!(at);
        item
    };
    if first {
        return Json(json!({"items": [item("north-1", "up")], "next": "north-1"}));
    }
    let mut restored = item("north-3", "up");
    restored["quarantine"] = json!({"at": at, "why": "edge_restored"});
    let mut disabled = item("north-4", "down");
    disabled["disabled_at"] = json!(at);
    let mut invited = item("north-5", "never");
    invited["enrolled_at"] = Value::Null;
    invited["code_expires_at"] = json!("2025-11-24T16:00:00Z");
    Json(json!({"items": [item("north-2", "up"), restored, disabled, invited], "next": null}))
}

/// Names with the requested prefix, in order.
async fn people(query: Asked) -> Json<Value> {
    let asked_for = asked(&query, "search").unwrap();
    let known = [("lee", PERSON), ("lee.wang", ORDER)].into_iter();
    let found = known.filter(|(name, _)| name.starts_with(asked_for));
    let items = found
        .map(|(name, id)| json!({"user_id": id, "username": name}))
        .collect::<Vec<_>>();
    Json(json!({"items": items, "next": null}))
}

async fn gate(Path(region): Path<Region>, Json(body): Json<Value>) -> Response {
    match region {
        // One region is slow, one fails.
        Region::East => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::OK.into_response()
        }
        Region::West => Problem::new(Code::Internal).into_response(),
        _ => Json(json!({"region": region, "gate": body["gate"]})).into_response(),
    }
}

/// Only MID is held.
async fn assignment(path: Path<Region>) -> Json<Value> {
    let held = json!({"policy": "exclusive", "holder": "mid-1", "epoch": 1});
    let now = if path.0 == Region::Mid {
        held
    } else {
        json!({})
    };
    assign(path, Json(now)).await
}

/// Grants any request; answers a take-back with its record.
async fn assign(Path(region): Path<Region>, Json(asked): Json<Value>) -> Json<Value> {
    let takes = asked["take_back"].is_object();
    assert!(
        !takes || region == Region::Mid,
        "nothing is held in {region}"
    );
    let at = "2025-11-24T16:00:00Z";
    let fences = asked["take_back"].as_object().map(|record| {
        json!([{
            "region": region, "fence": 1, "holder": "north-1", "epoch": 1, "granted_at": at,
            "granted_by": ORDER, "end": {"at": at, "how": "taken_back", "why": record["why"]},
        }])
    });
    Json(json!({
        "region": region,
        "assignment": {
            "policy_version": 1, "policy": asked["policy"].as_str().unwrap_or("exclusive"),
            "holder": asked["holder"], "epoch": asked["epoch"].as_u64().unwrap_or(0), "fence": 1,
            "release_asked": false, "digest": null, "rules_version": 0,
        },
        "wanted": null, "fences": fences.unwrap_or_else(|| json!([])), "changes": [],
    }))
}

async fn orders(Query(query): Query<Vec<(String, String)>>) -> Json<Value> {
    let code = query
        .iter()
        .find(|(name, _)| name == "code")
        .map(|(_, value)| value.as_str());
    Json(match code {
        Some("S-000000") => json!({"items": [order(), order()], "next": null}),
        Some(code) if code == order_code().as_str() => json!({"items": [order()], "next": null}),
        _ => json!({"items": [], "next": null}),
    })
}

async fn edge_key() -> Json<Value> {
    Json(json!({"edge": "north-1", "public_key": "a-key", "pem": "a-pem"}))
}

async fn timeline() -> Json<Value> {
    let person = |n: u8| format!("0192f5d4-0000-7000-8000-00000000000{n}");
    let entry = |n: u8, from: &str, code: Value, edge: Value| {
        json!({
            "version": 3, "action": "accept",
            "actor": {"user_id": person(n), "role": "provider"},
            "from": from, "to": "accepted", "code": code, "reason": null,
            "hops": {"cloud_at": format!("2025-11-24T16:0{n}:00Z")},
            "command_id": person(n), "source": if edge.is_null() { json!("portal") } else { edge.clone() },
            "edge": edge, "epoch": null, "seq": null, "verdict": null,
            "race_rule": (from == "pending").then_some("first_in_cloud"), "promise": null,
        })
    };
    let won = entry(2, "pending", Value::Null, Value::Null);
    let lost = entry(
        3,
        "accepted",
        json!("order_already_accepted"),
        json!("north-1"),
    );
    Json(json!({"items": [won, lost]}))
}

async fn one_order(Path(id): Path<String>) -> Response {
    if id == ORDER {
        Json(order()).into_response()
    } else {
        missing()
    }
}

fn missing() -> Response {
    Problem::new(Code::NotFound).into_response()
}

/// The query of a `GET`.
type Asked = Query<Vec<(String, String)>>;

fn asked<'a>(query: &'a Asked, name: &str) -> Option<&'a str> {
    query
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// Entries 12 and 9, newest first, for any page size.
async fn lost(query: Asked) -> Json<Value> {
    let before = asked(&query, "cursor").map_or(u64::MAX, |text| text.parse().unwrap());
    let limit: usize = asked(&query, "limit").unwrap().parse().unwrap();
    let line = |id: u64| {
        json!({
            "id": id, "order_id": ORDER, "order_code": order_code(), "region": "NORTH",
            "version": 3, "action": "accept", "actor": {"user_id": COMMAND, "role": "provider"},
            "from": "accepted", "to": "accepted", "code": "order_already_accepted",
            "reason": null, "command_id": COMMAND, "source": "north-1", "edge": "north-1",
            "epoch": 1, "seq": 17, "verdict": "provisional",
            "hops": {
                "tapped_at": "2025-11-24T16:00:10Z", "edge_at": "2025-11-24T16:00:11Z",
                "cloud_at": format!("2025-11-24T16:03:{id:02}Z"),
            },
            "winner": {
                "user_id": ORDER, "source": "portal", "decided_at": "2025-11-24T16:02:00Z",
                "verdict": null, "race_rule": "first_in_cloud",
            },
        })
    };
    let all = [12_u64, 9].into_iter().filter(|id| *id < before);
    let items: Vec<Value> = all.take(limit).map(line).collect();
    let next = (items.len() == limit).then(|| items.last().map(|item| item["id"].to_string()));
    Json(json!({"items": items, "next": next.flatten()}))
}

async fn cases(query: Asked) -> Json<Value> {
    let before = asked(&query, "cursor").map_or(u64::MAX, |text| text.parse().unwrap());
    let limit: usize = asked(&query, "limit").unwrap().parse().unwrap();
    let case = json!({
        "id": 7, "order_id": ORDER, "order_code": order_code(), "region": "NORTH",
        "user_id": COMMAND, "kind": "taken_back", "command_id": COMMAND,
        "code": "region_taken_back", "at": "2025-11-24T16:03:10Z",
    });
    let mut closed = case.clone();
    closed["id"] = json!(6);
    closed["closed_at"] = json!("2025-11-24T17:00:00Z");
    let all = asked(&query, "state") != Some("open");
    let cases = [(7, case, true), (6, closed, all)].into_iter();
    let shown = cases.filter(|(id, _, is_shown)| *id < before && *is_shown);
    let items: Vec<_> = shown.map(|(_, item, _)| item).take(limit).collect();
    Json(json!({"items": items, "next": null}))
}

async fn invite(Json(body): Json<Value>) -> Response {
    if body["edge"] == "north-1" {
        return Problem::new(Code::EdgeExists).into_response();
    }
    let answer = json!({
        "edge": body["edge"], "region": body["region"], "code": "ABCD-EFGH",
        "expires_at": "2025-11-25T16:00:00Z",
    });
    (StatusCode::CREATED, Json(answer)).into_response()
}

async fn out_of_service(Path(edge): Path<String>) -> Json<Value> {
    Json(json!({
        "edge": edge, "rights": [], "cases": 2, "settled": true, "undecided": 1, "not_received": 3,
    }))
}

async fn new_key(Path(edge): Path<String>) -> Json<Value> {
    Json(json!({"edge": edge, "code": "ABCD-EFGH", "expires_at": "2025-11-25T16:00:00Z"}))
}

async fn acts() -> Json<Value> {
    let by = "0192f5d4-0000-7000-8000-000000000001";
    Json(json!({"items": [{
        "at": "2025-11-24T16:00:00Z", "act": "disabled", "made_by": by,
        "since": "2025-11-24T14:00:00Z", "why": "It was stolen",
    }], "next": null}))
}

fn keys() -> Json<Value> {
    Json(json!({"items": [
        {
            "kid": "key-3", "state": "next", "made_at": "2025-11-24T16:00:00Z",
            "trusted_from": "2025-11-25T16:00:00Z", "signs_from": "2025-12-24T16:00:00Z",
        },
        {
            "kid": "key-2", "state": "present", "made_at": "2025-10-24T16:00:00Z",
            "trusted_from": "2025-10-25T16:00:00Z", "signs_from": "2025-11-24T16:00:00Z",
        },
        {
            "kid": "key-1", "state": "killed", "made_at": "2025-09-24T16:00:00Z",
            "trusted_from": "2025-09-24T16:00:00Z", "signs_from": "2025-09-24T16:00:00Z",
            "signed_until": "2025-11-24T16:00:00Z", "killed_at": "2025-11-20T09:00:00Z",
        },
    ], "next": null}))
}

async fn kill_key(Json(form): Json<Value>) -> Response {
    match form["kid"].as_str() {
        Some("key-2") => keys().into_response(),
        _ => Problem::new(Code::NotFound).into_response(),
    }
}

fn letter_boxes() -> Json<Value> {
    Json(json!({
        "items": [
            {"name": "hub_feed", "kind": "dead", "part": "hub", "waiting": 2},
            {"name": "order_events", "kind": "unrouted", "part": "order", "waiting": 0},
        ],
        "missing": ["user"],
    }))
}

async fn letters(Path(name): Path<String>) -> Response {
    match name.as_str() {
        "hub_feed" => {}
        "order_events" => return Json(json!({"items": []})).into_response(),
        _ => return Problem::new(Code::NotFound).into_response(),
    }
    let first = json!({
        "event": "0192f5d4-0000-7000-8000-000000000071", "type": "order.created",
        "happened_at": "2025-11-24T14:00:00Z", "put_aside_at": "2025-11-24T14:00:11Z",
        "reason": "8 attempts: the event could not be handled: no such region",
    });
    Json(json!({"items": [first, {"reason": "expired"}]})).into_response()
}

async fn settled(Path(name): Path<String>, Json(form): Json<Value>) -> Response {
    if name != "hub_feed" {
        return Problem::new(Code::NotFound).into_response();
    }
    let named = form["events"].as_array().map(Vec::len);
    Json(json!({"settled": named.unwrap_or(2)})).into_response()
}

async fn replay(Json(form): Json<Value>) -> Json<Value> {
    Json(json!({
        "items": [{
            "id": "0192f5d4-0000-7000-8000-000000000072", "part": "order", "queue": form["queue"],
            "since": form["since"], "sent": 0, "asked_at": "2025-11-24T14:00:00Z",
        }],
        "missing": [],
    }))
}
