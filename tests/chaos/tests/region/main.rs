//! One region between a real order service, a real hub and a real edge, all in this process: what a line
//! that is cut, an event that is lost and a commit that is late leave behind.
#![allow(clippy::unwrap_used)]

mod late;
mod repair;
mod snapshot;
mod stage;
mod world;
