//! Listening: a bind that says which address is taken, and serving until told to stop.

use std::{io, net::SocketAddr, time::Duration};

use axum::{Router, serve::ListenerExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Why nothing can listen there.
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

/// How long a stop waits for answers under way.
const DRAIN: Duration = Duration::from_secs(10);

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
/// seconds at most. Handlers find the caller's address as `ConnectInfo<SocketAddr>`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) -> io::Result<()> {
    // Small answers must not wait for company.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "A connection keeps Nagle's delay");
        }
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let drained = stop.clone();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned());
    tokio::select! {
        served = async { serving.await } => served,
        () = async { drained.cancelled().await; tokio::time::sleep(DRAIN).await } => {
            tracing::warn!("Some connections did not finish in time and are cut");
            Ok(())
        }
    }
}
