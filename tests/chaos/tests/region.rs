//! One region with a real order service, hub and edge, all in this process: the effects of a cut
//! line, a lost event and a late commit.

mod late;
mod repair;
mod snapshot;
mod stage;
mod world;
