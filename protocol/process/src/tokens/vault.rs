//! Seals private keys for a database: only a process with the key file can open them.

use std::path::Path;

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};

use super::{Signer, SignerError};
use crate::random;

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
}
