//! One process from its first listen to its last word.
//!
//! Invariant: a stop takes well under five seconds, and goes from the outside in: no new requests, then
//! answers under way, then consumers, jobs and relays, then the bus; a store closes with its last user.
//! Every promise is on disk before that, so a kill loses nothing either.

use std::{pin::pin, time::Duration};

use axum::Router;
use platform::Ground;
use process::{
    config::ConfigError,
    health,
    parts::CloudPart,
    tasks::{STOP_WITHIN, stop_signal},
    web,
};
use tokio_util::sync::CancellationToken;

use crate::{ground, settings::Settings};

/// For answers under way.
const DRAIN: Duration = Duration::from_secs(2);

/// The addresses on which a process listens.
pub struct Binds {
    public: String,
    /// Empty for none.
    operator: String,
}

impl Binds {
    pub fn of(part: CloudPart, settings: &Settings) -> Result<Self, ConfigError> {
        let operator = settings.platform.operator_bind.clone();
        Ok(Self { public: settings.bind(part)?, operator })
    }
}

/// Listens, opens, serves until told to stop. It listens first, so that a taken port is said before
/// anything is touched.
pub async fn run(
    binds: &Binds,
    slots: web::Slots,
    ground: Ground,
    open: impl Future<Output = anyhow::Result<Router>>,
) -> anyhow::Result<()> {
    let listener = web::bind(&binds.public).await?;
    let operators = match binds.operator.as_str() {
        "" => None,
        operator => Some(web::bind(operator).await?),
    };
    let address = listener.local_addr()?;
    let mut stopped = pin!(stop_signal());
    let served = tokio::select! {
        () = &mut stopped => Ok(()),
        opened = open => match opened {
            Err(error) => Err(error),
            Ok(router) => {
                if let Some(listener) = operators {
                    serve_operator(listener, router.clone(), &ground);
                }
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

/// It ends with the tasks, so that the last figures can be read while the process stops.
fn serve_operator(listener: tokio::net::TcpListener, public: Router, ground: &Ground) {
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "The operator's port listens");
    }
    let stop = ground.tasks.token();
    let serving = web::serve(listener, health::operator(public), web::Slots::default(), stop);
    ground.tasks.spawn("operator", serving);
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
