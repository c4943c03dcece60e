//! Tests of auth over its routes.

#![allow(clippy::unwrap_used)]

mod accounts;
mod addresses;
mod admin_acts;
mod code_limits;
mod codes;
mod common;
mod deletions;
mod devices;
mod edge_tokens;
mod endings;
mod forged;
mod grants;
mod identities;
mod keys;
mod limits;
mod lockout;
mod marks;
mod new_devices;
mod passkeys;
mod password_codes;
mod passwords;
mod people;
mod readmission;
mod refresh;
mod renewal;
mod roles;
mod second_factor;
mod sessions;
