//! Tests of profiles through HTTP and events.

#![allow(clippy::unwrap_used)]

mod addresses;
mod contacts;
mod deletion;
mod events;
mod files;
mod matches;
mod profiles;
mod service;
mod verification;

use uuid::Uuid;
use wire::{UnixMillis, UserId};

const CUSTOMER: UserId = UserId(Uuid::from_u128(1));
const PROVIDER: UserId = UserId(Uuid::from_u128(2));
const STRANGER: UserId = UserId(Uuid::from_u128(3));
const ADMIN: UserId = UserId(Uuid::from_u128(4));
const AT: UnixMillis = UnixMillis(1_764_000_000_000);
