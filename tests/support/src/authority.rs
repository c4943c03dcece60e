//! A private certificate authority, as used by an operator without a public name.

use process::random;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A server's certificate and its private key, as PEM.
pub struct ServerIdentity {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        // The name is unique: clients would confuse two authorities of one name and report a broken
        // signature.
        let name = format!("Authority {:08x}", u32::from_be_bytes(random::draw_bytes()));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key)?.pem();
        Ok(Self {
            issuer: Issuer::new(params, key),
            pem,
        })
    }

    /// Its certificate, for clients that should trust it.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    pub fn server(&self, name: &str) -> Result<ServerIdentity, rcgen::Error> {
        let key = KeyPair::generate()?;
        let params = CertificateParams::new(vec![name.to_owned()])?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(ServerIdentity {
            certificate,
            key: key.serialize_pem(),
        })
    }
}
