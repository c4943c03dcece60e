//! Owns what an account is: which names, addresses and passwords are taken, and when guessing stops.
//!
//! Invariant: nothing here does IO or reads a clock; time comes in.

mod account;
mod lockout;

pub use account::{Email, FieldError, NewAccount, Password, Username};
#[cfg(test)]
pub use lockout::LOCK_MS;
pub use lockout::{Lockout, WRONG_PASSWORDS_MAX};
