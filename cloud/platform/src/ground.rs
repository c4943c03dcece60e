//! The dependencies that every service receives when it opens.

use std::time::Duration;

use process::{
    clock::Clock,
    tasks::Tasks,
    tokens::{ServiceKey, TokenKeys},
};

use crate::{bus::Bus, cache::Cache, sealing::DataKeys};

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
