//! Wall-clock time: Unix milliseconds in stores and frames, RFC 3339 UTC in JSON. It is for display
//! and audit, never for ordering.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde_with::{DeserializeFromStr, SerializeDisplay};
use uuid::{Uuid, Version};

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
    /// The time at which a version 7 id was made; `None` for other ids.
    pub fn from_id(id: Uuid) -> Option<Self> {
        if id.get_version() != Some(Version::SortRand) {
            return None;
        }
        let (seconds, nanos) = id.get_timestamp()?.to_unix();
        let seconds = i64::try_from(seconds).ok()?;
        let ms = i64::from(nanos / 1_000_000);
        Some(Self(seconds.saturating_mul(1_000).saturating_add(ms)))
    }

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
