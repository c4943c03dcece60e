//! Serves every broker connection, over TCP and over WebSocket. MQTT over WebSocket has a listener
//! and is also on the app's origin; its messages are bounded, and a pipe within the process carries
//! their bytes to the broker.
//!
//! Invariants: each connection holds a slot until it is closed; before the broker answers its
//! CONNECT it may send at most 16 KB, within ten seconds; a client that never pauses gets only a
//! few commands per turn, so the others are served in between.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Extension, Router,
    extract::{
        ConnectInfo, State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
    routing::any,
};
use bytes::{Buf, Bytes};
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use mqtt5::broker::{
    BrokerConfig, DynamicStorage, MqttBroker, ResourceMonitor, StorageBackend,
    client_handler::ClientHandler,
    router::MessageRouter,
    sys_topics::BrokerStats,
    transport::{BrokerTransport, WebSocketTransport},
};
use process::web::{self, ConnectionSlots, Listener, SlotProof, serve_connections};
use tokio::{
    io::{
        AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, ReadHalf,
        WriteHalf, duplex, split,
    },
    sync::{broadcast, oneshot},
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;
use wire::CmdFrame;

use crate::callers::CallerCheck;

use super::access::{AccessControl, ConnectRefusal, ConnectionAuthenticator};

/// A command frame with its topic. The edge splits its own messages to fit too.
pub(super) const PACKET_BYTES_MAX: usize = CmdFrame::BYTES_MAX + 16 * 1024;

/// Far more than a CONNECT with a token and a last will.
const CONNECT_BYTES_MAX: usize = 16 * 1024;

/// About eight commands. The broker reads as long as there is data, so a flood over a few
/// connections would stall the others for seconds.
const BYTES_PER_TURN: usize = 8 * 1024;

/// Time for the broker to send DISCONNECT at a stop. A connection before its CONNECT gets none.
const DISCONNECT_WITHIN: Duration = Duration::from_secs(1);

const EXPIRED_EVERY: Duration = Duration::from_secs(600);

#[derive(Clone)]
pub(crate) struct MqttServer(Arc<Inner>);

struct Inner {
    config: Arc<BrokerConfig>,
    access: Arc<AccessControl>,
    router: Arc<MessageRouter>,
    storage: Option<Arc<DynamicStorage>>,
    stats: Arc<BrokerStats>,
    monitor: Arc<ResourceMonitor>,
    closing: broadcast::Sender<()>,
}

impl MqttServer {
    pub(super) fn new(
        broker: &MqttBroker,
        config: BrokerConfig,
        access: Arc<AccessControl>,
    ) -> Self {
        Self(Arc::new(Inner {
            config: Arc::new(config),
            access,
            router: broker.router(),
            storage: broker.storage(),
            stats: broker.stats(),
            monitor: broker.resource_monitor(),
            closing: broadcast::Sender::new(1),
        }))
    }

    /// Accepts tablets over TCP until `stop`, then closes all connections, including those over
    /// WebSocket.
    pub(crate) async fn accept_until_stopped(
        self,
        listener: Listener,
        slots: ConnectionSlots,
        stop: CancellationToken,
    ) {
        let serving = self.clone();
        let stopping = stop.clone();
        let open = serve_connections(listener, slots, stop.clone(), move |stream, from| {
            let server = serving.clone();
            let stop = stopping.clone();
            let proof = stream.proof();
            async move {
                let late = async {
                    stop.cancelled().await;
                    sleep(DISCONNECT_WITHIN).await;
                };
                tokio::select! {
                    () = server.serve_connection(stream, proof, from) => {}
                    () = late => {}
                }
            }
        });
        let close = async {
            stop.cancelled().await;
            // Fails if no connection is open.
            let _ = self.0.closing.send(());
        };
        tokio::select! {
            ((), ()) = async { tokio::join!(open, close) } => {}
            () = self.forget_expired() => {}
        }
    }

    pub(crate) async fn serve_connection(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static,
        proof: SlotProof,
        from: SocketAddr,
    ) {
        let Inner {
            config,
            access,
            router,
            storage,
            stats,
            monitor,
            closing,
        } = &*self.0;
        let refusal = Arc::<OnceLock<ConnectRefusal>>::default();
        let visit = ConnectionAuthenticator {
            access: Arc::clone(access),
            refusal: Arc::clone(&refusal),
        };
        let caller = LimitedStream {
            stream,
            from,
            proof,
            refusal,
            words: None,
            said: 0,
            answered: false,
            in_turn: 0,
        };
        let handler = ClientHandler::new(
            BrokerTransport::WebSocket(Box::new(caller)),
            from,
            Arc::clone(config),
            Arc::clone(router),
            Arc::new(visit),
            storage.clone(),
            Arc::clone(stats),
            Arc::clone(monitor),
            closing.subscribe(),
        );
        if let Err(error) = Box::pin(handler.run()).await {
            // A lost tablet is routine.
            tracing::debug!(%error, "A tablet's connection ended");
        }
    }

    async fn forget_expired(&self) {
        let mut ticks = interval(EXPIRED_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Some(storage) = &self.0.storage
                && let Err(error) = storage.cleanup_expired().await
            {
                tracing::error!(%error, "Could not delete the broker's expired messages");
            }
            self.0.router.sweep_sessions().await;
            self.0.monitor.cleanup_expired_windows().await;
        }
    }
}

/// The client's stream, with a read limit until the broker has answered.
struct LimitedStream<S> {
    stream: S,
    from: SocketAddr,
    proof: SlotProof,
    refusal: Arc<OnceLock<ConnectRefusal>>,
    /// The unsent rest of the refusal that replaces the broker's CONNACK.
    words: Option<Bytes>,
    said: usize,
    answered: bool,
    /// Bytes read in this turn.
    in_turn: usize,
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> WebSocketTransport for LimitedStream<S> {
    fn peer_addr(&self) -> mqtt5::Result<SocketAddr> {
        Ok(self.from)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LimitedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.answered && self.said >= CONNECT_BYTES_MAX {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        if self.in_turn >= BYTES_PER_TURN {
            self.in_turn = 0;
            // Requeues this task behind all others that are ready.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let bytes = buffer.filled().len() - before;
        self.said = self.said.saturating_add(bytes);
        self.in_turn = if read.is_pending() {
            0
        } else {
            self.in_turn + bytes
        };
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for LimitedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.answered {
            self.answered = true;
            self.proof.mark_proven();
            // The broker writes its CONNACK in one piece.
            self.words = self
                .refusal
                .get()
                .and_then(|refusal| refusal.replace_connack(bytes));
        }
        let Self { stream, words, .. } = &mut *self;
        let Some(left) = words else {
            return Pin::new(stream).poll_write(context, bytes);
        };
        while left.has_remaining() {
            let written = ready!(Pin::new(&mut *stream).poll_write(context, left))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            left.advance(written);
        }
        *words = None;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[derive(Clone)]
struct WebSocketState {
    server: MqttServer,
    stop: CancellationToken,
}

/// Buffer between broker and socket, per direction.
const PIPE_BYTES_MAX: usize = 8 * 1024;

/// The broker reads the end of a pipe at once; slower connections are dropped.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

pub(super) async fn serve_websockets(
    listener: Listener,
    server: MqttServer,
    callers: CallerCheck,
    slots: ConnectionSlots,
    stop: CancellationToken,
) {
    let router = callers.guard(websocket_routes(&["/", "/mqtt"], server, stop.clone()));
    web::serve_http(
        listener,
        web::with_standard_layers(router, "mqtt-ws"),
        slots,
        stop,
    )
    .await;
}

/// Routes for MQTT over WebSocket at these paths.
pub(crate) fn websocket_routes(
    paths: &[&str],
    server: MqttServer,
    stop: CancellationToken,
) -> Router {
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
