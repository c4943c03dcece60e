//! The order service's decisions: permissions, the winner of a collision, the explanation for the
//! loser, and the resulting answers, order changes, timeline entries and events.
//!
//! Invariants: nothing here does IO, reads a clock or draws a random number, so one snapshot and
//! one list of requests always give the same result. A command is decided once; repeats get its
//! stored answer. An order has at most one provider. HTTP requests and edge log batches go through
//! the same `decide`.

mod answer;
mod assignment;
mod attempt;
mod backing;
mod decide;
mod explain;
mod hold;
mod lapse;
mod pricing;
mod record;
mod ruling;
mod shares;
mod showing;
mod snapshot;
mod view;
mod writes;

pub use answer::{CommandKey, StoredAnswer};
pub use assignment::{
    Assignment, AssignmentTransition, HolderEpoch, NextAssignment, RequestedAssignment,
};
pub use attempt::{Attempt, EdgeOp, OpIdentity, Origin, Submission, submissions_from_batch};
pub use decide::decide;
pub use explain::regions_to_explain;
pub use lapse::DisabledRule;
pub use pricing::{Cancellation, preview_cancellation};
pub use snapshot::{Acceptance, OrderState, Snapshot};
pub use wire::OfflineRules;
pub use writes::{
    CaseKind, EventDraft, LatePromise, NewCase, NewTimelineEntry, OrderVersionGuard, OrderWrite,
    ProviderAct, Writes,
};
