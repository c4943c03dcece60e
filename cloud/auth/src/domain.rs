//! The rules of an account: names, addresses, passwords, login lockout, refresh-token order, role
//! permissions.
//!
//! Invariant: this module does no IO and reads no clock; callers pass the time in.

mod account;
mod code;
mod device;
mod lockout;
mod naming;
mod one_time;
mod readmission;
mod refresh;
mod role;

pub use account::{
    EMAIL_BYTES_MAX, Email, NewAccount, Password, USERNAME_CHARS_MAX, Username, mask_email,
};
pub use code::SignInCode;
pub use device::DeviceSecret;
pub use lockout::{Lockout, WrongGuesses};
pub use naming::derive_username;
pub use one_time::OneTimeCode;
pub use readmission::earliest_token_time;
pub use refresh::{PresentedRefreshToken, RefreshFamily, RefreshUse};
pub use role::{BUILT_IN_MAX, OWN_ROLES_MAX, RoleDraft, RoleRefusal, check_permissions_held};
