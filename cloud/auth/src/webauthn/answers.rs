//! Parses the bytes of a browser's answer: the attestation object and the authenticator data.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use minicbor::{Decoder, data::Type};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    CREDENTIAL_ID_BYTES_MAX, CredentialKey, PasskeyFault,
    cbor::{read_map_size, set_once},
};

const CLIENT_DATA_BYTES_MAX: usize = 2 * 1024;
/// An attestation without a certificate has some 200 bytes next to its credential's id.
const ATTESTATION_BYTES_MAX: usize = 4 * 1024;
const AUTHENTICATOR_DATA_BYTES_MAX: usize = 1024;
const SIGNATURE_BYTES_MAX: usize = 128;

const SITE_HASH_BYTES: usize = 32;
const COUNTER_BYTES: usize = 4;
/// The model of the authenticator, which is not looked at.
const MODEL_BYTES: usize = 16;

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// A browser's answer that registers a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegistrationAnswer {
    pub client_data: Vec<u8>,
    pub attestation: Vec<u8>,
}

/// A browser's answer that proves a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PasskeyAnswer {
    pub credential_id: Vec<u8>,
    pub client_data: Vec<u8>,
    pub authenticator_data: Vec<u8>,
    pub signature: Vec<u8>,
}

/// A passkey's answer as a page sends it, in base64url.
#[derive(Deserialize, ToSchema)]
pub struct PasskeyProof {
    /// Which of the person's passkeys answers.
    credential_id: String,
    /// The browser's `clientDataJSON`.
    client_data: String,
    authenticator_data: String,
    signature: String,
}

/// A new passkey as a page sends it, in base64url.
#[derive(Deserialize, ToSchema)]
pub struct NewPasskeyForm {
    /// What the person calls it.
    pub label: String,
    /// The browser's `clientDataJSON`.
    client_data: String,
    /// The browser's `attestationObject`.
    attestation: String,
}

impl PasskeyProof {
    pub(crate) fn decode(&self) -> Result<PasskeyAnswer, PasskeyFault> {
        Ok(PasskeyAnswer {
            credential_id: decode_bytes(&self.credential_id, CREDENTIAL_ID_BYTES_MAX)?,
            client_data: decode_bytes(&self.client_data, CLIENT_DATA_BYTES_MAX)?,
            authenticator_data: decode_bytes(
                &self.authenticator_data,
                AUTHENTICATOR_DATA_BYTES_MAX,
            )?,
            signature: decode_bytes(&self.signature, SIGNATURE_BYTES_MAX)?,
        })
    }
}

impl NewPasskeyForm {
    pub(crate) fn decode(&self) -> Result<RegistrationAnswer, PasskeyFault> {
        Ok(RegistrationAnswer {
            client_data: decode_bytes(&self.client_data, CLIENT_DATA_BYTES_MAX)?,
            attestation: decode_bytes(&self.attestation, ATTESTATION_BYTES_MAX)?,
        })
    }
}

fn decode_bytes(text: &str, bytes_max: usize) -> Result<Vec<u8>, PasskeyFault> {
    // Four characters carry three bytes, so a longer text cannot fit.
    if text.len() > bytes_max.div_ceil(3) * 4 {
        return Err(PasskeyFault::Malformed);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text);
    let bytes = bytes.map_err(|_| PasskeyFault::Malformed)?;
    if bytes.is_empty() || bytes.len() > bytes_max {
        return Err(PasskeyFault::Malformed);
    }
    Ok(bytes)
}

/// How the authenticator vouches for a new credential.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AttestationStatement<'a> {
    Nothing,
    /// A signature by the new key itself, which browsers pass on even if none is requested.
    BySelf {
        algorithm: i64,
        signature: &'a [u8],
    },
}

#[derive(Debug)]
pub(super) struct AttestationObject<'a> {
    pub statement: AttestationStatement<'a>,
    pub authenticator_data: &'a [u8],
}

/// The statement as it is read, before its format says what it must contain.
#[derive(Debug, Default)]
struct RawStatement<'a> {
    is_empty: bool,
    algorithm: Option<i64>,
    signature: Option<&'a [u8]>,
    has_others: bool,
}

impl<'a> AttestationObject<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, PasskeyFault> {
        let mut decoder = Decoder::new(bytes);
        let mut format = None;
        let mut statement = None;
        let mut authenticator_data = None;
        for _ in 0..read_map_size(&mut decoder)? {
            match decoder.str()? {
                "fmt" => set_once(&mut format, decoder.str()?)?,
                "attStmt" => set_once(&mut statement, RawStatement::parse(&mut decoder)?)?,
                "authData" => set_once(&mut authenticator_data, decoder.bytes()?)?,
                _ => return Err(PasskeyFault::Malformed),
            }
        }
        require_end(&decoder, bytes)?;
        let statement: RawStatement<'a> = statement.ok_or(PasskeyFault::Malformed)?;
        let statement = match (format, statement.algorithm, statement.signature) {
            (Some("none"), None, None) if statement.is_empty => AttestationStatement::Nothing,
            (Some("packed"), Some(algorithm), Some(signature)) if !statement.has_others => {
                AttestationStatement::BySelf {
                    algorithm,
                    signature,
                }
            }
            _ => return Err(PasskeyFault::UnsupportedAttestation),
        };
        Ok(Self {
            statement,
            authenticator_data: authenticator_data.ok_or(PasskeyFault::Malformed)?,
        })
    }
}

impl<'a> RawStatement<'a> {
    fn parse(decoder: &mut Decoder<'a>) -> Result<Self, PasskeyFault> {
        let size = read_map_size(decoder)?;
        let mut statement = Self {
            is_empty: size == 0,
            ..Self::default()
        };
        for _ in 0..size {
            match decoder.str()? {
                "alg" => set_once(&mut statement.algorithm, decoder.i64()?)?,
                "sig" => set_once(&mut statement.signature, decoder.bytes()?)?,
                _ => {
                    statement.has_others = true;
                    decoder.skip()?;
                }
            }
        }
        Ok(statement)
    }
}

/// A credential in the authenticator data of a registration.
#[derive(Debug)]
pub(super) struct AttestedCredential<'a> {
    pub id: &'a [u8],
    pub key: CredentialKey,
}

#[derive(Debug)]
pub(super) struct AuthenticatorData<'a> {
    pub site_hash: &'a [u8],
    pub is_person_present: bool,
    pub is_person_verified: bool,
    pub counter: u32,
    pub credential: Option<AttestedCredential<'a>>,
}

impl<'a> AuthenticatorData<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, PasskeyFault> {
        let (site_hash, rest) = split_bytes(bytes, SITE_HASH_BYTES)?;
        let (flags, rest) = split_bytes(rest, 1)?;
        let (counter, mut rest) = split_bytes(rest, COUNTER_BYTES)?;
        let flags = flags[0];
        let counter = counter.try_into().map_err(|_| PasskeyFault::Malformed)?;
        let mut credential = None;
        if flags & HAS_CREDENTIAL != 0 {
            let (_, after_model) = split_bytes(rest, MODEL_BYTES)?;
            let (size, after_size) = split_bytes(after_model, 2)?;
            let size = usize::from(size[0]) << 8 | usize::from(size[1]);
            if !(1..=CREDENTIAL_ID_BYTES_MAX).contains(&size) {
                return Err(PasskeyFault::Malformed);
            }
            let (id, after_id) = split_bytes(after_size, size)?;
            let mut decoder = Decoder::new(after_id);
            let key = CredentialKey::decode(&mut decoder)?;
            rest = &after_id[decoder.position()..];
            credential = Some(AttestedCredential { id, key });
        }
        if flags & HAS_EXTENSIONS != 0 {
            let mut decoder = Decoder::new(rest);
            if decoder.datatype()? != Type::Map {
                return Err(PasskeyFault::Malformed);
            }
            decoder.skip()?;
            rest = &rest[decoder.position()..];
        }
        if !rest.is_empty() {
            return Err(PasskeyFault::Malformed);
        }
        Ok(Self {
            site_hash,
            is_person_present: flags & PRESENT != 0,
            is_person_verified: flags & VERIFIED != 0,
            counter: u32::from_be_bytes(counter),
            credential,
        })
    }
}

fn split_bytes(bytes: &[u8], size: usize) -> Result<(&[u8], &[u8]), PasskeyFault> {
    bytes.split_at_checked(size).ok_or(PasskeyFault::Malformed)
}

fn require_end(decoder: &Decoder<'_>, bytes: &[u8]) -> Result<(), PasskeyFault> {
    if decoder.position() == bytes.len() {
        return Ok(());
    }
    Err(PasskeyFault::Malformed)
}
