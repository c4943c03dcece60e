//! Connects the parts that ask each other, also those that open later than their askers.

use std::collections::BTreeMap;

use platform::upstream::{Opening, Upstream};
use process::parts::CloudPart;

#[derive(Default)]
pub struct Switchboard {
    /// A part that runs more than once has several.
    connected: BTreeMap<CloudPart, Vec<Upstream>>,
    /// Asked for before they were connected.
    promised: BTreeMap<CloudPart, (Upstream, Opening)>,
}

impl Switchboard {
    /// The way to a part. Until that is connected, it is out of reach.
    pub fn to(&mut self, part: CloudPart) -> Upstream {
        if let Some(upstream) = self.connected.get(&part).and_then(|all| all.first()) {
            return upstream.clone();
        }
        self.promised.entry(part).or_insert_with(Upstream::later).0.clone()
    }

    /// All ways to a part.
    pub fn all(&mut self, part: CloudPart) -> Vec<Upstream> {
        match self.connected.get(&part) {
            Some(all) => all.clone(),
            None => vec![self.to(part)],
        }
    }

    pub fn connect(&mut self, part: CloudPart, upstream: Upstream) {
        if let Some((_, opening)) = self.promised.remove(&part) {
            opening.opened(&upstream);
        }
        self.connected.entry(part).or_default().push(upstream);
    }
}
