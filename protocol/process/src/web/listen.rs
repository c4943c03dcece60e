//! Binds and serves, with bounded connections and bounded waits, until a stop. An accepted
//! connection holds a slot, ends when it loses the slot, and bounds the wait for a slow reader.

use std::{
    convert::Infallible,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::StatusCode;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{self, Sleep, sleep},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tower::Service;

use crate::{
    metrics,
    sse::ProcessStop,
    web::{
        certificate::Certificate,
        heads::{StrictHeads, UpgradeMark, WrongHost, names_one_host},
        slots::{ConnectionSlot, ConnectionSlots, SlotProof},
    },
};

#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("the address {addr} is in use by another process")]
    Taken { addr: String },
    #[error("could not listen on {addr}")]
    Io {
        addr: String,
        #[source]
        source: io::Error,
    },
}

/// How long a connection may take to send the head of its next request. Idle connections close
/// after the same time, so our client drops them sooner.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Includes the token. A larger head gets 431.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How long a stop waits for answers under way.
const DRAIN: Duration = Duration::from_secs(10);

/// Pause while the system has no room for connections.
const NO_ROOM_PAUSE: Duration = Duration::from_millis(200);

pub async fn bind_listener(addr: &str) -> Result<TcpListener, BindError> {
    TcpListener::bind(addr).await.map_err(|source| {
        let addr = addr.to_owned();
        match source.kind() {
            io::ErrorKind::AddrInUse => BindError::Taken { addr },
            _ => BindError::Io { addr, source },
        }
    })
}

/// Answers until `stop`, then accepts no more connections and lets answers under way finish, for at
/// most ten seconds. Handlers find the caller's `ConnectInfo<SocketAddr>`, the stop as
/// `ProcessStop`, which endless answers must heed, and their `SlotProof`. An upgraded connection,
/// such as a WebSocket, belongs to its handler, which must watch the stop; it keeps its slot until
/// it is closed.
pub async fn serve_http(
    listener: TcpListener,
    router: Router,
    slots: ConnectionSlots,
    stop: CancellationToken,
) {
    let stopping = stop.clone();
    serve_connections(listener, slots, stop, move |stream, from| {
        let proof = stream.slot.proof();
        serve_connection(stream, proof, from, router.clone(), stopping.clone())
    })
    .await;
}

/// Serves over TLS only.
pub async fn serve_https(
    listener: TcpListener,
    certificate: Certificate,
    router: Router,
    slots: ConnectionSlots,
    stop: CancellationToken,
) {
    let stopping = stop.clone();
    serve_connections(listener, slots, stop, move |stream, from| {
        let acceptor = certificate.current_acceptor();
        let proof = stream.slot.proof();
        let router = router.clone();
        let stop = stopping.clone();
        async move {
            match time::timeout(HEAD_TIMEOUT, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => serve_connection(stream, proof, from, router, stop).await,
                Ok(Err(error)) => tracing::debug!(%error, "The TLS handshake failed"),
                Err(_) => tracing::debug!("The TLS handshake took too long"),
            }
        }
    })
    .await;
}

/// Runs `converse` for each connection in a task, until `stop` and at most ten seconds longer.
/// Connections without a slot are closed unread.
pub async fn serve_connections<C>(
    listener: TcpListener,
    slots: ConnectionSlots,
    stop: CancellationToken,
    converse: impl Fn(PacedStream, SocketAddr) -> C,
) where
    C: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        let (stream, from) = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accept_connection(&listener, &slots) => accepted,
        };
        // Keep the set small by removing ended connections.
        while connections.try_join_next().is_some() {}
        connections.spawn(converse(stream, from));
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if time::timeout(DRAIN, all).await.is_err() {
        tracing::warn!(
            open = connections.len(),
            "Connections did not finish in time; closing them"
        );
    }
}

async fn accept_connection(
    listener: &TcpListener,
    slots: &ConnectionSlots,
) -> (PacedStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                let Some(slot) = slots.take_slot(from.ip()) else {
                    continue;
                };
                // Nagle's algorithm would delay small answers.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "Could not turn off Nagle's algorithm for a connection");
                }
                return (PacedStream::new(stream, slot), from);
            }
            Err(error) if is_peer_error(&error) => {}
            Err(error) => {
                metrics::CONNECTIONS_REFUSED.add(["no_room"], 1);
                tracing::error!(%error, "Could not accept a connection");
                time::sleep(NO_ROOM_PAUSE).await;
            }
        }
    }
}

/// True if the peer gave up before it was accepted.
fn is_peer_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Serves one connection and holds its slot.
async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    proof: SlotProof,
    from: SocketAddr,
    router: Router,
    stop: CancellationToken,
) {
    let stopping = ProcessStop(stop.clone());
    let upgraded = UpgradeMark::default();
    let stream = StrictHeads::new(stream, upgraded.clone());
    let service = service_fn(move |request: http::Request<Incoming>| {
        proof.mark_proven();
        let mut router = router.clone();
        let upgraded = upgraded.clone();
        let mut request = request.map(Body::new);
        if !names_one_host(&request) {
            request.extensions_mut().insert(WrongHost);
        }
        request.extensions_mut().insert(ConnectInfo(from));
        request.extensions_mut().insert(stopping.clone());
        request.extensions_mut().insert(proof.clone());
        async move {
            let response = router.call(request).await.unwrap_or_else(|e| match e {});
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                upgraded.set();
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Peers go away every day; log it for debugging.
        tracing::debug!(%error, "A connection broke");
    }
}

/// A reader must take this many bytes, or all there are, within this time, or the connection ends.
const BYTES_TAKEN_MIN: usize = 32 * 1024;

const TAKEN_WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct PacedStream {
    stream: TcpStream,
    pub slot: ConnectionSlot,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Runs while the reader is behind.
    behind: Option<Pin<Box<Sleep>>>,
    /// Bytes since the reader fell behind.
    taken: usize,
}

impl PacedStream {
    fn new(stream: TcpStream, slot: ConnectionSlot) -> Self {
        let cut = Box::pin(slot.cut.clone().cancelled_owned());
        Self {
            stream,
            slot,
            cut,
            behind: None,
            taken: 0,
        }
    }

    /// Applies the pace to the result of a write of `len` bytes.
    fn pace_write(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
        len: usize,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.taken += bytes;
                if bytes >= len || self.taken >= BYTES_TAKEN_MIN {
                    self.behind = None;
                    self.taken = 0;
                }
                written
            }
            Poll::Ready(Err(_)) => written,
            Poll::Pending => {
                let behind = self
                    .behind
                    .get_or_insert_with(|| Box::pin(sleep(TAKEN_WITHIN)));
                if behind.as_mut().poll(context).is_ready() {
                    metrics::CONNECTIONS_REFUSED.add(["slow_reader"], 1);
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                self.poll_cut(context)
            }
        }
    }

    /// Pending, unless the slot went to another connection.
    fn poll_cut<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        match self.cut.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for PacedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self.poll_cut(context),
            read @ Poll::Ready(_) => read,
        }
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.pace_write(context, written, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.pace_write(context, written, parts.iter().map(|part| part.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
