//! Owns the conversation with other services at which people sign in, by OpenID Connect: the code
//! flow with PKCE.
//!
//! Invariants: an issuer is asked over TLS or on this machine, is never followed elsewhere, and its
//! answers, their time and their number are bounded; one that is away fails the sign-ins at it and
//! nothing else; nothing that an issuer says counts before its signature, audience and nonce are
//! checked.

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

/// The purpose for which the replicas of auth derive one key.
const VISITS: &str = "visits at issuers";

/// The services that an operator has configured. Clones share what is known of them.
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

    /// The one whose tokens carry this address.
    pub fn at(&self, address: &str) -> Option<&Issuer> {
        self.known.iter().find(|issuer| issuer.address() == address)
    }

    /// A text that only auth can read, for the browser that set out.
    pub fn ticket(&self, visit: &Visit) -> String {
        self.seal.close(visit)
    }

    pub fn visit(&self, ticket: &str) -> Option<Visit> {
        self.seal.open(ticket)
    }
}
