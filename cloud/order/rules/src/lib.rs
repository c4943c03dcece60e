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
mod input;
mod order_rules;
mod ruling;

pub use assignment::{
    Assignment, AssignmentTransition, HolderEpoch, NextAssignment, OpIdentity, RequestedAssignment,
};
pub use batch::{
    CaseKind, EventDraft, LatePromise, NewCase, NewTimelineEntry, OrderVersionGuard, OrderWrite,
    ProviderAct, Writes,
};
pub use decide::decide;
pub use disabled_rule::OrderRule;
pub use disclosure::regions_to_explain;
pub use input::{
    Acceptance, Attempt, CommandKey, EdgeOp, OrderState, Origin, Snapshot, StoredAnswer,
    Submission, submissions_from_batch,
};
pub use order_rules::{Cancellation, preview_cancellation};
pub use wire::OfflineRules;
