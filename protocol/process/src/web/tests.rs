//! Default behaviour of every listener.

use axum::{
    body::Body,
    routing::{get, post},
};
use futures::StreamExt;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;
use wire::Code;

use super::*;
use crate::{
    problem::{Json, Problem, ProblemBody},
    trace::RequestTrace,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn router() -> Router {
    let routes = Router::new()
        .route("/fine", get(async || "fine"))
        .route(
            "/traced",
            get(async |RequestTrace(trace): RequestTrace| trace.to_string()),
        )
        .route(
            "/inside",
            get(async || crate::trace::current_trace().unwrap().to_string()),
        )
        .route(
            "/refused",
            get(async || Problem::new(Code::OrderAlreadyAccepted).with_member("order", 7)),
        )
        .route(
            "/locked",
            get(async || Problem::new(Code::AccountLocked).retry_after(60)),
        )
        .route("/login", get(async || Problem::new(Code::InvalidToken)))
        .route("/panics", get(async || -> () { panic!("a planted panic") }))
        .route("/hangs", get(std::future::pending::<()>))
        .route(
            "/hangs-with-body",
            post(async |_: bytes::Bytes| std::future::pending::<()>().await),
        )
        .route(
            "/teapot",
            get(async || (StatusCode::NOT_FOUND, axum::Json("our own words"))),
        )
        .route("/body", post(async |Json(_): Json<serde_json::Value>| ()));
    with_standard_layers(routes, "test")
}

async fn ask(request: http::request::Builder) -> axum::response::Response {
    router()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
}

async fn text(response: axum::response::Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn problem(response: axum::response::Response) -> ProblemBody {
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "application/problem+json"
    );
    let status = response.status().as_u16();
    let body: ProblemBody = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(
        (body.status, body.kind.clone()),
        (status, format!("urn:holdfast:{}", body.code))
    );
    body
}

#[tokio::test]
async fn a_refusal_speaks_the_callers_language_and_names_the_trace() {
    let request = Request::get("/refused")
        .header("accept-language", "zh-CN,en;q=0.5")
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let response = ask(request).await;
    assert_eq!(response.headers()["content-language"], "zh-CN");
    assert_eq!(response.headers()["x-request-id"], TRACE);
    let body = problem(response).await;
    assert_eq!(body.title, "订单已被其他服务商接走");
    assert_eq!((body.status, body.trace.as_deref()), (400, Some(TRACE)));
    assert_eq!(body.extensions["order"], 7);
    let body = problem(ask(Request::get("/refused")).await).await;
    assert_eq!(body.title, "Order has been accepted by another provider");
}

#[tokio::test]
async fn headers_that_belong_to_a_refusal_are_there() {
    assert_eq!(
        ask(Request::get("/locked")).await.headers()["retry-after"],
        "60"
    );
    assert_eq!(
        ask(Request::get("/login")).await.headers()["www-authenticate"],
        "Bearer"
    );
    assert_eq!(
        ask(Request::post("/fine")).await.headers()["allow"],
        "GET,HEAD"
    );
}

#[tokio::test]
async fn what_the_framework_refuses_is_a_problem_too() {
    for (request, code) in [
        (Request::get("/nowhere"), Code::NotFound),
        (Request::delete("/fine"), Code::MethodNotAllowed),
        (Request::get("/panics"), Code::Internal),
    ] {
        assert_eq!(problem(ask(request).await).await.code, code);
    }
    assert_eq!(
        text(ask(Request::get("/teapot")).await).await,
        r#""our own words""#
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_answered() {
    assert_eq!(
        problem(ask(Request::get("/hangs")).await).await.code,
        Code::TimedOut
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_its_callers_fault() {
    let begun = futures::stream::iter([Ok::<_, std::io::Error>("{")]);
    let body = Body::from_stream(begun.chain(futures::stream::pending()));
    let response = router()
        .oneshot(Request::post("/body").body(body).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(problem(response).await.code, Code::BodyTooSlow);
    // With a whole body the delay is ours.
    let asked = Request::post("/hangs-with-body")
        .body(Body::from("{}"))
        .unwrap();
    let response = router().oneshot(asked).await.unwrap();
    assert_eq!(problem(response).await.code, Code::TimedOut);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_with_or_without_a_length() {
    for body in [
        Body::from(vec![b' '; 256 * 1024 + 1]),
        Body::from_stream(futures::stream::iter(
            (0..300).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024])),
        )),
        Body::from(vec![b' '; ANY_BODY_BYTES_MAX + 1]),
    ] {
        let response = router()
            .oneshot(Request::post("/body").body(body).unwrap())
            .await
            .unwrap();
        assert_eq!(problem(response).await.code, Code::BodyTooLarge);
    }
}

#[tokio::test]
async fn a_request_has_one_trace_wherever_it_is_asked_for() {
    let with_trace =
        |path| Request::get(path).header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
    assert_eq!(text(ask(with_trace("/traced")).await).await, TRACE);
    assert_eq!(text(ask(with_trace("/inside")).await).await, TRACE);
    let response = ask(Request::get("/traced")).await;
    let id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(text(response).await, id);
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let first = bind_listener("127.0.0.1:0").await.unwrap();
    let addr = first.local_addr().unwrap().to_string();
    let error = bind_listener(&addr).await.unwrap_err();
    assert!(matches!(error, BindError::Taken { .. }));
    assert!(error.to_string().contains(&addr), "{error}");
    assert!(matches!(
        bind_listener("nonsense").await.unwrap_err(),
        BindError::Io { .. }
    ));
}
