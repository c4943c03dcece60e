//! The parts behind the gateway, each in this process or at one address or several elsewhere.

mod call;
mod replicas;

use std::{collections::BTreeMap, time::Duration};

use platform::upstream::Upstream;
use process::{clock::Clock, parts::CloudPart};

pub(crate) use call::OwnKey;

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

    /// The same parts, those elsewhere behind a breaker that knows which of their addresses answer. A call that
    /// takes longer than `patience` is a fault.
    pub(crate) fn guarded(self, clock: &Clock, patience: Duration) -> Self {
        let guarded = |(part, replicas): (CloudPart, Vec<Upstream>)| {
            let is_elsewhere = replicas.iter().all(|one| matches!(one, Upstream::Remote(_)));
            let guard = || vec![call::guarded(part, replicas.clone(), clock.clone(), patience)];
            (part, if is_elsewhere && !replicas.is_empty() { guard() } else { replicas.clone() })
        };
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
