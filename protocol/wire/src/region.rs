//! The five regions, and how a region assigns its orders.

use std::str::FromStr;

use minicbor::{Decode, Encode};
use texts::Phrase;

use crate::say;

words! {
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    Region {
        North = 0 "NORTH",
        South = 1 "SOUTH",
        East = 2 "EAST",
        West = 3 "WEST",
        Mid = 4 "MID",
    }
}

impl Region {
    /// The first letter of an order's short code.
    pub fn code_letter(self) -> char {
        self.as_str().as_bytes()[0].into()
    }

    /// The name shown to people. The code, such as `NORTH`, is for programs.
    pub fn name(self) -> Phrase {
        match self {
            Self::North => say::region_north,
            Self::South => say::region_south,
            Self::East => say::region_east,
            Self::West => say::region_west,
            Self::Mid => say::region_mid,
        }
    }

    /// 0 to 4, in the order of `ALL`.
    pub fn index(self) -> u8 {
        self as u8
    }
}

/// Parsing ignores case, because people type it.
impl FromStr for Region {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|region| region.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| "expected NORTH, SOUTH, EAST, WEST or MID".to_owned())
    }
}

words! {
    #[derive(Default, Encode, Decode)]
    #[cbor(index_only)]
    Policy {
        /// An accept made at an edge is provisional; the first to reach the cloud wins.
        #[default]
        Optimistic = 0 "optimistic",
        /// One edge holds the right to assign, and its accept is firm at once.
        Exclusive = 1 "exclusive",
    }
}

words_from_text!(Policy);

#[cfg(test)]
mod tests {
    use texts::Language;

    use super::*;

    #[test]
    fn a_region_has_the_name_that_the_pages_give_it() {
        for (language, pages) in [
            (
                Language::English,
                include_str!("../../web/src/locales/en.json"),
            ),
            (
                Language::Chinese,
                include_str!("../../web/src/locales/zh-CN.json"),
            ),
        ] {
            let pages: serde_json::Value = serde_json::from_str(pages).unwrap();
            for region in Region::ALL {
                assert_eq!(
                    region.name().text_in(language),
                    pages["region"][region.as_str()]
                );
            }
        }
    }
}
