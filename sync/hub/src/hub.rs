//! What every room of the hub shares.

use std::time::Duration;

use axum::extract::FromRef;
use platform::upstream::Upstream;
use process::{
    clock::Clock,
    tasks::Tasks,
    tokens::{Keys, ServiceKey, Verifier},
};
use uuid::Uuid;
use wire::Limits;

use crate::{
    NAME,
    domain::{compare::Resume, settling::Unsettled},
    feed::Regions,
    session::{Asking, Links, Nudges},
    store::Store,
    work::Wake,
};

/// Cloning shares all of it.
#[derive(Clone)]
pub(crate) struct Hub {
    pub store: Store,
    pub clock: Clock,
    pub tasks: Tasks,
    pub keys: Keys,
    pub service_key: ServiceKey,
    pub order: Upstream,
    pub auth: Upstream,
    pub regions: Regions,
    pub nudges: Nudges,
    pub links: Links,
    pub asking: Asking,
    pub wake: Wake,
    pub unsettled: Unsettled,
    pub compared: Resume,
    /// Tells this process from other replicas, and from itself before a restart.
    pub replica: Uuid,
    pub limits: Limits,
    pub decided_within: Duration,
    pub held_again: Duration,
}

/// Around the ops of a frame: its other fields, and a length for each op.
const FRAME_OVERHEAD_BYTES: usize = 64 * 1024;

impl Hub {
    /// The largest message that an edge may send.
    pub fn message_bytes_max(&self) -> usize {
        usize::try_from(self.limits.batch_bytes_max).unwrap_or(usize::MAX) + FRAME_OVERHEAD_BYTES
    }
}

impl FromRef<Hub> for Verifier {
    fn from_ref(hub: &Hub) -> Self {
        let (keys, service_key) = (hub.keys.clone(), hub.service_key.clone());
        Verifier { service: NAME, keys, service_key, clock: hub.clock.clone() }
    }
}
