//! The platform's private certificate authority (CA), which issues the certificates that edges show
//! to their tablets.
//!
//! Invariant: the CA's own certificate permits only names and networks that exist inside shops, and
//! the operator's domains for edges. A device that trusts it therefore trusts it for no other site,
//! even if the key is stolen.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber,
    SignatureAlgorithm,
};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use wire::{CERTIFICATE_NAMES_MAX, EdgeId, Hash, UnixMillis};
use x509_parser::{
    certification_request::X509CertificationRequest,
    extensions::{GeneralName, ParsedExtension},
    oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_SIG_ECDSA_WITH_SHA256},
    prelude::FromDer,
    x509::SubjectPublicKeyInfo,
};

/// Names that no public DNS has.
const SHOP_DOMAINS: [&str; 4] = [LOCAL, "home.arpa", "internal", "test"];
/// Announced by mDNS. Each edge has one name under it.
const LOCAL: &str = "local";
const SHOP_NETWORKS: [Network; 7] = [
    Network::v4([10, 0, 0, 0], 8),
    Network::v4([172, 16, 0, 0], 12),
    Network::v4([192, 168, 0, 0], 16),
    Network::v4([169, 254, 0, 0], 16),
    Network::v4([127, 0, 0, 0], 8),
    Network::v6(0xfc00, 7),
    Network::v6(0xfe80, 10),
];
/// Each takes space in every handshake.
const EDGE_DOMAINS_MAX: usize = 32;

const HOUR_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const CA_LIFE_MS: i64 = 3_652 * DAY_MS;
const LEAF_LIFE_MS: i64 = 90 * DAY_MS;
/// A CA's certificate that ends sooner is replaced, so that no edge's certificate outlives it.
const CA_RENEWED_BEFORE_MS: i64 = 2 * LEAF_LIFE_MS;

/// A positive number of 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Serial([u8; 16]);

impl Serial {
    pub(crate) fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[0] = (bytes[0] & 0x3f) | 0x40;
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum CaError {
    #[error("the stored key of the certificate authority cannot be read")]
    Key(#[source] rcgen::Error),
    #[error("could not sign a certificate")]
    Sign(#[from] rcgen::Error),
}

#[derive(Debug, Clone, Copy)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
            prefix,
        }
    }

    const fn v6(first: u16, prefix: u8) -> Self {
        Self {
            address: IpAddr::V6(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0)),
            prefix,
        }
    }

    fn contains(&self, address: IpAddr) -> bool {
        let prefix = u32::from(self.prefix);
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= prefix
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= prefix
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// A name under which tablets reach an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CertificateName {
    /// In lower case.
    Dns(String),
    Ip(IpAddr),
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum EdgeDomainsError {
    #[error("hub.edge_domains: `{0}` is not a domain such as shops.example.com")]
    NotADomain(String),
    #[error("hub.edge_domains has more than {EDGE_DOMAINS_MAX} domains")]
    TooMany,
}

/// The names and networks that the CA may certify.
#[derive(Debug)]
pub(crate) struct CaPermits {
    /// Without repetitions, in order.
    domains: Vec<String>,
}

impl CaPermits {
    pub(crate) fn new(edge_domains: &[String]) -> Result<Self, EdgeDomainsError> {
        if edge_domains.len() > EDGE_DOMAINS_MAX {
            return Err(EdgeDomainsError::TooMany);
        }
        let mut domains = Vec::new();
        for domain in edge_domains {
            let lower = domain.to_ascii_lowercase();
            if !is_host_name(&lower) {
                return Err(EdgeDomainsError::NotADomain(domain.clone()));
            }
            domains.push(lower);
        }
        domains.sort();
        domains.dedup();
        domains.splice(0..0, SHOP_DOMAINS.map(str::to_owned));
        Ok(Self { domains })
    }

    /// Under `local` an edge has only the name that it announces there, so that none can pass for
    /// another edge.
    pub(crate) fn allows(&self, edge: &EdgeId, name: &CertificateName) -> bool {
        match name {
            CertificateName::Ip(address) => SHOP_NETWORKS
                .iter()
                .any(|network| network.contains(*address)),
            CertificateName::Dns(name) if !is_host_name(name) => false,
            CertificateName::Dns(name) if is_under(name, LOCAL) => {
                name.strip_suffix(".local") == Some(edge.as_str())
            }
            CertificateName::Dns(name) => self.domains.iter().any(|domain| is_under(name, domain)),
        }
    }

    /// For operators.
    pub(crate) fn list(&self) -> Vec<String> {
        let networks = SHOP_NETWORKS.iter().map(Network::to_string);
        self.domains.iter().cloned().chain(networks).collect()
    }

    /// Identifies the permits of a certificate.
    pub(crate) fn compute_digest(&self) -> Hash {
        Hash::digest_bytes(self.list().join("\n").as_bytes())
    }

    fn to_constraints(&self) -> NameConstraints {
        let domains = self.domains.iter().cloned().map(GeneralSubtree::DnsName);
        let networks = SHOP_NETWORKS.iter().map(|network| {
            let subnet = CidrSubnet::from_addr_prefix(network.address, network.prefix);
            GeneralSubtree::IpAddress(subnet)
        });
        NameConstraints {
            permitted_subtrees: domains.chain(networks).collect(),
            excluded_subtrees: Vec::new(),
        }
    }
}

fn is_under(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// A host name of two labels or more in lower case. Wildcards are not host names.
fn is_host_name(name: &str) -> bool {
    const NAME_CHARS_MAX: usize = 253;
    let labels: Vec<&str> = name.split('.').collect();
    let ends_in_number = labels
        .last()
        .is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    name.len() <= NAME_CHARS_MAX
        && labels.len() >= 2
        && !ends_in_number
        && labels.into_iter().all(is_label)
}

fn is_label(label: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&label.len())
        && label.bytes().all(is_fit)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// The checked content of an edge's request.
#[derive(Debug)]
pub(crate) struct SigningRequest {
    key: EdgePublicKey,
    pub names: Vec<CertificateName>,
}

/// An uncompressed point of P-256.
#[derive(Debug)]
struct EdgePublicKey(Vec<u8>);

impl PublicKeyData for EdgePublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// Returns `None` if this is not a PKCS#10 request for 1 to 16 names with a P-256 key that signed
/// it. Subject, attributes and other extensions are ignored.
pub(crate) fn read_request(csr: &[u8]) -> Option<SigningRequest> {
    let (rest, request) = X509CertificationRequest::from_der(csr).ok()?;
    let info = &request.certification_request_info;
    let key = p256_key(&info.subject_pki)?;
    let is_right_kind = request.signature_algorithm.algorithm == OID_SIG_ECDSA_WITH_SHA256;
    let signature = &request.signature_value.data;
    let signer = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key);
    if !rest.is_empty() || !is_right_kind || signer.verify(info.raw, signature).is_err() {
        return None;
    }
    let names = request
        .requested_extensions()?
        .find_map(|extension| match extension {
            ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
            _ => None,
        })?;
    if !(1..=CERTIFICATE_NAMES_MAX).contains(&names.len()) {
        return None;
    }
    Some(SigningRequest {
        key: EdgePublicKey(key.to_vec()),
        names: names.iter().map(read_name).collect::<Option<_>>()?,
    })
}

fn p256_key<'a>(key: &'a SubjectPublicKeyInfo<'_>) -> Option<&'a [u8]> {
    let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
    let is_p256 = key.algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY && curve == OID_EC_P256;
    is_p256.then_some(&*key.subject_public_key.data)
}

fn read_name(name: &GeneralName<'_>) -> Option<CertificateName> {
    match name {
        GeneralName::DNSName(name) => Some(CertificateName::Dns(name.to_ascii_lowercase())),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| v6()).ok().map(CertificateName::Ip)
        }
        _ => None,
    }
}

/// The CA's certificate as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CaCertificate {
    pub der: Vec<u8>,
    pub not_after: UnixMillis,
}

impl CaCertificate {
    pub(crate) fn needs_renewal(&self, now: UnixMillis) -> bool {
        self.not_after.ms_since(now) < CA_RENEWED_BEFORE_MS
    }
}

/// A certificate for one edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IssuedCertificate {
    pub der: Vec<u8>,
    pub serial: Serial,
    pub names: String,
    pub not_after: UnixMillis,
}

/// The CA's private key.
pub(crate) struct CaKey(KeyPair);

impl CaKey {
    /// A new key as PKCS#8 DER. Browsers accept no Ed25519.
    pub(crate) fn generate_pkcs8() -> Result<Vec<u8>, CaError> {
        Ok(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?.serialize_der())
    }

    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, CaError> {
        KeyPair::try_from(der).map(Self).map_err(CaError::Key)
    }

    pub(crate) fn sign_ca_certificate(
        &self,
        permits: &CaPermits,
        serial: Serial,
        now: UnixMillis,
    ) -> Result<CaCertificate, CaError> {
        let not_after = now.plus_ms(CA_LIFE_MS);
        let mut params = self.ca_params();
        params.serial_number = Some(SerialNumber::from_slice(serial.as_bytes()));
        set_life(&mut params, now.plus_ms(-DAY_MS), not_after);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.name_constraints = Some(permits.to_constraints());
        let der = params.self_signed(&self.0)?.der().to_vec();
        Ok(CaCertificate { der, not_after })
    }

    /// The caller has checked the request's names.
    pub(crate) fn sign_edge_certificate(
        &self,
        edge: &EdgeId,
        request: &SigningRequest,
        ca: &CaCertificate,
        serial: Serial,
        now: UnixMillis,
    ) -> Result<IssuedCertificate, CaError> {
        let not_after = now.plus_ms(LEAF_LIFE_MS).min(ca.not_after);
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        // Not a host name: clients check only the alternative names.
        params
            .distinguished_name
            .push(DnType::CommonName, edge.as_str());
        params.serial_number = Some(SerialNumber::from_slice(serial.as_bytes()));
        // Tablets' clocks may be behind.
        set_life(&mut params, now.plus_ms(-HOUR_MS), not_after);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        for name in &request.names {
            params.subject_alt_names.push(match name {
                CertificateName::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
                CertificateName::Ip(address) => SanType::IpAddress(*address),
            });
        }
        let ca_params = self.ca_params();
        let issuer = Issuer::from_params(&ca_params, &self.0);
        let der = params.signed_by(&request.key, &issuer)?.der().to_vec();
        let names: Vec<String> = request.names.iter().map(ToString::to_string).collect();
        Ok(IssuedCertificate {
            der,
            serial,
            names: names.join(" "),
            not_after,
        })
    }

    fn ca_params(&self) -> CertificateParams {
        // Two platforms must differ: a device would report a broken signature if it took one CA for
        // another of the same name.
        let hash = Hash::digest_bytes(self.0.public_key_raw()).to_string();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let name = format!("Holdfast shop CA {}", &hash[..8]);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params
    }
}

fn set_life(params: &mut CertificateParams, not_before: UnixMillis, not_after: UnixMillis) {
    let start_of_1970 = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = start_of_1970 + since_1970(not_before);
    params.not_after = start_of_1970 + since_1970(not_after);
}

/// To the second, as certificates state times.
fn since_1970(at: UnixMillis) -> Duration {
    Duration::from_secs(u64::try_from(at.0 / 1_000).unwrap_or_default())
}

#[cfg(test)]
mod tests;
