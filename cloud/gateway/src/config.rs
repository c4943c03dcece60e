//! The gateway's settings, their defaults, and the errors of a wrong setting.

use std::{num::NonZeroU32, path::PathBuf};

use platform::service::{DataPlace, PartConfig};
use process::{
    parts::CloudPart,
    web::{Certificate, CertificateError, OriginError, ProxyError},
};
use serde::{Deserialize, Serialize};

use crate::{routes::RouteConflict, site_pages::SitePageError};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    /// The origin that browsers use for this gateway, such as `https://portal.example.org`; empty
    /// if they connect to it directly over plain HTTP.
    pub public_origin: String,
    /// Other origins whose pages may call from a browser, besides the portal's.
    pub cors_origins: Vec<String>,
    /// The longest time for a call to a part, before the caller gets a timeout.
    pub upstream_timeout_ms: NonZeroU32,
    /// Request limit per person and endpoint.
    pub per_user_per_minute: NonZeroU32,
    /// Request limit per person over all endpoints.
    pub per_person_per_minute: NonZeroU32,
    /// Anonymous request limit per address and endpoint. Auth limits sign-in and registration
    /// itself, by name and address.
    pub per_address_per_minute: NonZeroU32,
    /// Link opening limit per edge.
    pub per_edge_per_minute: NonZeroU32,
    /// Addresses and networks of trusted proxies, such as `10.0.0.0/8`. `X-Forwarded-For` and
    /// `Forwarded` count only from them.
    pub trusted_proxies: Vec<String>,
    /// PEM files of the TLS certificate and its private key; both empty for plain HTTP. Changed
    /// files are reloaded.
    pub tls_certificate: PathBuf,
    pub tls_key: PathBuf,
    /// Access log lines per second; the next line counts the excess. 0 disables the log.
    pub access_lines_per_second: u32,
    /// Folder with the operator's help, terms and privacy pages, read at the start; empty for the
    /// defaults.
    pub pages_folder: PathBuf,
}

const UPSTREAM_TIMEOUT_MS: NonZeroU32 = NonZeroU32::new(20_000).unwrap();
const PER_USER_PER_MINUTE: NonZeroU32 = NonZeroU32::new(100).unwrap();
const PER_PERSON_PER_MINUTE: NonZeroU32 = NonZeroU32::new(600).unwrap();
const PER_ADDRESS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(300).unwrap();
const PER_EDGE_PER_MINUTE: NonZeroU32 = NonZeroU32::new(120).unwrap();
const ACCESS_LINES_PER_SECOND: u32 = 1_000;

impl Default for Config {
    fn default() -> Self {
        Self::default_for_part(CloudPart::Gateway, &DataPlace::default())
    }
}

impl PartConfig for Config {
    fn default_for_part(part: CloudPart, _: &DataPlace) -> Self {
        Self {
            bind: DataPlace::listen_address(part),
            public_origin: String::new(),
            cors_origins: Vec::new(),
            upstream_timeout_ms: UPSTREAM_TIMEOUT_MS,
            per_user_per_minute: PER_USER_PER_MINUTE,
            per_person_per_minute: PER_PERSON_PER_MINUTE,
            per_address_per_minute: PER_ADDRESS_PER_MINUTE,
            per_edge_per_minute: PER_EDGE_PER_MINUTE,
            trusted_proxies: Vec::new(),
            tls_certificate: PathBuf::new(),
            tls_key: PathBuf::new(),
            access_lines_per_second: ACCESS_LINES_PER_SECOND,
            pages_folder: PathBuf::new(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Origin(#[from] OriginError),
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    #[error("could not build the table of public routes")]
    Routes(#[from] RouteConflict),
    #[error(transparent)]
    SitePage(#[from] SitePageError),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("`gateway.tls_certificate` and `gateway.tls_key` must be set together or not at all")]
    HalfOfTls,
    #[error(
        "`gateway.public_origin` must be https://.. if `gateway.tls_certificate` is set: the sign-in cookie is \
         valid only for that origin"
    )]
    PlainOrigin,
}

impl Config {
    pub async fn load_certificate(&self) -> Result<Option<Certificate>, OpenError> {
        let has_chain = !self.tls_certificate.as_os_str().is_empty();
        let has_key = !self.tls_key.as_os_str().is_empty();
        match (has_chain, has_key) {
            (false, false) => Ok(None),
            (true, true) if !self.public_origin.starts_with("https://") => {
                Err(OpenError::PlainOrigin)
            }
            (true, true) => {
                let chain = self.tls_certificate.clone();
                let key = self.tls_key.clone();
                Ok(Some(Certificate::load(chain, key).await?))
            }
            (true, false) | (false, true) => Err(OpenError::HalfOfTls),
        }
    }
}
