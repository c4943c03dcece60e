//! Providers as admins and other services see them: their verification, which they submit and
//! admins decide, and their matching to a job.

use axum::extract::State;
use process::{
    problem::{ItemList, Json, ListLimit, MaybeJson, Page, Path, Problem, Query, TimeCursor},
    tokens::{Caller, ServiceCaller},
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{
    Code, EventType, Region, Role, ServiceHours, ServiceType, TextRule, UnixMillis, UserId,
    check_text,
};

use super::{Service, profiles::OwnProvider};
use crate::{
    domain::{
        self, CalendarDay, Certification, CertificationForm, FilePurpose, MATCHES_MAX,
        MATCHES_USUAL, MatchCriteria, ProviderMatch, ProviderProfile, VerificationDecision,
        VerificationOutcome, VerificationRejection, VerificationState, rank_providers,
    },
    store::{ProfileEventDraft, ProfileRefusal, serving_providers_query, verification_queue_query},
};

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct QueueQuery {
    /// `waiting` by default.
    state: Option<VerificationState>,
}

/// Empty: the profile already holds the submitted data.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubmissionForm {}

pub(crate) async fn certify(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    caller: Caller,
    Json(form): Json<CertificationForm>,
) -> Result<Json<OwnProvider>, Problem> {
    let user = caller.actor.user_id;
    let store = &service.store;
    let version = form.version;
    let certifications = form.into_certifications()?;
    check_documents(&service, user, &certifications).await?;
    let now = store.clock().now();
    store
        .load_or_create_profile::<ProviderProfile>(user, Role::Provider, trace.as_str())
        .await?;
    let changed = store.change_profile(
        user,
        Some(version),
        trace.as_str(),
        |profile: &mut ProviderProfile| {
            profile.set_certifications(certifications.clone(), now);
            Ok(Some(ProfileEventDraft::from_kind(
                EventType::ProfileUpdated,
            )))
        },
    );
    Ok(Json((&changed.await?).into()))
}

/// Idempotent: a second submission changes nothing.
pub(crate) async fn submit(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    caller: Caller,
    _: MaybeJson<SubmissionForm>,
) -> Result<Json<OwnProvider>, Problem> {
    let user = caller.actor.user_id;
    let store = &service.store;
    let now = store.clock().now();
    store
        .load_or_create_profile::<ProviderProfile>(user, Role::Provider, trace.as_str())
        .await?;
    let changed = store.change_profile(
        user,
        None,
        trace.as_str(),
        |profile: &mut ProviderProfile| {
            let is_new = profile.submit_verification(now)?;
            let submitted = EventType::ProfileVerificationSubmitted;
            Ok(is_new.then(|| ProfileEventDraft::from_kind(submitted)))
        },
    );
    Ok(Json((&changed.await?).into()))
}

/// Masks phone and certificate numbers. `provider` returns a single profile unmasked.
pub(crate) async fn queue(
    State(service): State<Service>,
    Query(query): Query<QueueQuery>,
    page: Page<TimeCursor>,
) -> Result<ItemList<OwnProvider>, Problem> {
    let state = query.state.unwrap_or(VerificationState::Waiting);
    let found = service
        .store
        .page_verification_queue(verification_queue_query(state, page.after, page.limit))
        .await?;
    let last = found.documents.last().filter(|_| found.next.is_some());
    let next = last.and_then(|last| {
        let at = last.body.verification.submitted_at?;
        Some(TimeCursor { at, id: last.id }.to_string())
    });
    let items = found
        .documents
        .iter()
        .map(|document| OwnProvider::from(&document.body).with_masked_numbers());
    let items = items.collect();
    Ok(ItemList { items, next })
}

pub(crate) async fn provider(
    State(service): State<Service>,
    Path(id): Path<UserId>,
) -> Result<Json<OwnProvider>, Problem> {
    let found = service
        .store
        .get::<ProviderProfile>(id)
        .await?
        .ok_or(Code::NotFound)?;
    Ok(Json((&found).into()))
}

pub(crate) async fn verify(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    admin: Caller,
    Path(id): Path<UserId>,
    Json(decision): Json<VerificationDecision>,
) -> Result<Json<OwnProvider>, Problem> {
    let outcome = VerificationOutcome::Verified;
    decide_verification(&service, &admin, trace.as_str(), id, decision, outcome).await
}

pub(crate) async fn reject(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    admin: Caller,
    Path(id): Path<UserId>,
    Json(rejection): Json<VerificationRejection>,
) -> Result<Json<OwnProvider>, Problem> {
    let VerificationRejection {
        version,
        reason,
        asks_more,
    } = rejection;
    let decision = VerificationDecision { version, reason };
    let outcome = if asks_more {
        VerificationOutcome::MoreNeeded
    } else {
        VerificationOutcome::Rejected
    };
    decide_verification(&service, &admin, trace.as_str(), id, decision, outcome).await
}

/// Decides on the version that the admin read; after a change they must read it again.
async fn decide_verification(
    service: &Service,
    admin: &Caller,
    trace: &str,
    id: UserId,
    decision: VerificationDecision,
    outcome: VerificationOutcome,
) -> Result<Json<OwnProvider>, Problem> {
    let VerificationDecision { version, reason } = decision;
    let reason = wire::check_reason(&reason)?;
    let by = admin.actor.user_id;
    let now = service.store.clock().now();
    let kind = match outcome {
        VerificationOutcome::Verified => EventType::ProfileVerified,
        VerificationOutcome::Rejected | VerificationOutcome::MoreNeeded => {
            EventType::ProfileVerificationRejected
        }
    };
    let changed =
        service
            .store
            .change_profile(id, Some(version), trace, |profile: &mut ProviderProfile| {
                let decided = profile.decide_verification(outcome, by, reason.clone(), now);
                let is_new = decided.ok_or(ProfileRefusal::Missing)?;
                Ok(is_new.then(|| ProfileEventDraft {
                    kind,
                    reason: Some(reason.clone()),
                }))
            });
    let changed = changed.await?;
    tracing::info!(user.id = %id, admin.id = %by, ?outcome, "An admin decided a provider's verification");
    Ok(Json((&changed).into()))
}

/// Refuses other people's documents. Naming a document protects it from collection.
async fn check_documents(
    service: &Service,
    owner: UserId,
    certifications: &[Certification],
) -> Result<(), Problem> {
    let register = &service.register;
    let mut errors = Vec::new();
    for (place, certification) in certifications.iter().enumerate() {
        let Some(id) = certification.document else {
            continue;
        };
        let is_own = register.get(id).await?.is_some_and(|file| {
            file.owner_id == owner && file.purpose == FilePurpose::Document.as_str()
        });
        if !is_own || !register.name(id).await? {
            errors.push(domain::unknown_document(place));
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors.into())
    }
}

/// The ranking chooses among this many with the best standing.
const CANDIDATES_MAX: usize = 200;
const TEXT: TextRule = TextRule {
    chars_min: 0,
    chars_max: 4_200,
    lines: true,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatchQuery {
    region: Region,
    service_type: ServiceType,
    /// The job's text, searched for the skills of providers.
    text: Option<String>,
    /// The day of the work.
    day: Option<CalendarDay>,
    /// The hours of the work. Providers who have another job then come last.
    service_start_time: Option<UnixMillis>,
    service_end_time: Option<UnixMillis>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderMatches {
    /// The best first, at most twenty. Those who have another job then come last.
    items: Vec<ProviderMatch>,
}

pub(crate) async fn matches(
    State(service): State<Service>,
    Query(query): Query<MatchQuery>,
) -> Result<Json<ProviderMatches>, Problem> {
    let items = find_matches(&service, query, MATCHES_USUAL).await?;
    Ok(Json(ProviderMatches { items }))
}

/// Leaves out the providers who have another job then, because they could not accept this one.
pub(crate) async fn matches_for_service(
    State(service): State<Service>,
    _: ServiceCaller,
    ListLimit(limit): ListLimit<MATCHES_USUAL, MATCHES_MAX>,
    Json(query): Json<MatchQuery>,
) -> Result<Json<ProviderMatches>, Problem> {
    let mut items = find_matches(&service, query, limit).await?;
    items.retain(|found| found.is_booked != Some(true));
    Ok(Json(ProviderMatches { items }))
}

async fn find_matches(
    service: &Service,
    query: MatchQuery,
    limit: usize,
) -> Result<Vec<ProviderMatch>, Problem> {
    let MatchQuery {
        region: area,
        service_type,
        text,
        day,
        service_start_time,
        service_end_time,
    } = query;
    let text = check_text("text", text.as_deref().unwrap_or_default(), TEXT)?;
    let question = MatchCriteria {
        area,
        service_type,
        text,
        day,
        limit: MATCHES_MAX,
    };
    let find = serving_providers_query(area, service_type, CANDIDATES_MAX);
    let found = service.store.find_serving_providers(&find).await?;
    let mut matches = rank_providers(&question, &found);
    if let Some(hours) = ServiceHours::from_times(service_start_time, service_end_time) {
        service.mark_booked(&mut matches, hours).await;
    }
    matches.sort_by_key(|found| found.is_booked == Some(true));
    matches.truncate(limit);
    Ok(matches)
}
