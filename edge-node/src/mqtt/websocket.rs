//! MQTT over WebSocket, on its own listener and on the app's origin. Messages are bounded, and a
//! pipe within the process carries their bytes to the broker.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Extension, Router,
    extract::{
        ConnectInfo, State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
    routing::any,
};
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use process::web::{self, ConnectionSlots, SlotProof};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split},
    net::TcpListener,
    sync::oneshot,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::{door::MqttServer, embedded::PACKET_BYTES_MAX};

#[derive(Clone)]
struct WebSocketState {
    server: MqttServer,
    stop: CancellationToken,
}

/// Buffer between broker and socket, per direction.
const PIPE_BYTES_MAX: usize = 8 * 1024;
/// The broker reads the end of a pipe at once; slower connections are dropped.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

pub(super) async fn serve_listener(
    listener: TcpListener,
    server: MqttServer,
    slots: ConnectionSlots,
    stop: CancellationToken,
) {
    let router = router(&["/", "/mqtt"], server, stop.clone());
    web::serve_http(
        listener,
        web::with_standard_layers(router, "mqtt-ws"),
        slots,
        stop,
    )
    .await;
}

/// Routes for MQTT over WebSocket at these paths.
pub fn router(paths: &[&str], server: MqttServer, stop: CancellationToken) -> Router {
    let mut router = Router::new();
    for path in paths {
        router = router.route(path, any(upgrade_to_mqtt));
    }
    router.with_state(WebSocketState { server, stop })
}

async fn upgrade_to_mqtt(
    State(behind): State<WebSocketState>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Extension(proof): Extension<SlotProof>,
    upgrade: WebSocketUpgrade,
) -> Response {
    proof.withdraw_proof();
    upgrade
        .protocols(["mqtt", "mqttv3.1"])
        .max_message_size(PACKET_BYTES_MAX)
        .max_frame_size(PACKET_BYTES_MAX)
        .on_upgrade(move |socket| bridge_to_broker(socket, behind, proof, from))
}

/// Forwards the broker's last bytes, then ends its stream: a dropped connection would leave its
/// person signed in.
async fn bridge_to_broker(
    socket: WebSocket,
    behind: WebSocketState,
    proof: SlotProof,
    from: SocketAddr,
) {
    let (ours, brokers) = duplex(PIPE_BYTES_MAX);
    let (over, client_is_gone) = oneshot::channel();
    let carrying = async {
        copy_both_ways(socket, ours, &behind.stop).await;
        // Fails if the broker side has ended first.
        let _ = over.send(());
    };
    let ending = async {
        let _ = client_is_gone.await;
        sleep(ENDS_WITHIN).await;
    };
    let conversation = async {
        tokio::select! {
            () = behind.server.serve_connection(brokers, proof, from) => {}
            () = ending => tracing::error!(
                "The broker did not close a connection whose client has disconnected"),
        }
    };
    tokio::join!(carrying, conversation);
}

/// Copies both directions independently until one ends.
async fn copy_both_ways(socket: WebSocket, pipe: DuplexStream, stop: &CancellationToken) {
    let (from_broker, to_broker) = split(pipe);
    let (to_client, from_client) = socket.split();
    tokio::select! {
        () = copy_to_broker(from_client, to_broker) => {}
        () = copy_to_client(from_broker, to_client) => {}
        () = stop.cancelled() => {}
    }
}

async fn copy_to_broker(mut client: SplitStream<WebSocket>, mut broker: WriteHalf<DuplexStream>) {
    while let Some(Ok(message)) = client.next().await {
        match message {
            Message::Binary(bytes) if broker.write_all(&bytes).await.is_ok() => {}
            Message::Ping(_) | Message::Pong(_) => {}
            // Text is not MQTT; Close ends the connection.
            _ => return,
        }
    }
}

async fn copy_to_client(
    mut broker: ReadHalf<DuplexStream>,
    mut client: SplitSink<WebSocket, Message>,
) {
    let mut chunk = vec![0; PIPE_BYTES_MAX];
    while let Ok(read @ 1..) = broker.read(&mut chunk).await {
        let message = Message::Binary(chunk[..read].to_vec().into());
        if client.send(message).await.is_err() {
            return;
        }
    }
    let _ = client.close().await;
}
