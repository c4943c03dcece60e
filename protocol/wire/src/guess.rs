//! The report on guessed passwords for an account's owner.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::UnixMillis;

/// Wrong passwords under a person's name since the previous sign-in, at other places than this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GuessReport {
    pub count: u32,
    /// The addresses and devices that they came from.
    pub places: u32,
    /// The earliest one within the last day.
    pub since: UnixMillis,
}
