//! The promises of `Upstream`, to a router in this process and to a service in another.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State, WebSocketUpgrade, ws::Message},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use contract::LIMIT;
use futures::{SinkExt, Stream, StreamExt};
use http_body_util::BodyExt;
use platform::upstream::{Upstream, UpstreamError};
use process::{
    clock::Clock,
    parts::CloudPart,
    problem::Problem,
    tasks::Tasks,
    trace::{self, RequestTrace, TraceId},
    web,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc::{self, Receiver},
    time::timeout,
};
use tokio_tungstenite::{connect_async, tungstenite::Message as Said};
use wire::{Code, UnixMillis};

const PART: CloudPart = CloudPart::Order;

macro_rules! on_every_upstream {
    ($($body:ident),+ $(,)?) => {
        mod local { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() { super::$body(super::local().await).await; }
        )+ }
        mod remote { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() { super::$body(super::remote().await).await; }
        )+ }
        mod guarded { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() { super::$body(super::guarded().await).await; }
        )+ }
    };
}

on_every_upstream! {
    a_question_in_json_is_answered_in_json,
    a_refusal_brings_its_problem,
    an_empty_answer_reads_as_nothing,
    an_answer_of_another_shape_is_told_apart,
    a_bodys_first_part_arrives_before_its_last_is_sent,
    a_call_carries_the_trace_it_is_made_for,
    a_websocket_passes_through_a_gateway,
    headers_of_one_connection_stay_on_it,
}

struct Arm {
    upstream: Upstream,
    tasks: Tasks,
}

/// The service behind both arms.
fn service() -> Router {
    let router = Router::new()
        .route("/health/live", get(async || "{}"))
        .route(
            "/echo",
            post(async |headers: HeaderMap, body: String| {
                let bearer = headers
                    .get(header::AUTHORIZATION)
                    .map(|v| v.to_str().unwrap().to_owned());
                axum::Json(json!({ "bearer": bearer, "body": body }))
            }),
        )
        .route(
            "/taken",
            post(async || Problem::new(Code::OrderAlreadyAccepted)),
        )
        .route("/nothing", post(async || StatusCode::NO_CONTENT))
        .route(
            "/trace",
            get(async |trace: RequestTrace| axum::Json(trace.0.to_string())),
        )
        .route("/stream", post(async |body: Body| Response::new(body)))
        .route(
            "/headers",
            any(async |headers: HeaderMap| {
                let names: Vec<String> = headers.keys().map(ToString::to_string).collect();
                (
                    [("keep-alive", "timeout=9"), ("x-kept", "1")],
                    axum::Json(names),
                )
            }),
        )
        .route(
            "/link",
            get(async |upgrade: WebSocketUpgrade, headers: HeaderMap| {
                let name = headers
                    .get("x-name")
                    .map(|v| v.to_str().unwrap().to_owned());
                upgrade.on_upgrade(async move |mut socket| {
                    socket
                        .send(Message::text(name.unwrap_or_default()))
                        .await
                        .unwrap();
                    while let Some(Ok(message)) = socket.next().await {
                        if matches!(message, Message::Binary(_)) {
                            socket.send(message).await.unwrap();
                        }
                    }
                })
            }),
        );
    web::with_standard_layers(router, "test")
}

async fn serve(router: Router, tasks: &Tasks) -> String {
    let listener = web::bind_listener("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = tasks.stop_token();
    tasks.spawn("server", async move {
        web::serve_http(listener, router, web::ConnectionSlots::default(), stop).await
    });
    format!("http://{address}")
}

async fn local() -> Arm {
    Arm {
        upstream: Upstream::from_router(service()),
        tasks: Tasks::new(),
    }
}

async fn remote() -> Arm {
    let tasks = Tasks::new();
    let base = serve(service(), &tasks).await;
    Arm {
        upstream: Upstream::from_address(&base, &tasks).unwrap(),
        tasks,
    }
}

async fn guarded() -> Arm {
    let Arm { upstream, tasks } = remote().await;
    let upstream = Upstream::combine_guarded(PART, vec![upstream], &Clock::system(), LIMIT);
    assert!(matches!(upstream, Upstream::Guarded(_)));
    Arm { upstream, tasks }
}

async fn a_question_in_json_is_answered_in_json(arm: Arm) {
    let question = json!({ "order": 7 });
    let answer: Value = arm
        .upstream
        .call_json(Method::POST, "/echo", Some("token"), Some(&question))
        .await
        .unwrap();
    assert_eq!(
        answer,
        json!({ "bearer": "Bearer token", "body": "{\"order\":7}" })
    );
    arm.upstream.ping().await.unwrap();
}

async fn a_refusal_brings_its_problem(arm: Arm) {
    let refused = arm
        .upstream
        .call_json::<()>(Method::POST, "/taken", None, None::<&()>)
        .await;
    let Err(UpstreamError::Refused { status, problem }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(problem.unwrap().code, Code::OrderAlreadyAccepted);
    let unknown = arm.upstream.get::<()>("/nowhere", None).await.unwrap_err();
    assert!(!unknown.is_unreachable(), "{unknown}");
}

async fn an_empty_answer_reads_as_nothing(arm: Arm) {
    arm.upstream
        .call_json::<()>(Method::POST, "/nothing", None, None::<&()>)
        .await
        .unwrap();
}

async fn an_answer_of_another_shape_is_told_apart(arm: Arm) {
    let asked = arm.upstream.get::<u64>("/trace", None).await;
    assert!(
        matches!(asked, Err(UpstreamError::Unreadable(_))),
        "{asked:?}"
    );
}

async fn a_bodys_first_part_arrives_before_its_last_is_sent(arm: Arm) {
    let (part, parts) = mpsc::channel(1);
    let body = Body::from_stream(chunks(parts));
    let request = Request::post("/stream").body(body).unwrap();
    part.send("first").await.unwrap();
    let answer = timeout(LIMIT, arm.upstream.call(request))
        .await
        .unwrap()
        .unwrap();
    let mut body = answer.into_body();
    let first = timeout(LIMIT, body.frame())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(first.into_data().unwrap(), "first");
    part.send("last").await.unwrap();
    drop(part);
    let last = timeout(LIMIT, body.collect()).await.unwrap().unwrap();
    assert_eq!(last.to_bytes(), "last");
}

async fn a_call_carries_the_trace_it_is_made_for(arm: Arm) {
    let trace = TraceId::random();
    let asked = trace::run_in_trace(trace.clone(), arm.upstream.get::<String>("/trace", None));
    assert_eq!(asked.await.unwrap(), trace.to_string());
}

/// A gateway that forwards every request unchanged.
fn gateway(upstream: Upstream) -> Router {
    Router::new().fallback(pass_on).with_state(upstream)
}

async fn pass_on(State(upstream): State<Upstream>, request: Request) -> Response {
    match upstream.call(request).await {
        Ok(answer) => answer,
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

async fn a_websocket_passes_through_a_gateway(arm: Arm) {
    let front = serve(gateway(arm.upstream.clone()), &arm.tasks).await;
    let mut request =
        tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(format!(
            "{}/link",
            front.replace("http", "ws")
        ))
        .unwrap();
    request
        .headers_mut()
        .insert("x-name", "north-1".parse().unwrap());
    let (mut socket, _) = timeout(LIMIT, connect_async(request))
        .await
        .unwrap()
        .unwrap();
    let hello = timeout(LIMIT, socket.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(hello, Said::text("north-1"));
    for size in [1, 1_000, 300_000] {
        let frame = Said::binary(vec![7; size]);
        socket.send(frame.clone()).await.unwrap();
        let echoed = timeout(LIMIT, socket.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!(echoed, frame, "{size} bytes");
    }
    socket.close(None).await.unwrap();
    let end = timeout(LIMIT, async { while socket.next().await.is_some() {} }).await;
    assert!(end.is_ok(), "the end was not passed on");
    // An ordinary request takes the same path.
    let plain = Upstream::from_address(&front, &arm.tasks).unwrap();
    plain
        .call_json::<()>(Method::POST, "/nothing", None, None::<&()>)
        .await
        .unwrap();
    arm.tasks.shutdown(Duration::from_secs(5)).await;
}

async fn headers_of_one_connection_stay_on_it(arm: Arm) {
    let front = serve(gateway(arm.upstream.clone()), &arm.tasks).await;
    let request = Request::post(format!("{front}/headers"))
        .header(header::CONNECTION, "x-secret, keep-alive")
        .header("x-secret", "1")
        .header("x-kept", "1")
        .body(Body::empty())
        .unwrap();
    let answer = process::client::Client::new()
        .send_request(request)
        .await
        .unwrap();
    let passed_on = answer.headers().clone();
    assert_eq!(passed_on.get("x-kept").unwrap(), "1");
    let names = answer.into_body().collect().await.unwrap().to_bytes();
    let names: Vec<String> = serde_json::from_slice(&names).unwrap();
    assert!(names.contains(&"x-kept".to_owned()), "{names:?}");
    if !matches!(arm.upstream, Upstream::Local(_)) {
        assert!(!names.contains(&"x-secret".to_owned()), "{names:?}");
        assert!(!passed_on.contains_key("keep-alive"), "{passed_on:?}");
    }
}

#[tokio::test]
async fn a_service_that_is_away_is_told_apart_from_a_refusal() {
    let upstream = Upstream::from_address("http://127.0.0.1:9", &Tasks::new()).unwrap();
    let error = upstream.get::<()>("/health", None).await.unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    assert!(upstream.ping().await.is_err());
}

/// Counts the requests, and closes each connection without an answer until `answers` is set.
#[derive(Clone, Default)]
struct Failing {
    seen: Arc<AtomicUsize>,
    answers: Arc<AtomicBool>,
}

impl Failing {
    async fn serve(self, listener: TcpListener) {
        while let Ok((mut connection, _)) = listener.accept().await {
            if connection
                .read(&mut [0; 4096])
                .await
                .is_ok_and(|bytes| bytes > 0)
            {
                self.seen.fetch_add(1, Ordering::SeqCst);
            }
            if self.answers.load(Ordering::SeqCst) {
                let _ = connection
                    .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                    .await;
            }
        }
    }

    /// The number of requests since the last call.
    fn seen(&self) -> usize {
        self.seen.swap(0, Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_service_that_fails_is_left_alone_until_its_rest_is_over() {
    const REST_MS: i64 = 1_000;
    let tasks = Tasks::new();
    let clock = Clock::fixed_at(UnixMillis(0));
    let failing = Failing::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tasks.spawn_once("failing", failing.clone().serve(listener));
    let remote = Upstream::from_address(&address, &tasks).unwrap();
    let upstream = Upstream::combine_guarded(PART, vec![remote], &clock, LIMIT);
    let change = async || {
        upstream
            .call_json::<()>(Method::POST, "/nothing", None, None::<&()>)
            .await
    };

    let asked = upstream.get::<()>("/nothing", None).await.unwrap_err();
    assert!(matches!(asked, UpstreamError::Unreachable(_)), "{asked}");
    assert_eq!(
        failing.seen(),
        3,
        "a question is asked again, twice at most"
    );
    for _ in 0..2 {
        let asked = change().await.unwrap_err();
        assert!(matches!(asked, UpstreamError::Unreachable(_)), "{asked}");
        assert_eq!(failing.seen(), 1, "a change is sent once");
    }
    failing.answers.store(true, Ordering::SeqCst);
    let refused = change().await.unwrap_err();
    assert!(
        matches!(refused, UpstreamError::Resting { .. }),
        "{refused}"
    );
    assert!(
        refused.is_unreachable(),
        "whoever waits for the service goes on waiting"
    );
    assert_eq!(failing.seen(), 0, "after five faults nobody is called");
    clock.advance(REST_MS);
    change().await.unwrap();
    assert_eq!(failing.seen(), 1);
}

#[test]
fn an_address_that_is_none_is_refused() {
    for address in ["", "auth:8000", "/auth", "http:///x y"] {
        assert!(
            Upstream::from_address(address, &Tasks::new()).is_err(),
            "{address}"
        );
    }
}

fn chunks(parts: Receiver<&'static str>) -> impl Stream<Item = Result<&'static str, Infallible>> {
    futures::stream::unfold(parts, async |mut parts| {
        parts.recv().await.map(|part| (Ok(part), parts))
    })
}
