//! Owns the way an event leaves a service: written by the transaction that caused it, published by
//! the one relay that holds the lease, marked after the bus has confirmed it.
//!
//! Invariant: a row is marked sent only after its confirm, so an event leaves at least once; rows
//! leave in the order they were written.

mod relay;
mod seal;
mod source;
pub mod store;

pub use relay::Relay;
pub(crate) use seal::job as seal_job;
pub use seal::seal;
