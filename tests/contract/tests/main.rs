//! The promises of every store, queue and cache, checked against real servers and against the
//! documentation.

#![allow(clippy::unwrap_used)]

mod answers;
mod bus;
mod bus_crash;
mod cache;
mod consume;
mod direct_calls;
mod documents;
mod event_forms;
mod files;
mod ground;
mod inbox;
mod jobs;
mod money;
mod names;
mod objections;
mod openapi;
mod outbox;
mod rabbit_outage;
mod read_copy;
mod reviews;
mod routes;
mod sealed;
mod sms;
mod sql;
mod tls;
mod traces;
mod upstream;
