//! Liveness, readiness and metrics of the process. Only the operator's listener serves the metrics
//! and the missing dependencies.

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::{
    Extension, Json, Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use futures::future::join_all;
use http::{StatusCode, header};
use serde::Serialize;
use tower::ServiceExt;

use crate::metrics;

/// The dependencies that this process needs to do its work.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Vec<Check>,
}

type Answer = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

#[derive(Clone)]
struct Check {
    name: String,
    ask: Arc<dyn Fn() -> Answer + Send + Sync>,
}

/// A slower check counts as failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

impl Readiness {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check that returns why `name` is missing, for operators to read.
    pub fn add<F, A>(&mut self, name: impl Into<String>, ask: F) -> &mut Self
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks.push(Check { name: name.into(), ask: Arc::new(move || Box::pin(ask())) });
        self
    }

    /// Everything that is missing now; empty if all is reachable.
    pub async fn missing(&self) -> Vec<Missing> {
        let answers = join_all(self.checks.iter().map(Check::answer)).await;
        answers.into_iter().flatten().collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    pub name: String,
    pub why: String,
}

impl Check {
    async fn answer(&self) -> Option<Missing> {
        let why = match tokio::time::timeout(CHECK_TIMEOUT, (self.ask)()).await {
            Ok(Ok(())) => return None,
            Ok(Err(why)) => why,
            Err(_) => format!("no answer within {} s", CHECK_TIMEOUT.as_secs()),
        };
        Some(Missing { name: self.name.clone(), why })
    }
}

/// Public routes for liveness and readiness, without details.
pub fn router(readiness: Readiness) -> Router {
    Router::new()
        .route("/health", get(live))
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .with_state(readiness)
}

/// Routes of the operator's listener: metrics, and the readiness of the process behind `public` in
/// detail.
pub fn operator(public: Router) -> Router {
    let ready = async move |mut request: Request| {
        request.extensions_mut().insert(ForOperator);
        public.oneshot(request).await
    };
    Router::new()
        .route("/health", get(live))
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(measured))
}

/// Marks a request from the operator's listener. Callers cannot set it.
#[derive(Clone)]
struct ForOperator;

#[derive(Serialize)]
struct Report {
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

async fn live() -> Json<Report> {
    Json(Report { status: "ok", missing: Vec::new() })
}

async fn ready(
    State(readiness): State<Readiness>,
    operator: Option<Extension<ForOperator>>,
) -> Response {
    let mut missing = readiness.missing().await;
    let (code, status) = match missing.is_empty() {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
    };
    if operator.is_none() {
        missing.clear();
    }
    (code, Json(Report { status, missing })).into_response()
}

async fn measured() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::render())
}

#[cfg(test)]
mod tests;
