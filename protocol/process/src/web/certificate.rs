//! The certificate that a listener shows. It is reloaded when its files change, without a restart;
//! files that do not match leave the current one in use.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
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
    shown: RwLock<LoadedCertificate>,
}

struct LoadedCertificate {
    files: CertificateFiles,
    server: Arc<ServerConfig>,
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
        let files = read_files(&chain, &key).await?;
        let server = build_server_config(&chain, &key, &files)?;
        Ok(Self(Arc::new(Inner {
            chain,
            key,
            shown: RwLock::new(LoadedCertificate { files, server }),
        })))
    }

    /// Rereads the files periodically until `stop`.
    pub async fn reload_until_stopped(self, stop: CancellationToken) {
        let mut refused = None;
        loop {
            tokio::select! {
                () = time::sleep(RELOAD_EVERY) => {}
                () = stop.cancelled() => return,
            }
            let said = match self.reload_if_changed().await {
                Ok(true) => {
                    tracing::info!(file = %self.0.chain.display(), "Loaded a new certificate");
                    None
                }
                Ok(false) => None,
                Err(error) => Some(crate::problem::format_error_chain(&error)),
            };
            if let Some(cause) = said.as_ref().filter(|_| said != refused) {
                tracing::error!(
                    cause,
                    "Could not load a changed certificate; still using the previous one"
                );
            }
            refused = said;
        }
    }

    /// True if it changed.
    pub async fn reload_if_changed(&self) -> Result<bool, CertificateError> {
        let Inner { chain, key, shown } = &*self.0;
        let files = read_files(chain, key).await?;
        if shown.read().unwrap_or_else(PoisonError::into_inner).files == files {
            return Ok(false);
        }
        let server = build_server_config(chain, key, &files)?;
        *shown.write().unwrap_or_else(PoisonError::into_inner) =
            LoadedCertificate { files, server };
        Ok(true)
    }

    pub(super) fn current_acceptor(&self) -> TlsAcceptor {
        self.0
            .shown
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .server
            .clone()
            .into()
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

fn build_server_config(
    chain: &Path,
    key: &Path,
    files: &CertificateFiles,
) -> Result<Arc<ServerConfig>, CertificateError> {
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
    let mut server = made.map_err(|source| CertificateError::Unfit {
        path: chain.to_owned(),
        source,
    })?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(server))
}
