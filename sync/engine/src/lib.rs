//! Owns the protocol between edge and hub as pure state machines: what an edge answers, what it
//! sees, what either end of the link says next and when an edge calls again.
//!
//! Invariant: no clock, no IO, no randomness and no runtime in here. Time and entropy come in as
//! values, what has to be done goes out as values, so that a simulator can drive it from a seed.

pub mod cloud;
pub mod edge;
pub mod reconnect;
pub mod right;
pub mod verdict;
pub mod view;

#[cfg(test)]
mod testing;
