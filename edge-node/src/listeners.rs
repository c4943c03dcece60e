//! The edge's listeners: which of them speak TLS, and with which certificate.
//!
//! Invariant: a listener that other machines can reach speaks TLS unless `edge.plain_listeners`
//! allows plain text.

use std::{io, net::SocketAddr};

use process::web::{
    BindError, Certificate, CertificateError, ConnectionSlots, Listener, TlsProtocol, bind_listener,
};
use tokio::net::TcpListener;

use crate::{
    certificates::CertificateFiles,
    config::{Config, MqttKind},
};

pub(crate) struct EdgeListeners {
    pub http: HttpListeners,
    /// Absent with an external broker.
    pub broker: Option<BrokerListeners>,
    /// The page in the clear that shows how a device trusts this shop, if configured.
    pub trust_page: Option<TcpListener>,
    pub security: ListenerSecurity,
}

pub(crate) struct HttpListeners {
    pub public: Listener,
    /// Shared with the broker's listeners.
    pub slots: ConnectionSlots,
    /// For metrics and readiness details, if configured.
    pub operators: Option<Listener>,
}

pub(crate) struct BrokerListeners {
    pub mqtt: Listener,
    pub websockets: Listener,
    pub slots: ConnectionSlots,
}

/// How the listeners protect their connections, decided once at the start.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListenerSecurity {
    /// The certificate that at least one listener shows.
    pub certificate: Option<Certificate>,
    /// That certificate is the operator's own.
    pub has_own_certificate: bool,
    /// Tablets on other machines connect without encryption.
    pub plain_tablets: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum ListenerError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("could not find the address on which the edge listens")]
    Address(#[source] io::Error),
    #[error("`edge.certificate` and `edge.certificate_key` must be set together or not at all")]
    HalfOfCertificate,
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protection {
    Tls,
    /// Plain text that stays on this machine.
    Loopback,
    /// Plain text to other machines, which the configuration allows.
    Plain,
}

/// The settings that decide the protection of a listener.
#[derive(Debug, Clone, Copy)]
struct ProtectionRule {
    has_own_certificate: bool,
    plain_listeners: bool,
}

/// Protects the listeners of one edge in turn and notes what they use.
struct ListenerProtector {
    rule: ProtectionRule,
    certificate: Certificate,
    shows_certificate: bool,
    plain_tablets: bool,
}

impl EdgeListeners {
    pub(crate) async fn bind(config: &Config) -> Result<Self, ListenerError> {
        let public = bind_listener(&config.http_bind).await?;
        let tablets = match config.mqtt {
            MqttKind::Embedded => Some(BoundBroker::bind(config).await?),
            MqttKind::External => None,
        };
        let operators = bind_if_configured(&config.operator_bind).await?;
        let trust_page = bind_if_configured(&config.trust_bind).await?;
        let slots = ConnectionSlots::new(config.connections_per_address.get());
        let mut protector = ListenerProtector::new(config).await?;
        let broker = tablets
            .map(|bound| bound.protect(&mut protector, &slots))
            .transpose()?;
        let http = HttpListeners {
            public: protector.protect_tablets(public, TlsProtocol::Http)?,
            slots,
            operators: operators
                .map(|listener| protector.protect_operators(listener))
                .transpose()?,
        };
        let security = protector.into_security();
        security.log_weakness();
        Ok(Self {
            http,
            broker,
            trust_page,
            security,
        })
    }
}

/// The embedded broker's sockets, not yet protected.
struct BoundBroker {
    mqtt: TcpListener,
    websockets: TcpListener,
}

impl BoundBroker {
    async fn bind(config: &Config) -> Result<Self, BindError> {
        Ok(Self {
            mqtt: bind_listener(&config.mqtt_bind).await?,
            websockets: bind_listener(&config.ws_bind).await?,
        })
    }

    fn protect(
        self,
        protector: &mut ListenerProtector,
        slots: &ConnectionSlots,
    ) -> Result<BrokerListeners, ListenerError> {
        Ok(BrokerListeners {
            mqtt: protector.protect_tablets(self.mqtt, TlsProtocol::Mqtt)?,
            websockets: protector.protect_tablets(self.websockets, TlsProtocol::Http)?,
            slots: slots.clone(),
        })
    }
}

async fn bind_if_configured(address: &str) -> Result<Option<TcpListener>, BindError> {
    match address {
        "" => Ok(None),
        address => Ok(Some(bind_listener(address).await?)),
    }
}

impl ListenerProtector {
    async fn new(config: &Config) -> Result<Self, ListenerError> {
        let own = load_own_certificate(config).await?;
        let rule = ProtectionRule {
            has_own_certificate: own.is_some(),
            plain_listeners: config.plain_listeners,
        };
        let certificate = match own {
            Some(own) => own,
            None => {
                let issued = CertificateFiles::in_folder(&config.data);
                Certificate::load_or_await(issued.chain, issued.key).await
            }
        };
        Ok(Self {
            rule,
            certificate,
            shows_certificate: false,
            plain_tablets: false,
        })
    }

    fn protect_tablets(
        &mut self,
        tcp: TcpListener,
        protocol: TlsProtocol,
    ) -> Result<Listener, ListenerError> {
        let address = tcp.local_addr().map_err(ListenerError::Address)?;
        let protection = self.rule.protection_for_tablets(address);
        self.plain_tablets |= protection == Protection::Plain;
        Ok(self.apply_protection(tcp, protection, protocol))
    }

    fn protect_operators(&mut self, tcp: TcpListener) -> Result<Listener, ListenerError> {
        let address = tcp.local_addr().map_err(ListenerError::Address)?;
        let protection = self.rule.protection_for_operators(address);
        if protection == Protection::Plain {
            tracing::warn!(%address, "The operators' listener is reachable in plain text");
        }
        Ok(self.apply_protection(tcp, protection, TlsProtocol::Http))
    }

    fn apply_protection(
        &mut self,
        tcp: TcpListener,
        protection: Protection,
        protocol: TlsProtocol,
    ) -> Listener {
        match protection {
            Protection::Tls => {
                self.shows_certificate = true;
                Listener::with_tls(tcp, self.certificate.clone(), protocol)
            }
            Protection::Loopback | Protection::Plain => Listener::from(tcp),
        }
    }

    fn into_security(self) -> ListenerSecurity {
        ListenerSecurity {
            certificate: self.shows_certificate.then_some(self.certificate),
            has_own_certificate: self.rule.has_own_certificate,
            plain_tablets: self.plain_tablets,
        }
    }
}

impl ProtectionRule {
    fn protection_for_tablets(self, address: SocketAddr) -> Protection {
        if self.has_own_certificate {
            return Protection::Tls;
        }
        self.protection_for_operators(address)
    }

    /// Operators use the loopback listener with programs that trust no shop's certificate.
    fn protection_for_operators(self, address: SocketAddr) -> Protection {
        if address.ip().to_canonical().is_loopback() {
            Protection::Loopback
        } else if self.plain_listeners && !self.has_own_certificate {
            Protection::Plain
        } else {
            Protection::Tls
        }
    }
}

async fn load_own_certificate(config: &Config) -> Result<Option<Certificate>, ListenerError> {
    let has_chain = !config.certificate.as_os_str().is_empty();
    let has_key = !config.certificate_key.as_os_str().is_empty();
    match (has_chain, has_key) {
        (false, false) => Ok(None),
        (true, true) => {
            let chain = config.certificate.clone();
            let key = config.certificate_key.clone();
            Ok(Some(Certificate::load(chain, key).await?))
        }
        (true, false) | (false, true) => Err(ListenerError::HalfOfCertificate),
    }
}

const AWAITED: &str = "no certificate yet, so nothing can connect over TLS: the cloud issues one \
    once this edge is enrolled and its link is up; or set edge.certificate and \
    edge.certificate_key to your own";

impl ListenerSecurity {
    /// For the readiness report.
    pub(crate) fn check_readiness(&self) -> Result<(), String> {
        if self.awaits_certificate() {
            Err(AWAITED.to_owned())
        } else {
            Ok(())
        }
    }

    fn awaits_certificate(&self) -> bool {
        self.certificate
            .as_ref()
            .is_some_and(|certificate| !certificate.is_loaded())
    }

    fn log_weakness(&self) {
        if self.awaits_certificate() {
            // Usual at the first start.
            tracing::info!("This edge has {AWAITED}");
        }
        if self.plain_tablets {
            tracing::warn!(
                "TABLETS CONNECT IN PLAIN TEXT: anyone on the shop's network can read the \
                 traffic, including passwords. Remove edge.plain_listeners to use TLS"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_on_this_machine_unless_the_configuration_allows_more() {
        use Protection::{Loopback, Plain, Tls};
        for (own, plain, address, tablets, operators) in [
            (false, false, "127.0.0.1:1", Loopback, Loopback),
            (false, false, "[::1]:1", Loopback, Loopback),
            (false, false, "[::ffff:127.0.0.1]:1", Loopback, Loopback),
            (false, false, "0.0.0.0:1", Tls, Tls),
            (false, false, "[::]:1", Tls, Tls),
            (false, false, "192.168.1.7:1", Tls, Tls),
            (false, true, "127.0.0.1:1", Loopback, Loopback),
            (false, true, "192.168.1.7:1", Plain, Plain),
            (true, false, "127.0.0.1:1", Tls, Loopback),
            (true, false, "192.168.1.7:1", Tls, Tls),
            (true, true, "192.168.1.7:1", Tls, Tls),
        ] {
            let rule = ProtectionRule {
                has_own_certificate: own,
                plain_listeners: plain,
            };
            let address: SocketAddr = address.parse().unwrap();
            assert_eq!(
                rule.protection_for_tablets(address),
                tablets,
                "{rule:?} {address}"
            );
            assert_eq!(
                rule.protection_for_operators(address),
                operators,
                "{rule:?} {address}"
            );
        }
    }
}
