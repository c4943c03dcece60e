//! The dependencies that every service receives when it opens, and what it starts with them.

use std::time::Duration;

use process::{
    clock::Clock,
    parts::CloudPart,
    tasks::Tasks,
    tokens::{ServiceKey, TokenKeys, TokenVerifier},
};

use crate::{
    bus::{Bus, dead_letters},
    cache::Cache,
    jobs::{self, Job, JobError},
    ledger::Database,
    outbox::{self, OutboxRelay},
    sealing::DataKeys,
};

#[derive(Clone)]
pub struct ServiceContext {
    pub clock: Clock,
    pub tasks: Tasks,
    pub bus: Bus,
    pub cache: Cache,
    pub keys: TokenKeys,
    pub service_key: ServiceKey,
    /// How long the outbox keeps sent events.
    pub sent_kept: Duration,
    /// The keys of the part's own store.
    pub data_keys: DataKeys,
    /// How long payment for completed work waits for an objection; users are told this period.
    pub dispute_ms: i64,
}

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
        jobs.push(outbox::purge_job(
            database.clone(),
            self.clock.clone(),
            self.sent_kept,
        ));
        jobs.push(outbox::replay_job(
            database.clone(),
            self.bus.clone(),
            self.clock.clone(),
        ));
        if let Some(part) = CloudPart::from_name(service) {
            dead_letters::watch_dead_letters(&self.tasks, self.bus.clone(), part);
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
