//! The handlers of the routes, the JSON form of reviews and ratings that they share, and the
//! internal route for the hub, which holds the logs of edges.

pub(crate) mod moderation;
pub(crate) mod reading;
pub(crate) mod writing;

use axum::extract::State;
use process::{
    parts::CloudPart,
    problem::{Json, Problem},
    tokens::ServiceCaller,
};
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use wire::{
    Actor, Code, FileId, OpAnswer, OpDecision, OpsBatch, OpsDecisions, OrderCode, OrderId,
    ReviewId, Role, UnixMillis, UserId,
};

use crate::{
    actions::Service,
    domain::{Dimensions, ProviderRating, ProviderReply, Review, ReviewStanding},
    store::ReviewRefusal,
};

/// A review.
#[skip_serializing_none]
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Review)]
pub(crate) struct ReviewView {
    id: ReviewId,
    provider_id: UserId,
    /// 1 to 5.
    rating: i64,
    dimensions: Dimensions,
    comment: String,
    /// Read them at `/api/v1/reviews/{id}/images/{image}`.
    images: Vec<FileId>,
    reply: Option<ProviderReply>,
    helpful_count: i64,
    created_at: UnixMillis,
    /// The author has edited the review.
    is_edited: bool,
    /// For the order's customer and provider and for admins, like all fields below.
    order_id: Option<OrderId>,
    order_code: Option<OrderCode>,
    customer_id: Option<UserId>,
    /// Send this with a change; it protects against overwriting a newer review.
    version: Option<i64>,
    is_hidden: Option<bool>,
    /// The reason of the last decision, for the author and for admins.
    hidden_reason: Option<String>,
    /// For the author, while they can edit the review.
    editable_until: Option<UnixMillis>,
}

/// A provider's rating, over all shown reviews.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RatingView {
    provider_id: UserId,
    /// Stars, with two decimals; 0 without reviews.
    average_rating: f64,
    total_reviews: i64,
    /// The number of reviews for each number of stars.
    rating_distribution: RatingDistribution,
    /// Hundredths of a star.
    dimensions: Dimensions,
    last_updated: UnixMillis,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RatingDistribution {
    #[serde(rename = "1")]
    one: i64,
    #[serde(rename = "2")]
    two: i64,
    #[serde(rename = "3")]
    three: i64,
    #[serde(rename = "4")]
    four: i64,
    #[serde(rename = "5")]
    five: i64,
}

/// Only the author and admins with the permission to read reviews see a hidden one.
pub(crate) fn is_visible_to(review: &Review, caller: Actor) -> bool {
    review.is_shown || caller.role == Role::Admin || caller.user_id == review.customer_id
}

/// Customer, provider and admins may see which order the review belongs to.
pub(crate) fn can_see_order(review: &Review, caller: Actor) -> bool {
    let people = [review.customer_id, review.provider_id];
    caller.role == Role::Admin || people.contains(&caller.user_id)
}

impl ReviewView {
    pub(crate) fn from_review(
        id: ReviewId,
        review: Review,
        caller: Actor,
        edit_within_ms: i64,
    ) -> Self {
        let is_author = caller.user_id == review.customer_id;
        let judges = is_author || caller.role == Role::Admin;
        let knows = can_see_order(&review, caller);
        let is_hidden = review.standing == ReviewStanding::Hidden;
        let last = review.decisions.last().filter(|_| is_hidden && judges);
        Self {
            id,
            provider_id: review.provider_id,
            rating: review.rating,
            dimensions: review.dimensions,
            helpful_count: review.helpful_count,
            created_at: review.created_at,
            is_edited: review.edited_at.is_some(),
            order_id: knows.then_some(review.order_id),
            customer_id: knows.then_some(review.customer_id),
            version: knows.then_some(review.revision),
            is_hidden: knows.then_some(is_hidden),
            hidden_reason: last.map(|last| last.reason.clone()),
            editable_until: review.editable_until(edit_within_ms).filter(|_| is_author),
            order_code: knows.then_some(review.order_code),
            comment: review.comment,
            images: review.images,
            reply: review.reply,
        }
    }
}

impl RatingView {
    pub(crate) fn from_rating(provider_id: UserId, rating: &ProviderRating) -> Self {
        let [one, two, three, four, five] = rating.distribution;
        Self {
            provider_id,
            average_rating: hundredths_to_float(rating.average_hundredths),
            total_reviews: rating.total_reviews,
            rating_distribution: RatingDistribution {
                one,
                two,
                three,
                four,
                five,
            },
            dimensions: rating.dimensions,
            last_updated: rating.last_updated,
        }
    }
}

/// At most 500, which a float represents well enough for display.
fn hundredths_to_float(of: i64) -> f64 {
    f64::from(i32::try_from(of).unwrap_or_default()) / 100.0
}

/// Above the hub's largest batch.
const OPS_MAX: usize = 5_000;

/// Decides a batch of an edge's log in order. An empty batch only checks that the service can reach
/// its store.
pub(crate) async fn decide_ops(
    State(service): State<Service>,
    ServiceCaller(from): ServiceCaller,
    Json(batch): Json<OpsBatch>,
) -> Result<Json<OpsDecisions>, Problem> {
    if from != CloudPart::Hub.name() {
        return Err(Code::RoleForbidden.into());
    }
    if batch.ops.len() > OPS_MAX {
        return Err(Code::BodyTooLarge.into());
    }
    if batch.ops.is_empty() {
        service.store.ping().await?;
    }
    let OpsBatch {
        edge, epoch, ops, ..
    } = batch;
    let mut answers = Vec::with_capacity(ops.len());
    for op in ops {
        let seq = op.seq;
        let decision = OpDecision::Decided(service.decide_op(&edge, epoch, op).await?);
        answers.push(OpAnswer { seq, decision });
    }
    Ok(Json(OpsDecisions { answers }))
}

impl From<ReviewRefusal> for Problem {
    fn from(refusal: ReviewRefusal) -> Self {
        match refusal {
            ReviewRefusal::Stale(version) => {
                Self::new(Code::StaleVersion).with_member("version", version)
            }
            ReviewRefusal::Refused(code) => code.into(),
            ReviewRefusal::Failed(error) => error.into(),
        }
    }
}
