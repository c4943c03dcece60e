//! The five regions, and how a region assigns its orders.

use std::str::FromStr;

use minicbor::{Decode, Encode};

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
    /// The letter that an order's short code begins with.
    pub fn letter(self) -> char {
        self.as_str().as_bytes()[0].into()
    }

    /// 0 to 4, in the order of `ALL`.
    pub fn index(self) -> u8 {
        self as u8
    }
}

/// People type it in any case.
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
