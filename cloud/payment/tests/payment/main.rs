//! The payment service on both engines: the contents of payment_db, and its HTTP behaviour.
#![allow(clippy::unwrap_used)]

mod adapter;
mod books;
mod cancelling;
mod http;
mod journey;
mod large_balances;
mod open_matters;
mod reconciliation;
mod stage;
