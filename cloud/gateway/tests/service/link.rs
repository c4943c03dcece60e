//! The link of an edge passes through the gateway, to a hub in this process and to one elsewhere.

use axum::{
    Router,
    body::Body,
    extract::{
        Request,
        ws::{Message, WebSocketUpgrade},
    },
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
    routing::get,
};
use futures::{SinkExt, StreamExt};
use gateway::{Config, Peers};
use platform::upstream::Upstream;
use process::{parts::CloudPart, tasks::Tasks, web};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{self, client::IntoClientRequest},
};

use crate::common::Gate;

/// A hub that says what it was told, and then says everything back.
async fn link(headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let told = |name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("nothing").to_owned()
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
    web::standard(Router::new().route("/link", get(link)), "hub")
}

/// Serves a router on a free port; the address it answers at.
async fn served(router: Router, tasks: &Tasks) -> String {
    let listener = web::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let stop = tasks.token();
    tasks.spawn("served", async move {
        web::serve(listener, router, web::Slots::default(), stop).await
    });
    address
}

async fn passes_through(hub: Upstream) {
    let tasks = Tasks::new();
    let gate =
        Gate::with(Config::default(), "memory:", |peers: Peers| peers.with(CloudPart::Hub, hub))
            .await;
    let address = served(gate.router.clone(), &tasks).await;

    let mut request = format!("ws://{address}/link").into_client_request().unwrap();
    request.headers_mut().insert("authorization", "Bearer edge-token".parse().unwrap());
    request.headers_mut().insert("x-user-id", "someone".parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    let greeting = socket.next().await.unwrap().unwrap();
    assert_eq!(greeting.into_text().unwrap().as_str(), "Bearer edge-token nothing");
    for size in [0, 1, 100_000] {
        let frame = tungstenite::Message::Binary(vec![7; size].into());
        socket.send(frame.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), frame);
    }
    socket.close(None).await.unwrap();

    let bare = connect_async(format!("ws://{address}/link")).await;
    let Err(tungstenite::Error::Http(refused)) = bare else { panic!("it was let in") };
    assert_eq!(refused.status().as_u16(), 401);
    tasks.shutdown(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn to_a_hub_in_this_process() {
    passes_through(Upstream::local(hub())).await;
}

#[tokio::test]
async fn to_a_hub_elsewhere() {
    let tasks = Tasks::new();
    let address = served(hub(), &tasks).await;
    passes_through(Upstream::remote(&format!("http://{address}"), &tasks).unwrap()).await;
    tasks.shutdown(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_link_that_is_no_websocket_is_refused_by_the_hub() {
    let hub = Upstream::local(hub());
    let gate =
        Gate::with(Config::default(), "memory:", |peers: Peers| peers.with(CloudPart::Hub, hub))
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
