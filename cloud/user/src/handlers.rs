//! Shared parts of the handlers. The token identifies the caller; the id in the path only has to
//! match it.

pub(crate) mod contacts;
pub(crate) mod files;
pub(crate) mod names;
pub(crate) mod profiles;
pub(crate) mod providers;

use axum::{extract::FromRef, http::Method};
use platform::{
    files::{FileLinkSigner, FileRegister, UploadReceiver},
    upstream::{Upstream, UpstreamError},
};
use process::{
    parts::CloudPart,
    problem::{Problem, format_error_chain},
    routes::RouteGuard,
    tokens::TokenVerifier,
};
use wire::{
    BookedProviders, BookedProvidersQuery, Code, Order, OrderAndTerms, OrderId, ServiceHours,
    UserId,
};

use crate::{
    domain::ProviderMatch,
    store::{ProfileRefusal, ProfileStore},
};

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: ProfileStore,
    pub intake: UploadReceiver,
    pub register: FileRegister,
    pub links: FileLinkSigner,
    pub verifier: TokenVerifier,
    #[from_ref(skip)]
    pub orders: Upstream,
}

impl RouteGuard for Service {
    fn verifier(&self) -> &TokenVerifier {
        &self.verifier
    }
}

impl Service {
    /// The decided order; refused if it does not exist, or if its service is away.
    async fn fetch_order(&self, id: OrderId) -> Result<Order, Problem> {
        let token = self.verifier.token_for(CloudPart::Order.name());
        let path = format!("/internal/orders/{id}");
        let told: Result<OrderAndTerms, UpstreamError> = self.orders.get(&path, Some(&token)).await;
        match told {
            Ok(told) => Ok(told.order),
            Err(UpstreamError::Refused {
                problem: Some(problem),
                ..
            }) if problem.code == Code::OrderNotFound => Err(Code::OrderNotFound.into()),
            Err(error) => {
                tracing::warn!(
                    cause = format_error_chain(&error),
                    "Could not ask the order service about an order"
                );
                Err(Problem::new(Code::Unavailable).retry_after(1))
            }
        }
    }
}

impl Service {
    /// Marks who has another job at these hours. Without an answer the matches stay unmarked: a
    /// provider may then be proposed a job that they cannot accept.
    async fn mark_booked(&self, matches: &mut [ProviderMatch], hours: ServiceHours) {
        if matches.is_empty() {
            return;
        }
        let providers = matches.iter().map(|found| found.user_id).collect();
        match self.list_booked(providers, hours).await {
            Ok(booked) => {
                for found in matches {
                    found.is_booked = Some(booked.contains(&found.user_id));
                }
            }
            Err(error) => tracing::warn!(
                cause = format_error_chain(&error),
                "Could not ask the order service who has another job"
            ),
        }
    }

    async fn list_booked(
        &self,
        providers: Vec<UserId>,
        hours: ServiceHours,
    ) -> Result<Vec<UserId>, UpstreamError> {
        let token = self.verifier.token_for(CloudPart::Order.name());
        let query = BookedProvidersQuery { providers, hours };
        let path = "/internal/booked-providers";
        let reply: BookedProviders = self
            .orders
            .call_json(Method::POST, path, Some(&token), Some(&query))
            .await?;
        Ok(reply.booked)
    }
}

impl From<ProfileRefusal> for Problem {
    fn from(refusal: ProfileRefusal) -> Self {
        match refusal {
            ProfileRefusal::Stale(version) => {
                Self::new(Code::StaleVersion).with_member("version", version)
            }
            ProfileRefusal::Wrong(errors) => errors.into(),
            ProfileRefusal::Missing => Self::new(Code::NotFound),
            ProfileRefusal::Failed(error) => error.into(),
        }
    }
}

fn require_found(is_there: bool) -> Result<(), ProfileRefusal> {
    if is_there {
        Ok(())
    } else {
        Err(ProfileRefusal::Missing)
    }
}
