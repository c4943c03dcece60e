//! One run's requests to the two kinds of store, with their models' answers. The real stores get
//! the same requests and must give equal answers.
//!
//! Invariants: recording does not change the run; writes undone by a crash are left out; each
//! transaction is placed where it took effect, so that running them one by one gives the same
//! results.

pub use crate::{
    edge::{CommandEntry, EntryResult, LoggedCommand},
    recorder::{
        AssignmentChange, EdgeRecording, EdgeStep, OrderRecording, OrderStep, OutboxWord,
        Transaction,
    },
};

use crate::{Bug, Counts, SeedPlan, Violation, bug::run_with_bug, trace::RunTrace, world::World};

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
    let ran = run_with_bug(bug, || {
        let mut world = World::new(plan.undisturbed(), RunTrace::default());
        world.recorder = Some(Box::default());
        world.run()
    });
    if let Some(violation) = ran.violation {
        return Err(RecordingFault::Broken(violation));
    }
    let recorder = ran.recorder.unwrap_or_default();
    let (order, edges) = recorder
        .into_recordings()
        .map_err(RecordingFault::NoOrderExplains)?;
    Ok(Recording {
        order,
        edges,
        counts: ran.counts,
    })
}
