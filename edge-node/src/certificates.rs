//! The files of the certificate that the cloud issues to an edge.

use std::path::{Path, PathBuf};

/// The certificate and those that lead to its authority, the edge's own first.
pub(crate) const ISSUED_CHAIN: &str = "certificate.pem";

/// Its private key, which never leaves the machine.
pub(crate) const ISSUED_KEY: &str = "certificate-key.pem";

/// The certificate of the authority, which a shop's tablets must trust.
pub(crate) const SHOP_CA: &str = "shop-ca.pem";

/// Where the files are in an edge's data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    pub chain: PathBuf,
    pub key: PathBuf,
    pub shop_ca: PathBuf,
}

impl CertificateFiles {
    pub(crate) fn in_folder(data: &Path) -> Self {
        Self {
            chain: data.join(ISSUED_CHAIN),
            key: data.join(ISSUED_KEY),
            shop_ca: data.join(SHOP_CA),
        }
    }
}
