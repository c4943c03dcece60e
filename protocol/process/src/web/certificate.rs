//! The certificate that a listener shows. It is reloaded when its files change, without a restart;
//! files that do not match leave the current one in use. Its files may also appear later; until then
//! there is none to show.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{fs, time};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How soon a renewed certificate is shown.
const RELOAD_EVERY: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    chain: PathBuf,
    key: PathBuf,
    /// `None` until the files are there.
    shown: RwLock<Option<LoadedCertificate>>,
}

struct LoadedCertificate {
    files: CertificateFiles,
    servers: ServerConfigs,
}

/// One for each protocol: a client that asks for another protocol by ALPN is refused.
struct ServerConfigs {
    http: Arc<ServerConfig>,
    mqtt: Arc<ServerConfig>,
}

/// The protocol that a listener speaks inside TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsProtocol {
    Http,
    Mqtt,
}

#[derive(PartialEq, Eq)]
struct CertificateFiles {
    chain: Vec<u8>,
    key: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("could not read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} is not a PEM file with {what}", path.display())]
    Pem {
        path: PathBuf,
        what: &'static str,
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    #[error("could not use the certificate in {} with its key", path.display())]
    Unfit {
        path: PathBuf,
        #[source]
        source: rustls::Error,
    },
}

impl Certificate {
    /// PEM files: `chain` has the listener's own certificate first, `key` its private key.
    pub async fn load(chain: PathBuf, key: PathBuf) -> Result<Self, CertificateError> {
        let certificate = Self::unloaded(chain, key);
        certificate.reload_if_changed().await?;
        Ok(certificate)
    }

    /// Shows no certificate until files that match are there.
    pub async fn load_or_await(chain: PathBuf, key: PathBuf) -> Self {
        let certificate = Self::unloaded(chain, key);
        match certificate.reload_if_changed().await {
            Err(error) if !error.is_missing_file() => certificate.log_failed_load(&error),
            Ok(_) | Err(_) => {}
        }
        certificate
    }

    fn unloaded(chain: PathBuf, key: PathBuf) -> Self {
        Self(Arc::new(Inner {
            chain,
            key,
            shown: RwLock::default(),
        }))
    }

    /// False while its files are awaited.
    pub fn is_loaded(&self) -> bool {
        self.lock_shown().is_some()
    }

    fn lock_shown(&self) -> RwLockReadGuard<'_, Option<LoadedCertificate>> {
        self.0.shown.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn log_failed_load(&self, error: &CertificateError) {
        let cause = crate::problem::format_error_chain(error);
        if self.is_loaded() {
            tracing::error!(
                cause,
                "Could not load a changed certificate; still using the previous one"
            );
        } else {
            tracing::error!(
                cause,
                "Could not load a certificate; no client can connect until it is replaced"
            );
        }
    }

    /// Rereads the files periodically until `stop`.
    pub async fn reload_until_stopped(self, stop: CancellationToken) {
        let mut refused = None;
        loop {
            tokio::select! {
                () = time::sleep(RELOAD_EVERY) => {}
                () = stop.cancelled() => return,
            }
            let failure = match self.reload_if_changed().await {
                Ok(true) => {
                    tracing::info!(file = %self.0.chain.display(), "Loaded a new certificate");
                    None
                }
                Err(error) if self.is_loaded() || !error.is_missing_file() => Some(error),
                Ok(false) | Err(_) => None,
            };
            let cause = failure
                .as_ref()
                .map(|error| crate::problem::format_error_chain(error));
            if let Some(error) = failure
                && cause != refused
            {
                self.log_failed_load(&error);
            }
            refused = cause;
        }
    }

    /// True if it changed.
    pub async fn reload_if_changed(&self) -> Result<bool, CertificateError> {
        let Inner { chain, key, shown } = &*self.0;
        let files = read_files(chain, key).await?;
        let is_current = self
            .lock_shown()
            .as_ref()
            .is_some_and(|current| current.files == files);
        if is_current {
            return Ok(false);
        }
        let servers = build_server_configs(chain, key, &files)?;
        *shown.write().unwrap_or_else(PoisonError::into_inner) =
            Some(LoadedCertificate { files, servers });
        Ok(true)
    }

    /// `None` while the files are awaited.
    pub(super) fn current_acceptor(&self, protocol: TlsProtocol) -> Option<TlsAcceptor> {
        let shown = self.lock_shown();
        let servers = &shown.as_ref()?.servers;
        let server = match protocol {
            TlsProtocol::Http => &servers.http,
            TlsProtocol::Mqtt => &servers.mqtt,
        };
        Some(Arc::clone(server).into())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Certificate")
            .field(&self.0.chain)
            .finish()
    }
}

impl CertificateError {
    fn is_missing_file(&self) -> bool {
        match self {
            Self::Read { source, .. } => source.kind() == io::ErrorKind::NotFound,
            Self::Pem { .. } | Self::Unfit { .. } => false,
        }
    }
}

async fn read_files(chain: &PathBuf, key: &PathBuf) -> Result<CertificateFiles, CertificateError> {
    Ok(CertificateFiles {
        chain: read_file(chain).await?,
        key: read_file(key).await?,
    })
}

async fn read_file(path: &PathBuf) -> Result<Vec<u8>, CertificateError> {
    fs::read(path)
        .await
        .map_err(|source| CertificateError::Read {
            path: path.clone(),
            source,
        })
}

fn build_server_configs(
    chain: &Path,
    key: &Path,
    files: &CertificateFiles,
) -> Result<ServerConfigs, CertificateError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&files.chain).collect();
    let certificates = certificates.map_err(|source| CertificateError::Pem {
        path: chain.to_owned(),
        what: "certificates",
        source,
    })?;
    let secret =
        PrivateKeyDer::from_pem_slice(&files.key).map_err(|source| CertificateError::Pem {
            path: key.to_owned(),
            what: "a private key",
            source,
        })?;
    // Tests listen without `process::start`.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(certificates, secret);
    let mut http = made.map_err(|source| CertificateError::Unfit {
        path: chain.to_owned(),
        source,
    })?;
    let mut mqtt = http.clone();
    http.alpn_protocols = vec![b"http/1.1".to_vec()];
    mqtt.alpn_protocols = vec![b"mqtt".to_vec()];
    Ok(ServerConfigs {
        http: Arc::new(http),
        mqtt: Arc::new(mqtt),
    })
}
