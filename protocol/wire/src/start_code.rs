//! The start code: six digits that the customer reads out when the provider stands in front of them,
//! and the hash with which an edge that is cut off checks them.
//!
//! Invariant: only the customer reads the code, and only services and edges read its hash. Six
//! digits can be found by trying them all against the hash, so `visibility` removes it from every
//! order that a person reads.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};
use utoipa::ToSchema;

use crate::ids::Hash;

/// A start code as the provider enters it.
#[derive(Clone, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub struct StartCode(String);

impl StartCode {
    pub const DIGITS: usize = 6;

    /// The code from the last six digits of the number.
    pub fn from_number(number: u64) -> Self {
        Self(format!("{:06}", number % 1_000_000))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a start code has six digits")]
pub struct StartCodeError;

text_schema!(
    StartCode,
    "The six digits that the customer reads out.",
    pattern = "^[0-9]{6}$",
    "407193"
);

impl fmt::Display for StartCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Keeps the digits out of logs.
impl fmt::Debug for StartCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StartCode(..)")
    }
}

impl FromStr for StartCode {
    type Err = StartCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_code = text.len() == Self::DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_code {
            Ok(Self(text.to_owned()))
        } else {
            Err(StartCodeError)
        }
    }
}

text_in_frames!(StartCode);

/// States that an order's work starts only with its start code. The hash is absent for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct StartCodeCheck {
    /// The slow hash of order and code: `process::start_code` computes it.
    #[n(0)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hash>,
}

impl StartCodeCheck {
    pub fn new(hash: Hash) -> Self {
        Self { hash: Some(hash) }
    }

    /// The check as people read it.
    #[must_use]
    pub fn without_hash(self) -> Self {
        Self { hash: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_digits_and_never_printed_by_debug() {
        assert_eq!(StartCode::from_number(407_193).to_string(), "407193");
        assert_eq!(StartCode::from_number(7_000_012).as_str(), "000012");
        let code: StartCode = "000012".parse().unwrap();
        assert!(!format!("{code:?}").contains("12"));
        for wrong in ["", "12345", "1234567", "12345a", "１２３４５６", " 12345"] {
            assert!(wrong.parse::<StartCode>().is_err(), "{wrong}");
        }
    }
}
