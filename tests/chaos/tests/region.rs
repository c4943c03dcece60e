//! One region between a real order service, a real hub and a real edge, all in this process: the
//! effects of a cut line, a lost event and a late commit.

mod late;
mod repair;
mod snapshot;
mod stage;
mod world;
