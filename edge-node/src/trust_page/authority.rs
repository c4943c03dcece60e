//! The certificate of the authority that signs the shop's certificates, and the forms in which
//! devices take it.
//!
//! Invariant: only the certificate leaves, in an encoding made here, never the rest of the file.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use process::trust::{certificate_fingerprint, encode_certificate_pem};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use uuid::Builder;
use wire::{EdgeId, Language};

use crate::{certificates::SHOP_CA, say};

#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorityError {
    #[error("could not read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is not a PEM file with a certificate", path.display())]
    Pem {
        path: PathBuf,
        #[source]
        source: rustls::pki_types::pem::Error,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct ShopAuthority {
    pub der: Vec<u8>,
    sha256: [u8; 32],
}

impl ShopAuthority {
    /// `None` until the edge has a certificate from the cloud.
    pub(crate) async fn load(data: &Path) -> Result<Option<Self>, AuthorityError> {
        let path = data.join(SHOP_CA);
        let pem = match tokio::fs::read(&path).await {
            Ok(pem) => pem,
            Err(source) if source.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(AuthorityError::Read { path, source }),
        };
        match CertificateDer::from_pem_slice(&pem) {
            Ok(certificate) => Ok(Some(Self::from_der(certificate.to_vec()))),
            Err(source) => Err(AuthorityError::Pem { path, source }),
        }
    }

    fn from_der(der: Vec<u8>) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, &der);
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest.as_ref());
        Self { der, sha256 }
    }

    /// The SHA-256 fingerprint in pairs with colons, four pairs a group.
    pub(super) fn fingerprint_groups(&self) -> Vec<String> {
        let fingerprint = certificate_fingerprint(&self.der);
        let pairs: Vec<&str> = fingerprint.split(':').collect();
        pairs.chunks(4).map(|group| group.join(":")).collect()
    }

    pub(crate) fn to_pem(&self) -> String {
        encode_certificate_pem(&self.der)
    }

    /// A configuration profile for iOS. The same certificate always gives the same profile, so that
    /// installing it again replaces the earlier one.
    pub(crate) fn to_profile(&self, edge: &EdgeId, language: Language) -> String {
        let content = STANDARD.encode(&self.der);
        let description = say::trust_profile.text_in(language);
        let profile_id = self.derive_uuid(0);
        let payload_id = self.derive_uuid(1);
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN"
  "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadVersion</key><integer>1</integer>
  <key>PayloadIdentifier</key><string>holdfast.shop.{profile_id}</string>
  <key>PayloadUUID</key><string>{profile_id}</string>
  <key>PayloadDisplayName</key><string>Holdfast {edge}</string>
  <key>PayloadDescription</key><string>{description}</string>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadType</key><string>com.apple.security.root</string>
      <key>PayloadVersion</key><integer>1</integer>
      <key>PayloadIdentifier</key><string>holdfast.shop.{payload_id}</string>
      <key>PayloadUUID</key><string>{payload_id}</string>
      <key>PayloadDisplayName</key><string>Holdfast {edge}</string>
      <key>PayloadContent</key>
      <data>{content}</data>
    </dict>
  </array>
</dict>
</plist>
"#
        )
    }

    fn derive_uuid(&self, half: usize) -> String {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.sha256[half * 16..(half + 1) * 16]);
        Builder::from_custom_bytes(bytes).into_uuid().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_certificate_leaves_its_file() {
        let data = tempfile::tempdir().unwrap();
        assert!(ShopAuthority::load(data.path()).await.unwrap().is_none());
        let authority = ShopAuthority::from_der((0..=255).collect());
        let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
        let file = data.path().join(SHOP_CA);
        std::fs::write(&file, format!("{key}{}", authority.to_pem())).unwrap();
        let loaded = ShopAuthority::load(data.path()).await.unwrap().unwrap();
        assert_eq!(loaded.der, authority.der);
        assert!(!loaded.to_pem().contains("PRIVATE"));
        assert!(loaded.to_pem().lines().all(|line| line.len() <= 64));
        std::fs::write(&file, "no certificate").unwrap();
        let refused = ShopAuthority::load(data.path()).await;
        assert!(matches!(refused, Err(AuthorityError::Pem { .. })));
    }

    #[test]
    fn a_fingerprint_reads_like_that_of_the_command_line() {
        // `printf abc | sha256sum`
        let groups = ShopAuthority::from_der(b"abc".to_vec()).fingerprint_groups();
        assert_eq!(groups.len(), 8);
        assert_eq!(groups[0], "BA:78:16:BF");
        assert_eq!(groups[7], "F2:00:15:AD");
    }
}
