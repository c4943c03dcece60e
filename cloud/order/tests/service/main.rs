//! The order service on both engines: what order_db keeps, and what callers meet over HTTP.
#![allow(clippy::unwrap_used)]

mod http;
mod stage;
mod store;
