//! Owns the rules of an account: valid names, addresses and passwords, the end of guessing, and the order
//! of refresh tokens.
//!
//! Invariant: nothing here does IO or reads a clock; time comes in.

mod account;
mod device;
mod lockout;
mod readmission;
mod refresh;
mod reset;

pub use account::{Email, NewAccount, Password, Username};
pub use device::DeviceSecret;
pub use lockout::{Lockout, WrongGuesses};
pub use readmission::first_tokens_after;
pub use refresh::{RefreshFamily, RefreshUse, SentRefresh};
pub use reset::ResetCode;
