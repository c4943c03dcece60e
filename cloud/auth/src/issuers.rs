//! Sign-in at other services (issuers) by OpenID Connect, with the authorization code flow and
//! PKCE.
//!
//! Invariants: requests to an issuer use TLS or stay on this machine, and never follow redirects;
//! the size, duration and number of its answers are bounded; an unavailable issuer fails only its
//! own sign-ins; no claim counts before the ID token's signature, audience and nonce are verified.

mod call;
mod config;
mod id_token;
mod issuer;
mod key_set;
mod visit;

use std::sync::Arc;

use process::{clock::Clock, tokens::ServiceKey};

pub use config::{IssuerConfig, IssuerConfigError};
pub use id_token::{IdentityClaims, is_same};
pub use issuer::{Issuer, IssuerProof, IssuerReply, ProofFailure};
pub use visit::{Visit, VisitLink};

use visit::VisitSeal;

/// The purpose under which the replicas of auth derive a shared key.
const VISITS: &str = "visits at issuers";

/// The configured issuers. Clones share their cached metadata and keys.
#[derive(Clone)]
pub struct Issuers {
    known: Arc<[Issuer]>,
    seal: VisitSeal,
}

impl Issuers {
    pub fn new(
        configs: &[IssuerConfig],
        return_to: &str,
        clock: &Clock,
        key: &ServiceKey,
    ) -> Result<Self, IssuerConfigError> {
        config::check(configs, return_to)?;
        let known = configs.iter().map(|config| Issuer::new(config, return_to, clock));
        Ok(Self { known: known.collect(), seal: VisitSeal::new(key.secret(VISITS)) })
    }

    pub fn all(&self) -> &[Issuer] {
        &self.known
    }

    pub fn named(&self, name: &str) -> Option<&Issuer> {
        self.known.iter().find(|issuer| issuer.name() == name)
    }

    /// Finds the issuer whose tokens carry this address.
    pub fn at(&self, address: &str) -> Option<&Issuer> {
        self.known.iter().find(|issuer| issuer.address() == address)
    }

    /// Seals the flow for the browser that started it; only auth can open the ticket.
    pub fn ticket(&self, visit: &Visit) -> String {
        self.seal.close(visit)
    }

    pub fn visit(&self, ticket: &str) -> Option<Visit> {
        self.seal.open(ticket)
    }
}
