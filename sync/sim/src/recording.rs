//! What one run put to the two kinds of store, with what their models answered: so that the same can be
//! put to the real stores, which must answer alike.
//!
//! Invariants: whoever records changes nothing of the run; what a crash undid is not in it; each
//! transaction stands where it took effect, so that one after the other gives what they gave beside
//! each other.

mod edge;
mod order;

pub use crate::edge::{Entered, Entry, Stored};
pub(crate) use edge::offered;
pub use edge::{EdgeRecording, EdgeStep};
pub use order::{Assigning, OrderRecording, OrderStep, Told, Transaction};

use crate::{
    Bug, Counts, Plan, Violation, cast,
    cloud::order_db::OrderDb,
    edge::{Node, Wrote},
    trace::Trace,
    world::World,
};

/// One run, as its stores saw it.
#[derive(Debug)]
pub struct Recording {
    pub order: OrderRecording,
    /// One for each edge.
    pub edges: Vec<EdgeRecording>,
    /// What the run has met.
    pub counts: Counts,
}

/// Why a run is no recording.
#[derive(Debug)]
pub enum Unrecorded {
    Broken(Violation),
    /// Two transactions ran beside each other in a way that no order of them explains: this is one.
    NoOrderExplains(String),
}

/// Runs a plan and notes what reaches the stores. Steps that replace a file, or lead to another epoch, are
/// left out: there is no one history of such a file to put to another.
///
/// # Errors
/// Where the run breaks a promise, and where its transactions have no order that explains them.
pub fn record(plan: &Plan) -> Result<Recording, Unrecorded> {
    record_with(plan, None)
}

/// The same with a planted bug, for a look at how models and real stores then differ.
///
/// # Errors
/// As [`record`].
pub fn record_with(plan: &Plan, bug: Option<Bug>) -> Result<Recording, Unrecorded> {
    let mut world = World::new(plan.undisturbed(), bug, Trace::default());
    world.recorder = Some(Box::default());
    let ran = world.run();
    if let Some(violation) = ran.violation {
        return Err(Unrecorded::Broken(violation));
    }
    let recorder = ran.recorder.unwrap_or_default();
    let order = recorder.order.explained().map_err(Unrecorded::NoOrderExplains)?;
    let edges = recorder.edges.into_iter().map(edge::Notes::done).collect();
    Ok(Recording { order, edges, counts: ran.counts })
}

/// Notes what happens while a run goes on.
pub struct Recorder {
    pub(crate) order: order::Notes,
    pub(crate) edges: Vec<edge::Notes>,
}

impl Default for Recorder {
    fn default() -> Self {
        let edges = (0..cast::EDGE_COUNT).map(|e| edge::Notes::of(cast::edge(e), cast::region(e)));
        Self { order: order::Notes::default(), edges: edges.collect() }
    }
}

impl Recorder {
    pub(crate) fn edge_executed(&mut self, e: usize, offered: EdgeStep, wrote: &Wrote) {
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

    /// The run is over.
    pub(crate) fn ends(&mut self, db: &OrderDb, nodes: &[Node]) {
        self.order.ends(db);
        self.edges.iter_mut().zip(nodes).for_each(|(notes, node)| notes.ends(node));
    }

    /// A group of writes is lost with the process.
    pub(crate) fn edge_forgets(&mut self, e: usize) {
        if let Some(notes) = self.edges.get_mut(e) {
            notes.forgets();
        }
    }
}
