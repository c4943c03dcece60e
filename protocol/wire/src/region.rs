//! The five regions, and how a region assigns its orders.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "UPPERCASE")]
#[cbor(index_only)]
pub enum Region {
    #[n(0)]
    North,
    #[n(1)]
    South,
    #[n(2)]
    East,
    #[n(3)]
    West,
    #[n(4)]
    Mid,
}

impl Region {
    pub const ALL: [Self; 5] = [Self::North, Self::South, Self::East, Self::West, Self::Mid];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::North => "NORTH",
            Self::South => "SOUTH",
            Self::East => "EAST",
            Self::West => "WEST",
            Self::Mid => "MID",
        }
    }

    /// The letter that an order's short code begins with.
    pub fn letter(self) -> char {
        self.as_str().as_bytes()[0].into()
    }

    /// 0 to 4, in the order of `ALL`.
    pub fn index(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Region {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|region| region.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| "expected NORTH, SOUTH, EAST, WEST or MID".to_owned())
    }
}

/// How a region assigns its orders.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Policy {
    /// An accept made at an edge is provisional; the first to reach the cloud wins.
    #[default]
    #[n(0)]
    Optimistic,
    /// One edge holds the right to assign, and its accept is firm at once.
    #[n(1)]
    Exclusive,
}

impl Policy {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Optimistic => "optimistic",
            Self::Exclusive => "exclusive",
        }
    }
}

impl FromStr for Policy {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Optimistic, Self::Exclusive]
            .into_iter()
            .find(|policy| policy.as_str() == text)
            .ok_or_else(|| "expected optimistic or exclusive".to_owned())
    }
}
