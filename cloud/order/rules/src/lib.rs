//! The order service's decisions: permissions, the winner of a collision, the explanation for the
//! loser, and the resulting answers, order changes, timeline entries and events.
//!
//! Invariants: nothing here does IO, reads a clock or draws a random number, so one snapshot and
//! one list of requests always give the same result. A command is decided once; repeats get its
//! stored answer. An order has at most one provider. HTTP requests and edge log batches go through
//! the same `decide`.

mod assignment;
mod batch;
mod decide;
mod disabled_rule;
mod disclosure;
mod order_rules;
mod ruling;
mod snapshot;
mod submission;

pub use assignment::{
    Assignment, AssignmentTransition, HolderEpoch, NextAssignment, RequestedAssignment,
};
pub use batch::{
    CaseKind, EventDraft, LatePromise, NewCase, NewTimelineEntry, OrderVersionGuard, OrderWrite,
    ProviderAct, Writes,
};
pub use decide::decide;
pub use disabled_rule::OrderRule;
pub use disclosure::regions_to_explain;
pub use order_rules::{Cancellation, preview_cancellation};
pub use snapshot::{Acceptance, OrderState, Snapshot};
pub use submission::{
    Attempt, CommandKey, EdgeOp, OpIdentity, Origin, StoredAnswer, Submission,
    submissions_from_batch,
};
pub use wire::OfflineRules;
