//! Tests of reviews through people, admins and edges.
#![allow(clippy::unwrap_used)]

mod desk;
mod ops;
mod people;
mod stage;
