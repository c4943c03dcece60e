//! A stolen edge: its key, its log and the tokens in it, and an operator's options.

#![allow(clippy::unwrap_used)]

mod keys;
mod logs;
mod theft;
pub(crate) mod thief;
