//! The steps of opening that all services share.

use axum::Router;
use process::{health::Readiness, parts::CloudPart, tokens::TokenVerifier};

use crate::{
    Database, ServiceContext,
    bus::topology,
    health::{self, ReadinessCheck},
    jobs::{self, Job, JobError},
    outbox::{self, OutboxRelay, replay},
};

impl ServiceContext {
    /// The same context with child tasks: a part that opens later stops earlier.
    #[must_use]
    pub fn for_part(&self) -> Self {
        Self {
            tasks: self.tasks.new_child(),
            ..self.clone()
        }
    }

    pub fn verifier_for(&self, service: &'static str) -> TokenVerifier {
        let keys = self.keys.clone();
        let service_key = self.service_key.clone();
        TokenVerifier {
            service,
            keys,
            service_key,
            clock: self.clock.clone(),
        }
    }

    /// Runs a service's jobs and its outbox relay, and counts its dead letters.
    pub fn run(
        &self,
        service: &'static str,
        database: impl Into<Database>,
        mut jobs: Vec<Job>,
    ) -> Result<(), JobError> {
        let database = database.into();
        jobs.push(outbox::kept_job(
            database.clone(),
            self.clock.clone(),
            self.sent_kept,
        ));
        jobs.push(replay::replay_job(
            database.clone(),
            self.bus.clone(),
            self.clock.clone(),
        ));
        if let Some(part) = CloudPart::from_name(service) {
            topology::watch_dead_letters(&self.tasks, self.bus.clone(), part);
        }
        jobs::start(&self.tasks, database.clone(), self.clock.clone(), jobs)?;
        OutboxRelay::start(
            &self.tasks,
            database,
            self.bus.clone(),
            self.clock.clone(),
            service,
        );
        Ok(())
    }
}

/// The complete router of a service: its routes, health, metrics, and the standard middleware. The
/// service is ready when all `checks` pass.
pub fn router(
    service: &'static str,
    routes: Router,
    checks: impl IntoIterator<Item = ReadinessCheck>,
) -> Router {
    let readiness: Readiness = health::build_readiness(checks);
    process::web::with_standard_layers(routes.merge(process::health::router(readiness)), service)
}
