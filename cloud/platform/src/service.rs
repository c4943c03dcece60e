//! The steps of opening that all services share.

use axum::Router;
use process::{health::Readiness, parts::CloudPart, tokens::Verifier};

use crate::{
    Database, Ground,
    bus::topology,
    health::{self, Check},
    jobs::{self, Job, JobError},
    outbox::{self, Relay, replay},
};

impl Ground {
    /// The same context with child tasks: a part that opens later stops earlier.
    #[must_use]
    pub fn for_part(&self) -> Self {
        Self { tasks: self.tasks.child(), ..self.clone() }
    }

    pub fn verifier(&self, service: &'static str) -> Verifier {
        let (keys, service_key) = (self.keys.clone(), self.service_key.clone());
        Verifier { service, keys, service_key, clock: self.clock.clone() }
    }

    /// Runs a service's jobs and its outbox relay, and counts its dead letters.
    pub fn run(
        &self,
        service: &'static str,
        database: impl Into<Database>,
        mut jobs: Vec<Job>,
    ) -> Result<(), JobError> {
        let database = database.into();
        jobs.push(outbox::kept_job(database.clone(), self.clock.clone(), self.sent_kept));
        jobs.push(replay::job(database.clone(), self.bus.clone(), self.clock.clone()));
        if let Some(part) = CloudPart::named(service) {
            topology::watch(&self.tasks, self.bus.clone(), part);
        }
        jobs::start(&self.tasks, database.clone(), self.clock.clone(), jobs)?;
        Relay::start(&self.tasks, database, self.bus.clone(), self.clock.clone(), service);
        Ok(())
    }
}

/// The complete router of a service: its routes, health, metrics, and the standard middleware. The
/// service is ready when all `checks` pass.
pub fn router(
    service: &'static str,
    routes: Router,
    checks: impl IntoIterator<Item = Check>,
) -> Router {
    let readiness: Readiness = health::readiness(checks);
    process::web::standard(routes.merge(process::health::router(readiness)), service)
}
