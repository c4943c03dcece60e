//! Request and response bodies over real sockets.

use std::{
    io,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, put},
};
use futures::StreamExt;
use gateway::{Config, Peers, Route};
use process::{
    client::Client,
    parts::CloudPart,
    routes::{Audience, PermissionRule, RouteBody},
    tasks::Tasks,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};
use wire::Role;

use crate::common::{Gate, echo, remote, served};

const SOON: Duration = Duration::from_secs(20);
const UPLOAD_BYTES_MAX: usize = 1024 * 1024;

const fn route(method: Method, path: &'static str, body: RouteBody) -> Route {
    Route {
        method,
        path,
        audience: Audience::Any,
        permission: PermissionRule::Nothing,
        part: CloudPart::Order,
        body,
    }
}

static ROUTES: [Route; 5] = [
    route(Method::PATCH, "/api/v1/things/{id}", RouteBody::Held),
    route(Method::DELETE, "/api/v1/things/{id}", RouteBody::Held),
    route(Method::GET, "/api/v1/things/{id}", RouteBody::Held),
    route(
        Method::PUT,
        FILE,
        RouteBody::Streamed {
            bytes_max: UPLOAD_BYTES_MAX,
        },
    ),
    route(Method::GET, FILE, RouteBody::Held),
];
const FILE: &str = "/api/v1/things/{id}/file";

/// A gateway with a remote order service.
async fn in_front_of(part: Router, tasks: &Tasks) -> Gate {
    configured_in_front_of(part, Config::default(), tasks).await
}

async fn configured_in_front_of(part: Router, config: Config, tasks: &Tasks) -> Gate {
    let part = remote(&format!("http://{}", served(part, tasks).await));
    Gate::of_routes(&ROUTES, config, |peers: Peers| {
        peers.with_part(CloudPart::Order, part)
    })
    .await
}

fn request(gate: &Gate, method: Method, path: &str) -> axum::http::request::Builder {
    let bearer = format!("Bearer {}", gate.token(Role::Customer));
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, bearer)
}

#[tokio::test]
async fn patch_and_delete_keep_path_query_and_body() {
    let tasks = Tasks::new();
    let gate = in_front_of(echo(CloudPart::Order), &tasks).await;
    for method in [Method::PATCH, Method::DELETE] {
        let asked = request(&gate, method.clone(), "/api/things/7?a=1&b=%2Fx");
        let answer = gate
            .send(asked.body(Body::from("{\"a\":1}")).unwrap())
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body["method"], method.as_str());
        assert_eq!(answer.body["body"], "{\"a\":1}");
        let uri = answer.body["uri"].as_str().unwrap();
        assert!(uri.ends_with("/api/v1/things/7?a=1&b=%2Fx"), "{uri}");
    }
    tasks.shutdown(SOON).await;
}

#[tokio::test]
async fn every_byte_of_path_query_and_body_reaches_the_part() {
    let tasks = Tasks::new();
    let gate = in_front_of(echo(CloudPart::Order), &tasks).await;
    let address = served(gate.router.clone(), &tasks).await;
    for (path, query) in [
        ("north-1", "a=1&a=2&&b==&c"),
        ("a.b_c-9", "q=%E4%BD%A0+%20%2B&x=%26%3D%23%00%ff"),
        ("7", "a=/../%2e%2e/?;:@!$'()*,~|[]"),
        ("7", ""),
    ] {
        let target = format!("/api/v1/things/{path}?{query}");
        let body = "{\"a\":\"\u{0}\\u0000 \u{4f60}\r\n\"}";
        let head = format!("PATCH {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
        let bearer = gate.token(Role::Customer);
        let length = body.len();
        let text = format!(
            "{head}authorization: Bearer {bearer}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let mut caller = TcpStream::connect(&address).await.unwrap();
        caller.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        caller.read_to_string(&mut answer).await.unwrap();
        let json = &answer[answer.find("\r\n\r\n").unwrap() + 4..];
        let seen: serde_json::Value =
            serde_json::from_str(json).unwrap_or_else(|_| panic!("{answer}"));
        let uri = seen["uri"].as_str().unwrap();
        assert!(uri.ends_with(&target), "{uri}");
        assert_eq!(seen["body"], body);
    }
    tasks.shutdown(SOON).await;
}

#[tokio::test]
async fn an_answer_without_a_body_keeps_its_status() {
    let tasks = Tasks::new();
    let part = Router::new().route(
        "/api/v1/things/{id}",
        get(async || (StatusCode::NOT_MODIFIED, [(header::ETAG, "\"1\"")]))
            .delete(async || StatusCode::NO_CONTENT),
    );
    let gate = in_front_of(part, &tasks).await;
    let address = served(gate.router.clone(), &tasks).await;
    for (method, status) in [
        (Method::GET, StatusCode::NOT_MODIFIED),
        (Method::DELETE, StatusCode::NO_CONTENT),
    ] {
        let url = format!("http://{address}/api/v1/things/7");
        let asked = request(&gate, method, &url).body(Body::empty()).unwrap();
        assert_eq!(
            Client::new().send_request(asked).await.unwrap().status(),
            status
        );
    }
    tasks.shutdown(SOON).await;
}

async fn take(State(seen): State<Arc<AtomicUsize>>, request: Request) -> Response {
    let mut body = request.into_body().into_data_stream();
    while let Some(bytes) = body.next().await {
        let Ok(bytes) = bytes else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        seen.fetch_add(bytes.len(), Ordering::SeqCst);
    }
    StatusCode::CREATED.into_response()
}

/// 16 KiB pieces of unknown total length.
fn pieces(bytes: usize) -> Body {
    const PIECE: usize = 16 * 1024;
    let all = (0..bytes.div_ceil(PIECE)).map(move |at| PIECE.min(bytes - at * PIECE));
    let all = all.map(|size| Ok::<_, io::Error>(Bytes::from(vec![7; size])));
    Body::from_stream(futures::stream::iter(all))
}

#[tokio::test]
async fn a_part_sees_no_more_of_an_upload_than_its_route_takes() {
    let tasks = Tasks::new();
    let seen = Arc::new(AtomicUsize::new(0));
    let part = Router::new()
        .route(FILE, put(take))
        .with_state(seen.clone());
    let gate = in_front_of(part, &tasks).await;
    let beyond = UPLOAD_BYTES_MAX + 1;
    let refused = StatusCode::PAYLOAD_TOO_LARGE;
    for (body, declared, status, reached) in [
        (
            pieces(UPLOAD_BYTES_MAX),
            None,
            StatusCode::CREATED,
            UPLOAD_BYTES_MAX,
        ),
        (
            pieces(UPLOAD_BYTES_MAX),
            Some(UPLOAD_BYTES_MAX),
            StatusCode::CREATED,
            UPLOAD_BYTES_MAX,
        ),
        (pieces(beyond), None, refused, UPLOAD_BYTES_MAX),
        (pieces(beyond), Some(beyond), refused, 0),
        (pieces(8 * beyond), None, refused, UPLOAD_BYTES_MAX),
    ] {
        seen.store(0, Ordering::SeqCst);
        let mut asked = request(&gate, Method::PUT, "/api/v1/things/7/file");
        if let Some(bytes) = declared {
            asked = asked.header(header::CONTENT_LENGTH, bytes);
        }
        let answer = gate.send(asked.body(body).unwrap()).await;
        assert_eq!(answer.status, status);
        assert!(seen.load(Ordering::SeqCst) <= reached);
        match status == refused {
            true => assert_eq!(answer.code(), "body_too_large"),
            false => assert_eq!(seen.load(Ordering::SeqCst), reached),
        }
    }
    tasks.shutdown(SOON).await;
}

#[tokio::test]
async fn a_form_that_says_itself_that_it_is_too_long_is_refused_unread() {
    let tasks = Tasks::new();
    let gate = in_front_of(echo(CloudPart::Order), &tasks).await;
    let unread = Body::from_stream(futures::stream::poll_fn(
        |_| -> Poll<Option<io::Result<Bytes>>> { panic!("somebody reads the body") },
    ));
    let asked = request(&gate, Method::PATCH, "/api/v1/things/7");
    let asked = asked
        .header(header::CONTENT_LENGTH, 256 * 1024 + 1)
        .body(unread)
        .unwrap();
    let answer = gate.send(asked).await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large")
    );
    tasks.shutdown(SOON).await;
}

#[tokio::test]
async fn an_upload_that_does_not_come_to_its_end_is_cut_off_and_its_part_hears_of_it() {
    let tasks = Tasks::new();
    let (news, mut told) = mpsc::unbounded_channel();
    let part = Router::new().route(FILE, put(visited)).with_state(news);
    let config = Config {
        upstream_timeout_ms: NonZeroU32::new(3_000).unwrap(),
        ..Config::default()
    };
    let gate = configured_in_front_of(part, config, &tasks).await;
    let begun = futures::stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"the first words"))]);
    let body = Body::from_stream(begun.chain(futures::stream::pending()));
    let asked = request(&gate, Method::PUT, "/api/v1/things/7/file")
        .body(body)
        .unwrap();
    let answer = gate.send(asked).await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::REQUEST_TIMEOUT, "body_too_slow")
    );
    assert_eq!(next(&mut told).await, Some("begun"));
    assert_eq!(next(&mut told).await, Some("ended"));
    tasks.shutdown(SOON).await;
}

/// Reports the start and end of a request's handling.
struct Visit(mpsc::UnboundedSender<&'static str>);

impl Drop for Visit {
    fn drop(&mut self) {
        let _ = self.0.send("ended");
    }
}

async fn visited(State(news): State<mpsc::UnboundedSender<&'static str>>, request: Request) {
    let visit = Visit(news);
    let _ = visit.0.send("begun");
    let mut body = request.into_body().into_data_stream();
    while let Some(piece) = body.next().await {
        // A broken body means that the caller hung up.
        if piece.is_err() {
            return;
        }
    }
    std::future::pending::<()>().await;
}

async fn next(told: &mut mpsc::UnboundedReceiver<&'static str>) -> Option<&'static str> {
    tokio::time::timeout(SOON, told.recv())
        .await
        .unwrap_or(Some("nothing in time"))
}

#[tokio::test]
async fn a_caller_who_hangs_up_ends_the_call_behind_the_gateway() {
    let tasks = Tasks::new();
    let (news, mut told) = mpsc::unbounded_channel();
    let part = Router::new()
        .route(FILE, put(visited).get(visited))
        .with_state(news);
    let gate = in_front_of(part, &tasks).await;
    let address = served(gate.router.clone(), &tasks).await;
    let bearer = gate.token(Role::Customer);
    for (method, body) in [
        ("GET", ""),
        (
            "PUT",
            "content-length: 100000\r\n\r\nthe first words of many",
        ),
    ] {
        let mut caller = TcpStream::connect(&address).await.unwrap();
        let head = format!("{method} /api/v1/things/7/file HTTP/1.1\r\nhost: {address}\r\n");
        let body = if body.is_empty() { "\r\n" } else { body };
        let text = format!("{head}authorization: Bearer {bearer}\r\n{body}");
        caller.write_all(text.as_bytes()).await.unwrap();
        assert_eq!(next(&mut told).await, Some("begun"), "{method}");
        drop(caller);
        assert_eq!(next(&mut told).await, Some("ended"), "{method}");
    }
    tasks.shutdown(SOON).await;
}
