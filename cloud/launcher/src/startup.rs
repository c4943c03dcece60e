//! Serves a process while it opens and while it stops: live, but not ready. Retries an unreachable
//! store until it answers.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use axum::{Router, extract::Request, response::IntoResponse};
use platform::OpenError;
use process::{
    health::{self, Readiness},
    problem::{Problem, format_error_chain},
    web,
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use wire::Code;

const RETRY: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// Interval for repeating an unchanged reason, for operators who read the end of the log.
const SAID_AGAIN: Duration = Duration::from_secs(60);
const READY_PATH: &str = "/health/ready";
/// The `Retry-After` of requests before the process is open.
const RETRY_AFTER_S: u32 = 1;

/// Clones share one process.
#[derive(Clone, Default)]
pub struct Startup {
    /// Why a store does not answer; empty while no store is awaited.
    waits_for: Arc<Mutex<String>>,
    opened: Arc<OnceLock<Router>>,
    /// Cancelled when the process should stop.
    pub stop: CancellationToken,
}

impl Startup {
    /// All routes of the process: the opened router's, once it exists. During a stop it still
    /// serves existing callers, but `/health/ready` reports not ready.
    pub fn router(&self, service: &'static str) -> Router {
        let closed = health::router(self.build_readiness()).fallback(async || not_yet());
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
    pub fn install_router(&self, router: Router) {
        let _ = self.opened.set(router);
    }

    /// Opens `name`, with retry and backoff while its store is unreachable. Returns any other
    /// failure.
    pub async fn open_with_retry<T>(
        &self,
        name: &str,
        mut open: impl AsyncFnMut() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut retry = RETRY;
        let mut said: Option<Instant> = None;
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
            if said.is_none_or(|said| said.elapsed() >= SAID_AGAIN) {
                tracing::warn!(why, "`{name}` waits for its store, which is unavailable");
                said = Some(Instant::now());
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
            let is_told = stop.is_cancelled();
            async move {
                if is_told {
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

fn not_yet() -> impl IntoResponse {
    Problem::new(Code::Unavailable).retry_after(RETRY_AFTER_S)
}
