//! One module per use case: its handlers, and the actions that they call.

pub mod addresses;
pub mod identities;
pub mod keys;
pub mod oidc;
pub mod passwords;
pub mod people;
pub mod phone_codes;
pub mod roles;
pub mod sessions;
pub mod tokens;
