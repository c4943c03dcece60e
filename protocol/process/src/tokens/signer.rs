//! A private key, which leaves this value only into its own file or sealed for a database; the key
//! set at `/.well-known/jwks.json`, which publishes its public half; and a check of 32 bytes that
//! may be registered as a public key.
//!
//! Invariant: for an accepted key, a signature proves possession of the private half. Everyone can
//! sign for a point of low order, and a number written in two ways gives one key two names. Bytes
//! that are not a point are harmless: they verify nothing.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest, hmac,
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde::Serialize;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use wire::UnixMillis;

use super::provider;
use crate::random;

#[derive(Clone)]
pub struct Signer(Arc<Inner>);

struct Inner {
    pair: Ed25519KeyPair,
    key: EncodingKey,
    public: [u8; 32],
    kid: String,
}

#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    #[error("this is not an Ed25519 private key in PKCS#8")]
    NotAKey,
    #[error("the key file {} is not an Ed25519 private key in PKCS#8", .0.display())]
    BadFile(PathBuf),
    #[error("the key file {} does not contain a public key", .0.display())]
    BadPublicFile(PathBuf),
    #[error("could not use the key file {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl Signer {
    /// A new private key as PKCS#8 DER.
    pub fn generate_pkcs8() -> Vec<u8> {
        match Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()) {
            Ok(document) => document.as_ref().to_vec(),
            // As in `random`: no secret is safe without random bytes.
            Err(_) => panic!("the operating system provided no random bytes"),
        }
    }

    pub fn from_pkcs8(der: &[u8]) -> Result<Self, SignerError> {
        provider::install_crypto_provider();
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der);
        let pair = pair.map_err(|_| SignerError::NotAKey)?;
        let public = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| SignerError::NotAKey)?;
        let key = EncodingKey::from_ed_der(der);
        Ok(Self(Arc::new(Inner {
            pair,
            key,
            kid: key_thumbprint(&public),
            public,
        })))
    }

    /// The first process creates the file, readable only by its owner.
    pub fn load_or_create(path: impl AsRef<Path>) -> Result<Self, SignerError> {
        let path = path.as_ref();
        let read_or_created = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create_key_file(path, &Self::generate_pkcs8())
            }
            read => read,
        };
        let der = read_or_created.map_err(|source| SignerError::File {
            path: path.to_owned(),
            source,
        })?;
        Self::from_pkcs8(&der).map_err(|_| SignerError::BadFile(path.to_owned()))
    }

    /// The file must exist.
    pub fn load(path: &Path) -> Result<Self, SignerError> {
        Self::from_pkcs8(&Self::read_file(path)?).map_err(|_| SignerError::BadFile(path.to_owned()))
    }

    pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, SignerError> {
        fs::read(path).map_err(|source| SignerError::File {
            path: path.to_owned(),
            source,
        })
    }

    /// The key's name: its RFC 7638 thumbprint.
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    pub fn public_key(&self) -> [u8; 32] {
        self.0.public
    }

    /// A key set of only this public key.
    pub fn jwks(&self) -> String {
        let key = PublishedKey {
            public: self.0.public,
            trusted_from: UnixMillis(0),
        };
        KeySet {
            keys: vec![key],
            former_keys: Vec::new(),
        }
        .to_json()
    }

    pub fn sign_bytes(&self, msg: &[u8]) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.0.pair.sign(msg).as_ref());
        bytes
    }

    pub fn sign_claims(&self, claims: &impl Serialize) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.0.kid.clone());
        match jsonwebtoken::encode(&header, claims, &self.0.key) {
            Ok(token) => token,
            Err(error) => unreachable!("claims always serialise and the key was checked: {error}"),
        }
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.kid())
    }
}

/// Creates the file whole and private, or not at all: of two processes that start at once, the
/// first makes it. Returns the key in the file.
pub fn create_key_file(path: &Path, key: &[u8]) -> io::Result<Vec<u8>> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), fs::create_dir_all)?;
    let folder = folder.unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(key)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => Err(failed.error),
        _ => fs::read(path),
    }
}

fn key_thumbprint(public: &[u8; 32]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, members.as_bytes()))
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeySet {
    /// Keys with live tokens, the present key and the next, in signing order.
    pub keys: Vec<PublishedKey>,
    /// Keys whose tokens have all expired. They identify people in an edge's old log, but admit no
    /// one.
    pub former_keys: Vec<PublishedKey>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedKey {
    pub public: [u8; 32],
    /// Earlier tokens of the key are refused; 0 for a key that was always trusted.
    pub trusted_from: UnixMillis,
}

impl KeySet {
    pub fn to_json(&self) -> String {
        let mut set = json!({ "keys": list_keys(&self.keys) });
        if !self.former_keys.is_empty() {
            set["former_keys"] = list_keys(&self.former_keys).into();
        }
        set.to_string()
    }
}

fn list_keys(keys: &[PublishedKey]) -> Vec<Value> {
    keys.iter().copied().map(PublishedKey::to_json).collect()
}

impl PublishedKey {
    pub fn kid(&self) -> String {
        key_thumbprint(&self.public)
    }

    fn to_json(self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.public);
        let mut key = json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.kid(), "x": x,
        });
        if self.trusted_from > UnixMillis(0) {
            // Round up: a key is never trusted early.
            key["trusted_from"] = (self.trusted_from.0 + 999).div_euclid(1000).into();
        }
        key
    }
}

/// Makes the sealing key differ from the signing key in the same file.
const PURPOSE: &[u8] = b"holdfast: the key that seals signing keys";

pub struct KeyVault(LessSafeKey);

impl KeyVault {
    /// Loads the key file and its vault. The first process creates the file.
    pub fn load_or_create(path: &Path) -> Result<(Signer, Self), SignerError> {
        let signer = Signer::load_or_create(path)?;
        let der = Signer::read_file(path)?;
        Ok((signer, Self::from_secret(&der)))
    }

    fn from_secret(secret: &[u8]) -> Self {
        let bytes = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), PURPOSE);
        match UnboundKey::new(&AES_256_GCM, bytes.as_ref()) {
            Ok(key) => Self(LessSafeKey::new(key)),
            Err(_) => unreachable!("a key is 32 bytes long"),
        }
    }

    /// Seals the private key `kid` for storage.
    pub fn seal_key(&self, kid: &str, private: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random::draw_bytes();
        let mut sealed = private.to_vec();
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        match self
            .0
            .seal_in_place_append_tag(nonce_used, Aad::from(kid.as_bytes()), &mut sealed)
        {
            Ok(()) => [nonce.as_slice(), &sealed].concat(),
            Err(_) => unreachable!("a key is short enough to seal"),
        }
    }

    /// `None` if another file sealed it, or under another name.
    pub fn open(&self, kid: &str, sealed: &[u8]) -> Option<Signer> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut private = sealed.to_vec();
        let private = self
            .0
            .open_in_place(nonce, Aad::from(kid.as_bytes()), &mut private)
            .ok()?;
        Signer::from_pkcs8(private)
            .ok()
            .filter(|signer| signer.kid() == kid)
    }
}

/// 2^255 - 19, little-endian.
const P: [u8; 32] = {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xed;
    bytes[31] = 0x7f;
    bytes
};

/// The y of the points whose order divides eight: 0, 1, -1, and the two of order eight.
const LOW_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    {
        let mut minus_one = P;
        minus_one[0] = 0xec;
        minus_one
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// True if a signature by this Ed25519 key would prove anything.
pub fn is_sound_key(key: &[u8; 32]) -> bool {
    // The top bit is the sign of x.
    let mut y = *key;
    y[31] &= 0x7f;
    let canonical = y.iter().rev().lt(P.iter().rev());
    canonical && !LOW_ORDER.contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_key_opens_by_its_file_and_its_name_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("auth.key");
        let (own, vault) = KeyVault::load_or_create(&path).unwrap();
        let (again, same) = KeyVault::load_or_create(&path).unwrap();
        assert_eq!(own.kid(), again.kid());
        let der = Signer::generate_pkcs8();
        let signer = Signer::from_pkcs8(&der).unwrap();
        let mut sealed = vault.seal_key(signer.kid(), &der);
        assert_ne!(sealed, vault.seal_key(signer.kid(), &der));
        assert!(
            !sealed
                .windows(32)
                .any(|part| der.windows(32).any(|found| found == part))
        );
        assert_eq!(
            same.open(signer.kid(), &sealed).unwrap().kid(),
            signer.kid()
        );
        assert!(
            vault.open(own.kid(), &sealed).is_none(),
            "under another name"
        );
        let (_, other) = KeyVault::load_or_create(&folder.path().join("other.key")).unwrap();
        assert!(other.open(signer.kid(), &sealed).is_none());
        sealed[20] ^= 1;
        assert!(vault.open(signer.kid(), &sealed).is_none());
        assert!(vault.open(signer.kid(), &[]).is_none());
    }

    #[test]
    fn a_key_that_proves_nothing_is_not_sound() {
        for y in LOW_ORDER {
            for sign in [0, 0x80] {
                let mut key = y;
                key[31] |= sign;
                assert!(!is_sound_key(&key), "{key:02x?}");
            }
        }
        // Encoded as p, as p + 1, and as the largest number.
        let mut p_plus_one = P;
        p_plus_one[0] += 1;
        for other in [P, p_plus_one, [0xff; 32]] {
            assert!(!is_sound_key(&other), "{other:02x?}");
        }
    }

    #[test]
    fn every_key_that_is_made_is_sound() {
        for _ in 0..64 {
            let signer = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
            assert!(is_sound_key(&signer.public_key()));
        }
    }
}
