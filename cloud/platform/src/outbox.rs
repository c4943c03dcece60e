//! The transactional outbox. The transaction that causes an event writes it, the one relay with the
//! lease publishes it and marks it sent once the bus confirms. Sent events are kept for a while, so
//! that a new consumer can get the ones it missed.
//!
//! Invariant: a row is marked sent only after its confirm, so an event is delivered at least once;
//! rows are published in the order they were written.

mod kept;
mod relay;
pub mod replay;
mod seal;
mod source;
pub mod store;

pub use kept::SENT_KEPT;
pub(crate) use kept::purge_job as kept_job;
pub use relay::OutboxRelay;
pub use seal::reseal_events;
pub(crate) use seal::reseal_job as seal_job;
