//! Health of the process: it lives, it can work, and its metrics.

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use futures::future::join_all;
use http::{StatusCode, header};
use serde::Serialize;

use crate::metrics;

/// The services this process needs in reach to do its work. A clone is the same list.
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

/// A check that has not answered by then counts as failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

impl Readiness {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check: it answers why `name` is missing, for an operator to read.
    pub fn add<F, A>(&mut self, name: impl Into<String>, ask: F) -> &mut Self
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks.push(Check { name: name.into(), ask: Arc::new(move || Box::pin(ask())) });
        self
    }

    /// Everything that is missing now; empty when all is in reach.
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

/// Tells whether the process lives, whether it can work, and what it has measured.
pub fn router(readiness: Readiness) -> Router {
    Router::new()
        .route("/health", get(live))
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(measured))
        .with_state(readiness)
}

#[derive(Serialize)]
struct Report {
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

async fn live() -> Json<Report> {
    Json(Report { status: "ok", missing: Vec::new() })
}

async fn ready(State(readiness): State<Readiness>) -> Response {
    let missing = readiness.missing().await;
    if missing.is_empty() {
        return Json(Report { status: "ready", missing }).into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, Json(Report { status: "not_ready", missing })).into_response()
}

async fn measured() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::render())
}

#[cfg(test)]
mod tests;
