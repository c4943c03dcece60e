//! Tests of reviews through people, admins and edges.
#![allow(clippy::unwrap_used)]

mod erasure;
mod moderation;
mod ops;
mod people;
mod stage;
