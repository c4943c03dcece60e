//! Serves every broker connection, over TCP and over WebSocket. MQTT over WebSocket has a listener
//! and is also on the app's origin; its messages are bounded, and a pipe within the process carries
//! their bytes to the broker.
//!
//! Invariants: each connection holds a slot until it is closed; before the broker answers its
//! CONNECT it may send at most 16 KB, within ten seconds; a client that never pauses gets only a
//! few commands per turn, so the others are served in between; nothing is read from a client that
//! does not read its answers.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::{
        ConnectInfo, State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
    routing::any,
};
use bytes::{Buf, BytesMut};
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use mqtt_protocol::{Connection, ConnectionLimits, OutgoingMessage, Reason, ReasonCode};
use process::web::{self, ConnectionSlots, Listener, SlotProof, serve_connections};
use tokio::{
    io::{
        AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf,
        duplex, split,
    },
    sync::oneshot,
    task::yield_now,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use wire::CmdFrame;

use super::{
    delivery::Mailbox,
    tablet::{BrokerContext, DeviceUse, Tablet},
};
use crate::callers::CallerCheck;

/// A command frame with its topic. The edge splits its own messages to fit too.
pub(super) const PACKET_BYTES_MAX: usize = CmdFrame::BYTES_MAX + 16 * 1024;

const LIMITS: ConnectionLimits = ConnectionLimits {
    connect_within: Duration::from_secs(10),
    // Enough for a token and a last will: a will is a command without evidence.
    connect_bytes_max: 16 * 1024,
    packet_bytes_max: PACKET_BYTES_MAX,
    unreleased_max: 256,
    unacknowledged_max: 256,
};

/// About eight commands: a flood over a few connections would otherwise stall the others for
/// seconds.
const BYTES_PER_TURN: usize = 8 * 1024;

/// Unsent output beyond which a client is not read and gets no messages.
pub(super) const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// Time to send the last packet and see the client close.
const DISCONNECT_WITHIN: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct MqttServer(Arc<Inner>);

struct Inner {
    context: BrokerContext,
    stop: CancellationToken,
}

impl MqttServer {
    /// `stop` ends all connections.
    pub(super) fn new(context: BrokerContext, stop: CancellationToken) -> Self {
        Self(Arc::new(Inner { context, stop }))
    }

    /// Accepts tablets over TCP until `stop`, then waits for the ends of their connections.
    pub(crate) async fn accept_until_stopped(
        self,
        listener: Listener,
        slots: ConnectionSlots,
        stop: CancellationToken,
    ) {
        serve_connections(listener, slots, stop, move |stream, from| {
            let server = self.clone();
            let proof = stream.proof();
            async move { server.serve_connection(stream, proof, from).await }
        })
        .await;
    }

    pub(crate) async fn serve_connection(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        proof: SlotProof,
        _from: SocketAddr,
    ) {
        let (reader, writer) = split(stream);
        let mailbox = Arc::<Mailbox>::default();
        let mut served = ServedConnection {
            connection: Connection::new(LIMITS),
            started: Instant::now(),
            reader,
            writer,
            is_flushed: true,
            mailbox: Arc::clone(&mailbox),
        };
        let mut tablet = Tablet::new(&self.0.context, mailbox);
        let served_until = Box::pin(served.run(&mut tablet, &proof, &self.0)).await;
        // A client that leaves at once may be gone before its use was recorded.
        self.0.record_new_use(&mut tablet).await;
        if let Some(will) = served.connection.take_will() {
            tablet.take_will(will);
        }
        // Signs out first: the last packet may take a moment.
        drop(tablet);
        if served_until.is_ok() {
            served.say_goodbye().await;
        }
        if let Some(reason) = served.connection.closed_for() {
            tracing::debug!(why = reason.text, "Ended a tablet's connection");
        }
    }
}

impl Inner {
    async fn record_new_use(&self, tablet: &mut Tablet<'_>) {
        if let Some(DeviceUse { user_id, device }) = tablet.take_new_use() {
            let people = &self.context.access.people;
            people.record_device_use(user_id, &device).await;
        }
    }
}

/// A connection with its stream.
struct ServedConnection<S> {
    connection: Connection,
    started: Instant,
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    /// False if the stream may hold written bytes back, as TLS does.
    is_flushed: bool,
    mailbox: Arc<Mailbox>,
}

impl<S: AsyncRead + AsyncWrite> ServedConnection<S> {
    /// Runs until either side closes. An error means that the client is gone.
    async fn run(
        &mut self,
        tablet: &mut Tablet<'_>,
        proof: &SlotProof,
        server: &Inner,
    ) -> io::Result<()> {
        let mut chunk = vec![0; BYTES_PER_TURN];
        loop {
            if let Some(reason) = self.mailbox.find_ending() {
                self.connection.end(reason);
            }
            self.send_messages();
            if self.connection.is_closed() {
                return Ok(());
            }
            let has_answered = self.is_flushed && self.connection.output().is_empty();
            if has_answered {
                server.record_new_use(tablet).await;
            }
            let has_room = self.connection.output().len() < OUTPUT_BYTES_MAX;
            let deadline = self.connection.deadline().map(|after| self.started + after);
            tokio::select! {
                read = self.reader.read(&mut chunk), if has_room => {
                    let size = read?;
                    if size == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    self.connection.receive(&chunk[..size], self.started.elapsed(), tablet);
                    if self.connection.has_answered_connect() {
                        proof.mark_proven();
                    }
                    // A client that sends all the time must not delay the others.
                    yield_now().await;
                }
                written = write_output(&mut self.writer, self.connection.output()),
                    if !has_answered =>
                {
                    self.is_flushed = written?;
                }
                () = self.mailbox.wait_for_change() => {}
                () = sleep_until_deadline(deadline) => {
                    self.connection.check_deadline(self.started.elapsed());
                }
                () = server.stop.cancelled() => {
                    self.connection.end(Reason {
                        code: ReasonCode::ServerShuttingDown,
                        text: "server_shutting_down: The edge stops. Connect again.".to_owned(),
                    });
                }
            }
        }
    }

    fn send_messages(&mut self) {
        while self.connection.may_publish()
            && self.connection.output().len() < OUTPUT_BYTES_MAX
            && let Some(message) = self.mailbox.take_message()
        {
            let is_sent = self.connection.publish(&OutgoingMessage {
                topic: &message.topic,
                payload: &message.payload,
                qos: message.qos,
                retain: message.retain,
            });
            if !is_sent {
                tracing::debug!("A message is larger than its tablet's maximum");
            }
        }
    }

    /// Sends the rest of the output, closes this direction and waits for the client to close the
    /// other: a socket that is closed with unread bytes would discard the output.
    async fn say_goodbye(&mut self) {
        if self.connection.output().is_empty() && self.is_flushed {
            return;
        }
        let goodbye = async {
            while !self.connection.output().is_empty() {
                write_output(&mut self.writer, self.connection.output()).await?;
            }
            self.writer.flush().await?;
            self.writer.shutdown().await?;
            let mut rest = [0; 1024];
            while self.reader.read(&mut rest).await? > 0 {}
            io::Result::Ok(())
        };
        // A client that is gone or slow misses the last packet.
        let _ = timeout(DISCONNECT_WITHIN, goodbye).await;
    }
}

/// Writes some of the output, or flushes the stream if there is none; true once it is flushed.
pub(super) async fn write_output(
    writer: &mut (impl AsyncWrite + Unpin),
    output: &mut BytesMut,
) -> io::Result<bool> {
    if output.is_empty() {
        writer.flush().await?;
        return Ok(true);
    }
    let written = writer.write(output).await?;
    if written == 0 {
        return Err(io::ErrorKind::WriteZero.into());
    }
    output.advance(written);
    Ok(false)
}

async fn sleep_until_deadline(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
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
    let router = callers.guard(websocket_routes(&["/", "/mqtt"], server));
    web::serve_http(
        listener,
        web::with_standard_layers(router, "mqtt-ws"),
        slots,
        stop,
    )
    .await;
}

/// Routes for MQTT over WebSocket at these paths.
pub(super) fn websocket_routes(paths: &[&str], server: MqttServer) -> Router {
    let mut router = Router::new();
    for path in paths {
        router = router.route(path, any(upgrade_to_mqtt));
    }
    router.with_state(server)
}

async fn upgrade_to_mqtt(
    State(server): State<MqttServer>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Extension(proof): Extension<SlotProof>,
    upgrade: WebSocketUpgrade,
) -> Response {
    proof.withdraw_proof();
    upgrade
        .protocols(["mqtt", "mqttv3.1"])
        .max_message_size(PACKET_BYTES_MAX)
        .max_frame_size(PACKET_BYTES_MAX)
        .on_upgrade(move |socket| bridge_to_broker(socket, server, proof, from))
}

/// Forwards the broker's last bytes, then ends its stream: a dropped connection would leave its
/// person signed in.
async fn bridge_to_broker(
    socket: WebSocket,
    server: MqttServer,
    proof: SlotProof,
    from: SocketAddr,
) {
    let (ours, brokers) = duplex(PIPE_BYTES_MAX);
    let (over, client_is_gone) = oneshot::channel();
    let carrying = async {
        copy_both_ways(socket, ours).await;
        // Fails if the broker side has ended first.
        let _ = over.send(());
    };
    let ending = async {
        let _ = client_is_gone.await;
        sleep(ENDS_WITHIN).await;
    };
    let conversation = async {
        tokio::select! {
            () = server.serve_connection(brokers, proof, from) => {}
            () = ending => tracing::error!(
                "The broker did not close a connection whose client has disconnected"),
        }
    };
    tokio::join!(carrying, conversation);
}

/// Copies both directions independently until one ends.
async fn copy_both_ways(socket: WebSocket, pipe: DuplexStream) {
    let (from_broker, to_broker) = split(pipe);
    let (to_client, from_client) = socket.split();
    tokio::select! {
        () = copy_to_broker(from_client, to_broker) => {}
        () = copy_to_client(from_broker, to_client) => {}
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
