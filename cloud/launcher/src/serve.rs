//! Runs one process from its first listen to its last log line.
//!
//! Invariant: a stop takes well under five seconds and works from the outside in: new requests,
//! answers under way, consumers, jobs and relays, then the bus; a store closes with its last user.
//! All promises are already on disk, so a kill loses nothing.

use std::time::Duration;

use axum::Router;
use platform::ServiceContext;
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
pub struct ListenSettings {
    part: CloudPart,
    public: String,
    /// Empty for none.
    operator: String,
    certificate: Option<Certificate>,
}

impl ListenSettings {
    pub async fn from_settings(part: CloudPart, settings: &Settings) -> anyhow::Result<Self> {
        let operator = settings.platform.operator_bind.clone();
        let certificate = match part {
            CloudPart::Gateway => {
                settings
                    .load_section::<gateway::Config>(part)?
                    .load_certificate()
                    .await?
            }
            _ => None,
        };
        Ok(Self {
            part,
            public: settings.bind_address(part)?,
            operator,
            certificate,
        })
    }
}

/// Listens, opens the parts and serves until a stop signal. Listening first reports a taken port
/// before anything else happens, and keeps health checks answering while a store is unreachable.
pub async fn run(
    binds: ListenSettings,
    slots: web::ConnectionSlots,
    context: ServiceContext,
    startup: &Startup,
    open: impl Future<Output = anyhow::Result<Router>>,
) -> anyhow::Result<()> {
    let listener = web::bind_listener(&binds.public).await?;
    let operators = match binds.operator.as_str() {
        "" => None,
        operator => Some(web::bind_listener(operator).await?),
    };
    let address = listener.local_addr()?;
    let router = startup.router(binds.part.name());
    if let Some(listener) = operators {
        serve_operator(listener, router.clone(), &context);
    }
    let stop = startup.stop.clone();
    let opened = async {
        startup.install_router(open.await?);
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
    let serving = serve_public(listener, binds.certificate, router, slots, stop.clone());
    let ((), ended) = tokio::join!(serving, until_stopped);
    context.tasks.shutdown(STOP_WITHIN).await;
    ground::close(context).await;
    tracing::info!("stopped");
    ended
}

/// Answers until `stop`, then for `DRAIN` at most.
async fn serve_public(
    listener: tokio::net::TcpListener,
    certificate: Option<Certificate>,
    router: Router,
    slots: web::ConnectionSlots,
    stop: CancellationToken,
) {
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    let serving = async {
        let Some(certificate) = certificate else {
            return web::serve_http(listener, router, slots, stop.clone()).await;
        };
        tokio::join!(
            certificate.clone().reload_until_stopped(stop.clone()),
            web::serve_https(listener, certificate, router, slots, stop.clone())
        );
    };
    tokio::select! {
        () = serving => {}
        () = late => tracing::warn!("Closed connections whose responses did not finish before the shutdown deadline"),
    }
}

/// Ends with the tasks, which stop last, so that final metrics and the stopping state stay
/// readable.
fn serve_operator(listener: tokio::net::TcpListener, public: Router, context: &ServiceContext) {
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "The operator's port listens");
    }
    let stop = context.tasks.stop_token();
    let serving = web::serve_http(
        listener,
        health::operator_routes(public),
        web::ConnectionSlots::default(),
        stop,
    );
    context.tasks.spawn("operator", serving);
}
