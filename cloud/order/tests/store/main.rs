//! What order_db keeps, on both engines: one decision is one transaction, a command takes effect once,
//! and whoever comes second sees who came first.
#![allow(clippy::unwrap_used)]

mod lists;
mod races;
#[path = "../stage/mod.rs"]
mod stage;
mod writing;
