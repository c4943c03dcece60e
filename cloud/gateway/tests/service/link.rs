//! An edge link through the gateway, to a local and a remote hub.

use axum::{
    Router,
    body::Body,
    extract::{
        Request,
        ws::{Message, WebSocketUpgrade},
    },
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures::{SinkExt, StreamExt};
use gateway::{Config, Peers};
use platform::upstream::Upstream;
use process::{
    parts::CloudPart,
    problem::Problem,
    tasks::Tasks,
    tokens::{Signer, edge_token},
    web,
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{self, client::IntoClientRequest},
};
use wire::{Code, EdgeId};

use crate::common::{Gate, served};

/// A hub that reports the headers it received, then echoes messages.
async fn link(headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let told = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("nothing")
            .to_owned()
    };
    let greeting = format!("{} {}", told("authorization"), told("x-user-id"));
    upgrade.on_upgrade(async move |mut socket| {
        let _ = socket.send(Message::Text(greeting.into())).await;
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Binary(_)) && socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

fn hub() -> Router {
    web::with_standard_layers(Router::new().route("/link", get(link)), "hub")
}

async fn passes_through(hub: Upstream) {
    let tasks = Tasks::new();
    let gate = Gate::with(Config::default(), "memory:", |peers: Peers| {
        peers.with_part(CloudPart::Hub, hub)
    })
    .await;
    let address = served(gate.router.clone(), &tasks).await;

    let mut request = format!("ws://{address}/link")
        .into_client_request()
        .unwrap();
    request
        .headers_mut()
        .insert("authorization", "Bearer edge-token".parse().unwrap());
    request
        .headers_mut()
        .insert("x-user-id", "someone".parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    let greeting = socket.next().await.unwrap().unwrap();
    assert_eq!(
        greeting.into_text().unwrap().as_str(),
        "Bearer edge-token nothing"
    );
    for size in [0, 1, 100_000] {
        let frame = tungstenite::Message::Binary(vec![7; size].into());
        socket.send(frame.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), frame);
    }
    socket.close(None).await.unwrap();

    let bare = connect_async(format!("ws://{address}/link")).await;
    let Err(tungstenite::Error::Http(refused)) = bare else {
        panic!("it was let in")
    };
    assert_eq!(refused.status().as_u16(), 401);
    tasks.shutdown(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn to_a_hub_in_this_process() {
    passes_through(Upstream::from_router(hub())).await;
}

#[tokio::test]
async fn to_a_hub_elsewhere() {
    let tasks = Tasks::new();
    let address = served(hub(), &tasks).await;
    passes_through(Upstream::from_address(&format!("http://{address}"), &tasks).unwrap()).await;
    tasks.shutdown(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_link_that_is_no_websocket_is_refused_by_the_hub() {
    let hub = Upstream::from_router(hub());
    let gate = Gate::with(Config::default(), "memory:", |peers: Peers| {
        peers.with_part(CloudPart::Hub, hub)
    })
    .await;
    let plain = Request::builder()
        .method(Method::GET)
        .uri("/link")
        .header(header::AUTHORIZATION, "Bearer edge-token")
        .body(Body::empty())
        .unwrap();
    let answer = gate.send(plain).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

/// A hub that accepts only long tokens.
async fn proving(headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let token = process::tokens::bearer_token(&headers);
    if token.is_none_or(|token| token.len() < 100) {
        let header = [(wire::HUB_TIME_HEADER, "the hub's time")];
        return (header, Problem::new(Code::EdgeClockWrong)).into_response();
    }
    upgrade.on_upgrade(async |_| ())
}

#[tokio::test]
async fn junk_is_held_against_its_address_and_a_link_against_its_edge() {
    let limit = |n| std::num::NonZeroU32::new(n).unwrap();
    let config = Config {
        per_address_per_minute: limit(2),
        per_edge_per_minute: limit(3),
        ..Config::default()
    };
    let tasks = Tasks::new();
    let hub = Upstream::from_router(Router::new().route("/link", get(proving)));
    let gate = Gate::with(config, "memory:", |peers: Peers| {
        peers.with_part(CloudPart::Hub, hub)
    })
    .await;
    let address = served(gate.router.clone(), &tasks).await;
    let open = async |token: &str| {
        let mut request = format!("ws://{address}/link")
            .into_client_request()
            .unwrap();
        request
            .headers_mut()
            .insert("authorization", format!("Bearer {token}").parse().unwrap());
        match connect_async(request).await {
            Ok(_) => 101,
            Err(tungstenite::Error::Http(refused)) => {
                let is_hubs = refused.status() == StatusCode::UNAUTHORIZED;
                let told = refused.headers().get(wire::HUB_TIME_HEADER);
                assert_eq!(
                    told.is_some(),
                    is_hubs,
                    "what the hub says of time passes through"
                );
                refused.status().as_u16()
            }
            Err(other) => panic!("{other}"),
        }
    };
    let signer = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
    let token = |name: &str| edge_token(&signer, &EdgeId::new(name).unwrap(), &gate.clock);
    let north = token("north-1");
    let south = token("south-1");
    assert_eq!(open("junk").await, 401);
    assert_eq!(open("junk").await, 401);
    for _ in 0..3 {
        assert_eq!(open("junk").await, 429);
        assert_eq!(
            open(&north).await,
            101,
            "the junk comes from the same address"
        );
    }
    assert_eq!(open(&north).await, 429, "one edge has so many a minute");
    assert_eq!(open(&south).await, 101);
    tasks.shutdown(std::time::Duration::from_secs(5)).await;
}
