//! Reviews as people, admins and edges meet them.
#![allow(clippy::unwrap_used)]

mod desk;
mod ops;
mod people;
mod stage;
