//! Binds and serves, with bounded connections and bounded waits, until told to stop.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time,
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::{metrics, sse::ProcessStop};

#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("the address {addr} is taken by another process")]
    Taken { addr: String },
    #[error("could not listen on {addr}")]
    Io {
        addr: String,
        #[source]
        source: io::Error,
    },
}

/// Connections at once; one more waits in the system's queue until another ends.
const CONNECTIONS_MAX: usize = 4096;
/// How long a connection may take to send the head of its next request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a stop waits for answers under way.
const DRAIN: Duration = Duration::from_secs(10);
/// How long to wait when the system has no room for another connection.
const NO_ROOM_PAUSE: Duration = Duration::from_millis(200);

pub async fn bind(addr: &str) -> Result<TcpListener, BindError> {
    TcpListener::bind(addr).await.map_err(|source| {
        let addr = addr.to_owned();
        match source.kind() {
            io::ErrorKind::AddrInUse => BindError::Taken { addr },
            _ => BindError::Io { addr, source },
        }
    })
}

/// Answers until `stop`, then takes no more connections and lets answers under way finish, for ten
/// seconds at most. Handlers find the caller's address as `ConnectInfo<SocketAddr>`, and the stop as
/// `ProcessStop`, which an answer without an end heeds. A connection that was upgraded, as a WebSocket is, belongs to its handler, which hears of the stop by itself.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let (stream, from, permit) = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accept(&listener, &permits) => accepted,
        };
        // Ended connections leave here, so the set holds little more than the open ones.
        while connections.try_join_next().is_some() {}
        connections.spawn(converse(stream, from, permit, router.clone(), stop.clone()));
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if time::timeout(DRAIN, all).await.is_err() {
        tracing::warn!(open = connections.len(), "Connections did not finish in time and are cut");
    }
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        // The semaphore is never closed, so there is always a permit in the end.
        let Ok(permit) = Arc::clone(permits).acquire_owned().await else { continue };
        match listener.accept().await {
            Ok((stream, from)) => return (stream, from, permit),
            Err(error) if of_the_peer(&error) => {}
            Err(error) => {
                tracing::error!(%error, "Could not take a connection");
                time::sleep(NO_ROOM_PAUSE).await;
            }
        }
    }
}

/// The peer gave up before it was taken.
fn of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// One connection, to its end. The permit goes with it.
async fn converse(
    stream: TcpStream,
    from: SocketAddr,
    _permit: OwnedSemaphorePermit,
    router: Router,
    stop: CancellationToken,
) {
    let _counted = Counted::new();
    // Small answers must not wait for company.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "A connection keeps Nagle's delay");
    }
    let stopping = ProcessStop(stop.clone());
    let service = service_fn(move |request: http::Request<Incoming>| {
        let mut router = router.clone();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(from));
        request.extensions_mut().insert(stopping.clone());
        async move { Ok::<_, Infallible>(router.call(request).await.unwrap_or_else(|e| match e {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
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
        // A peer that goes away is everyday, and worth a word only to someone who looks for it.
        tracing::debug!(%error, "A connection broke");
    }
}

/// Shows how many connections are open, also when one is cut.
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::HTTP_CONNECTIONS.change([], 1);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::HTTP_CONNECTIONS.change([], -1);
    }
}
