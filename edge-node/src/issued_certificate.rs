//! The certificate that the cloud's certificate authority (CA) issues to this edge: its key, the
//! request for it, and its files.
//!
//! Invariants: the private key never leaves the machine. Each file is replaced whole, the chain
//! last, so a crash leaves the earlier certificate in use. A certificate for another key is not
//! stored: the listeners could not use it.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Write},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use process::trust::encode_certificate_pem;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData,
    SanType,
};
use tempfile::NamedTempFile;
use wire::{CERTIFICATE_NAMES_MAX, CertificateAnswer, EdgeId, Language, UnixMillis};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, pem::parse_x509_pem, prelude::FromDer,
};

use crate::{certificates::CertificateFiles, config::Config};

/// Certificates between the edge's and the CA's. The hub sends none today.
const CHAIN_MAX: usize = 4;

pub(crate) struct IssuedCertificate {
    folder: PathBuf,
    files: CertificateFiles,
    edge: EdgeId,
    /// From the configuration.
    names: Vec<String>,
    /// The newest refusal, so that a repeated one is logged once.
    refusal: Mutex<Option<CertificateAnswer>>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    #[error("could not use {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{0}` in edge.names is neither a host name nor an address")]
    Name(String),
    #[error("could not make a key or a signing request")]
    Sign(#[from] rcgen::Error),
    #[error("the hub's answer is not a certificate for this edge's key")]
    Unfit,
}

/// The parts of a certificate that this edge needs.
#[derive(Debug, PartialEq, Eq)]
struct CertificateContent {
    public_key: Vec<u8>,
    names: BTreeSet<String>,
    not_before: UnixMillis,
    not_after: UnixMillis,
}

impl IssuedCertificate {
    pub(crate) fn new(config: &Config, edge: &EdgeId) -> Self {
        Self {
            folder: config.data.clone(),
            files: CertificateFiles::in_folder(&config.data),
            edge: edge.clone(),
            names: config.names.clone(),
            refusal: Mutex::default(),
        }
    }

    /// Returns a PKCS#10 request in DER if this edge needs a certificate.
    pub(crate) fn prepare_request(
        &self,
        now: UnixMillis,
    ) -> Result<Option<Vec<u8>>, CertificateError> {
        let names = choose_names(&self.edge, &self.names, list_private_addresses());
        let key = self.load_or_create_key()?;
        if self.is_current(&key, &names, now)? {
            return Ok(None);
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, self.edge.as_str());
        for name in names {
            params.subject_alt_names.push(to_alternative_name(name)?);
        }
        Ok(Some(params.serialize_request(&key)?.der().to_vec()))
    }

    pub(crate) fn handle_answer(&self, answer: &CertificateAnswer) -> Result<(), CertificateError> {
        let refusal = matches!(answer, CertificateAnswer::Refused { .. }).then(|| answer.clone());
        let mut known = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        let is_repeated = *known == refusal;
        *known = refusal;
        drop(known);
        match answer {
            CertificateAnswer::Issued { chain, ca } => {
                let chain: Vec<&[u8]> = chain.iter().map(|der| &der[..]).collect();
                self.store(&chain, ca)
            }
            CertificateAnswer::Refused { .. } if is_repeated => Ok(()),
            CertificateAnswer::Refused { code, name } => {
                tracing::error!(
                    edge = %self.edge, %code, name,
                    "The cloud issues no certificate to this edge: {}",
                    code.sentence_in(Language::English)
                );
                Ok(())
            }
        }
    }

    fn store(&self, chain: &[&[u8]], ca: &[u8]) -> Result<(), CertificateError> {
        let [own, ..] = chain else {
            return Err(CertificateError::Unfit);
        };
        let content = read_certificate(own).ok_or(CertificateError::Unfit)?;
        let fits = content.public_key == self.load_or_create_key()?.der_bytes();
        if !fits || chain.len() > CHAIN_MAX || X509Certificate::from_der(ca).is_err() {
            return Err(CertificateError::Unfit);
        }
        let text: String = chain.iter().copied().map(encode_certificate_pem).collect();
        self.replace_file(&self.files.shop_ca, encode_certificate_pem(ca).as_bytes())?;
        self.replace_file(&self.files.chain, text.as_bytes())?;
        let not_after = content.not_after;
        let names: Vec<String> = content.names.into_iter().collect();
        tracing::info!(
            edge = %self.edge, names = names.join(" "), %not_after,
            "Stored a certificate from the cloud for this edge's listeners"
        );
        Ok(())
    }

    /// True while the stored certificate has the key and every name, and more than a third of its
    /// life left.
    fn is_current(
        &self,
        key: &KeyPair,
        names: &[String],
        now: UnixMillis,
    ) -> Result<bool, CertificateError> {
        let chain = read_if_present(&self.files.chain)?;
        let ca = read_if_present(&self.files.shop_ca)?;
        let content = chain.as_deref().and_then(read_certificate_pem);
        let (Some(content), Some(_)) = (content, ca) else {
            return Ok(false);
        };
        let life_ms = content.not_after.ms_since(content.not_before);
        let left_ms = content.not_after.ms_since(now);
        Ok(content.public_key == key.der_bytes()
            && names.iter().all(|name| content.names.contains(name))
            && left_ms > life_ms / 3)
    }

    /// A file that holds no such key is of no use to any listener, so it is replaced.
    fn load_or_create_key(&self) -> Result<KeyPair, CertificateError> {
        let stored = read_if_present(&self.files.key)?;
        let stored = stored.and_then(|pem| String::from_utf8(pem).ok());
        let stored = stored
            .and_then(|pem| KeyPair::from_pem_and_sign_algo(&pem, &PKCS_ECDSA_P256_SHA256).ok());
        if let Some(key) = stored {
            return Ok(key);
        }
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        self.replace_file(&self.files.key, key.serialize_pem().as_bytes())?;
        Ok(key)
    }

    /// Readable by its owner alone.
    fn replace_file(&self, path: &Path, bytes: &[u8]) -> Result<(), CertificateError> {
        let replace = || -> io::Result<()> {
            let mut file = NamedTempFile::new_in(&self.folder)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|failed| failed.error)?;
            File::open(&self.folder)?.sync_all()
        };
        replace().map_err(|source| file_error(path, source))
    }
}

fn file_error(path: &Path, source: io::Error) -> CertificateError {
    CertificateError::File {
        path: path.to_owned(),
        source,
    }
}

fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>, CertificateError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(file_error(path, source)),
    }
}

/// The name that the edge announces, then the configured names, then the machine's addresses, as
/// many as a certificate may have.
fn choose_names(edge: &EdgeId, configured: &[String], addresses: Vec<IpAddr>) -> Vec<String> {
    let edge = edge.as_str();
    // Not every name of an edge is a host name.
    let is_label = !edge.starts_with('-') && !edge.ends_with('-');
    let announced = is_label.then(|| format!("{edge}.local"));
    let configured = configured.iter().map(|name| normalise_name(name));
    let addresses = addresses.iter().map(ToString::to_string);
    let mut chosen: Vec<String> = Vec::new();
    for name in announced.into_iter().chain(configured).chain(addresses) {
        if chosen.len() < CERTIFICATE_NAMES_MAX && !chosen.contains(&name) {
            chosen.push(name);
        }
    }
    chosen
}

/// As certificates write it.
fn normalise_name(name: &str) -> String {
    match name.trim().parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => name.trim().trim_end_matches('.').to_ascii_lowercase(),
    }
}

fn to_alternative_name(name: String) -> Result<SanType, CertificateError> {
    if let Ok(address) = name.parse() {
        return Ok(SanType::IpAddress(address));
    }
    match name.as_str().try_into() {
        Ok(text) if !name.is_empty() => Ok(SanType::DnsName(text)),
        _ => Err(CertificateError::Name(name)),
    }
}

/// Sorted, so that a certificate with few names always has the same ones.
fn list_private_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "Could not list this machine's addresses");
        Vec::new()
    });
    let addresses: BTreeSet<IpAddr> = interfaces
        .iter()
        .map(if_addrs::Interface::ip)
        .filter(is_private)
        .collect();
    addresses.into_iter().collect()
}

fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

fn read_certificate_pem(pem: &[u8]) -> Option<CertificateContent> {
    let (_, first) = parse_x509_pem(pem).ok()?;
    read_certificate(&first.contents)
}

fn read_certificate(der: &[u8]) -> Option<CertificateContent> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let alternative = certificate.subject_alternative_name().ok()??;
    let names = alternative.value.general_names.iter();
    let validity = certificate.validity();
    Some(CertificateContent {
        public_key: certificate.public_key().subject_public_key.data.to_vec(),
        names: names.filter_map(read_name).collect(),
        not_before: UnixMillis(validity.not_before.timestamp().saturating_mul(1_000)),
        not_after: UnixMillis(validity.not_after.timestamp().saturating_mul(1_000)),
    })
}

fn read_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| v6()).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rcgen::{BasicConstraints, IsCa, Issuer};
    use tempfile::TempDir;

    use super::*;

    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    const ISSUED_AT: UnixMillis = UnixMillis(1_764_028_800_000);

    struct Shop {
        folder: TempDir,
        certificate: IssuedCertificate,
    }

    fn shop(names: &[&str]) -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let certificate = with_names(folder.path(), names);
        Shop {
            folder,
            certificate,
        }
    }

    fn with_names(folder: &Path, names: &[&str]) -> IssuedCertificate {
        let config = Config {
            data: folder.to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Config::default()
        };
        IssuedCertificate::new(&config, &EdgeId::new("north-1").unwrap())
    }

    /// An answer for 90 days with all names of the edge, for this key.
    fn answer(certificate: &IssuedCertificate, key: &KeyPair) -> CertificateAnswer {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let ca_der = ca.self_signed(&ca_key).unwrap().der().to_vec();
        let mut own = CertificateParams::default();
        own.not_before = rcgen::date_time_ymd(2025, 11, 25);
        own.not_after = rcgen::date_time_ymd(2026, 2, 23);
        let names = choose_names(
            &certificate.edge,
            &certificate.names,
            list_private_addresses(),
        );
        for name in names {
            own.subject_alt_names
                .push(to_alternative_name(name).unwrap());
        }
        let own = own.signed_by(key, &Issuer::new(ca, ca_key)).unwrap();
        CertificateAnswer::Issued {
            chain: vec![own.der().to_vec().into()],
            ca: ca_der.into(),
        }
    }

    #[test]
    fn names_are_those_of_the_operator_before_the_machines_and_no_more_than_fit() {
        let edge = EdgeId::new("north-1").unwrap();
        let configured = ["Till.Shop.Internal.", " 10.0.0.9", "10.0.0.9"].map(str::to_owned);
        let addresses: Vec<IpAddr> = (1..40).map(|n| IpAddr::from([192, 168, 0, n])).collect();
        let chosen = choose_names(&edge, &configured, addresses);
        let first = [
            "north-1.local",
            "till.shop.internal",
            "10.0.0.9",
            "192.168.0.1",
        ];
        assert_eq!(chosen[..4], first);
        assert_eq!(chosen.len(), CERTIFICATE_NAMES_MAX);
        let odd = EdgeId::new("-").unwrap();
        assert_eq!(choose_names(&odd, &[], Vec::new()), Vec::<String>::new());
    }

    #[test]
    fn a_certificate_is_requested_again_for_a_new_name_and_in_the_last_third_of_its_life() {
        let shop = shop(&[]);
        let certificate = &shop.certificate;
        assert!(certificate.prepare_request(ISSUED_AT).unwrap().is_some());
        let key = certificate.load_or_create_key().unwrap();
        certificate
            .handle_answer(&answer(certificate, &key))
            .unwrap();
        let is_due = |certificate: &IssuedCertificate, days: i64| {
            let now = ISSUED_AT.plus_ms(days * DAY_MS);
            certificate.prepare_request(now).unwrap().is_some()
        };
        assert!(!is_due(certificate, 0));
        assert!(!is_due(certificate, 59));
        assert!(is_due(certificate, 60));
        assert!(is_due(
            &with_names(shop.folder.path(), &["till.internal"]),
            0
        ));
        fs::remove_file(&certificate.files.shop_ca).unwrap();
        assert!(is_due(certificate, 0));
    }

    #[test]
    fn the_key_is_made_once_and_readable_by_its_owner_alone() {
        let shop = shop(&[]);
        let certificate = &shop.certificate;
        let key = certificate.load_or_create_key().unwrap();
        let again = certificate.load_or_create_key().unwrap();
        assert_eq!(key.der_bytes(), again.der_bytes());
        let mode = fs::metadata(&certificate.files.key).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        fs::write(&certificate.files.key, "torn").unwrap();
        let other = certificate.load_or_create_key().unwrap();
        assert_ne!(key.der_bytes(), other.der_bytes());
    }

    #[test]
    fn an_answer_for_another_key_and_a_refusal_leave_the_files_alone() {
        let shop = shop(&[]);
        let certificate = &shop.certificate;
        let other = KeyPair::generate().unwrap();
        let refused = CertificateAnswer::Refused {
            code: wire::Code::CertificateNameRefused,
            name: Some("shop.example".into()),
        };
        let unfit = certificate.handle_answer(&answer(certificate, &other));
        assert!(matches!(unfit, Err(CertificateError::Unfit)), "{unfit:?}");
        certificate.handle_answer(&refused).unwrap();
        assert!(!certificate.files.chain.exists());
        assert!(!certificate.files.shop_ca.exists());
    }

    #[test]
    fn a_name_that_no_certificate_can_have_is_an_error_that_names_it() {
        let shop = shop(&["l\u{e4}den.internal"]);
        let error = shop.certificate.prepare_request(ISSUED_AT).unwrap_err();
        assert!(error.to_string().contains("l\u{e4}den.internal"), "{error}");
    }
}
