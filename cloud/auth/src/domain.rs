//! Owns the rules of an account: valid names, addresses and passwords, and the end of guessing.
//!
//! Invariant: nothing here does IO or reads a clock; time comes in.

mod account;
mod lockout;

pub use account::{Email, NewAccount, Password, Username};
#[cfg(test)]
pub use lockout::LOCK_MS;
pub use lockout::{Lockout, WRONG_PASSWORDS_MAX};
