//! The orders and payments that a deletion waits for: their services count them.

use axum::http::Method;
use platform::upstream::{Upstream, UpstreamError};
use process::{parts::CloudPart, tokens::TokenVerifier};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{OpenMattersCount, OpenMattersQuery, UserId};

const OPEN_MATTERS: &str = "/internal/people/open-matters";

/// The services that auth calls.
#[derive(Clone)]
pub struct Peers {
    pub order: Upstream,
    pub payment: Upstream,
}

#[derive(Clone)]
pub struct OpenMatters {
    peers: Peers,
    verifier: TokenVerifier,
}

/// What a deletion waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct OpenMattersOfPerson {
    /// Orders that are neither done, cancelled nor rejected.
    orders: u64,
    /// Payments, refunds and payouts on their way.
    payments: u64,
}

impl OpenMattersOfPerson {
    pub fn is_empty(self) -> bool {
        self.orders == 0 && self.payments == 0
    }
}

impl OpenMatters {
    pub fn new(peers: Peers, verifier: TokenVerifier) -> Self {
        Self { peers, verifier }
    }

    pub async fn count_of(&self, user: UserId) -> Result<OpenMattersOfPerson, UpstreamError> {
        Ok(OpenMattersOfPerson {
            orders: self.ask(&self.peers.order, CloudPart::Order, user).await?,
            payments: self
                .ask(&self.peers.payment, CloudPart::Payment, user)
                .await?,
        })
    }

    async fn ask(
        &self,
        service: &Upstream,
        part: CloudPart,
        user_id: UserId,
    ) -> Result<u64, UpstreamError> {
        let token = self.verifier.token_for(part.name());
        let query = OpenMattersQuery { user_id };
        let counted: OpenMattersCount = service
            .call_json(Method::POST, OPEN_MATTERS, Some(&token), Some(&query))
            .await?;
        Ok(counted.open)
    }
}
