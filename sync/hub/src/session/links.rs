//! Counts this replica's active links for the metric.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use process::metrics;
use wire::EdgeId;

/// The newest term of each edge with a session here. The row in sync_db cannot replace it: it does
/// not show which replica has the newer session.
#[derive(Clone, Default)]
pub(crate) struct ActiveLinks(Arc<Mutex<HashMap<EdgeId, u64>>>);

impl ActiveLinks {
    pub fn mark_up(&self, edge: &EdgeId, term: u64) {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Two sessions that start at once may arrive here in either order.
        let known = newest.entry(edge.clone()).or_insert(term);
        *known = term.max(*known);
        metrics::LINK_UP.set([edge.as_str()], 1);
    }

    /// Returns true if the edge has no link here any more: its newest session has ended.
    pub fn mark_down(&self, edge: &EdgeId, term: u64) -> bool {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_newest = newest.get(edge) == Some(&term);
        if is_newest {
            newest.remove(edge);
            metrics::LINK_UP.set([edge.as_str()], 0);
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
            let links = ActiveLinks::default();
            begun
                .into_iter()
                .for_each(|term| links.mark_up(&edge, term));
            assert!(!links.mark_down(&edge, 1), "the second session stands");
            assert!(links.mark_down(&edge, 2));
            links.mark_up(&edge, 3);
            assert!(links.mark_down(&edge, 3));
        }
    }
}
