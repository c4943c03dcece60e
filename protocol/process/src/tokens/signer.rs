//! A private key, which leaves this value only into its own file.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::{
    digest,
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde::Serialize;
use tempfile::NamedTempFile;
use wire::UnixMillis;

use super::{
    key_set::{KeySet, PublishedKey},
    provider,
};

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
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(path),
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
/// first makes it.
fn create(path: &Path) -> io::Result<Vec<u8>> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), fs::create_dir_all)?;
    let folder = folder.unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(&Signer::generate_pkcs8())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => Err(failed.error),
        _ => fs::read(path),
    }
}

pub(super) fn key_thumbprint(public: &[u8; 32]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, members.as_bytes()))
}
