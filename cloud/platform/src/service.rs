//! The skeleton of a service: the steps of opening that all of them share.

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
    /// The same ground with tasks of its own: a part that opens later stops earlier.
    #[must_use]
    pub fn for_part(&self) -> Self {
        Self { tasks: self.tasks.child(), ..self.clone() }
    }

    pub fn verifier(&self, service: &'static str) -> Verifier {
        let (keys, service_key) = (self.keys.clone(), self.service_key.clone());
        Verifier { service, keys, service_key, clock: self.clock.clone() }
    }

    /// Runs the jobs of a service and the relay of the events in its outbox or documents, and
    /// counts its letters.
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

/// The finished router of a service: its routes, health and metrics, and the frame around them. It
/// is ready when all of `checks` are in reach.
pub fn router(
    service: &'static str,
    routes: Router,
    checks: impl IntoIterator<Item = Check>,
) -> Router {
    let readiness: Readiness = health::readiness(checks);
    process::web::standard(routes.merge(process::health::router(readiness)), service)
}
