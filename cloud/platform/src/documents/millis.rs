//! Stores a searchable time as an integer: `#[serde(with = "millis")]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wire::UnixMillis;

pub fn serialize<S: Serializer>(at: &UnixMillis, out: S) -> Result<S::Ok, S::Error> {
    at.0.serialize(out)
}

pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<UnixMillis, D::Error> {
    i64::deserialize(from).map(UnixMillis)
}

/// For an optional time: `#[serde(default, with = "millis::option")]`.
pub mod option {
    use super::{Deserialize, Deserializer, Serialize, Serializer, UnixMillis};

    pub fn serialize<S: Serializer>(at: &Option<UnixMillis>, out: S) -> Result<S::Ok, S::Error> {
        at.map(|at| at.0).serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<UnixMillis>, D::Error> {
        Ok(Option::<i64>::deserialize(from)?.map(UnixMillis))
    }
}
