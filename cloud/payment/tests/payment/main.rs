//! The payment service on both engines: what payment_db keeps, and what callers meet over HTTP.
#![allow(clippy::unwrap_used)]

mod adapter;
mod books;
mod cancelling;
mod http;
mod journey;
mod large_balances;
mod reconciliation;
mod stage;
