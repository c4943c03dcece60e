//! Kills and cuts off processes while people work: whatever was acknowledged stays, and its
//! notification arrives.

#![allow(clippy::unwrap_used)]

mod broker_away;
mod database_away;
mod documents_killed;
mod events_wait;
mod kills;
mod lost_event;
mod parts_alone;
mod poison;
mod region;
mod restore;
mod sync_before_reply;
mod told;
