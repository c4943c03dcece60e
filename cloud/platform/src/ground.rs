//! What every service is handed when it opens.

use process::{
    clock::Clock,
    tasks::Tasks,
    tokens::{Keys, ServiceKey},
};

use crate::{bus::Bus, cache::Cache};

/// What every service stands on; cloned into each.
#[derive(Clone)]
pub struct Ground {
    pub clock: Clock,
    pub tasks: Tasks,
    pub bus: Bus,
    pub cache: Cache,
    pub keys: Keys,
    pub service_key: ServiceKey,
}
