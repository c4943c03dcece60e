//! The RSA keys of both sides, from files: PEM, or the bare base64 shown in Alipay's console.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{
        KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
    },
};

/// SHA-256 of the public keys in `tests/alipay/keys`. Their private keys are published in the same
/// folder.
const PUBLISHED: [&str; 2] = [
    "45feedf1ce1c7aa0d5457096970d147f75350b371c22f14f56f91afdbd5c3f02",
    "dbea43c0e266711876b69f29ac2c837066cac52b13b20c87876c6fb5d2769b35",
];

/// Signs our requests. Never print it.
pub struct MerchantKey(RsaKeyPair);

/// Verifies Alipay's messages and answers.
pub struct AlipayKey(UnparsedPublicKey<Vec<u8>>);

#[derive(Debug, thiserror::Error)]
pub enum AlipayKeyError {
    #[error("could not read `{}`", file.display())]
    File {
        file: PathBuf,
        source: std::io::Error,
    },
    #[error("`{}` does not contain an RSA key of the required kind", .0.display())]
    Form(PathBuf),
    /// If our own key passed as Alipay's, callers that can make us sign could impersonate Alipay.
    #[error("`{}` contains our own public key; use Alipay's, which its console shows next to ours", .0.display())]
    Own(PathBuf),
}

/// Signing failed; the library gives no cause.
#[derive(Debug, thiserror::Error)]
#[error("could not sign the request")]
pub struct SigningFailed;

impl MerchantKey {
    /// Reads PKCS#8 or PKCS#1, 2048 to 4096 bits.
    pub fn read(file: &Path) -> Result<Self, AlipayKeyError> {
        let der = read_der(file)?;
        let key = RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der));
        key.map(Self)
            .map_err(|_| AlipayKeyError::Form(file.to_owned()))
    }

    pub fn is_published(&self) -> bool {
        is_published(self.0.public_key().as_ref())
    }

    /// Signs as `RSA2`: SHA-256 with RSA, in base64.
    pub fn sign(&self, text: &str) -> Result<String, SigningFailed> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let random = SystemRandom::new();
        self.0
            .sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
            .map_err(|_| SigningFailed)?;
        Ok(STANDARD.encode(signature))
    }
}

impl AlipayKey {
    pub fn read(file: &Path, own: &MerchantKey) -> Result<Self, AlipayKeyError> {
        let der = read_der(file)?;
        let key = inner_key(&der).ok_or_else(|| AlipayKeyError::Form(file.to_owned()))?;
        if key == own.0.public_key().as_ref() {
            return Err(AlipayKeyError::Own(file.to_owned()));
        }
        Ok(Self(UnparsedPublicKey::new(
            &RSA_PKCS1_2048_8192_SHA256,
            key.to_vec(),
        )))
    }

    pub fn is_published(&self) -> bool {
        is_published(self.0.as_ref())
    }

    pub fn has_signed(&self, text: &str, signature: &str) -> bool {
        let signature = STANDARD.decode(signature);
        signature.is_ok_and(|signature| self.0.verify(text.as_bytes(), &signature).is_ok())
    }
}

fn is_published(public_key: &[u8]) -> bool {
    PUBLISHED.contains(&hex::encode(digest(&SHA256, public_key)).as_str())
}

fn read_der(file: &Path) -> Result<Vec<u8>, AlipayKeyError> {
    let text = fs::read_to_string(file).map_err(|source| AlipayKeyError::File {
        file: file.to_owned(),
        source,
    })?;
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("-----"));
    let text: String = lines.collect();
    STANDARD
        .decode(text)
        .map_err(|_| AlipayKeyError::Form(file.to_owned()))
}

/// The algorithm identifier of an RSA key: its OID, without parameters.
const RSA_ENCRYPTION: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// The key inside the wrapper that names its algorithm, as ring expects it.
fn inner_key(der: &[u8]) -> Option<&[u8]> {
    let (info, behind) = split_der_element(SEQUENCE, der)?;
    let (algorithm, rest) = split_der_element(SEQUENCE, info)?;
    let (bits, last) = split_der_element(BIT_STRING, rest)?;
    let key = bits.strip_prefix(&[0])?;
    let is_whole =
        behind.is_empty() && last.is_empty() && split_der_element(SEQUENCE, key).is_some();
    (is_whole && algorithm == RSA_ENCRYPTION).then_some(key)
}

/// The first DER element, and the remaining input.
fn split_der_element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, der) = der.split_first()?;
    let (&first, der) = der.split_first()?;
    let (length, der) = match first {
        0..=0x7f => (usize::from(first), der),
        0x81 => der
            .split_first()
            .map(|(&length, der)| (usize::from(length), der))?,
        0x82 => {
            let (length, der) = der.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), der)
        }
        _ => return None,
    };
    (found == tag).then(|| der.split_at_checked(length))?
}
