//! Binds and serves, in plain text or over TLS, with bounded connections and bounded waits, until a
//! stop.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::StatusCode;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, task::JoinSet, time};
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::{
    metrics,
    sse::ProcessStop,
    web::{
        certificate::{Certificate, TlsProtocol},
        heads::{StrictHeads, UpgradeMark, WrongHost, names_one_host},
        origins::OverTls,
        slots::ConnectionSlots,
        stream::{ClientStream, PacedStream},
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

/// A bound address, and the protection of its connections.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    tls: Option<TlsSettings>,
}

#[derive(Debug, Clone)]
struct TlsSettings {
    certificate: Certificate,
    protocol: TlsProtocol,
}

impl Listener {
    /// Speaks only TLS. While the certificate is awaited, it closes each connection at once.
    pub fn with_tls(tcp: TcpListener, certificate: Certificate, protocol: TlsProtocol) -> Self {
        let tls = Some(TlsSettings {
            certificate,
            protocol,
        });
        Self { tcp, tls }
    }

    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

impl From<TcpListener> for Listener {
    /// Speaks plain text.
    fn from(tcp: TcpListener) -> Self {
        Self { tcp, tls: None }
    }
}

/// Answers until `stop`, then accepts no more connections and lets answers under way finish, for at
/// most ten seconds. Handlers find the caller's `ConnectInfo<SocketAddr>`, `OverTls` if the
/// connection is encrypted, the stop as `ProcessStop`, which endless answers must heed, and their
/// `SlotProof`. An upgraded connection, such as a WebSocket, belongs to its handler, which must
/// watch the stop; it keeps its slot until it is closed.
pub async fn serve_http(
    listener: impl Into<Listener>,
    router: Router,
    slots: ConnectionSlots,
    stop: CancellationToken,
) {
    let stopping = stop.clone();
    serve_connections(listener, slots, stop, move |stream, from| {
        serve_connection(stream, from, router.clone(), stopping.clone())
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
    let listener = Listener::with_tls(listener, certificate, TlsProtocol::Http);
    serve_http(listener, router, slots, stop).await;
}

/// Runs `converse` for each connection in a task, until `stop` and at most ten seconds longer.
/// Connections without a slot are closed unread. A TLS handshake runs in the connection's task and
/// slot, for at most ten seconds.
pub async fn serve_connections<C>(
    listener: impl Into<Listener>,
    slots: ConnectionSlots,
    stop: CancellationToken,
    converse: impl Fn(ClientStream, SocketAddr) -> C + Send + Sync + 'static,
) where
    C: Future<Output = ()> + Send + 'static,
{
    let Listener { tcp, tls } = listener.into();
    let converse = Arc::new(converse);
    let mut connections = JoinSet::new();
    loop {
        let (stream, from) = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accept_connection(&tcp, &slots) => accepted,
        };
        // Keep the set small by removing ended connections.
        while connections.try_join_next().is_some() {}
        let converse = Arc::clone(&converse);
        let tls = tls.clone();
        let stop = stop.clone();
        connections.spawn(async move {
            let protected = tokio::select! {
                protected = protect_stream(stream, tls) => protected,
                () = stop.cancelled() => None,
            };
            if let Some(stream) = protected {
                converse(stream, from).await;
            }
        });
    }
    drop(tcp);
    let all = async { while connections.join_next().await.is_some() {} };
    if time::timeout(DRAIN, all).await.is_err() {
        tracing::warn!(
            open = connections.len(),
            "Connections did not finish in time; closing them"
        );
    }
}

/// `None` if there is no certificate to show, or the handshake failed.
async fn protect_stream(stream: PacedStream, tls: Option<TlsSettings>) -> Option<ClientStream> {
    let Some(TlsSettings {
        certificate,
        protocol,
    }) = tls
    else {
        return Some(ClientStream::plain(stream));
    };
    let acceptor = certificate.current_acceptor(protocol)?;
    match time::timeout(HEAD_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => return Some(ClientStream::encrypted(stream)),
        Ok(Err(error)) => tracing::debug!(%error, "The TLS handshake failed"),
        Err(_) => tracing::debug!("The TLS handshake took too long"),
    }
    None
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
    stream: ClientStream,
    from: SocketAddr,
    router: Router,
    stop: CancellationToken,
) {
    let stopping = ProcessStop(stop.clone());
    let proof = stream.proof();
    let is_encrypted = stream.is_encrypted();
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
        if is_encrypted {
            request.extensions_mut().insert(OverTls);
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
