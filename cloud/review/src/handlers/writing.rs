//! Write routes: reviews with their pictures, replies, votes and reports. Customers upload pictures
//! before the review.

use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderName, header, request::Parts},
};
use platform::files::{CheckedFile, FileBody, FileKind, UploadRule, Uploader};
use process::{
    idempotency::{IDEMPOTENCY_KEY, key_of},
    openapi::RouteInput,
    problem::{CreatedJson, Json, Path, Problem},
    tokens::Caller,
    trace::RequestTrace,
};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{Actor, Code, CommandId, EventType, FieldError, FileId, ReviewId, Source, UserId};

use super::{ReviewView, reading::load_visible_review};
use crate::{
    actions::{Service, SubmissionResult},
    domain::{
        ReplyForm, ReportForm, Review, ReviewForm, ReviewOrigin, ReviewRevision, checked_reply,
    },
    say,
    store::ReviewEventDraft,
};

/// The purpose of these files in the register.
const PICTURE: &str = "review";

const PICTURE_RULE: UploadRule = UploadRule {
    kinds: FileKind::PICTURES,
    bytes_max: 10 * 1024 * 1024,
    side_px_max: 1_600,
};

/// A picture that a review may reference.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HandedPicture {
    id: FileId,
    /// In pixels.
    width: u32,
    height: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HelpfulCount {
    helpful_count: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportTaken {
    review_id: ReviewId,
}

/// The idempotency key of a review. The platform keeps the answer for a while; the review keeps
/// this id permanently, so that a retry after a crash finds it.
pub(crate) struct SubmissionId(CommandId);

impl RouteInput for SubmissionId {}

impl FromRequestParts<Service> for SubmissionId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        if !parts.headers.contains_key(IDEMPOTENCY_KEY) {
            return Ok(Self(CommandId(service.store.clock().new_id())));
        }
        let caller = Caller::from_request_parts(parts, service).await?;
        Ok(Self(key_of(&parts.headers, caller.actor.user_id)?))
    }
}

pub(crate) async fn hand_in(
    State(service): State<Service>,
    caller: Caller,
    FileBody(body): FileBody,
) -> Result<CreatedJson<HandedPicture>, Problem> {
    let owner = caller.actor.user_id;
    let file = service
        .intake
        .receive_upload(Uploader::from_claims(&caller.claims), body, PICTURE_RULE)
        .await?;
    let CheckedFile { size, .. } = &file;
    let (width, height) = size.map_or((0, 0), |size| (size.width, size.height));
    let id = service.register.register_file(owner, PICTURE, file).await?;
    Ok(CreatedJson(HandedPicture { id, width, height }))
}

pub(crate) async fn submit(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    caller: Caller,
    SubmissionId(command_id): SubmissionId,
    Json(form): Json<ReviewForm>,
) -> Result<([(HeaderName, String); 1], CreatedJson<ReviewView>), Problem> {
    let actor = caller.actor;
    let (order, content) = form.into_order_and_content()?;
    check_pictures(&service, actor.user_id, &content.images).await?;
    let hash = content.hash(order);
    let origin = ReviewOrigin {
        command_id,
        source: Source::Portal,
        hash,
        op: None,
    };
    match service
        .submit_review(actor, order, content, origin, trace.as_str())
        .await?
    {
        SubmissionResult::Kept(id, review) => {
            let view = ReviewView::from_review(id, *review, actor, service.edit_within_ms);
            let place = [(header::LOCATION, format!("/api/v1/reviews/{id}"))];
            Ok((place, CreatedJson(view)))
        }
        SubmissionResult::Refused(code, review) => {
            let problem = Problem::new(code);
            Err(review.map_or_else(
                || Problem::new(code),
                |id| problem.with_member("review_id", id),
            ))
        }
    }
}

pub(crate) async fn revise(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    caller: Caller,
    Path(id): Path<ReviewId>,
    Json(form): Json<ReviewRevision>,
) -> Result<Json<ReviewView>, Problem> {
    let actor = caller.actor;
    let version = form.version;
    let content = form.into_content()?;
    require_own(load_visible_review(&service, actor, id).await?, |review| {
        review.customer_id == actor.user_id
    })?;
    check_pictures(&service, actor.user_id, &content.images).await?;
    let now = service.store.clock().now();
    let within = service.edit_within_ms;
    let changed = service
        .store
        .change_review(id, Some(version), trace.as_str(), |review| {
            let is_new = review.replace_content(content.clone(), within, now)?;
            Ok(is_new.then(|| ReviewEventDraft::from_kind(EventType::ReviewUpdated)))
        });
    Ok(Json(ReviewView::from_review(
        id,
        changed.await?,
        actor,
        within,
    )))
}

pub(crate) async fn reply(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    caller: Caller,
    Path(id): Path<ReviewId>,
    Json(ReplyForm { text }): Json<ReplyForm>,
) -> Result<Json<ReviewView>, Problem> {
    let actor = caller.actor;
    let text = checked_reply(&text)?;
    require_own(load_visible_review(&service, actor, id).await?, |review| {
        review.provider_id == actor.user_id
    })?;
    let now = service.store.clock().now();
    let changed = service
        .store
        .change_review(id, None, trace.as_str(), |review| {
            if !review.is_shown {
                return Err(Code::NotFound);
            }
            let is_new = review.set_reply(text.clone(), now);
            Ok(is_new.then(|| ReviewEventDraft::from_kind(EventType::ReviewReplied)))
        });
    Ok(Json(ReviewView::from_review(
        id,
        changed.await?,
        actor,
        service.edit_within_ms,
    )))
}

pub(crate) async fn vote(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    Path(id): Path<ReviewId>,
) -> Result<Json<HelpfulCount>, Problem> {
    set_vote(&service, actor, id, true).await
}

pub(crate) async fn unvote(
    State(service): State<Service>,
    Caller { actor, .. }: Caller,
    Path(id): Path<ReviewId>,
) -> Result<Json<HelpfulCount>, Problem> {
    set_vote(&service, actor, id, false).await
}

async fn set_vote(
    service: &Service,
    actor: Actor,
    id: ReviewId,
    is_helpful: bool,
) -> Result<Json<HelpfulCount>, Problem> {
    require_not_own(&load_visible_review(service, actor, id).await?, actor)?;
    let helpful_count = service
        .store
        .set_vote(id, actor.user_id, is_helpful)
        .await?;
    Ok(Json(HelpfulCount { helpful_count }))
}

pub(crate) async fn report(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
    Path(id): Path<ReviewId>,
    Json(ReportForm { reason }): Json<ReportForm>,
) -> Result<Json<ReportTaken>, Problem> {
    let reason = wire::check_reason(&reason)?;
    let review = load_visible_review(&service, actor, id).await?;
    // The provider may report it.
    if review.customer_id == actor.user_id {
        return Err(Code::OwnReview.into());
    }
    service
        .store
        .report_review(id, actor.user_id, reason, trace.as_str())
        .await?;
    tracing::info!(review.id = %id, user.id = %actor.user_id, "A review was reported");
    Ok(Json(ReportTaken { review_id: id }))
}

/// Other people's reviews get the same answer as missing ones.
fn require_own(review: Review, is_own: impl Fn(&Review) -> bool) -> Result<(), Problem> {
    if is_own(&review) {
        Ok(())
    } else {
        Err(Code::NotFound.into())
    }
}

fn require_not_own(review: &Review, actor: Actor) -> Result<(), Problem> {
    let is_own = [review.customer_id, review.provider_id].contains(&actor.user_id);
    if is_own {
        Err(Code::OwnReview.into())
    } else {
        Ok(())
    }
}

/// Refuses other people's pictures. Naming a picture protects it from collection.
async fn check_pictures(
    service: &Service,
    owner: UserId,
    images: &[FileId],
) -> Result<(), Problem> {
    let mut errors = Vec::new();
    for (place, id) in images.iter().enumerate() {
        let file = service.register.get(*id).await?;
        let is_own = file.is_some_and(|file| file.owner_id == owner && file.purpose == PICTURE);
        if !is_own || !service.register.name(*id).await? {
            let field = format!("images[{place}]");
            errors.push(FieldError::new(&field, say::picture_unknown));
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors.into())
    }
}
