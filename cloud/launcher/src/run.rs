//! One process from its first listen to its last word.
//!
//! Invariant: a stop takes well under five seconds, and goes from the outside in: no new requests, then
//! answers under way, then consumers, jobs and relays, then the bus; a store closes with its last user.
//! Every promise is on disk before that, so a kill loses nothing either.

use std::{pin::pin, time::Duration};

use axum::Router;
use platform::Ground;
use process::{
    tasks::{STOP_WITHIN, stop_signal},
    web,
};
use tokio_util::sync::CancellationToken;

use crate::ground;

/// For answers under way.
const DRAIN: Duration = Duration::from_secs(2);

/// Listens, opens, serves until told to stop. It listens first, so that a taken port is said before
/// anything is touched.
pub async fn run(
    bind: &str,
    slots: web::Slots,
    ground: Ground,
    open: impl Future<Output = anyhow::Result<Router>>,
) -> anyhow::Result<()> {
    let listener = web::bind(bind).await?;
    let address = listener.local_addr()?;
    let mut stopped = pin!(stop_signal());
    let served = tokio::select! {
        () = &mut stopped => Ok(()),
        opened = open => match opened {
            Err(error) => Err(error),
            Ok(router) => {
                tracing::info!(%address, "ready");
                serve(listener, router, slots, stopped).await;
                Ok(())
            }
        },
    };
    ground.tasks.shutdown(STOP_WITHIN).await;
    ground::close(ground).await;
    tracing::info!("stopped");
    served
}

async fn serve(
    listener: tokio::net::TcpListener,
    router: Router,
    slots: web::Slots,
    stopped: impl Future<Output = ()>,
) {
    let stop = CancellationToken::new();
    let mut serving = pin!(web::serve(listener, router, slots, stop.clone()));
    tokio::select! {
        () = &mut serving => return,
        () = stopped => {}
    }
    stop.cancel();
    if tokio::time::timeout(DRAIN, serving).await.is_err() {
        tracing::warn!("Some answers did not finish in time and are cut");
    }
}
