//! The parts behind the gateway: in this process, or at one or more remote addresses.

use std::{collections::BTreeMap, time::Duration};

use platform::upstream::Upstream;
use process::{clock::Clock, parts::CloudPart};

/// Calls to a part without an entry fail as unreachable.
#[derive(Clone, Default)]
pub struct Peers(BTreeMap<CloudPart, Vec<Upstream>>);

impl Peers {
    #[must_use]
    pub fn with_part(mut self, part: CloudPart, upstream: Upstream) -> Self {
        self.0.insert(part, vec![upstream]);
        self
    }

    #[must_use]
    pub fn with_replicas(mut self, part: CloudPart, replicas: Vec<Upstream>) -> Self {
        self.0.insert(part, replicas);
        self
    }

    pub(crate) fn upstream_for(&self, part: CloudPart) -> Upstream {
        let first = self.0.get(&part).and_then(|replicas| replicas.first());
        first.cloned().unwrap_or_else(|| Upstream::open_later().0)
    }

    /// Puts a circuit breaker around the remote parts. A call longer than `patience` counts as a
    /// failure.
    pub(crate) fn with_circuit_breakers(self, clock: &Clock, patience: Duration) -> Self {
        let mut guarded = Self::default();
        for (part, replicas) in self.0 {
            let upstream = Upstream::combine_guarded(part, replicas, clock, patience);
            guarded.0.insert(part, vec![upstream]);
        }
        guarded
    }
}

impl FromIterator<(CloudPart, Upstream)> for Peers {
    /// Repeated entries of a part become its replicas.
    fn from_iter<I: IntoIterator<Item = (CloudPart, Upstream)>>(parts: I) -> Self {
        let mut peers = Self::default();
        for (part, upstream) in parts {
            peers.0.entry(part).or_default().push(upstream);
        }
        peers
    }
}
