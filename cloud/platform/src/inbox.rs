//! The inbox: remembers the events that a consumer has processed, so that a redelivery changes
//! nothing. Documents use `Collection::change_once` instead.

pub mod store;

/// Longer than an event can wait in an outbox, a queue or the dead letters before a person looks. A
/// later redelivery would count as new.
pub(crate) const KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1000;
