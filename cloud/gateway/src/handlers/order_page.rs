//! `GET /api/v1/orders/{id}/page`: aggregates an order with its parties, payment and review from
//! their parts.
//!
//! Invariants: only the order service decides on access to the order, before any other call; an
//! unavailable part empties only its own section.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    body::to_bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use process::{
    openapi::ApiDocument,
    parts::CloudPart,
    problem::{Json, Problem, log_fault},
    routes::reads_order,
    trace::{RequestTrace, TraceId},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use wire::{Code, OrderId, Permission};

use crate::{
    call::{CanonicalPath, build_uri, request_as_caller, set_identity},
    caller::{RequestCaller, VerifiedCaller},
    matcher::RouteLookup,
    routes::ORDER_PAGE,
    state::Gateway,
};

/// An order with its parties, payment and review.
#[derive(Serialize, ToSchema)]
pub(super) struct OrderPage {
    #[schema(value_type = wire::Order)]
    order: Value,
    parties: OrderParties,
    payment: OrderMoneySection,
    /// The review, if the review service shows it to the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    review: Option<Value>,
    /// Incomplete sections, with the reason.
    missing: Vec<MissingSection>,
}

/// The profiles of both sides that the user service shows to the caller.
#[derive(Serialize, ToSchema)]
pub(super) struct OrderParties {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    customer: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    provider: Option<Value>,
}

/// The order's money that the payment service shows to the caller.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderMoney)]
pub(super) struct OrderMoneySection {
    /// Newest first; only for the order's customer and admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    payments: Option<Value>,
    /// Ledger entries, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    statement: Option<Value>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct MissingSection {
    section: PageSection,
    /// The part that owns the section.
    part: &'static str,
    reason: MissingReason,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PageSection {
    Parties,
    Payment,
    Review,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum MissingReason {
    /// The part is unreachable or timed out. A retry may succeed.
    Away,
}

/// A part's data for the caller, if any.
type SectionResult = Result<Option<Value>, MissingReason>;

/// The context of all calls for one page.
struct OrderPageAggregator<'a> {
    gateway: &'a Gateway,
    caller: &'a VerifiedCaller,
    language: Option<HeaderValue>,
    trace: &'a TraceId,
}

const SUFFIX: &str = "/page";
/// A timely page with a gap beats a late one.
const SECTION_LIMIT: Duration = Duration::from_secs(3);
/// Orders and profiles take a few kilobytes.
const BYTES_MAX: usize = 1024 * 1024;

/// Builds the page; forwards a refusal by the order service unchanged.
pub(super) async fn show_order_page(
    State(gateway): State<Arc<Gateway>>,
    RequestTrace(trace): RequestTrace,
    RequestCaller(caller): RequestCaller,
    Extension(CanonicalPath(path)): Extension<CanonicalPath>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let aggregator = OrderPageAggregator {
        gateway: &gateway,
        caller: &caller,
        language: headers.get(header::ACCEPT_LANGUAGE).cloned(),
        trace: &trace,
    };
    let order = path.strip_suffix(SUFFIX).unwrap_or(&path);
    aggregator.build_page(order).await
}

impl OrderPageAggregator<'_> {
    async fn build_page(&self, path: &str) -> Result<Response, Problem> {
        let answer = self.call_part(CloudPart::Order, path, None).await?;
        if !answer.status().is_success() {
            return Ok(answer);
        }
        let order = read(answer).await?;
        let statement = format!("{path}/statement");
        let review = format!("{path}/review");
        let of_order = order["id"].as_str().map(|id| format!("order_id={id}"));
        let (customer, provider, payments, statement, review) = tokio::join!(
            self.fetch_profile("customers", &order["customer_id"]),
            self.fetch_profile("providers", &order["provider_id"]),
            self.fetch_items("/api/v1/payments", of_order.as_deref()),
            self.fetch_items(&statement, None),
            self.fetch_section(CloudPart::Review, &review, None),
        );
        let missing = [
            (
                PageSection::Parties,
                CloudPart::User,
                missing_reason(&[&customer, &provider]),
            ),
            (
                PageSection::Payment,
                CloudPart::Payment,
                missing_reason(&[&payments, &statement]),
            ),
            (
                PageSection::Review,
                CloudPart::Review,
                missing_reason(&[&review]),
            ),
        ];
        let missing = missing.into_iter().filter_map(|(section, part, reason)| {
            Some(MissingSection {
                section,
                part: part.name(),
                reason: reason?,
            })
        });
        let page = OrderPage {
            order,
            parties: OrderParties {
                customer: customer.unwrap_or_default(),
                provider: provider.unwrap_or_default(),
            },
            payment: OrderMoneySection {
                payments: payments.unwrap_or_default(),
                statement: statement.unwrap_or_default(),
            },
            review: review.unwrap_or_default(),
            missing: missing.collect(),
        };
        Ok(Json(page).into_response())
    }

    /// `None` if the person does not exist or the caller may not see them.
    async fn fetch_profile(&self, kind: &str, id: &Value) -> SectionResult {
        let Some(id) = id.as_str() else {
            return Ok(None);
        };
        self.fetch_section(
            CloudPart::User,
            &format!("/api/v1/{kind}/{id}/profile"),
            None,
        )
        .await
    }

    async fn fetch_items(&self, path: &str, query: Option<&str>) -> SectionResult {
        let list = self.fetch_section(CloudPart::Payment, path, query).await?;
        Ok(list.map(|mut list| list["items"].take()))
    }

    /// `None` if the part refuses the caller or their role lacks the section's permissions.
    async fn fetch_section(
        &self,
        part: CloudPart,
        path: &str,
        query: Option<&str>,
    ) -> SectionResult {
        if !self.can_read_section(path) {
            return Ok(None);
        }
        let asked = async {
            let answer = self.call_part(part, path, query).await.ok()?;
            match answer.status() {
                StatusCode::OK => read(answer).await.ok().map(Some),
                status if status.is_client_error() => Some(None),
                _ => None,
            }
        };
        let answered = tokio::time::timeout(SECTION_LIMIT, asked).await;
        answered.ok().flatten().ok_or(MissingReason::Away)
    }

    /// Applies the permissions of the section's own route.
    fn can_read_section(&self, path: &str) -> bool {
        let RouteLookup::Found { route, .. } = self.gateway.matcher.find_route(&Method::GET, path)
        else {
            return false;
        };
        let VerifiedCaller {
            claims,
            permissions,
            ..
        } = self.caller;
        let held = permissions
            .as_deref()
            .unwrap_or(Permission::allowed_for_role(claims.role));
        route
            .permission
            .missing_permission(claims.role, held)
            .is_none()
    }

    async fn call_part(
        &self,
        part: CloudPart,
        path: &str,
        query: Option<&str>,
    ) -> Result<Response, Problem> {
        let path = build_uri(path, query)?;
        let mut request = request_as_caller(Method::GET, path, &self.caller.token, self.trace);
        set_identity(request.headers_mut(), self.caller);
        if let Some(language) = &self.language {
            request
                .headers_mut()
                .insert(header::ACCEPT_LANGUAGE, language.clone());
        }
        // Boxed: five of these large futures run at once.
        Ok(Box::pin(self.gateway.parts.send(part, request)).await)
    }
}

fn missing_reason(answers: &[&SectionResult]) -> Option<MissingReason> {
    answers
        .iter()
        .find_map(|answer| answer.as_ref().err())
        .copied()
}

async fn read(answer: Response) -> Result<Value, Problem> {
    let bytes = to_bytes(answer.into_body(), BYTES_MAX).await;
    let bytes = bytes.map_err(|error| {
        log_fault(
            "Could not read the whole answer for a section of an order page",
            error,
        )
    })?;
    serde_json::from_slice(&bytes).map_err(|error| {
        log_fault(
            "Could not parse the answer for a section of an order page as JSON",
            error,
        )
    })
}

pub(super) fn add_route(document: ApiDocument) -> ApiDocument {
    document.with_public_route(
        "orderPage",
        reads_order(ORDER_PAGE),
        "Show an order with its parties, payment and review, and list the sections that were \
         unavailable",
        |route| {
            route.add_parameter_fields::<OrderId>("path");
            route.answers_json::<OrderPage>(StatusCode::OK);
            route.add_refusal_codes(&[Code::OrderNotFound, Code::TimedOut]);
        },
    )
}
