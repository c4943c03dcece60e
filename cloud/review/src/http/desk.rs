//! Moderation routes: reviews by standing, and recorded decisions.

use axum::extract::State;
use process::{
    problem::{ItemList, Json, Page, Path, Problem, Query, TimeCursor},
    tokens::{Admin, Caller},
    trace::Trace,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, EventType, ReviewId};

use super::{reading::next_of, views::DeskReview};
use crate::{
    domain::{ModerationForm, ReviewStanding},
    service::Service,
    store::{ReviewNews, ToldReport, at_desk},
};

#[derive(Debug, Deserialize, ToSchema)]
pub struct StandingQuery {
    /// `reported` by default.
    state: Option<ReviewStanding>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ReportedReview {
    #[serde(flatten)]
    desk: DeskReview,
    /// Newest first, at most fifty.
    reports: Vec<ToldReport>,
}

pub async fn desk_list(
    State(service): State<Service>,
    Admin(admin): Admin,
    Query(StandingQuery { state }): Query<StandingQuery>,
    page: Page<TimeCursor>,
) -> Result<ItemList<DeskReview>, Problem> {
    let standing = state.unwrap_or(ReviewStanding::Reported);
    let found = service.store.page(at_desk(standing, page.after, page.limit)).await?;
    let next = next_of(&found);
    let items = found.documents.into_iter().map(|found| {
        DeskReview::of(ReviewId(found.id), found.body, admin.actor, service.edit_within_ms)
    });
    Ok(ItemList { items: items.collect(), next })
}

pub async fn reported_review(
    State(service): State<Service>,
    Admin(admin): Admin,
    Path(id): Path<ReviewId>,
) -> Result<Json<ReportedReview>, Problem> {
    let review = service.store.get(id).await?.ok_or(Code::NotFound)?;
    let reports = service.store.reports(id).await?;
    let desk = DeskReview::of(id, review, admin.actor, service.edit_within_ms);
    Ok(Json(ReportedReview { desk, reports }))
}

pub async fn hide(
    State(service): State<Service>,
    Trace(trace): Trace,
    Admin(admin): Admin,
    Path(id): Path<ReviewId>,
    Json(form): Json<ModerationForm>,
) -> Result<Json<DeskReview>, Problem> {
    moderated(&service, &admin, trace.as_str(), id, form, true).await
}

pub async fn restore(
    State(service): State<Service>,
    Trace(trace): Trace,
    Admin(admin): Admin,
    Path(id): Path<ReviewId>,
    Json(form): Json<ModerationForm>,
) -> Result<Json<DeskReview>, Problem> {
    moderated(&service, &admin, trace.as_str(), id, form, false).await
}

/// Decides on the version that the admin read; after an edit they must read it again.
async fn moderated(
    service: &Service,
    admin: &Caller,
    trace: &str,
    id: ReviewId,
    ModerationForm { version, reason }: ModerationForm,
    hides: bool,
) -> Result<Json<DeskReview>, Problem> {
    let reason = wire::check_reason(&reason)?;
    let (by, now) = (admin.actor.user_id, service.store.clock().now());
    let kind = if hides { EventType::ReviewHidden } else { EventType::ReviewRestored };
    let changed = service.store.change(id, Some(version), trace, |review| {
        let is_new = review.moderate(hides, by, reason.clone(), now);
        Ok(is_new.then(|| ReviewNews { kind, reason: Some(reason.clone()) }))
    });
    let review = changed.await?;
    tracing::info!(review.id = %id, admin.id = %by, hides, "A review was moderated");
    Ok(Json(DeskReview::of(id, review, admin.actor, service.edit_within_ms)))
}
