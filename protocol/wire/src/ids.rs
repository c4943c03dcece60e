//! Names of things: ids, edges, devices, regions, ops and link sessions, and the hashes, nonces and
//! keys that identify bytes and machines.
//!
//! Most ids are UUIDv7, made with the thing itself. Edges and devices are few and named by people,
//! so their id is their name. Hashes, nonces and keys are hexadecimal in text and bytes in frames.

mod names;

use std::{array::TryFromSliceError, fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};
use texts::Phrase;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::say;

pub use names::{DeviceId, EdgeId, NameError};

/// Encodes an id in frames as its 16 bytes.
mod id_in_frames {
    use minicbor::{
        Decoder, Encoder,
        decode::Error,
        encode::{Error as EncodeError, Write},
    };
    use uuid::Uuid;

    pub(super) fn encode<C, W: Write>(
        id: &Uuid,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.bytes(id.as_bytes())?.ok()
    }

    pub(super) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Uuid, Error> {
        Uuid::from_slice(d.bytes()?).map_err(Error::custom)
    }
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(Serialize, Deserialize, Encode, Decode, utoipa::ToSchema)]
        #[serde(transparent)]
        #[cbor(transparent)]
        pub struct $name(#[cbor(n(0), with = "id_in_frames")] pub Uuid);

        impl $name {
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

uuid_ids! {
    OrderId,
    /// A person: customer, provider or admin.
    UserId,
    /// One act of a person. Made on the device; over HTTP it is the `Idempotency-Key`.
    CommandId,
    /// A published fact; every consumer deduplicates by it.
    EventId,
    /// A signed-in session; the `jti` of its token.
    SessionId,
    /// A person's account at another service, linked to their account here.
    IdentityId,
    /// A person's device with its key.
    RegisteredDeviceId,
    /// A passkey of a person.
    PasskeyId,
    /// A picture or a document that a person uploaded.
    FileId,
    /// A customer's review of a completed order.
    ReviewId,
    /// A proposal of another time for an order.
    ProposalId,
}

impl CommandId {
    /// Derives the command for one order from a request that covers several; repeats yield the same
    /// id.
    pub fn for_order(self, order: OrderId) -> Self {
        let hash = Hash::digest_bytes(&[*self.as_bytes(), *order.as_bytes()].concat());
        let mut id = [0; 16];
        id.copy_from_slice(&hash.0[..16]);
        Self(Uuid::from_bytes(id))
    }
}

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

/// The canonical bytes of a value. Writing to memory cannot fail.
pub(crate) fn encode_canonical(word: impl Encode<()>) -> Vec<u8> {
    minicbor::to_vec(word).unwrap_or_else(|_| unreachable!("writing to memory cannot fail"))
}

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

/// The name of an op: `north-1/1/17`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpPlace {
    pub edge: EdgeId,
    pub epoch: u64,
    pub seq: u64,
}

impl fmt::Display for OpPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.edge, self.epoch, self.seq)
    }
}

impl FromStr for OpPlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected EDGE/EPOCH/SEQ, such as north-1/1/17";
        let mut parts = text.split('/');
        let (edge, epoch, seq) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(edge), Some(epoch), Some(seq), None) => (edge, epoch, seq),
            _ => return Err(wrong),
        };
        Ok(Self {
            edge: edge.parse().map_err(|_| wrong)?,
            epoch: epoch.parse().map_err(|_| wrong)?,
            seq: seq.parse().map_err(|_| wrong)?,
        })
    }
}

/// The session in which a frame counts: the hub's term and the edge's boot nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct LinkSessionId {
    #[n(0)]
    pub term: u64,
    #[n(1)]
    pub nonce: BootNonce,
}

#[cfg(test)]
mod tests {
    use texts::Language;

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

    #[test]
    fn an_ops_name_reads_back_and_what_is_none_does_not() {
        let place = OpPlace {
            edge: EdgeId::new("north-1").unwrap(),
            epoch: 2,
            seq: 17,
        };
        assert_eq!(place.to_string().parse(), Ok(place));
        for bad in [
            "",
            "north-1",
            "north-1/1",
            "north-1/1/x",
            "North/1/1",
            "north-1/1/1/1",
            "//",
        ] {
            assert!(bad.parse::<OpPlace>().is_err(), "{bad}");
        }
    }
}
