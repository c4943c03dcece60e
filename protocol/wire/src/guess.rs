//! What the owner of an account hears of guesses at the password.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::UnixMillis;

/// Wrong passwords under a person's name since the sign-in before, at other places than this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GuessReport {
    pub count: u32,
    /// Addresses and devices from which they came.
    pub places: u32,
    /// The earliest of them within the last day.
    pub since: UnixMillis,
}
