//! Owns every process that a platform consists of. The supervisor is a process of its own between
//! us and them: it starts them, adopts what they leave behind and watches a pipe to us.
//!
//! Must stay true: when the pipe closes, for whatever reason (also when we are killed with -9),
//! everything it started is stopped and gone before it exits itself.

mod handle;
mod messages;
mod run;
mod yard;

pub use handle::{Child, Supervisor};
pub use messages::{Exit, Signal, Spec, stage};
pub use run::run;
