//! The question of a session for a sign of life of the run with the edge's session. Mirrors
//! `sync/hub/src/store/probes.rs`.

use wire::UnixMillis;

use super::SyncDb;

impl SyncDb {
    /// The number of the question.
    pub fn ask_for_life(&mut self, e: usize, now: UnixMillis) -> u64 {
        let edge = &mut self.edges[e];
        edge.probe_number += 1;
        edge.probed_at = now;
        edge.probe_number
    }

    /// An answer under another term is of a session that is over.
    pub fn show_life(&mut self, e: usize, term: u64, number: u64) {
        let edge = &mut self.edges[e];
        if edge.term == term {
            edge.probe_answered = edge.probe_answered.max(number);
        }
    }
}
