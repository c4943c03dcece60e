//! Moderation routes: reviews by standing, and recorded decisions.

use axum::extract::State;
use process::{
    problem::{ItemList, Json, Page, Path, Problem, Query, TimeCursor},
    tokens::Caller,
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Actor, Code, EventType, ReviewId};

use super::{ReviewView, reading::next_cursor};
use crate::{
    actions::Service,
    domain::{ModerationForm, ModerationStep, Review, ReviewStanding},
    store::{ReviewEventDraft, ToldReport, moderation_queue_query},
};

/// A review in the moderation queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeskReview {
    review: ReviewView,
    standing: ReviewStanding,
    /// Oldest first.
    decisions: Vec<ModerationStep>,
}

impl DeskReview {
    pub(crate) fn from_review(
        id: ReviewId,
        review: Review,
        admin: Actor,
        edit_within_ms: i64,
    ) -> Self {
        let standing = review.standing;
        let decisions = review.decisions.clone();
        Self {
            review: ReviewView::from_review(id, review, admin, edit_within_ms),
            standing,
            decisions,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct StandingQuery {
    /// `reported` by default.
    state: Option<ReviewStanding>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportedReview {
    #[serde(flatten)]
    desk: DeskReview,
    /// Newest first, at most fifty.
    reports: Vec<ToldReport>,
}

pub(crate) async fn desk_list(
    State(service): State<Service>,
    admin: Caller,
    Query(StandingQuery { state }): Query<StandingQuery>,
    page: Page<TimeCursor>,
) -> Result<ItemList<DeskReview>, Problem> {
    let standing = state.unwrap_or(ReviewStanding::Reported);
    let found = service
        .store
        .page_reviews(moderation_queue_query(standing, page.after, page.limit))
        .await?;
    let next = next_cursor(&found);
    let items = found.documents.into_iter().map(|found| {
        DeskReview::from_review(
            ReviewId(found.id),
            found.body,
            admin.actor,
            service.edit_within_ms,
        )
    });
    Ok(ItemList {
        items: items.collect(),
        next,
    })
}

pub(crate) async fn reported_review(
    State(service): State<Service>,
    admin: Caller,
    Path(id): Path<ReviewId>,
) -> Result<Json<ReportedReview>, Problem> {
    let review = service.store.get(id).await?.ok_or(Code::NotFound)?;
    let reports = service.store.list_reports(id).await?;
    let desk = DeskReview::from_review(id, review, admin.actor, service.edit_within_ms);
    Ok(Json(ReportedReview { desk, reports }))
}

pub(crate) async fn hide(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    admin: Caller,
    Path(id): Path<ReviewId>,
    Json(form): Json<ModerationForm>,
) -> Result<Json<DeskReview>, Problem> {
    moderate_review(&service, &admin, trace.as_str(), id, form, true).await
}

pub(crate) async fn restore(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    admin: Caller,
    Path(id): Path<ReviewId>,
    Json(form): Json<ModerationForm>,
) -> Result<Json<DeskReview>, Problem> {
    moderate_review(&service, &admin, trace.as_str(), id, form, false).await
}

/// Decides on the version that the admin read; after an edit they must read it again.
async fn moderate_review(
    service: &Service,
    admin: &Caller,
    trace: &str,
    id: ReviewId,
    ModerationForm { version, reason }: ModerationForm,
    hides: bool,
) -> Result<Json<DeskReview>, Problem> {
    let reason = wire::check_reason(&reason)?;
    let by = admin.actor.user_id;
    let now = service.store.clock().now();
    let kind = if hides {
        EventType::ReviewHidden
    } else {
        EventType::ReviewRestored
    };
    let changed = service
        .store
        .change_review(id, Some(version), trace, |review| {
            let is_new = review.moderate(hides, by, reason.clone(), now);
            Ok(is_new.then(|| ReviewEventDraft {
                kind,
                reason: Some(reason.clone()),
            }))
        });
    let review = changed.await?;
    tracing::info!(review.id = %id, admin.id = %by, hides, "An admin moderated a review");
    Ok(Json(DeskReview::from_review(
        id,
        review,
        admin.actor,
        service.edit_within_ms,
    )))
}
