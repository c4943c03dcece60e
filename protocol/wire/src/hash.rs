//! The 32-byte hash of the chain and the 16-byte boot nonce; hexadecimal in text, bytes in frames.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Serialize};

macro_rules! byte_words {
    ($($(#[$doc:meta])* $name:ident = $len:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub [u8; $len]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let wrong = || format!(concat!("expected ", $len, " bytes in hexadecimal"));
                if text.len() != $len * 2 || !text.is_ascii() {
                    return Err(wrong());
                }
                let mut bytes = [0u8; $len];
                for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
                    *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong())?;
                }
                Ok(Self(bytes))
            }
        }
        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(word: $name) -> String {
                word.to_string()
            }
        }
        impl TryFrom<&[u8]> for $name {
            type Error = std::array::TryFromSliceError;
            fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
                bytes.try_into().map(Self)
            }
        }
        impl<C> Encode<C> for $name {
            fn encode<W: encode::Write>(
                &self,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }
        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                Self::try_from(d.bytes()?)
                    .map_err(|_| decode::Error::message(concat!("expected ", $len, " bytes")))
            }
        }
    )+};
}

byte_words! {
    /// A BLAKE3 hash: of an op chain, a command, an order's content or a region's view.
    Hash = 32,
    /// Drawn at each process start of an edge; tells one run of it from another.
    BootNonce = 16,
}

impl Hash {
    pub const ZERO: Self = Self([0; 32]);

    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Folds a member into a set digest, or takes it out again: the order of members does not matter.
    pub fn toggle(&mut self, member: Self) {
        self.0.iter_mut().zip(member.0).for_each(|(mine, theirs)| *mine ^= theirs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_digest_forgets_the_order_of_its_members() {
        let (a, b) = (Hash::of(b"a"), Hash::of(b"b"));
        let (mut one, mut other) = (Hash::ZERO, Hash::ZERO);
        one.toggle(a);
        one.toggle(b);
        other.toggle(b);
        other.toggle(a);
        assert_eq!(one, other);
        one.toggle(b);
        assert_eq!(one, a);
    }

    #[test]
    fn text_that_is_not_a_hash_is_refused() {
        assert!("zz".parse::<Hash>().is_err());
        assert!("é".repeat(32).parse::<Hash>().is_err());
        assert_eq!(Hash::of(b"x").to_string().parse(), Ok(Hash::of(b"x")));
    }
}
