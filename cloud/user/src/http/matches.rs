//! Provider matching, for other services and for admins.

use axum::extract::State;
use process::{
    problem::{Json, ListLimit, Problem, Query},
    tokens::{AdminCaller, ServiceCaller},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Region, ServiceType, TextRule, check_text};

use super::Service;
use crate::{
    domain::{
        CalendarDay, MATCHES_MAX, MATCHES_USUAL, MatchCriteria, ProviderMatch, rank_providers,
    },
    store::serving_providers_query,
};

/// The ranking chooses among this many with the best standing.
const CANDIDATES_MAX: usize = 200;
const TEXT: TextRule = TextRule {
    chars_min: 0,
    chars_max: 4_200,
    lines: true,
};

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
    _: AdminCaller,
    Query(query): Query<MatchQuery>,
) -> Result<Json<ProviderMatches>, Problem> {
    find_matches(&service, query, MATCHES_USUAL).await
}

pub async fn matches_for_service(
    State(service): State<Service>,
    _: ServiceCaller,
    ListLimit(limit): ListLimit<MATCHES_USUAL, MATCHES_MAX>,
    Json(query): Json<MatchQuery>,
) -> Result<Json<ProviderMatches>, Problem> {
    find_matches(&service, query, limit).await
}

async fn find_matches(
    service: &Service,
    query: MatchQuery,
    limit: usize,
) -> Result<Json<ProviderMatches>, Problem> {
    let MatchQuery {
        region: area,
        service_type,
        text,
        day,
    } = query;
    let text = check_text("text", text.as_deref().unwrap_or_default(), TEXT)?;
    let question = MatchCriteria {
        area,
        service_type,
        text,
        day,
        limit,
    };
    let find = serving_providers_query(area, service_type, CANDIDATES_MAX);
    let found = service.store.find_serving_providers(&find).await?;
    Ok(Json(ProviderMatches {
        items: rank_providers(&question, &found),
    }))
}
