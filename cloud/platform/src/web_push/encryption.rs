//! Encrypts a message for one browser: RFC 8291, in one record of RFC 8188's `aes128gcm`. Only the
//! browser can read it, not its push service.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::random;
use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral},
    error::Unspecified,
    hkdf::{HKDF_SHA256, KeyType, Prk, Salt},
    rand::SystemRandom,
};

pub const POINT_BYTES: usize = 65;
pub const AUTH_BYTES: usize = 16;
const SALT_BYTES: usize = 16;
/// The first byte of an uncompressed point.
const UNCOMPRESSED: u8 = 4;
/// Push services take bodies of up to 4,096 bytes.
const RECORD_BYTES: u32 = 4_096;
const TEXT_BYTES_MAX: usize = 3_000;
/// Messages are padded to a multiple, so that their length does not reveal the event.
const PADDED_TO: usize = 256;
/// Ends the text of the last record; padding follows.
const LAST_RECORD: u8 = 2;

/// The keys that a browser makes for a subscription.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceKeys {
    /// The public key, an uncompressed point of P-256.
    p256dh: [u8; POINT_BYTES],
    auth: [u8; AUTH_BYTES],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum EncryptionError {
    #[error("the message is too long for a push")]
    TooLong,
    #[error("the device's key is no point of P-256")]
    Key,
}

impl From<Unspecified> for EncryptionError {
    fn from(_: Unspecified) -> Self {
        Self::Key
    }
}

/// The inputs that derive the keys of one message.
struct MessageSecrets<'a> {
    salt: [u8; SALT_BYTES],
    /// Our public key for this message alone.
    sender: &'a [u8],
    shared: &'a [u8],
}

impl DeviceKeys {
    /// Reads the browser's `p256dh`, in base64url; `None` unless it is a point of the curve.
    pub fn parse_point(text: &str) -> Option<[u8; POINT_BYTES]> {
        let point: [u8; POINT_BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        if point[0] != UNCOMPRESSED {
            return None;
        }
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).ok()?;
        let theirs = UnparsedPublicKey::new(&ECDH_P256, point);
        agree_ephemeral(own, &theirs, |_| point).ok()
    }

    /// Reads the browser's `auth`, in base64url.
    pub fn parse_auth(text: &str) -> Option<[u8; AUTH_BYTES]> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
    }

    pub fn new(p256dh: [u8; POINT_BYTES], auth: [u8; AUTH_BYTES]) -> Self {
        Self { p256dh, auth }
    }

    /// Encrypts with a new key pair and salt per message.
    pub(super) fn encrypt(&self, text: &[u8]) -> Result<Vec<u8>, EncryptionError> {
        let content = pad_text(text)?;
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new())?;
        let sender = own.compute_public_key()?;
        let theirs = UnparsedPublicKey::new(&ECDH_P256, self.p256dh);
        agree_ephemeral(own, &theirs, |shared| {
            let secrets = MessageSecrets {
                salt: random::draw_bytes(),
                sender: sender.as_ref(),
                shared,
            };
            self.seal_record(&secrets, content)
        })?
    }

    fn seal_record(
        &self,
        secrets: &MessageSecrets<'_>,
        mut content: Vec<u8>,
    ) -> Result<Vec<u8>, EncryptionError> {
        let MessageSecrets {
            salt,
            sender,
            shared,
        } = *secrets;
        let info: [&[u8]; 3] = [b"WebPush: info\0", &self.p256dh, sender];
        let agreed = Salt::new(HKDF_SHA256, &self.auth).extract(shared);
        let input: [u8; 32] = expand_key(&agreed, &info)?;
        let derived = Salt::new(HKDF_SHA256, &salt).extract(&input);
        let key: [u8; 16] = expand_key(&derived, &[b"Content-Encoding: aes128gcm\0"])?;
        let nonce: [u8; 12] = expand_key(&derived, &[b"Content-Encoding: nonce\0"])?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(nonce, Aad::empty(), &mut content)?;

        let mut body = Vec::with_capacity(SALT_BYTES + 5 + sender.len() + content.len());
        body.extend_from_slice(&salt);
        body.extend_from_slice(&RECORD_BYTES.to_be_bytes());
        body.push(u8::try_from(sender.len()).map_err(|_| EncryptionError::Key)?);
        body.extend_from_slice(sender);
        body.append(&mut content);
        Ok(body)
    }
}

/// Shows no key.
impl std::fmt::Debug for DeviceKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceKeys")
    }
}

fn pad_text(text: &[u8]) -> Result<Vec<u8>, EncryptionError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(EncryptionError::TooLong);
    }
    let mut content = text.to_vec();
    content.push(LAST_RECORD);
    content.resize(content.len().next_multiple_of(PADDED_TO), 0);
    Ok(content)
}

struct KeyLength(usize);

impl KeyType for KeyLength {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand_key<const N: usize>(from: &Prk, info: &[&[u8]]) -> Result<[u8; N], Unspecified> {
    let mut key = [0; N];
    from.expand(info, KeyLength(N))?.fill(&mut key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode<const N: usize>(text: &str) -> [u8; N] {
        URL_SAFE_NO_PAD.decode(text).unwrap().try_into().unwrap()
    }

    const DEVICE: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

    #[test]
    fn the_example_of_rfc_8291_encrypts_to_its_published_bytes() {
        let sender: [u8; POINT_BYTES] = decode(
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
        );
        let shared: [u8; 32] = decode("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let secrets = MessageSecrets {
            salt: decode("DGv6ra1nlYgDCS1FRnbzlw"),
            sender: &sender,
            shared: &shared,
        };
        let point = DeviceKeys::parse_point(DEVICE).unwrap();
        let auth = DeviceKeys::parse_auth("BTBZMqHH6r4Tts7J_aSIgg").unwrap();
        let mut content = b"When I grow up, I want to be a watermelon".to_vec();
        content.push(LAST_RECORD);
        let body = DeviceKeys::new(point, auth)
            .seal_record(&secrets, content)
            .unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(body),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocIn\
             mYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNW\
             QexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn messages_of_different_lengths_look_alike_and_none_is_longer_than_services_take() {
        let keys = DeviceKeys::new(decode(DEVICE), [7; AUTH_BYTES]);
        let lengths = [1, 200, TEXT_BYTES_MAX].map(|n| keys.encrypt(&vec![b'x'; n]).unwrap().len());
        assert_eq!(lengths[0], lengths[1]);
        assert!(lengths[2] <= RECORD_BYTES as usize, "{lengths:?}");
        assert_eq!(
            keys.encrypt(&[b'x'; TEXT_BYTES_MAX + 1]),
            Err(EncryptionError::TooLong)
        );
        let [one, other] = [0; 2].map(|_| keys.encrypt(b"x").unwrap());
        assert_ne!(one[..16], other[..16], "each message has its own salt");
        assert_ne!(one[21..86], other[21..86], "and its own key");
    }

    #[test]
    fn a_key_that_is_no_point_of_the_curve_is_refused() {
        assert!(DeviceKeys::parse_point(DEVICE).is_some());
        let mut beside: [u8; POINT_BYTES] = decode(DEVICE);
        beside[64] ^= 1;
        let mut compressed: [u8; POINT_BYTES] = decode(DEVICE);
        compressed[0] = 2;
        for wrong in [&beside[..], &compressed[..], &beside[..64], &[]] {
            let wrong = URL_SAFE_NO_PAD.encode(wrong);
            assert_eq!(DeviceKeys::parse_point(&wrong), None, "{wrong}");
        }
        assert_eq!(DeviceKeys::parse_point(&format!("{DEVICE}=")), None);
        assert!(DeviceKeys::parse_auth("BTBZMqHH6r4Tts7J_aSIgg").is_some());
        assert_eq!(DeviceKeys::parse_auth("BTBZMqHH6r4Tts7J_aSI"), None);
    }
}
