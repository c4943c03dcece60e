//! The hub with a scripted order service, auth service and edges.

#![allow(clippy::unwrap_used)]

mod certificates;
mod edge_repair;
mod link;
mod live_updates;
mod liveness;
mod messages;
mod parts;
mod photos;
mod poison;
mod proof;
mod quarantine;
mod share;
mod stage;
mod waiting_accepts;
mod work;
