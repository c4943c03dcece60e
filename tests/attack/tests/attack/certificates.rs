//! An edge that calls its gateway over TLS, and an attacker on the network who answers instead.

#![allow(clippy::unwrap_used)]

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use attack::PATIENCE;
use axum::{Router, http::StatusCode};
use process::{
    tasks::Tasks,
    web::{self, Certificate},
};
use support::{Authority, ServerIdentity, eventually};

use crate::new_edge::NewEdge;

/// Counts the requests that reach it.
struct FalseGateway {
    url: String,
    requests: Arc<AtomicUsize>,
    tasks: Tasks,
}

impl FalseGateway {
    async fn start(folder: &Path, identity: &ServerIdentity) -> Self {
        let [chain, key] = ["chain.pem", "key.pem"].map(|file| folder.join(file));
        std::fs::write(&chain, &identity.certificate).unwrap();
        std::fs::write(&key, &identity.key).unwrap();
        let certificate = Certificate::load(chain, key).await.unwrap();
        let listener = web::bind_listener("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let requests = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&requests);
        let router = Router::new().fallback(async move || {
            counted.fetch_add(1, Ordering::Relaxed);
            StatusCode::NOT_FOUND
        });
        let tasks = Tasks::new();
        let slots = web::ConnectionSlots::default();
        let serving = web::serve_https(listener, certificate, router, slots, tasks.stop_token());
        tasks.spawn("gateway", serving);
        Self {
            url,
            requests,
            tasks,
        }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_on_the_network_answers_an_edge_with_a_certificate_that_is_not_the_gateways() {
    let folder = tempfile::tempdir().unwrap();
    let honest = Authority::new().unwrap();
    let foreign = Authority::new().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, honest.pem()).unwrap();
    for (identity, is_the_gateways) in [
        (foreign.server("127.0.0.1").unwrap(), false),
        (honest.server("gateway.example").unwrap(), false),
        // The control: this one receives the edge's code.
        (honest.server("127.0.0.1").unwrap(), true),
    ] {
        let gateway = FalseGateway::start(folder.path(), &identity).await;
        let edge = NewEdge::start_trusting(&gateway.url, "a-code", &roots);
        eventually("the edge has called", PATIENCE, async || {
            let is_over = gateway.requests() > 0 || edge.said().contains("Not enrolled yet");
            is_over.then_some(())
        })
        .await;
        let has_heard = gateway.requests() > 0;
        assert_eq!(has_heard, is_the_gateways, "{}", edge.said());
        gateway.tasks.shutdown(PATIENCE).await;
    }
}
