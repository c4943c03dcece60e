//! Runs one process from its first listen to its last log line. While it opens and while it stops
//! it is live, but not ready; it retries an unreachable store until the store answers.
//!
//! Invariant: a stop takes well under five seconds and works from the outside in: new requests,
//! answers under way, consumers, jobs and relays, then the bus; a store closes with its last user.
//! All promises are already on disk, so a kill loses nothing.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use axum::{Router, extract::Request, response::IntoResponse};
use platform::{OpenError, ServiceContext};
use process::{
    health::{self, Readiness},
    parts::CloudPart,
    problem::{Problem, format_error_chain},
    tasks::{STOP_WITHIN, stop_signal},
    web::{self, Certificate},
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use wire::Code;

use crate::{resources, settings::Settings};

/// Time for answers under way to finish during a stop.
const DRAIN: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// Interval for repeating an unchanged reason, for operators who read the end of the log.
const REPEAT_REASON_AFTER: Duration = Duration::from_secs(60);
const READY_PATH: &str = "/health/ready";
/// The `Retry-After` of requests before the process is open.
const RETRY_AFTER_S: u32 = 1;

/// The addresses a process listens on, and its TLS certificate.
pub(crate) struct ListenSettings {
    part: CloudPart,
    public: String,
    /// Empty for none.
    operator: String,
    certificate: Option<Certificate>,
}

impl ListenSettings {
    pub(crate) async fn from_settings(
        part: CloudPart,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
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
pub(crate) async fn serve_until_stopped(
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
    resources::close_context(context).await;
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
        sleep(DRAIN).await;
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

/// The state of the process's start and stop. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Startup {
    /// Why a store does not answer; empty while no store is awaited.
    waits_for: Arc<Mutex<String>>,
    opened: Arc<OnceLock<Router>>,
    /// Cancelled when the process should stop.
    pub stop: CancellationToken,
}

impl Startup {
    /// All routes of the process: the opened router's, once it exists. During a stop it still
    /// serves existing callers, but `/health/ready` reports not ready.
    pub(crate) fn router(&self, service: &'static str) -> Router {
        let closed =
            health::router(self.build_readiness()).fallback(async || refuse_while_starting());
        let closed = web::with_standard_layers(closed, service);
        let opened = self.opened.clone();
        let stop = self.stop.clone();
        Router::new().fallback(async move |request: Request| {
            let is_ending = stop.is_cancelled() && request.uri().path() == READY_PATH;
            let router = opened.get().filter(|_| !is_ending).unwrap_or(&closed);
            router.clone().oneshot(request).await
        })
    }

    /// Serves `router` from now on.
    pub(crate) fn install_router(&self, router: Router) {
        let _ = self.opened.set(router);
    }

    /// Opens `name`, with retry and backoff while its store is unreachable. Returns any other
    /// failure.
    pub(crate) async fn open_with_retry<T>(
        &self,
        name: &str,
        mut open: impl AsyncFnMut() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut retry = RETRY;
        let mut logged_at: Option<Instant> = None;
        loop {
            let error = match open().await {
                Err(error) if is_store_away(&error) => error,
                done => {
                    self.wait_for(String::new());
                    return done;
                }
            };
            let why =
                format_error_chain(AsRef::<dyn std::error::Error + Send + Sync>::as_ref(&error));
            if logged_at.is_none_or(|at| at.elapsed() >= REPEAT_REASON_AFTER) {
                tracing::warn!(why, "`{name}` waits for its store, which is unavailable");
                logged_at = Some(Instant::now());
            }
            self.wait_for(why);
            sleep(retry).await;
            retry = (retry * 2).min(RETRY_MAX);
        }
    }

    /// Reports why the process is not ready: it is opening or stopping.
    fn build_readiness(&self) -> Readiness {
        let Self {
            waits_for,
            opened,
            stop,
        } = self.clone();
        let mut readiness = Readiness::new();
        readiness.add("start", move || {
            let why = waits_for
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            let why = if why.is_empty() {
                "still starting".to_owned()
            } else {
                why
            };
            let is_open = opened.get().is_some();
            async move { if is_open { Ok(()) } else { Err(why) } }
        });
        readiness.add("stop", move || {
            let is_stopping = stop.is_cancelled();
            async move {
                if is_stopping {
                    Err("shutting down".to_owned())
                } else {
                    Ok(())
                }
            }
        });
        readiness
    }

    fn wait_for(&self, why: String) {
        *self
            .waits_for
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = why;
    }
}

fn is_store_away(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<OpenError>()
        .is_some_and(OpenError::is_store_away)
}

fn refuse_while_starting() -> impl IntoResponse {
    Problem::new(Code::Unavailable).retry_after(RETRY_AFTER_S)
}
