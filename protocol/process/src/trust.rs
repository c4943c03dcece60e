//! Certificate authorities for outgoing TLS: the public ones, and an operator's own.
//!
//! Invariant: they are set once, before the first call. A later client cannot trust others.

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest;
use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    pki_types::{CertificateDer, UnixTime, pem::PemObject},
    time_provider::TimeProvider,
};
use serde::{Deserialize, Serialize};

use crate::{clock::Clock, problem::iter_causes};

/// Section `[tls]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file with the certificates of an operator's own authorities. Empty for none.
    pub roots: PathBuf,
}

pub const SECTION: &str = "tls";
const ROOTS: &str = "HOLDFAST__TLS__ROOTS";

impl TlsConfig {
    /// For programs without a configuration file.
    pub fn from_environment() -> Self {
        Self {
            roots: std::env::var_os(ROOTS).unwrap_or_default().into(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("`tls.roots`: could not read {}", file.display())]
    Unreadable {
        file: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`tls.roots`: {}: {why}", file.display())]
    Unusable { file: PathBuf, why: String },
}

impl TrustError {
    fn unusable_file(file: &Path, why: String) -> Self {
        Self::Unusable {
            file: file.to_owned(),
            why,
        }
    }
}

/// Clones share them.
#[derive(Clone)]
pub struct CertificateAuthorities {
    client: Arc<ClientConfig>,
    own: Option<Arc<OperatorAuthorities>>,
}

struct OperatorAuthorities {
    file: PathBuf,
    pem: String,
}

static OF_PROCESS: OnceLock<CertificateAuthorities> = OnceLock::new();

/// Adds the configured authorities; must precede the first call.
pub fn trust_authorities(config: &TlsConfig) -> Result<(), TrustError> {
    if config.roots.as_os_str().is_empty() {
        return Ok(());
    }
    let own = CertificateAuthorities::with_own(&config.roots)?;
    OF_PROCESS.set(own).map_err(|_| {
        let why = "this process made calls before its certificate authorities were configured";
        TrustError::unusable_file(&config.roots, why.to_owned())
    })
}

pub fn tls_client_config() -> Arc<ClientConfig> {
    CertificateAuthorities::of_process().client
}

/// Judges certificates by `clock`, for processes that keep their own time.
pub fn tls_client_config_at(clock: &Clock) -> Arc<ClientConfig> {
    Arc::new(with_certificate_clock(
        (*tls_client_config()).clone(),
        clock,
    ))
}

pub fn with_certificate_clock(mut config: ClientConfig, clock: &Clock) -> ClientConfig {
    config.time_provider = Arc::new(CertificateTime(clock.clone()));
    config
}

#[derive(Debug)]
struct CertificateTime(Clock);

impl TimeProvider for CertificateTime {
    fn current_time(&self) -> Option<UnixTime> {
        let now = u64::try_from(self.0.now().0).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(now)))
    }
}

/// True if two machines could not agree on TLS.
pub fn is_tls_error(error: &(dyn Error + 'static)) -> bool {
    tls_errors(error).next().is_some()
}

pub fn is_certificate_error(error: &(dyn Error + 'static)) -> bool {
    tls_errors(error).any(|error| matches!(error, rustls::Error::InvalidCertificate(_)))
}

/// True if a certificate was refused because it is not valid now.
pub fn is_certificate_time_error(error: &(dyn Error + 'static)) -> bool {
    tls_errors(error).any(names_certificate_time)
}

fn tls_errors<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e rustls::Error> {
    iter_causes(error).filter_map(|cause| cause.downcast_ref())
}

fn names_certificate_time(error: &rustls::Error) -> bool {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    let rustls::Error::InvalidCertificate(why) = error else {
        return false;
    };
    matches!(
        why,
        Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }
    )
}

/// SHA-256 of a certificate's DER, in pairs with colons, as browsers and devices show it.
pub fn certificate_fingerprint(der: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, der);
    let pairs: Vec<String> = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    pairs.join(":")
}

pub fn encode_certificate_pem(der: &[u8]) -> String {
    const LINE_CHARS: usize = 64;
    let body = STANDARD.encode(der);
    let mut pem = String::with_capacity(body.len() + body.len() / LINE_CHARS + 60);
    pem.push_str("-----BEGIN CERTIFICATE-----\n");
    for (index, c) in body.chars().enumerate() {
        if index > 0 && index % LINE_CHARS == 0 {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push_str("\n-----END CERTIFICATE-----\n");
    pem
}

/// Trusts the authorities in this PEM and the public ones.
pub fn client_config_trusting(pem: &[u8]) -> Result<ClientConfig, String> {
    let mut roots = public_roots();
    let mut own = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| format!("not PEM: {error}"))?;
        roots
            .add(certificate)
            .map_err(|error| format!("not a certificate authority: {error}"))?;
        own += 1;
    }
    if own == 0 {
        return Err("it contains no certificate".to_owned());
    }
    Ok(with_roots(roots))
}

impl CertificateAuthorities {
    pub fn of_process() -> Self {
        OF_PROCESS.get_or_init(Self::with_public_roots).clone()
    }

    pub fn with_public_roots() -> Self {
        Self {
            client: Arc::new(with_roots(public_roots())),
            own: None,
        }
    }

    /// Adds the PEM file to the public authorities.
    pub fn with_own(file: &Path) -> Result<Self, TrustError> {
        let pem = fs::read_to_string(file).map_err(|source| TrustError::Unreadable {
            file: file.to_owned(),
            source,
        })?;
        let client = client_config_trusting(pem.as_bytes())
            .map_err(|why| TrustError::unusable_file(file, why))?;
        let own = OperatorAuthorities {
            file: file.to_owned(),
            pem,
        };
        Ok(Self {
            client: Arc::new(client),
            own: Some(Arc::new(own)),
        })
    }

    pub fn client_config(&self) -> Arc<ClientConfig> {
        self.client.clone()
    }

    /// The operator's authorities as checked PEM, for libraries that make their own client.
    pub fn own_pem(&self) -> Option<&str> {
        self.own.as_ref().map(|own| own.pem.as_str())
    }

    /// The same for libraries that read only files.
    pub fn own_file(&self) -> Option<&Path> {
        self.own.as_ref().map(|own| own.file.as_path())
    }
}

fn public_roots() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

fn with_roots(roots: RootCertStore) -> ClientConfig {
    // Tests call without `process::start`.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth()
}
