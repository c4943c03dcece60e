//! The ports and keys that every service is given when it opens.

use std::time::Duration;

use process::{
    clock::Clock,
    tasks::Tasks,
    tokens::{Keys, ServiceKey},
};

use crate::{bus::Bus, cache::Cache, sealing::DataKeys};

#[derive(Clone)]
pub struct Ground {
    pub clock: Clock,
    pub tasks: Tasks,
    pub bus: Bus,
    pub cache: Cache,
    pub keys: Keys,
    pub service_key: ServiceKey,
    /// How long its outbox keeps events that have left.
    pub sent_kept: Duration,
    /// Of the part's own store.
    pub data_keys: DataKeys,
    /// Money of completed work waits so long for an objection, and people are told so.
    pub dispute_ms: i64,
}
