//! One run's requests to the two kinds of store, with their models' answers. The real stores get
//! the same requests and must give equal answers.
//!
//! Invariants: recording does not change the run; writes undone by a crash are left out; each
//! transaction is placed where it took effect, so that running them one by one gives the same
//! results.

mod edge;
mod order;

pub use crate::edge::{CommandEntry, EntryResult, LoggedCommand};
pub(crate) use edge::offered;
pub use edge::{EdgeRecording, EdgeStep};
pub use order::{AssignmentChange, OrderRecording, OrderStep, OutboxWord, Transaction};

use crate::{
    Bug, Counts, SeedPlan, Violation, cast,
    cloud::order_db::OrderDb,
    edge::{EdgeJobResult, Node},
    trace::RunTrace,
    world::World,
};

/// One run, as its stores saw it.
#[derive(Debug)]
pub struct Recording {
    pub order: OrderRecording,
    pub edges: Vec<EdgeRecording>,
    pub counts: Counts,
}

/// The reason why a run has no recording.
#[derive(Debug)]
pub enum RecordingFault {
    Broken(Violation),
    /// Two transactions overlapped in a way that no sequence explains: this is one of them.
    NoOrderExplains(String),
}

/// Runs a plan and records the requests to the stores. Leaves out steps that replace a file or lead
/// to another epoch: such a file has no single history to replay.
///
/// # Errors
/// If the run breaks a promise, or if no sequence explains its transactions.
pub fn record(plan: &SeedPlan) -> Result<Recording, RecordingFault> {
    record_with(plan, None)
}

/// Like [`record`], with a planted bug, to see how models and real stores then differ.
///
/// # Errors
/// Like [`record`].
pub fn record_with(plan: &SeedPlan, bug: Option<Bug>) -> Result<Recording, RecordingFault> {
    let mut world = World::new(plan.undisturbed(), bug, RunTrace::default());
    world.recorder = Some(Box::default());
    let ran = world.run();
    if let Some(violation) = ran.violation {
        return Err(RecordingFault::Broken(violation));
    }
    let recorder = ran.recorder.unwrap_or_default();
    let order = recorder
        .order
        .explained()
        .map_err(RecordingFault::NoOrderExplains)?;
    let edges = recorder
        .edges
        .into_iter()
        .map(edge::EdgeNotes::done)
        .collect();
    Ok(Recording {
        order,
        edges,
        counts: ran.counts,
    })
}

pub struct Recorder {
    pub(crate) order: order::OrderNotes,
    pub(crate) edges: Vec<edge::EdgeNotes>,
}

impl Default for Recorder {
    fn default() -> Self {
        let edges =
            (0..cast::EDGE_COUNT).map(|e| edge::EdgeNotes::of(cast::edge(e), cast::region(e)));
        Self {
            order: order::OrderNotes::default(),
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
}
