//! Public ids. Most are UUIDv7, made with the thing itself. Edges and devices are few and named by
//! people, so their id is their name.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};
use uuid::Uuid;

/// Encodes an id in frames as its 16 bytes.
mod id_in_frames {
    use minicbor::{
        Decoder, Encoder,
        decode::Error,
        encode::{Error as EncodeError, Write},
    };
    use uuid::Uuid;

    pub fn encode<C, W: Write>(
        id: &Uuid,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.bytes(id.as_bytes())?.ok()
    }

    pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Uuid, Error> {
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
    /// A picture or a document that a person uploaded.
    FileId,
    /// A customer's review of a completed order.
    ReviewId,
}

impl CommandId {
    /// Derives the command for one order from a request that covers several; repeats yield the same
    /// id.
    pub fn for_order(self, order: OrderId) -> Self {
        let hash = crate::Hash::digest_bytes(&[*self.as_bytes(), *order.as_bytes()].concat());
        let mut id = [0; 16];
        id.copy_from_slice(&hash.0[..16]);
        Self(Uuid::from_bytes(id))
    }
}

/// Why a text is not the name of an edge or a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 40 of a-z, 0-9 and `-`, and `{0}` is not")]
pub struct NameError(pub String);

const NAME_PATTERN: &str = "^[a-z0-9-]{1,40}$";

fn check_name(text: &str) -> Result<(), NameError> {
    let fits = (1..=40).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits {
        Ok(())
    } else {
        Err(NameError(text.chars().take(60).collect()))
    }
}

macro_rules! name_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(SerializeDisplay, DeserializeFromStr)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                check_name(&text)?;
                Ok(Self(text))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        text_in_frames!($name);
    )+};
}

name_ids! {
    /// An edge node, such as `north-1`. Safe in topics, paths and file names.
    EdgeId,
    /// A tablet or kiosk, such as `tablet-7`; also its MQTT client id.
    DeviceId,
}

text_schema!(EdgeId, "An edge node.", pattern = NAME_PATTERN, "north-1");
text_schema!(
    DeviceId,
    "A tablet or kiosk.",
    pattern = NAME_PATTERN,
    "tablet-7"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_break_a_topic_are_refused() {
        for bad in ["", "a/b", "a+", "#", "North", "a b", &"x".repeat(41)] {
            assert!(EdgeId::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            EdgeId::new("north-1").map(|e| e.to_string()),
            Ok("north-1".to_owned())
        );
    }
}
