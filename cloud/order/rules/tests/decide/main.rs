//! The rules as used by the order service and the simulator: through `decide_submissions`, from a
//! snapshot to its writes.
#![allow(clippy::unwrap_used)]

mod assignment;
mod bookings;
mod cancelling;
mod collisions;
mod disclosure;
mod evidence;
mod held;
mod in_vain;
mod incidents;
mod messages;
mod offers;
mod offline_rules;
mod properties;
mod recurrence;
mod repeats;
mod reschedules;
mod revoked;
mod rights;
mod series;

mod shares;
mod stage;
mod start_codes;
mod unpaid_starts;
mod verified;
mod views;
mod who_may_what;
