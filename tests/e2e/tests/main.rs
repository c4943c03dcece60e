//! A whole platform of real processes, used like people and operators use it.

#![allow(clippy::unwrap_used)]

mod addresses;
mod at_rest;
mod broker;
mod by_hand;
mod configuration;
mod deletion;
mod large_files;
mod messages;
mod notices;
mod offers;
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
