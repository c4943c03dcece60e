//! Hashes, nonces and the hub's key: hexadecimal in text, bytes in frames.

use std::{array::TryFromSliceError, fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde_with::{DeserializeFromStr, SerializeDisplay};

macro_rules! byte_words {
    ($($(#[$doc:meta])* $name:ident = $len:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(SerializeDisplay, DeserializeFromStr, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; $len]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = &'static str;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes = [0; $len];
                hex::decode_to_slice(text, &mut bytes)
                    .map_err(|_| concat!("expected ", $len, " bytes in hexadecimal"))?;
                Ok(Self(bytes))
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = TryFromSliceError;
            fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
                bytes.try_into().map(Self)
            }
        }
    )+};
}

byte_words! {
    /// A BLAKE3 hash: of an op chain, a command, an order's content or a region's view.
    Hash = 32,
    /// Drawn at each process start of an edge, to distinguish its runs.
    BootNonce = 16,
    /// The hub's public Ed25519 key. An edge pins it.
    HubKey = 32,
    /// Drawn by an edge for each connection; the hub's signatures cover it.
    Challenge = 32,
    /// Drawn by the hub for each connection.
    HubNonce = 16,
}

text_schema!(Hash, "32 bytes.", pattern = "^[0-9a-f]{64}$");
text_schema!(
    BootNonce,
    "Another one after each start.",
    pattern = "^[0-9a-f]{32}$"
);

impl Hash {
    pub const ZERO: Self = Self([0; 32]);

    pub fn digest_bytes(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Adds a member to a set digest, or removes it again; the order of members does not matter.
    pub fn toggle_member(&mut self, member: Self) {
        self.0
            .iter_mut()
            .zip(member.0)
            .for_each(|(mine, theirs)| *mine ^= theirs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_digest_forgets_the_order_of_its_members() {
        let a = Hash::digest_bytes(b"a");
        let b = Hash::digest_bytes(b"b");
        let mut one = Hash::ZERO;
        let mut other = Hash::ZERO;
        one.toggle_member(a);
        one.toggle_member(b);
        other.toggle_member(b);
        other.toggle_member(a);
        assert_eq!(one, other);
        one.toggle_member(b);
        assert_eq!(one, a);
    }

    #[test]
    fn text_that_is_not_a_hash_is_refused() {
        assert!("zz".parse::<Hash>().is_err());
        assert!("é".repeat(32).parse::<Hash>().is_err());
        assert_eq!(
            Hash::digest_bytes(b"x").to_string().parse(),
            Ok(Hash::digest_bytes(b"x"))
        );
    }
}
