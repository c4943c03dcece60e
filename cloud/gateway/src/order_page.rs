//! `GET /api/v1/orders/{id}/page`: an order with its parties, its payment and its review, gathered from their parts.
//!
//! Invariants: the order service alone says whether the caller may see the order, and nobody else is asked before;
//! a part that is away empties its own section and no other.

use std::time::Duration;

use axum::{
    body::to_bytes,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header};
use process::{
    parts::CloudPart,
    problem::{Json, Problem, fault},
    trace::TraceId,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    Gateway,
    forward::{bearing, canonical},
    headers::set_identity,
    identity::KnownCaller,
};

/// An order, and what belongs to it.
#[derive(Serialize, ToSchema)]
pub struct OrderPage {
    #[schema(value_type = wire::Order)]
    order: Value,
    parties: OrderParties,
    /// As far as the review service shows it to the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    review: Option<Value>,
    /// The sections of which something is missing, and why.
    missing: Vec<MissingSection>,
}

/// The profiles of both sides, as far as the user service shows them to the caller.
#[derive(Serialize, ToSchema)]
pub struct OrderParties {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    customer: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    provider: Option<Value>,
}

#[derive(Serialize, ToSchema)]
pub struct MissingSection {
    section: PageSection,
    /// The part that would have it.
    part: &'static str,
    reason: MissingReason,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageSection {
    Parties,
    Payment,
    Review,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingReason {
    /// The part is out of reach, or took too long. Asking again may help.
    Away,
    /// The platform has no such part yet.
    NotBuilt,
}

/// What every question of one page has in common.
struct PageAsker<'a> {
    gateway: &'a Gateway,
    caller: &'a KnownCaller,
    language: Option<HeaderValue>,
    trace: &'a TraceId,
}

pub const PATH: &str = "/api/v1/orders/{id}/page";
const SUFFIX: &str = "/page";
/// A page with a gap is better than one that comes later.
const SECTION_LIMIT: Duration = Duration::from_secs(3);
/// Orders and profiles are some kilobytes.
const BYTES_MAX: usize = 1024 * 1024;

impl Gateway {
    /// Refusals of the order service are passed on as they are.
    pub(crate) async fn order_page(
        &self,
        request: Request,
        path: &str,
        caller: &KnownCaller,
        trace: &TraceId,
    ) -> Response {
        let language = request.headers().get(header::ACCEPT_LANGUAGE).cloned();
        let asker = PageAsker { gateway: self, caller, language, trace };
        let order = path.strip_suffix(SUFFIX).unwrap_or(path);
        asker.page(order).await.unwrap_or_else(IntoResponse::into_response)
    }
}

impl PageAsker<'_> {
    async fn page(&self, path: &str) -> Result<Response, Problem> {
        let answer = self.ask(CloudPart::Order, path).await?;
        if !answer.status().is_success() {
            return Ok(answer);
        }
        let order = read(answer).await?;
        let (customer, provider, review) = tokio::join!(
            self.profile("customers", &order["customer_id"]),
            self.profile("providers", &order["provider_id"]),
            self.section(CloudPart::Review, format!("{path}/review")),
        );
        let missing = customer.as_ref().err().or(provider.as_ref().err()).copied();
        let users = CloudPart::User.name();
        let missing = missing.map(|reason| (PageSection::Parties, users, reason));
        let missing =
            missing.into_iter().chain([(PageSection::Payment, "payment", MissingReason::NotBuilt)]);
        let away = review.as_ref().err().copied();
        let away = away.map(|reason| (PageSection::Review, CloudPart::Review.name(), reason));
        let missing = missing.chain(away);
        let missing =
            missing.map(|(section, part, reason)| MissingSection { section, part, reason });
        let parties = OrderParties {
            customer: customer.unwrap_or_default(),
            provider: provider.unwrap_or_default(),
        };
        let missing = missing.collect();
        let review = review.unwrap_or_default();
        Ok(Json(OrderPage { order, parties, review, missing }).into_response())
    }

    /// Nothing where there is no such person, and where the caller may not see them.
    async fn profile(&self, kind: &str, id: &Value) -> Result<Option<Value>, MissingReason> {
        let Some(id) = id.as_str() else { return Ok(None) };
        self.section(CloudPart::User, format!("/api/v1/{kind}/{id}/profile")).await
    }

    /// Nothing where the part has nothing for the caller.
    async fn section(&self, part: CloudPart, path: String) -> Result<Option<Value>, MissingReason> {
        let asked = async {
            let answer = self.ask(part, &path).await.ok()?;
            match answer.status() {
                StatusCode::OK => read(answer).await.ok().map(Some),
                status if status.is_client_error() => Some(None),
                _ => None,
            }
        };
        let told = tokio::time::timeout(SECTION_LIMIT, asked).await;
        told.ok().flatten().ok_or(MissingReason::Away)
    }

    async fn ask(&self, part: CloudPart, path: &str) -> Result<Response, Problem> {
        let mut request =
            bearing(Method::GET, canonical(path, None)?, &self.caller.token, self.trace);
        set_identity(request.headers_mut(), self.caller.claims.actor());
        if let Some(language) = &self.language {
            request.headers_mut().insert(header::ACCEPT_LANGUAGE, language.clone());
        }
        Ok(self.gateway.send(part, request).await)
    }
}

async fn read(answer: Response) -> Result<Value, Problem> {
    let bytes = to_bytes(answer.into_body(), BYTES_MAX).await;
    let bytes = bytes.map_err(|error| fault("A section of a page broke off", error))?;
    serde_json::from_slice(&bytes).map_err(|error| fault("A section of a page is no JSON", error))
}
