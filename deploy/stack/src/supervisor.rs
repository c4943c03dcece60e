//! Owns every process of a platform. The supervisor is a separate process between us and them: it
//! starts them, adopts their orphans and watches a pipe to us.
//!
//! Invariant: when the pipe closes, for whatever reason (even if we are killed with -9), everything
//! it started is stopped and gone before it exits itself.

mod handle;
mod main_process;
mod messages;
mod yard;

pub use handle::{Child, Supervisor};
pub use main_process::run;
pub use messages::{Exit, Signal, Spec, stage};
