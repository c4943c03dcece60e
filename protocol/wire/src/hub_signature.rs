//! The hub's signatures, and how an edge recognises the hub's key.
//!
//! - Every frame for an edge that sent a challenge in its Hello. A signature binds the edge, the
//!   challenge, the hub's nonce, the frame's place in its session and the frame's bytes.
//! - Its time, which accompanies its refusal of an edge with a wrong clock. The signature binds the
//!   edge, the refused token and the time. An edge puts random bytes into every token, so an earlier
//!   answer proves nothing later.
//! - The answer to an enrolment. People copy the enrolment code: a one-time secret, then the
//!   fingerprint of the hub's key.
//!
//! Invariant: an edge that has the code accepts no other hub, even on first contact.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode, Encoder, bytes::ByteVec};

use crate::{
    ids::{Challenge, EdgeId, Hash, HubKey, HubNonce, Region},
    time::UnixMillis,
};

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SealedFrame {
    /// Counted from 0 in each session, so that frames cannot be repeated, dropped or reordered.
    #[n(0)]
    pub number: u64,
    #[n(1)]
    pub frame: ByteVec,
    /// The hub's Ed25519 signature over the bytes of a [`SealPayload`].
    #[n(2)]
    pub signature: ByteVec,
    /// Present in the first sealed frame of a session.
    #[n(3)]
    pub opening: Option<HubHandshake>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HubHandshake {
    #[n(0)]
    pub key: HubKey,
    #[n(1)]
    pub nonce: HubNonce,
}

/// The content that a signature binds.
#[derive(Debug, Clone, Copy)]
pub struct SealPayload<'a> {
    pub edge: &'a EdgeId,
    pub challenge: Challenge,
    pub nonce: HubNonce,
    pub number: u64,
    pub frame: &'a [u8],
}

impl SealPayload<'_> {
    pub fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.frame.len() + 160);
        let written = Encoder::new(&mut bytes)
            .array(6)
            .and_then(|e| e.str("holdfast hub frame 1"))
            .and_then(|e| e.encode(self.edge))
            .and_then(|e| e.encode(self.challenge))
            .and_then(|e| e.encode(self.nonce))
            .and_then(|e| e.u64(self.number))
            .and_then(|e| e.bytes(self.frame))
            .is_ok();
        debug_assert!(written, "writing to memory cannot fail");
        bytes
    }
}

/// How far a frame is proven to come from the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameProof {
    /// The hub's key signed it for this session.
    Signed,
    /// The edge has no hub key, and this session has no signatures it could trust.
    Unsigned,
    /// The signature is missing or wrong, or the frame is out of sequence.
    Forged,
}

/// The header of the refusal that carries it.
pub const HUB_TIME_HEADER: &str = "x-holdfast-hub-time";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubTime {
    pub at: UnixMillis,
    pub key: HubKey,
    pub signature: [u8; 64],
}

/// The bytes that the hub signs.
pub fn hub_time_bytes(edge: &EdgeId, token: &str, at: UnixMillis) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = Encoder::new(&mut bytes)
        .array(4)
        .and_then(|e| e.str("holdfast hub time 1"))
        .and_then(|e| e.encode(edge))
        .and_then(|e| e.encode(Hash::digest_bytes(token.as_bytes())))
        .and_then(|e| e.encode(at))
        .is_ok();
    debug_assert!(written, "writing to memory cannot fail");
    bytes
}

impl fmt::Display for HubTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{}.{}",
            self.at.0,
            self.key,
            hex::encode(self.signature)
        )
    }
}

impl FromStr for HubTime {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "expected a time, a key and a signature";
        let mut parts = text.splitn(3, '.');
        let at = parts.next().ok_or(FORM)?;
        let at = at.parse().map_err(|_| FORM)?;
        let key = parts.next().ok_or(FORM)?.parse()?;
        let signature_hex = parts.next().ok_or(FORM)?;
        let mut signature = [0; 64];
        hex::decode_to_slice(signature_hex, &mut signature).map_err(|_| FORM)?;
        Ok(Self {
            at: UnixMillis(at),
            key,
            signature,
        })
    }
}

/// 120 bits make it infeasible to guess a code or to find another key with the same fingerprint.
pub const CODE_PART_BYTES: usize = 15;
const PART_CHARS: usize = CODE_PART_BYTES * 8 / 5;
const GROUP_CHARS: usize = 4;
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The truncated hash of the hub's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubFingerprint([u8; CODE_PART_BYTES]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    #[error("the code is incomplete: it has twelve groups of four")]
    Torn,
    #[error("a fingerprint has six groups of four letters and digits")]
    NoFingerprint,
}

/// The code for one edge. Only its hash is stored.
pub fn enrolment_code(secret: [u8; CODE_PART_BYTES], key: &HubKey) -> String {
    format!("{}-{}", encode_code_part(secret), key.compute_fingerprint())
}

/// The fingerprint of the hub that made the code; codes from older hubs contain none.
pub fn parse_hub_fingerprint(code: &str) -> Result<Option<HubFingerprint>, CodeError> {
    let plain = normalise_code(code);
    match plain.len() {
        0..=PART_CHARS => Ok(None),
        n if n == 2 * PART_CHARS => plain[PART_CHARS..]
            .parse()
            .map(Some)
            .map_err(|_| CodeError::Torn),
        _ => Err(CodeError::Torn),
    }
}

/// The bytes that the hub signs in its answer to an enrolment.
pub fn enrolment_bytes(edge: &EdgeId, region: Region, edge_key: &[u8; 32], jwks: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = Encoder::new(&mut bytes)
        .array(5)
        .and_then(|e| e.str("holdfast enrolment 1"))
        .and_then(|e| e.encode(edge))
        .and_then(|e| e.encode(region))
        .and_then(|e| e.bytes(edge_key))
        .and_then(|e| e.str(jwks))
        .is_ok();
    debug_assert!(written, "writing to memory cannot fail");
    bytes
}

/// The bytes that the hub signs alongside: the edge's earlier keys.
pub fn former_keys_bytes(edge: &EdgeId, edge_key: &[u8; 32], former: &[[u8; 32]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = Encoder::new(&mut bytes)
        .array(4)
        .and_then(|e| e.str("holdfast former keys 1"))
        .and_then(|e| e.encode(edge))
        .and_then(|e| e.bytes(edge_key))
        .and_then(|e| e.bytes(former.as_flattened()))
        .is_ok();
    debug_assert!(written, "writing to memory cannot fail");
    bytes
}

impl HubKey {
    pub fn compute_fingerprint(&self) -> HubFingerprint {
        let hash = Hash::digest_bytes(&[&b"holdfast hub key "[..], &self.0].concat());
        let mut bytes = [0; CODE_PART_BYTES];
        bytes.copy_from_slice(&hash.0[..CODE_PART_BYTES]);
        HubFingerprint(bytes)
    }
}

impl fmt::Display for HubFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_code_part(self.0))
    }
}

/// Parsing ignores case and separators.
impl FromStr for HubFingerprint {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let plain = normalise_code(text);
        if plain.len() != PART_CHARS {
            return Err(CodeError::NoFingerprint);
        }
        let mut bytes = [0; CODE_PART_BYTES];
        for (five, chars) in bytes
            .chunks_exact_mut(5)
            .zip(plain.as_bytes().chunks_exact(8))
        {
            let mut bits = 0u64;
            for c in chars {
                let digit = CROCKFORD.iter().position(|known| known == c);
                bits = (bits << 5) | digit.ok_or(CodeError::NoFingerprint)? as u64;
            }
            five.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        Ok(Self(bytes))
    }
}

fn normalise_code(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

fn encode_code_part(bytes: [u8; CODE_PART_BYTES]) -> String {
    let mut text = String::with_capacity(PART_CHARS * 5 / GROUP_CHARS);
    for five in bytes.chunks_exact(5) {
        let bits = five
            .iter()
            .fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte));
        for n in 0..8 {
            if text.len() % (GROUP_CHARS + 1) == GROUP_CHARS {
                text.push('-');
            }
            text.push(char::from(
                CROCKFORD[((bits >> (35 - 5 * n)) & 31) as usize],
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hubs_time_reads_back_from_its_header() {
        let at = UnixMillis(1_764_000_000_123);
        let time = HubTime {
            at,
            key: HubKey([7; 32]),
            signature: [9; 64],
        };
        assert_eq!(time.to_string().parse(), Ok(time));
        for torn in ["", "1764000000123", "x.07.09", &time.to_string()[..200]] {
            assert!(torn.parse::<HubTime>().is_err(), "{torn}");
        }
    }

    const KEY: HubKey = HubKey([7; 32]);

    #[test]
    fn a_code_names_its_hub_however_it_was_copied() {
        let code = enrolment_code([9; CODE_PART_BYTES], &KEY);
        assert_eq!(code.len(), 59, "{code}");
        assert_eq!(
            parse_hub_fingerprint(&code),
            Ok(Some(KEY.compute_fingerprint()))
        );
        assert_eq!(
            parse_hub_fingerprint(&code.to_lowercase().replace('-', " ")),
            parse_hub_fingerprint(&code)
        );
        assert_ne!(
            parse_hub_fingerprint(&code),
            Ok(Some(HubKey([8; 32]).compute_fingerprint()))
        );
        assert_eq!(
            KEY.compute_fingerprint().to_string().parse(),
            Ok(KEY.compute_fingerprint())
        );
    }

    #[test]
    fn a_code_of_an_older_hub_names_none_and_a_torn_one_is_refused() {
        let code = enrolment_code([9; CODE_PART_BYTES], &KEY);
        assert_eq!(parse_hub_fingerprint(&code[..29]), Ok(None));
        for torn in [
            &code[..57],
            &code[..34],
            &format!("{code}-1"),
            &code.replace(['0', '1'], "U"),
        ] {
            assert_eq!(parse_hub_fingerprint(torn), Err(CodeError::Torn), "{torn}");
        }
    }
}
