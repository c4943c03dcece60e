//! The order service on both engines: order_db, and the HTTP API.
#![allow(clippy::unwrap_used)]

mod http;
mod stage;
mod store;
