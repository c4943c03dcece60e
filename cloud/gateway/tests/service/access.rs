//! The access log: one line per request, without secrets.

use std::{
    io,
    num::NonZeroU32,
    sync::{Arc, LazyLock, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{Method, header},
};
use gateway::{Config, Peers};
use platform::upstream::Upstream;
use process::parts::CloudPart;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower::ServiceExt;
use tracing_subscriber::fmt::MakeWriter;
use wire::Role;

use crate::common::{Gate, USER};

#[derive(Clone, Default)]
struct WrittenLog(Arc<Mutex<Vec<u8>>>);

impl io::Write for WrittenLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for WrittenLog {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// A second subscriber. With only one, tracing caches the interest that the first thread reports at
/// a call site, and another test's thread would disable the line for all.
static ANOTHER: LazyLock<tracing::Dispatch> =
    LazyLock::new(|| tracing::Dispatch::new(tracing_subscriber::registry()));

impl WrittenLog {
    fn kept() -> (Self, tracing::subscriber::DefaultGuard) {
        LazyLock::force(&ANOTHER);
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt().json().flatten_event(true);
        let subscriber = subscriber.with_writer(log.clone()).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// The access log lines since the last call.
    fn taken(&self) -> (String, Vec<Value>) {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        let lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let lines = lines.filter(|line| line["target"] == "access").collect();
        (text, lines)
    }
}

#[tokio::test]
async fn a_request_leaves_one_line_with_the_pattern_of_its_route() {
    let (log, _kept) = WrittenLog::kept();
    let gate = Gate::new().await;
    let order = "zebra-77";
    let path = format!("/api/orders/{order}?phone=13800000000");
    let customer = gate.token(Role::Customer);
    let provider = gate.token(Role::Provider);
    let accept = format!("/api/v1/orders/{order}/approve");
    let nowhere = format!("/nowhere/{order}");
    for (method, path, token, expected) in [
        (
            Method::GET,
            &path,
            Some(&customer),
            json!(["GET", "/api/v1/orders/{id}", 200, USER, "order"]),
        ),
        (
            Method::GET,
            &path,
            None,
            json!(["GET", "/api/v1/orders/{id}", 401, null, "order"]),
        ),
        (
            Method::POST,
            &accept,
            Some(&provider),
            json!(["POST", "/api/v1/orders/{id}/approve", 403, null, "order"]),
        ),
        (
            Method::GET,
            &nowhere,
            None,
            json!(["GET", "unmatched", 404, null, "gateway"]),
        ),
        (
            Method::from_bytes(b"ZEBRA").unwrap(),
            &path,
            None,
            json!(["other", "unmatched", 405, null, "gateway"]),
        ),
    ] {
        log.taken();
        let answer = gate.ask(&method, path, token.map(String::as_str)).await;
        let (text, lines) = log.taken();
        let [line] = &lines[..] else {
            panic!("{path}: {text}")
        };
        let told = ["method", "route", "status", "person", "part"].map(|name| line[name].clone());
        assert_eq!(json!(told), expected, "{line}");
        assert_eq!(
            line["trace"],
            answer.headers["x-request-id"].to_str().unwrap()
        );
        assert!(line["ms"].is_number(), "{line}");
        for secret in ["zebra", "13800000000", customer.as_str(), "Bearer"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[tokio::test]
async fn a_person_who_asks_too_often_stands_in_the_line() {
    let (log, _kept) = WrittenLog::kept();
    let config = Config {
        per_person_per_minute: NonZeroU32::MIN,
        ..Config::default()
    };
    let gate = Gate::with(config, "memory:", |peers| peers).await;
    let token = gate.token(Role::Customer);
    for status in [200, 429] {
        log.taken();
        gate.ask(&Method::GET, "/api/v1/orders", Some(&token)).await;
        let (text, lines) = log.taken();
        let [line] = &lines[..] else { panic!("{text}") };
        assert_eq!(
            json!([line["status"], line["person"]]),
            json!([status, USER])
        );
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_a_line_without_a_status() {
    let (log, _kept) = WrittenLog::kept();
    let called = Arc::new(Notify::new());
    let bell = called.clone();
    let silent = Router::new().fallback(async move || {
        bell.notify_one();
        std::future::pending::<()>().await;
    });
    let silent = |peers: Peers| peers.with_part(CloudPart::Order, Upstream::from_router(silent));
    let gate = Gate::with(Config::default(), "memory:", silent).await;
    let token = format!("Bearer {}", gate.token(Role::Customer));
    let request = Request::get("/api/v1/orders").header(header::AUTHORIZATION, token);
    let asked = gate
        .router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap());
    tokio::select! {
        _ = asked => panic!("the part answers nothing"),
        () = called.notified() => {}
    }
    let (text, lines) = log.taken();
    let [line] = &lines[..] else { panic!("{text}") };
    assert_eq!(line["message"], "The caller hung up");
    assert_eq!(
        (&line["status"], &line["person"]),
        (&Value::Null, &Value::from(USER.to_string()))
    );
}

#[tokio::test]
async fn a_flood_leaves_so_many_lines_a_second_and_their_number() {
    let (log, _kept) = WrittenLog::kept();
    let limit = NonZeroU32::new(1_000).unwrap();
    let config = Config {
        access_lines_per_second: 3,
        per_address_per_minute: limit,
        ..Config::default()
    };
    let gate = Gate::with(config, "memory:", |peers| peers).await;
    for _ in 0..10 {
        gate.ask(&Method::GET, "/nowhere", None).await;
    }
    assert_eq!(log.taken().1.len(), 3);
    gate.clock.advance(1_000);
    gate.ask(&Method::GET, "/nowhere", None).await;
    let (text, lines) = log.taken();
    assert_eq!(lines.len(), 1, "{text}");
    assert_eq!(lines[0]["left_out"], 7);
}
