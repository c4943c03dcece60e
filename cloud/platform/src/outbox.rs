//! Owns the way an event leaves a service: written by the transaction that caused it, published by
//! the one relay that holds the lease, marked after the bus has confirmed it, and kept for a while,
//! so that a new consumer gets what it missed.
//!
//! Invariant: a row is marked sent only after its confirm, so an event leaves at least once; rows
//! leave in the order they were written.

mod kept;
mod relay;
pub mod replay;
mod seal;
mod source;
pub mod store;

pub use kept::SENT_KEPT;
pub(crate) use kept::job as kept_job;
pub use relay::Relay;
pub(crate) use seal::job as seal_job;
pub use seal::seal;
