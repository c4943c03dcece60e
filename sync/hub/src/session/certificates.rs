//! Issues certificates of the platform's certificate authority (CA) to edges, and shows the CA's
//! own certificate.
//!
//! Invariant: the CA is made on first use, once for all replicas.

use std::sync::Arc;

use process::{
    clock::Clock,
    metrics,
    problem::{Problem, log_fault},
    random,
    trust::{certificate_fingerprint, encode_certificate_pem},
};
use wire::{CertificateAnswer, Code, EdgeId, ShopCa};

use crate::{
    certificates::{CaCertificate, CaError, CaKey, CaPermits, Serial, read_request},
    store::{Store, StoreError},
};

#[derive(Clone)]
pub(crate) struct CertificateAuthority {
    store: Store,
    clock: Clock,
    permits: Arc<CaPermits>,
}

struct LoadedCa {
    key: CaKey,
    certificate: CaCertificate,
}

pub(super) enum IssueResult {
    Answer(CertificateAnswer),
    /// The session no longer serves the edge.
    NotStanding,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateFault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Ca(#[from] CaError),
}

impl From<CertificateFault> for Problem {
    fn from(fault: CertificateFault) -> Self {
        match fault {
            CertificateFault::Store(error) => error.into(),
            CertificateFault::Ca(error) => {
                log_fault("The certificate authority cannot be used", error)
            }
        }
    }
}

impl CertificateAuthority {
    pub(crate) fn new(store: Store, clock: Clock, permits: CaPermits) -> Self {
        Self {
            store,
            clock,
            permits: Arc::new(permits),
        }
    }

    pub(crate) async fn describe(&self) -> Result<ShopCa, CertificateFault> {
        let CaCertificate { der, not_after } = self.load().await?.certificate;
        Ok(ShopCa {
            certificate: encode_certificate_pem(&der),
            fingerprint: certificate_fingerprint(&der),
            permits: self.permits.list(),
            not_after,
        })
    }

    /// Makes what is missing: the key, and its certificate for the present permits.
    async fn load(&self) -> Result<LoadedCa, CertificateFault> {
        let now = self.clock.now();
        let key = match self.store.find_ca_key().await? {
            Some(key) => key,
            None => {
                let made = CaKey::generate_pkcs8()?;
                self.store.add_ca_key(&made, now).await?
            }
        };
        let key = CaKey::from_pkcs8(&key)?;
        let permits = self.permits.compute_digest();
        let known = self.store.find_ca_certificate(permits).await?;
        let certificate = match known {
            Some(known) if !known.needs_renewal(now) => known,
            earlier => {
                let serial = Serial::from_random(random::draw_bytes());
                let made = key.sign_ca_certificate(&self.permits, serial, now)?;
                let put = self
                    .store
                    .put_ca_certificate(permits, earlier.as_ref(), &made);
                put.await?
            }
        };
        Ok(LoadedCa { key, certificate })
    }

    pub(super) async fn issue(
        &self,
        edge: &EdgeId,
        term: u64,
        csr: &[u8],
    ) -> Result<IssueResult, CertificateFault> {
        let Some(request) = read_request(csr) else {
            let answer = refuse(edge, Code::CertificateRequestInvalid, None);
            return Ok(IssueResult::Answer(answer));
        };
        let refused = request
            .names
            .iter()
            .find(|name| !self.permits.allows(edge, name));
        if let Some(name) = refused {
            let name = Some(name.to_string());
            let answer = refuse(edge, Code::CertificateNameRefused, name);
            return Ok(IssueResult::Answer(answer));
        }
        let ca = self.load().await?;
        let now = self.clock.now();
        let serial = Serial::from_random(random::draw_bytes());
        let issued = ca
            .key
            .sign_edge_certificate(edge, &request, &ca.certificate, serial, now)?;
        if !self
            .store
            .record_certificate(edge, term, &issued, now)
            .await?
        {
            return Ok(IssueResult::NotStanding);
        }
        metrics::CERTIFICATES.add(["issued"], 1);
        let names = &issued.names;
        let not_after = issued.not_after;
        tracing::info!(
            edge.id = %edge, names, %not_after, serial = %issued.serial,
            "Issued a certificate to `{edge}`"
        );
        Ok(IssueResult::Answer(CertificateAnswer::Issued {
            chain: vec![issued.der.into()],
            ca: ca.certificate.der.into(),
        }))
    }
}

fn refuse(edge: &EdgeId, code: Code, name: Option<String>) -> CertificateAnswer {
    metrics::CERTIFICATES.add(["refused"], 1);
    tracing::warn!(edge.id = %edge, %code, name, "Refused `{edge}` a certificate");
    CertificateAnswer::Refused { code, name }
}
