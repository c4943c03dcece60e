//! MQTT over WebSocket, at a listener of its own and beside the app's files. Messages are bounded, and the
//! bytes go to the broker through a pipe within the process.

use std::net::SocketAddr;

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
use process::web::{self, SlotProof, Slots};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split},
    net::TcpListener,
};
use tokio_util::sync::CancellationToken;

use super::{door::Door, embedded::PACKET_BYTES_MAX};

#[derive(Clone)]
struct Behind {
    door: Door,
    stop: CancellationToken,
}

/// Bytes on their way between broker and socket, in each direction.
const PIPE_BYTES_MAX: usize = 8 * 1024;

pub(super) async fn serve(
    listener: TcpListener,
    door: Door,
    slots: Slots,
    stop: CancellationToken,
) {
    let router = router(&["/", "/mqtt"], door, stop.clone());
    web::serve(listener, web::standard(router, "mqtt-ws"), slots, stop).await;
}

/// MQTT over WebSocket at these paths of a server.
pub fn router(paths: &[&str], door: Door, stop: CancellationToken) -> Router {
    let at = |router: Router<Behind>, path: &&str| router.route(path, any(upgrade));
    paths.iter().fold(Router::new(), at).with_state(Behind { door, stop })
}

async fn upgrade(
    State(behind): State<Behind>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Extension(proof): Extension<SlotProof>,
    upgrade: WebSocketUpgrade,
) -> Response {
    proof.take_back();
    upgrade
        .protocols(["mqtt", "mqttv3.1"])
        .max_message_size(PACKET_BYTES_MAX)
        .max_frame_size(PACKET_BYTES_MAX)
        .on_upgrade(move |socket| bridge(socket, behind, proof, from))
}

/// Both directions, each at its own pace. The last words of the broker are passed on before the end.
async fn bridge(socket: WebSocket, behind: Behind, proof: SlotProof, from: SocketAddr) {
    let (ours, brokers) = duplex(PIPE_BYTES_MAX);
    let (from_broker, to_broker) = split(ours);
    let (to_client, from_client) = socket.split();
    let conversation = async {
        behind.door.converse(brokers, proof, from).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = upwards(from_client, to_broker) => {}
        () = downwards(from_broker, to_client) => {}
        () = conversation => {}
        () = behind.stop.cancelled() => {}
    }
}

async fn upwards(mut client: SplitStream<WebSocket>, mut broker: WriteHalf<DuplexStream>) {
    while let Some(Ok(message)) = client.next().await {
        match message {
            Message::Binary(bytes) if broker.write_all(&bytes).await.is_ok() => {}
            Message::Ping(_) | Message::Pong(_) => {}
            // Text is no MQTT, and a close is a close.
            _ => return,
        }
    }
}

async fn downwards(mut broker: ReadHalf<DuplexStream>, mut client: SplitSink<WebSocket, Message>) {
    let mut chunk = vec![0; PIPE_BYTES_MAX];
    while let Ok(read @ 1..) = broker.read(&mut chunk).await {
        let message = Message::Binary(chunk[..read].to_vec().into());
        if client.send(message).await.is_err() {
            return;
        }
    }
    let _ = client.close().await;
}
