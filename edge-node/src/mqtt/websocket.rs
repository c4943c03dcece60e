//! MQTT over WebSocket: our own listener in front of the broker's TCP port. The broker's listener
//! finishes one handshake before it accepts the next, so that one silent client would keep all others
//! out; here each has a task of its own, and messages are bounded.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
    routing::any,
};
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use process::web;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};
use tokio_util::sync::CancellationToken;

use super::embedded::PACKET_BYTES_MAX;

#[derive(Clone)]
struct Behind {
    broker: SocketAddr,
    stop: CancellationToken,
}

const CHUNK_BYTES: usize = 8 * 1024;

pub(super) async fn serve(listener: TcpListener, broker: SocketAddr, stop: CancellationToken) {
    let router = router(&["/", "/mqtt"], broker, stop.clone());
    if let Err(error) = web::serve(listener, web::standard(router, "mqtt-ws"), stop).await {
        tracing::error!(%error, "The WebSocket listener ended with an error");
    }
}

/// MQTT over WebSocket at these paths of a server.
pub fn router(paths: &[&str], broker: SocketAddr, stop: CancellationToken) -> Router {
    let at = |router: Router<Behind>, path: &&str| router.route(path, any(upgrade));
    let behind = Behind { broker: reachable(broker), stop };
    paths.iter().fold(Router::new(), at).with_state(behind)
}

/// A broker that listens everywhere is reached on this machine.
fn reachable(mut broker: SocketAddr) -> SocketAddr {
    if broker.ip().is_unspecified() {
        broker.set_ip(match broker {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    broker
}

async fn upgrade(State(behind): State<Behind>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .protocols(["mqtt", "mqttv3.1"])
        .max_message_size(PACKET_BYTES_MAX)
        .max_frame_size(PACKET_BYTES_MAX)
        .on_upgrade(move |socket| bridge(socket, behind))
}

/// Both directions, each at its own pace; the end of one ends both.
async fn bridge(socket: WebSocket, behind: Behind) {
    let Ok(tcp) = TcpStream::connect(behind.broker).await else { return };
    if tcp.set_nodelay(true).is_err() {
        return;
    }
    let (from_broker, to_broker) = tcp.into_split();
    let (to_client, from_client) = socket.split();
    tokio::select! {
        () = upwards(from_client, to_broker) => {}
        () = downwards(from_broker, to_client) => {}
        () = behind.stop.cancelled() => {}
    }
}

async fn upwards(mut client: SplitStream<WebSocket>, mut broker: OwnedWriteHalf) {
    while let Some(Ok(message)) = client.next().await {
        match message {
            Message::Binary(bytes) if broker.write_all(&bytes).await.is_ok() => {}
            Message::Ping(_) | Message::Pong(_) => {}
            // Text is no MQTT, and a close is a close.
            _ => return,
        }
    }
}

async fn downwards(mut broker: OwnedReadHalf, mut client: SplitSink<WebSocket, Message>) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(read @ 1..) = broker.read(&mut chunk).await {
        let message = Message::Binary(chunk[..read].to_vec().into());
        if client.send(message).await.is_err() {
            return;
        }
    }
    let _ = client.close().await;
}
