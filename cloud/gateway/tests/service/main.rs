//! Tests of a gateway in front of parts that echo their requests.

#![allow(clippy::unwrap_used)]

mod access;
mod acts;
mod bodies;
mod callers;
mod common;
mod limits;
mod link;
mod order_events;
mod order_page;
mod pages;
mod permits;
mod replicas;
mod requests;
mod revocation;
mod sessions;
mod stream;
