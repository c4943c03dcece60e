//! Connects the parts that ask each other, also those that open later than their askers.

use std::collections::BTreeMap;

use platform::upstream::{Opening, Upstream};
use process::parts::CloudPart;

#[derive(Default)]
pub struct Switchboard {
    connected: BTreeMap<CloudPart, Upstream>,
    /// Asked for before they were connected.
    promised: BTreeMap<CloudPart, Vec<Opening>>,
}

impl Switchboard {
    /// The way to a part. Until that is connected, it is out of reach.
    pub fn to(&mut self, part: CloudPart) -> Upstream {
        if let Some(upstream) = self.connected.get(&part) {
            return upstream.clone();
        }
        let (upstream, opening) = Upstream::later();
        self.promised.entry(part).or_default().push(opening);
        upstream
    }

    pub fn connect(&mut self, part: CloudPart, upstream: Upstream) {
        for opening in self.promised.remove(&part).into_iter().flatten() {
            opening.opened(&upstream);
        }
        self.connected.insert(part, upstream);
    }
}
