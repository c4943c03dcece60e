//! Calls between our own parts over real sockets: answers, refusals, bounds and stops.

use axum::{
    Json, Router,
    extract::ConnectInfo,
    routing::{get, post},
};
use tokio_util::sync::CancellationToken;
use wire::Code;

use super::*;
use crate::{
    problem::Problem,
    tasks::Tasks,
    tokens::bearer_token,
    trace::{RequestTrace, TraceId},
    web,
};

const SOON: Duration = Duration::from_secs(5);
const NO_BODY: Option<&()> = None;

async fn server(stop: CancellationToken) -> (String, Tasks) {
    let routes = Router::new()
        .route(
            "/echo",
            post(async |Json(body): Json<serde_json::Value>| Json(body)),
        )
        .route("/empty", get(async || ()))
        .route(
            "/token",
            get(async |headers: http::HeaderMap| Json(bearer_token(&headers).map(str::to_owned))),
        )
        .route(
            "/trace",
            get(async |RequestTrace(trace): RequestTrace| Json(trace.to_string())),
        )
        .route(
            "/refused",
            get(async || {
                Problem::new(Code::NotYours).with_detail(wire::Text::from_untranslated("because"))
            }),
        )
        .route(
            "/busy",
            get(async || Problem::new(Code::TooManyRequests).retry_after(7)),
        )
        .route("/hangs", get(std::future::pending::<()>))
        .route(
            "/from",
            get(async |ConnectInfo(from): ConnectInfo<std::net::SocketAddr>| Json(from)),
        )
        .route("/huge", get(async || vec![b' '; ANSWER_BYTES_MAX + 1]));
    let listener = web::bind_listener("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let tasks = Tasks::new();
    let router = web::with_standard_layers(routes, "test");
    tasks.spawn_once("serve", async move {
        web::serve_http(listener, router, web::ConnectionSlots::default(), stop).await
    });
    (url, tasks)
}

#[tokio::test]
async fn what_is_sent_arrives_and_the_answer_is_read() {
    let (url, _tasks) = server(CancellationToken::new()).await;
    let client = Client::new();
    let body = serde_json::json!({ "price": 5 });
    let echoed: serde_json::Value = client
        .send_json(
            Method::POST,
            &format!("{url}/echo"),
            None,
            Some(&body),
            SOON,
        )
        .await
        .unwrap();
    assert_eq!(echoed, body);
    let get = async |path: &str, token: Option<&str>| {
        client
            .send_json::<serde_json::Value>(
                Method::GET,
                &format!("{url}{path}"),
                token,
                NO_BODY,
                SOON,
            )
            .await
    };
    assert_eq!(get("/token", Some("t0ken")).await.unwrap(), "t0ken");
    assert!(
        get("/from", None)
            .await
            .unwrap()
            .as_str()
            .unwrap()
            .starts_with("127.0.0.1:")
    );
    client
        .send_json::<()>(Method::GET, &format!("{url}/empty"), None, NO_BODY, SOON)
        .await
        .unwrap();
    let trace = TraceId::random();
    let told = crate::trace::run_in_trace(trace.clone(), get("/trace", None)).await;
    assert_eq!(told.unwrap(), trace.as_str());
}

#[tokio::test]
async fn a_refusal_comes_back_with_its_problem() {
    let (url, _tasks) = server(CancellationToken::new()).await;
    let url = format!("{url}/refused?secret=1");
    let error = Client::new()
        .send_json::<()>(Method::GET, &url, None, NO_BODY, SOON)
        .await
        .unwrap_err();
    let problem = error.problem.as_ref().unwrap();
    assert_eq!((error.status, problem.code), (Some(403), Code::NotYours));
    assert_eq!(problem.detail.as_deref(), Some("because"));
    assert_eq!(error.retry_after, None);
    assert!(
        !error.is_unreachable() && !error.to_string().contains("secret"),
        "{error}"
    );
}

#[tokio::test]
async fn who_is_asked_to_come_later_is_told_when() {
    let (url, _tasks) = server(CancellationToken::new()).await;
    let url = format!("{url}/busy");
    let error = Client::new()
        .send_json::<()>(Method::GET, &url, None, NO_BODY, SOON)
        .await
        .unwrap_err();
    assert_eq!(
        (error.status, error.retry_after),
        (Some(429), Some(Duration::from_secs(7)))
    );
}

#[tokio::test]
async fn every_wait_and_every_answer_is_bounded() {
    let (url, _tasks) = server(CancellationToken::new()).await;
    let client = Client::new();
    let get = async |url: String, wait: Duration| {
        client
            .send_json::<()>(Method::GET, &url, None, NO_BODY, wait)
            .await
            .unwrap_err()
    };
    let late = get(format!("{url}/hangs"), Duration::from_millis(50)).await;
    assert!(
        late.is_unreachable() && late.to_string().contains("too long"),
        "{late}"
    );
    assert!(
        get(format!("{url}/huge"), SOON)
            .await
            .to_string()
            .contains("could not read")
    );
    let free = web::bind_listener("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    assert!(get(format!("http://{free}/"), SOON).await.is_unreachable());
}

#[tokio::test]
async fn a_stop_lets_an_answer_finish_and_takes_no_more() {
    let stop = CancellationToken::new();
    let (url, tasks) = server(stop.clone()).await;
    let client = Client::new();
    let get = async || {
        client
            .send_json::<()>(Method::GET, &format!("{url}/empty"), None, NO_BODY, SOON)
            .await
    };
    get().await.unwrap();
    stop.cancel();
    tasks.shutdown(SOON).await;
    assert!(get().await.unwrap_err().is_unreachable());
}

#[test]
fn an_address_is_guarded_by_tls_or_on_this_machine() {
    for good in [
        "https://a.example",
        "https://a.example/x/",
        "http://127.0.0.1:3000/x",
        "http://[::1]:1",
    ] {
        assert!(is_guarded(good), "{good}");
    }
    for bad in [
        "",
        "a.example",
        "http://a.example",
        "http://10.0.0.1",
        "ftp://a.example",
        "https://a.example#x",
        "https://u@a.example",
        "http://127.0.0.1@a.example",
        "http://localhost.a.example",
    ] {
        assert!(!is_guarded(bad), "{bad}");
    }
}
