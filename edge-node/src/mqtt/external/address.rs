//! The address of the external broker, and the protection of the connection to it.

use std::{fmt, io, path::PathBuf, sync::Arc, time::Duration};

use http::Uri;
use process::{
    client::is_loopback,
    clock::Clock,
    trust::{client_config_trusting, tls_client_config_at, with_certificate_clock},
};
use rustls::{
    ClientConfig,
    crypto::ring,
    pki_types::{CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::config::Config;

#[derive(Debug, thiserror::Error)]
pub enum BrokerAddressError {
    #[error(
        "edge.broker_url: with edge.mqtt `external` it must be `mqtts://HOST:PORT` or `mqtt://HOST:PORT`"
    )]
    Url,
    #[error(
        "edge.broker_url: `mqtt://` to another machine is readable on the network, with the tokens \
         of people; use `mqtts://`, or set edge.plain_listeners"
    )]
    PlainText,
    #[error("edge.broker_url: the host is no name that a certificate can have")]
    Host(#[source] InvalidDnsNameError),
    #[error("edge.broker_certificate and edge.broker_key must be set together or not at all")]
    HalfOfCertificate,
    #[error("could not read {}", file.display())]
    Unreadable {
        file: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not use {}: {why}", file.display())]
    Unusable { file: PathBuf, why: String },
}

/// Where the broker listens.
pub(super) struct BrokerAddress {
    host: String,
    port: u16,
    tls: Option<BrokerTls>,
    pub(super) credentials: BrokerCredentials,
}

struct BrokerTls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// The edge's credentials at the broker besides a certificate.
#[derive(Default)]
pub(super) struct BrokerCredentials {
    pub user_name: Option<String>,
    pub password: Option<String>,
}

pub(super) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const PORT: u16 = 1883;
const TLS_PORT: u16 = 8883;

impl BrokerAddress {
    pub(super) async fn from_config(
        config: &Config,
        clock: &Clock,
    ) -> Result<Self, BrokerAddressError> {
        let uri: Uri = config
            .broker_url
            .parse()
            .map_err(|_| BrokerAddressError::Url)?;
        let host = uri.host().ok_or(BrokerAddressError::Url)?;
        let credentials = BrokerCredentials {
            user_name: Some(config.broker_user.clone()).filter(|user| !user.is_empty()),
            password: Some(config.broker_password.reveal().to_owned())
                .filter(|password| !password.is_empty()),
        };
        let uses_tls = match uri.scheme_str() {
            Some("mqtts") => true,
            Some("mqtt") if is_loopback(host) || config.plain_listeners => false,
            Some("mqtt") => return Err(BrokerAddressError::PlainText),
            _ => return Err(BrokerAddressError::Url),
        };
        let host = host.trim_matches(['[', ']']).to_owned();
        let mut tls = None;
        if uses_tls {
            let name = ServerName::try_from(host.clone()).map_err(BrokerAddressError::Host)?;
            let client = build_tls_config(config, clock).await?;
            let connector = TlsConnector::from(Arc::new(client));
            tls = Some(BrokerTls { connector, name });
        }
        let port = uri
            .port_u16()
            .unwrap_or(if uses_tls { TLS_PORT } else { PORT });
        Ok(Self {
            host,
            port,
            tls,
            credentials,
        })
    }

    pub(super) async fn connect(&self) -> io::Result<Box<dyn ByteStream>> {
        match timeout(CONNECT_WITHIN, self.connect_stream()).await {
            Ok(connected) => connected,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    async fn connect_stream(&self) -> io::Result<Box<dyn ByteStream>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some(BrokerTls { connector, name }) => {
                let stream = connector.connect(name.clone(), stream).await?;
                Ok(Box::new(stream))
            }
        }
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

async fn build_tls_config(
    config: &Config,
    clock: &Clock,
) -> Result<ClientConfig, BrokerAddressError> {
    let roots = &config.broker_roots;
    let mut client = if roots.as_os_str().is_empty() {
        (*tls_client_config_at(clock)).clone()
    } else {
        let pem = read_file(roots).await?;
        let trusting = client_config_trusting(&pem);
        let trusting = trusting.map_err(|why| BrokerAddressError::Unusable {
            file: roots.clone(),
            why,
        })?;
        with_certificate_clock(trusting, clock)
    };
    if let Some(own) = load_client_certificate(config).await? {
        client.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(own));
    }
    Ok(client)
}

async fn load_client_certificate(
    config: &Config,
) -> Result<Option<CertifiedKey>, BrokerAddressError> {
    let chain_file = &config.broker_certificate;
    let key_file = &config.broker_key;
    let has_chain = !chain_file.as_os_str().is_empty();
    let has_key = !key_file.as_os_str().is_empty();
    match (has_chain, has_key) {
        (false, false) => return Ok(None),
        (true, true) => {}
        (true, false) | (false, true) => return Err(BrokerAddressError::HalfOfCertificate),
    }
    let chain_pem = read_file(chain_file).await?;
    let key_pem = read_file(key_file).await?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain_pem).collect();
    let chain = chain.map_err(|error| BrokerAddressError::Unusable {
        file: chain_file.clone(),
        why: error.to_string(),
    })?;
    let unusable_key = |why: String| BrokerAddressError::Unusable {
        file: key_file.clone(),
        why,
    };
    let key = PrivateKeyDer::from_pem_slice(&key_pem);
    let key = key.map_err(|error| unusable_key(error.to_string()))?;
    let own = CertifiedKey::from_der(chain, key, &ring::default_provider());
    own.map(Some)
        .map_err(|error| unusable_key(error.to_string()))
}

async fn read_file(file: &PathBuf) -> Result<Vec<u8>, BrokerAddressError> {
    let read = tokio::fs::read(file).await;
    read.map_err(|source| BrokerAddressError::Unreadable {
        file: file.clone(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn plain_text_to_another_machine_requires_permission() {
        for (url, plain_listeners, expected) in [
            ("mqtts://broker.example", false, Ok("broker.example:8883")),
            ("mqtts://broker.example:9", false, Ok("broker.example:9")),
            ("mqtt://127.0.0.1", false, Ok("127.0.0.1:1883")),
            ("mqtt://[::1]:9", false, Ok("::1:9")),
            ("mqtt://broker.example", true, Ok("broker.example:1883")),
            (
                "mqtt://broker.example",
                false,
                Err("readable on the network"),
            ),
            ("http://127.0.0.1", false, Err("must be")),
            ("127.0.0.1:1883", false, Err("must be")),
            ("", false, Err("must be")),
        ] {
            let config = Config {
                broker_url: url.to_owned(),
                plain_listeners,
                ..Config::default()
            };
            let found = BrokerAddress::from_config(&config, &Clock::system()).await;
            match (found, expected) {
                (Ok(address), Ok(expected)) => assert_eq!(address.to_string(), expected),
                (Err(error), Err(part)) => {
                    let text = error.to_string();
                    assert!(text.contains(part), "{url}: {text}");
                }
                (found, _) => panic!("{url}: {:?}", found.map(|address| address.to_string())),
            }
        }
    }
}
