//! The hub among an order service, an auth and edges that follow a script.

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
