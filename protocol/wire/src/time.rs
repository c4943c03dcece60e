//! Wall-clock time: Unix milliseconds in stores and frames, RFC 3339 UTC in JSON. It is for display
//! and audit, never for ordering.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde_with::{DeserializeFromStr, SerializeDisplay};

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    SerializeDisplay,
    DeserializeFromStr,
    Encode,
    Decode,
)]
#[cbor(transparent)]
pub struct UnixMillis(#[n(0)] pub i64);

text_schema!(
    UnixMillis,
    "A time in UTC, RFC 3339 with milliseconds.",
    format = utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime),
    "2026-11-21T17:00:00.000Z"
);

impl UnixMillis {
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Never negative.
    pub fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).max(0)
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at:.3}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl FromStr for UnixMillis {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<jiff::Timestamp>()
            .map(|at| Self(at.as_millisecond()))
            .map_err(|_| "expected a time such as 2026-01-31T08:00:00Z".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_reads_back_from_its_text() {
        let at = UnixMillis(1_764_000_000_123);
        assert_eq!(at.to_string(), "2025-11-24T16:00:00.123Z");
        assert_eq!(at.to_string().parse(), Ok(at));
        assert!("yesterday".parse::<UnixMillis>().is_err());
    }
}
