//! Owns how every process behaves: configuration, time, tokens, problems, telemetry, tasks, shutdown.
//!
//! Invariant: only `clock` reads a clock or makes a UUIDv7, only `random` draws random bytes, and only
//! `tasks` spawns, so that all three can be seen and bounded in one place.

pub mod client;
pub mod clock;
pub mod config;
pub mod context;
pub mod defect;
pub mod health;
pub mod idempotency;
pub mod metrics;
pub mod pages;
pub mod parts;
pub mod problem;
pub mod random;
mod start;
pub mod tasks;
pub mod telemetry;
pub mod tokens;
pub mod trace;
pub mod web;

texts::include_texts!(say);

pub use start::start;
