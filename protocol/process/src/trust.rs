//! Owns the authorities by which this process knows the servers that it calls over TLS: the public ones and,
//! beside them, an operator's own.
//!
//! Invariant: they are set once, before the first call. A later client cannot trust others.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde::{Deserialize, Serialize};

/// Section `[tls]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// A PEM file with the certificates of an operator's own authorities. Empty for none.
    pub roots: PathBuf,
}

pub const SECTION: &str = "tls";
const ROOTS: &str = "HOLDFAST__TLS__ROOTS";

impl TlsConfig {
    /// For a program that reads no configuration file.
    pub fn of_environment() -> Self {
        Self { roots: std::env::var_os(ROOTS).unwrap_or_default().into() }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`tls.roots`: {why}")]
pub struct TrustError {
    why: String,
}

static CLIENT: OnceLock<Arc<ClientConfig>> = OnceLock::new();

/// Trusts the authorities in this file too, from the first call on.
pub fn trust(config: &TlsConfig) -> Result<(), TrustError> {
    if config.roots.as_os_str().is_empty() {
        return Ok(());
    }
    let shown = config.roots.display();
    let wrong = |why: String| TrustError { why: format!("{shown}: {why}") };
    let pem = fs::read(&config.roots).map_err(|error| wrong(error.to_string()))?;
    let client = client_that_trusts(&pem).map_err(wrong)?;
    let late = || wrong("this process has made calls before it was told whom to trust".to_owned());
    CLIENT.set(Arc::new(client)).map_err(|_| late())
}

/// The way to call by TLS.
pub fn client() -> Arc<ClientConfig> {
    CLIENT.get_or_init(|| Arc::new(with_roots(public_roots()))).clone()
}

/// The same with the authorities in this PEM beside the public ones.
pub fn client_that_trusts(pem: &[u8]) -> Result<ClientConfig, String> {
    let mut roots = public_roots();
    let mut own = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| format!("no PEM: {error}"))?;
        roots.add(certificate).map_err(|error| format!("no authority: {error}"))?;
        own += 1;
    }
    if own == 0 {
        return Err("it has no certificate".to_owned());
    }
    Ok(with_roots(roots))
}

fn public_roots() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

fn with_roots(roots: RootCertStore) -> ClientConfig {
    // Tests call without `process::start`.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}
