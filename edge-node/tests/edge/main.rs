//! A whole edge between a scripted cloud and real tablets.

#![allow(clippy::unwrap_used)]

mod link;
mod retire;
mod tablets;
mod uplink;
mod world;
