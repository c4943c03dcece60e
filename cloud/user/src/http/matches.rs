//! Provider matching, for other services and for admins.

use axum::extract::State;
use process::{
    problem::{AtMost, Json, Problem, Query},
    tokens::{Admin, FromService},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Region, ServiceType, TextRule, check_text};

use super::Service;
use crate::{
    domain::{CalendarDay, MATCHES_MAX, MATCHES_USUAL, MatchQuestion, ProviderMatch, rank},
    store::serving_of,
};

/// The ranking chooses among this many with the best standing.
const CANDIDATES_MAX: usize = 200;
const TEXT: TextRule = TextRule { chars_min: 0, chars_max: 4_200, lines: true };

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchQuery {
    region: Region,
    service_type: ServiceType,
    /// The job's text, searched for the skills of providers.
    text: Option<String>,
    /// The day of the work.
    day: Option<CalendarDay>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderMatches {
    /// The best first, at most twenty.
    items: Vec<ProviderMatch>,
}

pub async fn matches(
    State(service): State<Service>,
    _: Admin,
    Query(query): Query<MatchQuery>,
) -> Result<Json<ProviderMatches>, Problem> {
    matched(&service, query, MATCHES_USUAL).await
}

pub async fn matches_for_service(
    State(service): State<Service>,
    _: FromService,
    AtMost(limit): AtMost<MATCHES_USUAL, MATCHES_MAX>,
    Json(query): Json<MatchQuery>,
) -> Result<Json<ProviderMatches>, Problem> {
    matched(&service, query, limit).await
}

async fn matched(
    service: &Service,
    query: MatchQuery,
    limit: usize,
) -> Result<Json<ProviderMatches>, Problem> {
    let MatchQuery { region: area, service_type, text, day } = query;
    let text = check_text("text", text.as_deref().unwrap_or_default(), TEXT)?;
    let question = MatchQuestion { area, service_type, text, day, limit };
    let find = serving_of(area, service_type, CANDIDATES_MAX);
    let found = service.store.serving(&find).await?;
    Ok(Json(ProviderMatches { items: rank(&question, &found) }))
}
