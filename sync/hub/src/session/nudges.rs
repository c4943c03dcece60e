//! How the rooms of this replica tell the sessions of an edge to look at its row.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;
use wire::EdgeId;

/// One bell an edge. Bounded by the edges that are enrolled: only they ever get a session.
#[derive(Clone, Default)]
pub(crate) struct Nudges(Arc<Mutex<HashMap<EdgeId, watch::Sender<()>>>>);

impl Nudges {
    /// Every session of the edge on this replica looks once more, however busy it is now.
    pub fn nudge(&self, edge: &EdgeId) {
        let bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = bells.get(edge) {
            bell.send_replace(());
        }
    }

    pub fn watch(&self, edge: &EdgeId) -> watch::Receiver<()> {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bells.entry(edge.clone()).or_default().subscribe()
    }
}
