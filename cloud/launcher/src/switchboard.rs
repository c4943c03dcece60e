//! Connects the parts that ask each other, also those that open later than their askers.

use std::collections::BTreeMap;

use platform::upstream::{Opening, Upstream};
use process::parts::CloudPart;

#[derive(Default)]
pub struct Switchboard {
    /// A part that runs more than once has several.
    connected: BTreeMap<CloudPart, Vec<Upstream>>,
    /// Asked for before they were connected.
    promised: BTreeMap<CloudPart, Vec<Opening>>,
}

impl Switchboard {
    /// The way to a part. Until that is connected, it is out of reach.
    pub fn to(&mut self, part: CloudPart) -> Upstream {
        if let Some(upstream) = self.connected.get(&part).and_then(|all| all.first()) {
            return upstream.clone();
        }
        let (upstream, opening) = Upstream::later();
        self.promised.entry(part).or_default().push(opening);
        upstream
    }

    /// All ways to a part.
    pub fn all(&mut self, part: CloudPart) -> Vec<Upstream> {
        match self.connected.get(&part) {
            Some(all) => all.clone(),
            None => vec![self.to(part)],
        }
    }

    pub fn connect(&mut self, part: CloudPart, upstream: Upstream) {
        for opening in self.promised.remove(&part).into_iter().flatten() {
            opening.opened(&upstream);
        }
        self.connected.entry(part).or_default().push(upstream);
    }
}
