//! A whole platform of real processes, used like people and operators use it.

#![allow(clippy::unwrap_used)]

mod addresses;
mod at_rest;
mod broker;
mod by_hand;
mod configuration;
mod large_files;
mod notices;
mod operator;
mod part_users;
mod payment;
mod portal;
mod race;
mod replicas;
mod review;
mod stores_by_tls;
mod takes_effect;
mod trace;
mod up;

use stack::Stores;
use support::is_deep_run;

/// The stores of a story that is told once for each kind. Each landing tells it on servers, with a
/// process per part; a deep run also in one process on embedded stores, where the demo and the
/// pages run at each landing.
fn stores_of_this_run() -> Vec<Stores> {
    let mut stores = vec![Stores::Real];
    if is_deep_run() {
        stores.push(Stores::Embedded);
    }
    stores
}
