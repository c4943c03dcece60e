//! The hub with a scripted order service, auth service and edges.

#![allow(clippy::unwrap_used)]

mod asks;
mod link;
mod mend;
mod news;
mod poison;
mod proof;
mod quarantine;
mod share;
mod stage;
mod work;
