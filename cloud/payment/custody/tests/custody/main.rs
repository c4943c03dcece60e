//! Tests the custody domain through the functions that the payment service and the simulator call,
//! from rows to writes.
#![allow(clippy::unwrap_used)]

mod adapter_fees;
mod cancelling;
mod compensating;
mod paying;
mod payouts;
mod properties;
mod refunding;
mod releasing;
mod reversing;
mod stage;
mod terms;
