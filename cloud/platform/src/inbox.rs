//! Owns the memory of the events that a consumer has taken in, so that a second delivery changes
//! nothing. Documents keep theirs behind `Collection::change_once`.

pub mod store;

/// Longer than an event can wait in an outbox, a queue or among the dead letters before a person
/// looks. An event that is forgotten here and comes again would count as new.
pub(crate) const KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1000;
