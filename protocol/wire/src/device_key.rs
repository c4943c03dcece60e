//! The public key of a device. Auth binds a device grant to it, and an edge then admits the grant
//! only with a proof that the sender holds the private key.

use std::{fmt, str::FromStr};

use serde_with::{DeserializeFromStr, SerializeDisplay};

use crate::ids::{Hash, RegisteredDeviceId, UserId};

/// An uncompressed point on the curve P-256, as base64url without padding.
#[derive(Clone, PartialEq, Eq, Hash, SerializeDisplay, DeserializeFromStr)]
pub struct DeviceKey(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a device key is an uncompressed P-256 point in base64url, 87 characters")]
pub struct DeviceKeyError;

/// 65 bytes, the first of which is 4. The last character has two spare bits, which are zero: a key
/// has one spelling.
const PATTERN: &str = "^B[A-P][A-Za-z0-9_-]{84}[AEIMQUYcgkosw048]$";
const LAST: &[u8] = b"AEIMQUYcgkosw048";
const CHARS: usize = 87;

text_schema!(
    DeviceKey,
    "The public key of a device: an uncompressed P-256 point in base64url.",
    pattern = PATTERN,
    "BCghD_mr2qTn7Dq4AVGT8mFc2D9sYq_0ctHbXt6LSAeAT6bbpnqOn5Z79R0ssRLyIrVx9k6AJQ3SU6x80ygkxiI"
);

impl DeviceKey {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DeviceKey {
    type Err = DeviceKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes();
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let fits = bytes.len() == CHARS
            && bytes[0] == b'B'
            && (b'A'..=b'P').contains(&bytes[1])
            && bytes.iter().all(is_base64)
            && LAST.contains(&bytes[CHARS - 1]);
        fits.then(|| Self(text.to_owned())).ok_or(DeviceKeyError)
    }
}

impl fmt::Display for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKey({})", self.0)
    }
}

impl RegisteredDeviceId {
    /// A person's device has the same id whenever it shows the same key.
    pub fn from_key(user: UserId, key: &DeviceKey) -> Self {
        let named = [user.as_bytes().as_slice(), key.as_str().as_bytes()].concat();
        let hash = Hash::digest_bytes(&named);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.0[..16]);
        Self(uuid::Uuid::from_bytes(id))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const KEY: &str =
        "BHPLiMuGiiYRoVlp4UXOkzGd45f0bMhgRhA4bhWX2WOBb3PBHSd4vP-3lpQjkuHM1D3RkeEJpgQBqX3hyJZkSWM";

    #[test]
    fn a_key_is_an_uncompressed_point_in_base64url() {
        let key: DeviceKey = KEY.parse().unwrap();
        assert_eq!(serde_json::to_string(&key).unwrap(), format!("\"{KEY}\""));
        let compressed = KEY.replacen('B', "A", 1);
        let padded = format!("{}=", &KEY[..86]);
        let respelled = format!("{}N", &KEY[..86]);
        let long = format!("{KEY}A");
        for wrong in ["", &KEY[..86], &long, &compressed, &padded, &respelled] {
            assert_eq!(wrong.parse::<DeviceKey>(), Err(DeviceKeyError), "{wrong}");
        }
    }

    #[test]
    fn the_same_key_of_two_people_is_two_devices() {
        let key: DeviceKey = KEY.parse().unwrap();
        let user = |n| UserId(Uuid::from_u128(n));
        let first = RegisteredDeviceId::from_key(user(1), &key);
        assert_eq!(first, RegisteredDeviceId::from_key(user(1), &key));
        assert_ne!(first, RegisteredDeviceId::from_key(user(2), &key));
    }
}
