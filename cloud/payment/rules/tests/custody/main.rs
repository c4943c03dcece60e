//! The domain of custody as the payment service and the simulator use it: through `decide` and
//! `pay_out`, from rows to what is written.
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
