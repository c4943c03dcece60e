//! The command as a person or a script runs it: the real binary against a gateway with canned answers.

#![allow(clippy::unwrap_used)]

use std::{
    net::SocketAddr,
    process::{Command, Output},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, Query, Request},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, put},
};
use process::{context::Context, problem::Problem};
use serde_json::{Value, json};
use wire::{Code, OrderCode, OrderId, Region};

const TOKEN: &str = "an-admins-token";
const ORDER: &str = "0192f5d4-0000-7000-8000-000000000009";

#[test]
fn a_healthy_platform_exits_0() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["status"]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    let rows = out(&ran);
    assert!(rows.starts_with("REGION\tEDGE\tGATE\tLINK\t"), "{rows}");
    assert!(rows.contains("NORTH\tnorth-1\topen\t+ up 3m 12s\t0\t0 / 0\t= match\t"), "{rows}");
    assert!(said(&ran).contains("All is well"));
}

#[test]
fn a_degraded_platform_exits_3_and_says_what_to_do() {
    let platform = Platform::start(report("down", "unknown"));
    let ran = platform.holdfast(&["status"]);
    assert_eq!(code(&ran), 3);
    assert!(said(&ran).contains("! north-1: the link is down"), "{}", said(&ran));
    assert!(said(&ran).contains("Next: check the edge and its network"), "{}", said(&ran));

    let ran = platform.holdfast(&["status", "--json"]);
    assert_eq!(code(&ran), 3);
    let value: Value = serde_json::from_str(&out(&ran)).unwrap();
    assert_eq!(value["healthy"], false);
    assert_eq!(value["complaints"][0]["kind"], "link_down");
    assert_eq!(value["regions"][0]["edges"][0]["edge"], "north-1");
    assert_eq!(said(&ran), "");
}

#[test]
fn the_flag_and_the_environment_choose_the_language() {
    let platform = Platform::start(report("down", "unknown"));
    for chinese in ["zh-CN", "zh", "zh-cn"] {
        let ran = platform.holdfast(&["status", "--lang", chinese]);
        assert!(out(&ran).starts_with("区域\t节点\t闸口\t"), "{}", out(&ran));
    }
    let ran = platform.holdfast(&["status", "--lang", "zh"]);
    assert!(said(&ran).contains("链路已断开"), "{}", said(&ran));
    let ran = platform.command(&["status"]).env("LC_ALL", "zh_CN.UTF-8").output().unwrap();
    assert!(said(&ran).contains("链路已断开"), "{}", said(&ran));
}

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let platform = Platform::start(report("up", "match"));
    let token = |args: &[&str]| platform.command(args).env("HOLDFAST_TOKEN", "wrong").output();
    assert_eq!(code(&token(&["status"]).unwrap()), 4);
    assert_eq!(code(&platform.holdfast(&["explain", "N-000000"])), 5);
    assert_eq!(code(&platform.holdfast(&["explain", "S-000000"])), 6);
    assert_eq!(code(&platform.holdfast(&["explain", "nonsense"])), 2);
    assert_eq!(code(&platform.holdfast(&["link", "cut", "NOWHERE"])), 2);
    assert_eq!(code(&platform.holdfast(&["frobnicate"])), 2);
    assert_eq!(code(&platform.holdfast(&["--url", "127.0.0.1:1", "status"])), 7);
    let ran = platform.holdfast(&["--url", "notaurl", "status"]);
    assert_eq!(code(&ran), 2);
    assert!(
        said(&ran).contains("--url") && said(&ran).contains("such as http://"),
        "{}",
        said(&ran)
    );
    assert_eq!(code(&platform.holdfast(&["--timeout", "1", "link", "cut", "EAST"])), 8);
    assert_eq!(code(&platform.holdfast(&["link", "cut", "WEST"])), 1);
    assert_eq!(code(&platform.holdfast(&["--help"])), 0);
}

#[test]
fn a_failure_in_json_leaves_standard_output_empty() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["explain", "N-000000", "--json"]);
    assert_eq!(out(&ran), "");
    let value: Value = serde_json::from_str(&said(&ran)).unwrap();
    assert_eq!(value["error"]["kind"], "not_found");
    assert_eq!(value["error"]["exit"], 5);
}

#[test]
fn a_gate_is_closed_and_opened_by_name() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["link", "cut", "north"]);
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    assert!(out(&ran).contains("NORTH: the gate is closed"), "{}", out(&ran));
    let ran = platform.holdfast(&["link", "heal", "NORTH", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&out(&ran)).unwrap()["gate"], "open");
}

#[test]
fn a_right_is_granted_to_an_edges_epoch_and_taken_back_with_a_reason() {
    let platform = Platform::start(report("up", "match"));
    let set = |edge| {
        platform.holdfast(&["lease", "set", "north", "--policy", "exclusive", "--holder", edge])
    };
    let ran = set("north-1");
    assert_eq!(code(&ran), 0, "{}", said(&ran));
    assert_eq!(out(&ran), "NORTH: exclusive, held by north-1 (epoch 1, fence 1)\n");
    let ran = set("north-9");
    assert_eq!(code(&ran), 5, "{}", said(&ran));
    assert!(said(&ran).contains("`holdfast edges` lists them"), "{}", said(&ran));
    let ran = platform.holdfast(&["lease", "show", "NORTH", "--lang", "zh-CN"]);
    assert!(out(&ran).contains("没有节点持有派单权"), "{}", out(&ran));
    assert_eq!(code(&platform.holdfast(&["lease", "take-back", "NORTH"])), 2, "it takes a reason");
    let ran = platform.holdfast(&["lease", "take-back", "NORTH", "--why", "it burnt", "--json"]);
    let value: Value = serde_json::from_str(&out(&ran)).unwrap();
    assert_eq!(value["fences"][0]["end"]["why"], "it burnt");
}

#[test]
fn an_order_is_explained_by_its_id_and_by_its_code() {
    let platform = Platform::start(report("up", "match"));
    for asked in [ORDER.to_owned(), order_code().to_string().to_lowercase()] {
        let ran = platform.holdfast(&["explain", &asked]);
        assert_eq!(code(&ran), 0, "{}", said(&ran));
        for part in [
            "provider A accepted it (through the cloud)",
            "Who won: provider A (through the cloud).",
            "Why provider B lost (through the edge north-1)",
        ] {
            assert!(out(&ran).contains(part), "`{part}` is missing from\n{}", out(&ran));
        }
    }
    let ran = platform.holdfast(&["explain", ORDER, "--json"]);
    let value: Value = serde_json::from_str(&out(&ran)).unwrap();
    assert_eq!(value["timeline"].as_array().map(Vec::len), Some(2));
    assert!(value["explanation"].as_str().is_some_and(|text| text.contains("Who won")));
}

#[test]
fn edges_are_listed() {
    let platform = Platform::start(report("up", "match"));
    let ran = platform.holdfast(&["edges"]);
    assert!(out(&ran).starts_with("EDGE\tREGION\tENROLLED\tLINK\t"), "{}", out(&ran));
    let names: Vec<_> = out(&ran).lines().skip(1).map(|line| line[..7].to_owned()).collect();
    // The second stands on a page of its own.
    assert_eq!(names, ["north-1", "north-2"]);
}

#[test]
fn the_sign_in_that_up_wrote_is_found_and_never_guessed() {
    let platform = Platform::start(report("up", "match"));
    let alone = |args: &[&str]| {
        let mut command = platform.command(args);
        command.env_remove("HOLDFAST_URL").env_remove("HOLDFAST_TOKEN");
        command.output().unwrap()
    };
    let ran = alone(&["status"]);
    assert_eq!(code(&ran), 2, "{}", said(&ran));
    assert!(said(&ran).contains("no running platform is known here"), "{}", said(&ran));

    platform.write_context(&platform.url());
    assert_eq!(code(&alone(&["status"])), 0);
    assert_eq!(code(&alone(&["--url", &platform.url(), "status"])), 0);
    // The token of one gateway is never shown to another.
    let ran = alone(&["--url", "http://127.0.0.1:9", "status"]);
    assert_eq!(code(&ran), 4, "{}", said(&ran));

    platform.write_context("http://127.0.0.1:9");
    let ran = alone(&["status"]);
    assert_eq!(code(&ran), 2, "{}", said(&ran));
    assert!(said(&ran).contains("several platforms run here"), "{}", said(&ran));
}

/// A gateway with canned answers, and a folder for contexts.
struct Platform {
    address: SocketAddr,
    contexts: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Platform {
    fn start(report: Value) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        #[allow(clippy::disallowed_methods)]
        runtime.spawn(async move { axum::serve(listener, router(report)).await });
        Self { address, contexts: tempfile::tempdir().unwrap(), _runtime: runtime }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast"));
        command
            .args(args)
            .env_remove("LANG")
            .env("LC_ALL", "C.UTF-8")
            .env("HOLDFAST_URL", self.url())
            .env("HOLDFAST_TOKEN", TOKEN)
            .env("HOLDFAST_CONTEXT_DIR", self.contexts.path());
        command
    }

    fn holdfast(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// As `up` leaves it: one file a gateway, named by its address.
    fn write_context(&self, gateway: &str) {
        let context = Context { gateway: gateway.to_owned(), token: TOKEN.to_owned() };
        let name = gateway.replace(':', "_3a").replace('/', "_2f");
        let path = self.contexts.path().join(format!("gateway-{name}.json"));
        std::fs::write(path, serde_json::to_vec(&context).unwrap()).unwrap();
    }
}

fn router(report: Value) -> Router {
    Router::new()
        .route("/api/v1/admin/status", get(move || async move { Json(report) }))
        .route("/api/v1/admin/edges", get(edges))
        .route("/api/v1/admin/regions/{region}", put(gate))
        .route("/api/v1/admin/assignments/{region}", put(assign).get(assignment))
        .route("/api/v1/admin/orders", get(orders))
        .route("/api/v1/orders/{id}", get(|| async { Json(order()) }))
        .route("/api/v1/orders/{id}/timeline", get(timeline))
        .layer(middleware::from_fn(signed_in))
}

async fn signed_in(request: Request, next: Next) -> Response {
    let wanted = format!("Bearer {TOKEN}");
    match request.headers().get(header::AUTHORIZATION) {
        Some(given) if given.as_bytes() == wanted.as_bytes() => next.run(request).await,
        _ => Problem::new(Code::InvalidToken).into_response(),
    }
}

async fn edges(Query(query): Query<Vec<(String, String)>>) -> Json<Value> {
    let first = !query.iter().any(|(name, _)| name == "cursor");
    let mut item = edge(if first { "north-1" } else { "north-2" }, "up", "match");
    item["region"] = json!("NORTH");
    item["created_at"] = json!("2025-11-24T16:00:00Z");
    item["enrolled_at"] = json!("2025-11-24T16:00:00Z");
    Json(json!({"items": [item], "next": first.then_some("north-1")}))
}

async fn gate(Path(region): Path<Region>, Json(body): Json<Value>) -> Response {
    match region {
        // One that takes its time, and one that fails.
        Region::East => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::OK.into_response()
        }
        Region::West => Problem::new(Code::Internal).into_response(),
        _ => Json(json!({"region": region, "gate": body["gate"]})).into_response(),
    }
}

async fn assignment(path: Path<Region>) -> Json<Value> {
    assign(path, Json(json!({}))).await
}

/// Grants what it is asked for, and answers a take-back with its record.
async fn assign(Path(region): Path<Region>, Json(asked): Json<Value>) -> Json<Value> {
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
    let code = query.iter().find(|(name, _)| name == "code").map(|(_, value)| value.as_str());
    Json(match code {
        Some("S-000000") => json!({"items": [order(), order()], "next": null}),
        Some(code) if code == order_code().as_str() => json!({"items": [order()], "next": null}),
        _ => json!({"items": [], "next": null}),
    })
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
        })
    };
    let won = entry(2, "pending", Value::Null, Value::Null);
    let lost = entry(3, "accepted", json!("order_already_accepted"), json!("north-1"));
    Json(json!({"items": [won, lost]}))
}

fn order_code() -> OrderCode {
    OrderCode::of(Region::North, ORDER.parse::<OrderId>().unwrap())
}

fn order() -> Value {
    json!({
        "id": ORDER, "code": order_code(), "customer_id": ORDER, "provider_id": null,
        "title": "Mend the tap", "description": "", "service_type": "cleaning_repair",
        "price": "200.00", "currency": "CNY", "location": "NORTH", "address": "1 Main St",
        "status": "accepted", "payment_status": "unpaid", "version": 3,
        "created_at": "2025-11-24T16:00:00Z", "updated_at": "2025-11-24T16:00:00Z",
        "source": "portal",
    })
}

fn report(link: &str, checksum: &str) -> Value {
    json!({
        "now": "2025-11-24T16:03:12Z",
        "regions": [{
            "region": "NORTH", "gate": "open", "policy": "optimistic", "holder": null,
            "feed_seq": 7, "orders": 3,
            "edges": [edge("north-1", link, checksum)],
        }],
    })
}

fn edge(name: &str, link: &str, checksum: &str) -> Value {
    json!({
        "edge": name, "link": link, "since": "2025-11-24T16:00:00Z",
        "last_contact_at": null, "epoch": 1, "version": "0.1.0", "pending": 0,
        "oldest_pending_at": null, "undecided": 0, "held": 0, "parked": 0,
        "lag_up_ops": 0, "lag_down_changes": 0, "lag_down_outcomes": 0,
        "checksum": checksum, "clock_error_ms": null, "disk_free_bytes": null,
    })
}

fn code(ran: &Output) -> i32 {
    ran.status.code().unwrap()
}

fn out(ran: &Output) -> String {
    String::from_utf8(ran.stdout.clone()).unwrap()
}

fn said(ran: &Output) -> String {
    String::from_utf8(ran.stderr.clone()).unwrap()
}
