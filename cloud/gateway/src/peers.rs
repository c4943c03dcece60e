//! The parts behind the gateway, each in this process or at one address or several elsewhere.

use std::{collections::BTreeMap, time::Duration};

use platform::upstream::Upstream;
use process::{clock::Clock, parts::CloudPart};

/// The parts behind the gateway. One that is missing is out of reach.
#[derive(Clone, Default)]
pub struct Peers(BTreeMap<CloudPart, Vec<Upstream>>);

impl Peers {
    #[must_use]
    pub fn with(mut self, part: CloudPart, upstream: Upstream) -> Self {
        self.0.insert(part, vec![upstream]);
        self
    }

    /// A part that runs more than once.
    #[must_use]
    pub fn with_replicas(mut self, part: CloudPart, replicas: Vec<Upstream>) -> Self {
        self.0.insert(part, replicas);
        self
    }

    pub(crate) fn of(&self, part: CloudPart) -> Upstream {
        let first = self.0.get(&part).and_then(|replicas| replicas.first());
        first.cloned().unwrap_or_else(|| Upstream::later().0)
    }

    /// The same parts, those elsewhere behind a guard. A call that takes longer than `patience` is
    /// a fault.
    pub(crate) fn guarded(self, clock: &Clock, patience: Duration) -> Self {
        let guarded = |(part, ways)| (part, vec![Upstream::guarded(part, ways, clock, patience)]);
        Self(self.0.into_iter().map(guarded).collect())
    }
}

impl FromIterator<(CloudPart, Upstream)> for Peers {
    /// A part that comes more than once runs more than once.
    fn from_iter<I: IntoIterator<Item = (CloudPart, Upstream)>>(parts: I) -> Self {
        let mut peers = Self::default();
        for (part, upstream) in parts {
            peers.0.entry(part).or_default().push(upstream);
        }
        peers
    }
}
