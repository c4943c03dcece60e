//! Owns the protocol between edge and hub as pure state machines: an edge's answers and its view,
//! both ends of the link, and the pause before an edge calls again. The rules in force:
//! `sync/engine/PROTOCOL.md`.
//!
//! Invariant: no clock, no IO, no randomness and no runtime in here. Time and entropy come in as
//! values, and the work to do goes out as values, so that a simulator can drive it from a seed.

pub mod arrival;
pub mod claimants;
pub mod cloud;
pub mod customers;
pub mod edge;
pub mod moments;
pub mod reconnect;
pub mod right;
pub mod verdict;
pub mod view;

#[cfg(test)]
mod tests;
