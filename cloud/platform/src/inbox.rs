//! Owns the memory of what a consumer has taken in, so that a second delivery changes nothing.

pub mod store;
