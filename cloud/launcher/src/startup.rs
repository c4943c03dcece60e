//! Owns the time until a process is open. It answers meanwhile that it lives and is not ready, and a store
//! that is away is waited for, for as long as that lasts.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use axum::{Router, extract::Request, response::IntoResponse};
use platform::OpenError;
use process::{
    health::{self, Readiness},
    problem::{Problem, chain},
    web,
};
use tokio::time::{Instant, sleep};
use tower::ServiceExt;
use wire::Code;

const RETRY: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// The same reason is said again so often, for an operator who looks at the end of the log.
const SAID_AGAIN: Duration = Duration::from_secs(60);
/// A caller is asked to come again so late.
const RETRY_AFTER_S: u32 = 1;

/// Clones are the same process.
#[derive(Clone, Default)]
pub struct Startup {
    /// The cause for which a store does not answer; empty while nothing is waited for.
    waits_for: Arc<Mutex<String>>,
    opened: Arc<OnceLock<Router>>,
}

impl Startup {
    /// Every route of the process: the opened router's, once there is one.
    pub fn router(&self, service: &'static str) -> Router {
        let waits_for = self.waits_for.clone();
        let mut readiness = Readiness::new();
        readiness.add("start", move || {
            let why = waits_for.lock().unwrap_or_else(PoisonError::into_inner).clone();
            async move { Err(if why.is_empty() { "it is being opened".to_owned() } else { why }) }
        });
        let closed = health::router(readiness).fallback(async || not_yet());
        let closed = web::standard(closed, service);
        let opened = self.opened.clone();
        Router::new().fallback(async move |request: Request| {
            opened.get().unwrap_or(&closed).clone().oneshot(request).await
        })
    }

    /// From now on `router` answers.
    pub fn opened(&self, router: Router) {
        let _ = self.opened.set(router);
    }

    /// Opens `name`, again and again while its store is away. Any other failure ends it.
    pub async fn of<T>(
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
            let why = chain(AsRef::<dyn std::error::Error + Send + Sync>::as_ref(&error));
            if said.is_none_or(|said| said.elapsed() >= SAID_AGAIN) {
                tracing::warn!(why, "`{name}` waits for its store, which is away");
                said = Some(Instant::now());
            }
            self.wait_for(why);
            sleep(retry).await;
            retry = (retry * 2).min(RETRY_MAX);
        }
    }

    fn wait_for(&self, why: String) {
        *self.waits_for.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
}

fn is_store_away(error: &anyhow::Error) -> bool {
    error.downcast_ref::<OpenError>().is_some_and(OpenError::is_store_away)
}

fn not_yet() -> impl IntoResponse {
    Problem::new(Code::Unavailable).retry_after(RETRY_AFTER_S)
}
