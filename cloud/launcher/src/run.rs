//! Runs one process from its first listen to its last log line.
//!
//! Invariant: a stop takes well under five seconds and works from the outside in: new requests,
//! answers under way, consumers, jobs and relays, then the bus; a store closes with its last user.
//! All promises are already on disk, so a kill loses nothing.

use std::time::Duration;

use axum::Router;
use platform::Ground;
use process::{
    health,
    parts::CloudPart,
    tasks::{STOP_WITHIN, stop_signal},
    web::{self, Certificate},
};
use tokio_util::sync::CancellationToken;

use crate::{ground, settings::Settings, startup::Startup};

/// For answers under way.
const DRAIN: Duration = Duration::from_secs(2);

/// The addresses a process listens on, and its TLS certificate.
pub struct Binds {
    part: CloudPart,
    public: String,
    /// Empty for none.
    operator: String,
    certificate: Option<Certificate>,
}

impl Binds {
    pub async fn of(part: CloudPart, settings: &Settings) -> anyhow::Result<Self> {
        let operator = settings.platform.operator_bind.clone();
        let certificate = match part {
            CloudPart::Gateway => settings.section::<gateway::Config>(part)?.certificate().await?,
            _ => None,
        };
        Ok(Self { part, public: settings.bind(part)?, operator, certificate })
    }
}

/// Listens, opens the parts and serves until a stop signal. Listening first reports a taken port
/// before anything else happens, and keeps health checks answering while a store is unreachable.
pub async fn run(
    binds: Binds,
    slots: web::Slots,
    ground: Ground,
    startup: &Startup,
    open: impl Future<Output = anyhow::Result<Router>>,
) -> anyhow::Result<()> {
    let listener = web::bind(&binds.public).await?;
    let operators = match binds.operator.as_str() {
        "" => None,
        operator => Some(web::bind(operator).await?),
    };
    let address = listener.local_addr()?;
    let router = startup.router(binds.part.name());
    if let Some(listener) = operators {
        serve_operator(listener, router.clone(), &ground);
    }
    let stop = startup.stop.clone();
    let opened = async {
        startup.opened(open.await?);
        tracing::info!(%address, "ready");
        std::future::pending().await
    };
    let until_stopped = async {
        let ended = tokio::select! {
            () = stop_signal() => Ok(()),
            failed = opened => failed,
        };
        stop.cancel();
        ended
    };
    let serving = serve(listener, binds.certificate, router, slots, stop.clone());
    let ((), ended) = tokio::join!(serving, until_stopped);
    ground.tasks.shutdown(STOP_WITHIN).await;
    ground::close(ground).await;
    tracing::info!("stopped");
    ended
}

/// Answers until `stop`, then for `DRAIN` at most.
async fn serve(
    listener: tokio::net::TcpListener,
    certificate: Option<Certificate>,
    router: Router,
    slots: web::Slots,
    stop: CancellationToken,
) {
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    let serving = async {
        let Some(certificate) = certificate else {
            return web::serve(listener, router, slots, stop.clone()).await;
        };
        tokio::join!(
            certificate.clone().follow(stop.clone()),
            web::serve_by_tls(listener, certificate, router, slots, stop.clone())
        );
    };
    tokio::select! {
        () = serving => {}
        () = late => tracing::warn!("Some answers did not finish in time and are cut"),
    }
}

/// Ends with the tasks, which stop last, so that final metrics and the stopping state stay
/// readable.
fn serve_operator(listener: tokio::net::TcpListener, public: Router, ground: &Ground) {
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "The operator's port listens");
    }
    let stop = ground.tasks.token();
    let serving = web::serve(listener, health::operator(public), web::Slots::default(), stop);
    ground.tasks.spawn("operator", serving);
}
