//! The review routes. Every signed-in person reads public reviews; the order's customer and
//! provider see more fields.

use axum::{Router, routing::post};
use process::{
    openapi::RouteTable,
    routes::{
        ANY, CUSTOMER, DELETE, GET, PICTURE_BYTES_MAX, POST, PROVIDER, PUT, admin, narrowed, route,
        upload,
    },
};
use wire::{Code, Permission};

use crate::{
    actions::Service,
    handlers::{self, moderation, reading, writing},
};

pub(crate) fn router(service: Service) -> Router {
    add_public_routes(Router::new())
        .route("/internal/ops", post(handlers::decide_ops))
        .with_state(service)
}

#[rustfmt::skip]
pub(crate) fn add_public_routes<T: RouteTable<Service>>(to: T) -> T {
    use Permission::ModerateReviews;
    to
        .add_public_route(route(POST, "/api/v1/reviews", CUSTOMER),
            "Review your completed order (once)",
            &[Code::OrderNotFound, Code::OrderNotCompleted, Code::OrderUnpaid,
                Code::AlreadyReviewed],
            writing::submit)
        .add_public_route(upload(POST, "/api/v1/reviews/images", CUSTOMER, PICTURE_BYTES_MAX),
            "Upload a picture for a review to refer to: JPEG, PNG or WebP, of at most 10 MB",
            &[], writing::hand_in)
        .add_public_route(narrowed(GET, "/api/v1/reviews/search"),
            "Search the text of reviews, in Chinese and English, newest first",
            &[], reading::search)
        .add_public_route(narrowed(GET, "/api/v1/reviews/{id}"),
            "Show a review", &[], reading::show)
        .add_public_route(route(PUT, "/api/v1/reviews/{id}", CUSTOMER),
            "Change your review, based on the version that you read, until its editing time ends \
             or the provider replies",
            &[Code::StaleVersion, Code::ReviewFixed], writing::revise)
        .add_public_route(narrowed(GET, "/api/v1/reviews/{id}/images/{image}"),
            "Read a picture of a review", &[], reading::show_picture)
        .add_public_route(route(PUT, "/api/v1/reviews/{id}/reply", PROVIDER),
            "Reply to a review of your work, or replace your reply", &[], writing::reply)
        .add_public_route(route(PUT, "/api/v1/reviews/{id}/helpful", ANY),
            "Mark a review as helpful; each person counts once", &[Code::OwnReview], writing::vote)
        .add_public_route(route(DELETE, "/api/v1/reviews/{id}/helpful", ANY),
            "Remove your helpful mark from a review", &[Code::OwnReview], writing::unvote)
        .add_public_route(route(POST, "/api/v1/reviews/{id}/report", ANY),
            "Report a review to the admins, with a reason", &[Code::OwnReview], writing::report)
        .add_public_route(admin(POST, "/api/v1/reviews/{id}/hide", &[ModerateReviews]),
            "Hide a review (audited); it no longer counts", &[Code::StaleVersion], moderation::hide)
        .add_public_route(admin(POST, "/api/v1/reviews/{id}/restore", &[ModerateReviews]),
            "Restore a hidden review, or close its reports (audited)",
            &[Code::StaleVersion], moderation::restore)
        .add_public_route(admin(GET, "/api/v1/admin/reviews", &[ModerateReviews]),
            "List reviews by state, newest first", &[], moderation::desk_list)
        .add_public_route(admin(GET, "/api/v1/admin/reviews/{id}", &[ModerateReviews]),
            "Show a review with its reports and decisions", &[], moderation::reported_review)
        .add_public_route(route(GET, "/api/v1/users/me/reviews", ANY),
            "List the reviews that you wrote or that are about your work, newest first",
            &[], reading::mine)
        .add_public_route(narrowed(GET, "/api/v1/providers/{id}/reviews"),
            "List the reviews of a provider", &[], reading::about_provider)
        .add_public_route(route(GET, "/api/v1/providers/{id}/rating", ANY),
            "Show a provider's rating, computed from its reviews", &[], reading::rating)
        .add_public_route(narrowed(GET, "/api/v1/orders/{id}/review"),
            "Show the review of an order to the people involved in it", &[], reading::of_order)
}
