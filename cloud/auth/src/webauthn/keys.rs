//! The public key of a passkey: ES256 or Ed25519, as an authenticator names it (COSE, RFC 9053).

use minicbor::{Decoder, data::Type};
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey, VerificationAlgorithm};

use super::{
    PasskeyFault,
    cbor::{read_map_size, set_once},
};

pub(crate) const ES256: i64 = -7;
pub(crate) const EDDSA: i64 = -8;

const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const CURVE: i64 = -1;
const X: i64 = -2;
const Y: i64 = -3;

const TYPE_OCTET_PAIR: i64 = 1;
const TYPE_TWO_COORDINATES: i64 = 2;
const CURVE_P256: i64 = 1;
const CURVE_ED25519: i64 = 6;

const COORDINATE_BYTES: usize = 32;
/// The mark of a point with both coordinates (SEC 1).
const UNCOMPRESSED: u8 = 4;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialKey {
    /// An uncompressed point of P-256.
    Es256([u8; 1 + 2 * COORDINATE_BYTES]),
    Ed25519([u8; COORDINATE_BYTES]),
}

/// The members of a COSE key.
#[derive(Default)]
struct CoseMembers<'a> {
    kind: Option<i64>,
    algorithm: Option<i64>,
    curve: Option<i64>,
    x: Option<&'a [u8]>,
    y: Option<&'a [u8]>,
}

impl CredentialKey {
    pub(crate) fn algorithm(&self) -> i64 {
        match self {
            Self::Es256(_) => ES256,
            Self::Ed25519(_) => EDDSA,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Es256(point) => point,
            Self::Ed25519(key) => key,
        }
    }

    /// `None` if the stored key is damaged.
    pub(crate) fn from_stored(algorithm: i64, bytes: &[u8]) -> Option<Self> {
        match algorithm {
            ES256 => bytes.try_into().ok().map(Self::Es256),
            EDDSA => bytes.try_into().ok().map(Self::Ed25519),
            _ => None,
        }
    }

    pub(super) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, PasskeyFault> {
        let members = CoseMembers::decode(decoder)?;
        let x = members.x.unwrap_or_default();
        let y = members.y.unwrap_or_default();
        match (members.kind, members.algorithm, members.curve) {
            (Some(TYPE_TWO_COORDINATES), Some(ES256), Some(CURVE_P256)) => {
                if x.len() != COORDINATE_BYTES || y.len() != COORDINATE_BYTES {
                    return Err(PasskeyFault::Malformed);
                }
                let point = [&[UNCOMPRESSED], x, y].concat();
                let point = point.try_into().map_err(|_| PasskeyFault::Malformed)?;
                Ok(Self::Es256(point))
            }
            (Some(TYPE_OCTET_PAIR), Some(EDDSA), Some(CURVE_ED25519)) => {
                let key = x.try_into().map_err(|_| PasskeyFault::Malformed)?;
                Ok(Self::Ed25519(key))
            }
            _ => Err(PasskeyFault::UnsupportedKey),
        }
    }

    pub(super) fn verify_signature(
        &self,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), PasskeyFault> {
        let algorithm: &dyn VerificationAlgorithm = match self {
            Self::Es256(_) => &ECDSA_P256_SHA256_ASN1,
            Self::Ed25519(_) => &ED25519,
        };
        UnparsedPublicKey::new(algorithm, self.as_bytes())
            .verify(signed, signature)
            .map_err(|_| PasskeyFault::WrongSignature)
    }
}

impl<'a> CoseMembers<'a> {
    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, PasskeyFault> {
        let mut members = Self::default();
        for _ in 0..read_map_size(decoder)? {
            match decoder.i64()? {
                KEY_TYPE => set_once(&mut members.kind, decoder.i64()?)?,
                ALGORITHM => set_once(&mut members.algorithm, decoder.i64()?)?,
                // The curve is a number, and the same place holds the modulus of an RSA key.
                CURVE if decoder.datatype()? != Type::Bytes => {
                    set_once(&mut members.curve, decoder.i64()?)?;
                }
                X if decoder.datatype()? == Type::Bytes => {
                    set_once(&mut members.x, decoder.bytes()?)?;
                }
                Y => set_once(&mut members.y, decoder.bytes()?)?,
                _ => decoder.skip()?,
            }
        }
        Ok(members)
    }
}
