//! Notes what a run requests of its stores, and their models' answers.

mod edge;
mod order;

pub use edge::{EdgeRecording, EdgeStep};
pub use order::{AssignmentChange, OrderRecording, OrderStep, OutboxWord, Transaction};

pub(crate) use edge::record_offered_job;

use crate::{
    cast,
    cloud::order_db::OrderDb,
    edge::{EdgeJobResult, Node},
};
use edge::EdgeNotes;
use order::OrderNotes;

pub(crate) struct Recorder {
    pub(crate) order: OrderNotes,
    pub(crate) edges: Vec<EdgeNotes>,
}

impl Default for Recorder {
    fn default() -> Self {
        let edges = (0..cast::EDGE_COUNT).map(|e| EdgeNotes::of(cast::edge(e), cast::region(e)));
        Self {
            order: OrderNotes::default(),
            edges: edges.collect(),
        }
    }
}

impl Recorder {
    pub(crate) fn edge_executed(&mut self, e: usize, offered: EdgeStep, wrote: &EdgeJobResult) {
        if let Some(notes) = self.edges.get_mut(e) {
            notes.executed(offered, wrote);
        }
    }

    /// A group of writes is on disk.
    pub(crate) fn edge_commits(&mut self, e: usize, node: &Node) {
        if let Some(notes) = self.edges.get_mut(e) {
            notes.commits(node.file.position());
        }
    }

    pub(crate) fn ends(&mut self, db: &OrderDb, nodes: &[Node]) {
        self.order.ends(db);
        self.edges
            .iter_mut()
            .zip(nodes)
            .for_each(|(notes, node)| notes.ends(node));
    }

    /// A group of writes died with the process.
    pub(crate) fn edge_forgets(&mut self, e: usize) {
        if let Some(notes) = self.edges.get_mut(e) {
            notes.forgets();
        }
    }

    /// # Errors
    /// If no sequence explains the transactions of the order service.
    pub(crate) fn into_recordings(self) -> Result<(OrderRecording, Vec<EdgeRecording>), String> {
        let order = self.order.explained()?;
        let edges = self.edges.into_iter().map(EdgeNotes::done).collect();
        Ok((order, edges))
    }
}
