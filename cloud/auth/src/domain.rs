//! Owns the rules of an account: valid names, addresses and passwords, and the end of guessing.
//!
//! Invariant: nothing here does IO or reads a clock; time comes in.

mod account;
mod device;
mod lockout;

pub use account::{Email, NewAccount, Password, Username};
pub use device::DeviceSecret;
pub use lockout::{Lockout, WrongGuesses};
