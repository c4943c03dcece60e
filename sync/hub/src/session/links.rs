//! Counts the links that are up on this replica, for its metric.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use process::metrics;
use wire::EdgeId;

/// The row in sync_db could not say it: that an older session's term is over tells nothing of whether
/// the newer one is on this replica.
#[derive(Clone, Default)]
pub(crate) struct Links(Arc<Mutex<Newest>>);

/// The newest term of each edge that has a session here.
#[derive(Default)]
struct Newest(HashMap<EdgeId, u64>);

impl Links {
    pub fn up(&self, edge: &EdgeId, term: u64) {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        newest.begin(edge, term);
        metrics::LINK_UP.set([edge.as_str()], 1);
    }

    pub fn down(&self, edge: &EdgeId, term: u64) {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.end(edge, term) {
            metrics::LINK_UP.set([edge.as_str()], 0);
        }
    }
}

impl Newest {
    /// Two that begin at once may come here the other way round.
    fn begin(&mut self, edge: &EdgeId, term: u64) {
        let newest = self.0.entry(edge.clone()).or_insert(term);
        *newest = term.max(*newest);
    }

    /// Whether it was the newest, so that the edge has no link here any more.
    fn end(&mut self, edge: &EdgeId, term: u64) -> bool {
        let is_newest = self.0.get(edge) == Some(&term);
        if is_newest {
            self.0.remove(edge);
        }
        is_newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_down_when_its_newest_session_ends_and_not_when_an_older_one_does() {
        let edge = EdgeId::new("north-1").unwrap();
        for begun in [[1, 2], [2, 1]] {
            let mut newest = Newest::default();
            begun.into_iter().for_each(|term| newest.begin(&edge, term));
            assert!(!newest.end(&edge, 1), "the second session stands");
            assert!(newest.end(&edge, 2));
            newest.begin(&edge, 3);
            assert!(newest.end(&edge, 3));
        }
    }
}
