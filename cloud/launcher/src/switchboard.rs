//! Connects the parts that call each other, in any order of opening.

use std::collections::BTreeMap;

use platform::upstream::{Upstream, UpstreamOpener};
use process::parts::CloudPart;

#[derive(Default)]
pub struct PeerRegistry {
    /// A part with several replicas has several upstreams.
    connected: BTreeMap<CloudPart, Vec<Upstream>>,
    /// Requested before they were connected.
    promised: BTreeMap<CloudPart, (Upstream, UpstreamOpener)>,
}

impl PeerRegistry {
    /// An upstream to the part, unreachable until the part is connected.
    pub fn upstream_to(&mut self, part: CloudPart) -> Upstream {
        if let Some(upstream) = self.connected.get(&part).and_then(|all| all.first()) {
            return upstream.clone();
        }
        self.promised
            .entry(part)
            .or_insert_with(Upstream::open_later)
            .0
            .clone()
    }

    /// Upstreams to all replicas of the part.
    pub fn all_upstreams_to(&mut self, part: CloudPart) -> Vec<Upstream> {
        match self.connected.get(&part) {
            Some(all) => all.clone(),
            None => vec![self.upstream_to(part)],
        }
    }

    pub fn connect_part(&mut self, part: CloudPart, upstream: Upstream) {
        if let Some((_, opening)) = self.promised.remove(&part) {
            opening.connect_to(&upstream);
        }
        self.connected.entry(part).or_default().push(upstream);
    }
}
