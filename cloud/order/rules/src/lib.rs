//! Owns the order service's decisions: who may do what, who wins a collision, what the loser is told,
//! and which answers, order changes, timeline lines and events follow. `decide` is the whole of it.
//!
//! Invariants: nothing here does IO, reads a clock or draws a random number; one snapshot and one list
//! of requests have one result. A command is decided once, and its stored answer is repeated for
//! ever. An order has at most one provider. Every way in (a request over HTTP, a run of an edge's
//! log) goes through the same `decide`.

mod answer;
mod assignment;
mod attempt;
mod decide;
mod explain;
mod hold;
mod lapse;
mod record;
mod right;
mod ruling;
mod snapshot;
mod view;
mod writes;

pub use answer::{CommandKey, StoredAnswer};
pub use assignment::{Assignment, Seat, Turned, Wanted, Wish};
pub use attempt::{Attempt, EdgeOp, OpName, Origin, Request, requests};
pub use decide::decide;
pub use explain::regions_to_explain;
pub use lapse::Lapse;
pub use snapshot::{Acceptance, Snapshot, Standing};
pub use wire::OfflineRules;
pub use writes::{CaseItem, CaseKind, Emitted, Guard, Line, OrderWrite, Writes};
