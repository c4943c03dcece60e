//! A session's probe for a sign of life from the run that holds the edge's session. Mirrors
//! `sync/hub/src/store/sessions.rs`.

use wire::UnixMillis;

use super::SyncDb;

impl SyncDb {
    /// Starts a probe and returns its number.
    pub fn ask_for_life(&mut self, e: usize, now: UnixMillis) -> u64 {
        let edge = &mut self.edges[e];
        edge.probe_number += 1;
        edge.probed_at = now;
        edge.probe_number
    }

    /// Ignores an answer under another term: its session is over.
    pub fn show_life(&mut self, e: usize, term: u64, number: u64) {
        let edge = &mut self.edges[e];
        if edge.term == term {
            edge.probe_answered = edge.probe_answered.max(number);
        }
    }
}
