//! The services that the hub asks.

pub mod auth;
pub mod order;
