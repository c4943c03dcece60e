//! A whole edge between a scripted cloud and real tablets.

#![allow(clippy::unwrap_used)]

mod asyncapi;
mod certificates;
mod clock;
mod damage;
mod hub;
mod link;
mod messages;
mod photos;
mod platform_fees;
mod retire;
mod secure;
mod sessions;
mod standing;
mod tablets;
mod trust;
mod uplink;
mod world;
