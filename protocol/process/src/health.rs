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
    checks: Vec<DependencyCheck>,
}

type CheckFuture = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

#[derive(Clone)]
struct DependencyCheck {
    name: String,
    ask: Arc<dyn Fn() -> CheckFuture + Send + Sync>,
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
        self.checks.push(DependencyCheck {
            name: name.into(),
            ask: Arc::new(move || Box::pin(ask())),
        });
        self
    }

    /// Everything that is missing now; empty if all is reachable.
    pub async fn find_missing(&self) -> Vec<MissingDependency> {
        let answers = join_all(self.checks.iter().map(DependencyCheck::run_check)).await;
        answers.into_iter().flatten().collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingDependency {
    pub name: String,
    pub why: String,
}

impl DependencyCheck {
    async fn run_check(&self) -> Option<MissingDependency> {
        let why = match tokio::time::timeout(CHECK_TIMEOUT, (self.ask)()).await {
            Ok(Ok(())) => return None,
            Ok(Err(why)) => why,
            Err(_) => format!("no answer within {} s", CHECK_TIMEOUT.as_secs()),
        };
        Some(MissingDependency {
            name: self.name.clone(),
            why,
        })
    }
}

/// Public routes for liveness and readiness, without details.
pub fn router(readiness: Readiness) -> Router {
    Router::new()
        .route("/health", get(report_liveness))
        .route("/health/live", get(report_liveness))
        .route("/health/ready", get(report_readiness))
        .with_state(readiness)
}

/// Routes of the operator's listener: metrics, and the readiness of the process behind `public` in
/// detail.
pub fn operator_routes(public: Router) -> Router {
    let readiness = get(async move |mut request: Request| {
        request.extensions_mut().insert(OperatorRequest);
        public.oneshot(request).await
    });
    Router::new()
        .route("/health", get(report_liveness))
        .route("/health/live", get(report_liveness))
        .route("/health/ready", readiness)
        .route("/metrics", get(serve_metrics))
}

/// Marks a request from the operator's listener. Callers cannot set it.
#[derive(Clone)]
struct OperatorRequest;

#[derive(Serialize)]
struct HealthReport {
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<MissingDependency>,
}

async fn report_liveness() -> Json<HealthReport> {
    Json(HealthReport {
        status: "ok",
        missing: Vec::new(),
    })
}

async fn report_readiness(
    State(readiness): State<Readiness>,
    operator: Option<Extension<OperatorRequest>>,
) -> Response {
    let mut missing = readiness.find_missing().await;
    let (code, status) = match missing.is_empty() {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
    };
    if operator.is_none() {
        missing.clear();
    }
    (code, Json(HealthReport { status, missing })).into_response()
}

async fn serve_metrics() -> impl IntoResponse {
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        metrics::render_prometheus(),
    )
}

#[cfg(test)]
mod tests;
