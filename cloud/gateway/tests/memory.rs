//! A large body passes through the gateway in both directions without a memory increase. A separate
//! test binary, because it measures the whole process.

#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "this program needs little of it")]
#[path = "service/common.rs"]
mod common;

use std::{fs, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{Method, StatusCode, header},
    routing::put,
};
use futures::StreamExt;
use gateway::{Config, Peers, Route};
use process::{
    client::Client,
    parts::CloudPart,
    routes::{Audience, PermissionRule, RouteBody},
    tasks::Tasks,
};
use wire::Role;

use common::{Gate, remote, served};

const LARGE: usize = 20 * 1024 * 1024;
const SMALL: usize = 64 * 1024;
/// Buffering the large body anywhere would exceed this.
const GROWTH_BYTES_MAX: usize = 10 * 1024 * 1024;
const FILE: &str = "/api/v1/things/{id}/file";

static ROUTES: [Route; 2] = [
    Route {
        method: Method::PUT,
        path: FILE,
        audience: Audience::Any,
        permission: PermissionRule::Nothing,
        part: CloudPart::Order,
        body: RouteBody::Streamed { bytes_max: LARGE },
    },
    Route {
        method: Method::GET,
        path: FILE,
        audience: Audience::Any,
        permission: PermissionRule::Nothing,
        part: CloudPart::Order,
        body: RouteBody::Held,
    },
];

/// Generates bytes lazily.
fn pieces(bytes: usize) -> Body {
    const PIECE: usize = 16 * 1024;
    let all = (0..bytes / PIECE).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![7; PIECE])));
    Body::from_stream(futures::stream::iter(all))
}

async fn drained(body: Body) -> usize {
    let mut body = body.into_data_stream();
    let mut bytes = 0;
    while let Some(piece) = body.next().await {
        bytes += piece.unwrap().len();
    }
    bytes
}

/// The peak memory of this process.
fn peak_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim()
        .trim_end_matches(" kB")
        .parse::<usize>()
        .unwrap()
        * 1024
}

#[tokio::test]
async fn twenty_megabytes_pass_both_ways_in_little_memory() {
    let tasks = Tasks::new();
    let part = Router::new().route(
        FILE,
        put(async |request: Request| drained(request.into_body()).await.to_string())
            .get(async || pieces(LARGE)),
    );
    let part = remote(&format!("http://{}", served(part, &tasks).await));
    let gate = Gate::of_routes(&ROUTES, Config::default(), |peers: Peers| {
        peers.with_part(CloudPart::Order, part)
    })
    .await;
    let url = format!(
        "http://{}/api/v1/things/7/file",
        served(gate.router.clone(), &tasks).await
    );
    let client = Client::new();
    let pass = async |method: Method, body: Body| {
        let bearer = format!("Bearer {}", gate.token(Role::Customer));
        let asked = Request::builder().method(method).uri(&url);
        let asked = asked
            .header(header::AUTHORIZATION, bearer)
            .body(body)
            .unwrap();
        let answer = client.send_request(asked).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.into_body()
    };
    // Warm-up: allocations that every request needs once.
    drained(pass(Method::PUT, pieces(SMALL)).await).await;
    let before = peak_bytes();
    let taken = axum::body::to_bytes(pass(Method::PUT, pieces(LARGE)).await, 64)
        .await
        .unwrap();
    assert_eq!(taken, LARGE.to_string());
    assert_eq!(drained(pass(Method::GET, Body::empty()).await).await, LARGE);
    let grown = peak_bytes() - before;
    assert!(grown < GROWTH_BYTES_MAX, "{grown} bytes more");
    tasks.shutdown(Duration::from_secs(20)).await;
}
