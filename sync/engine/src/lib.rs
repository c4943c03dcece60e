//! The edge-hub protocol as pure state machines: the edge's verdicts and view, both ends of the
//! link, and the reconnect backoff. `sync/engine/PROTOCOL.md` has the rules in force.
//!
//! Invariant: no clock, IO, randomness or runtime in this crate. Time and entropy come in as values
//! and pending work goes out as values, so that a simulator can drive it from a seed.

pub mod cloud;
pub mod edge;
pub mod right;
pub mod trusted_time;
pub mod verdict;
pub mod view;

#[cfg(test)]
mod tests;
