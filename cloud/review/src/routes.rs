//! The review routes. Every signed-in person reads public reviews; the order's customer and
//! provider see more fields.

use axum::{Router, routing::post};
use http::Method;
use process::openapi::RouteTable;
use wire::Code;

use crate::{
    actions::Service,
    handlers::{self, moderation, reading, writing},
};

pub fn router(service: Service) -> Router {
    add_public_routes(Router::new())
        .route("/internal/ops", post(handlers::decide_ops))
        .with_state(service)
}

#[rustfmt::skip]
pub fn add_public_routes<T: RouteTable<Service>>(to: T) -> T {
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    const DELETE: Method = Method::DELETE;
    to
        .add_route(POST, "/api/v1/reviews", "Review your completed order (once)",
            &[Code::OrderNotFound, Code::OrderNotCompleted, Code::OrderUnpaid,
                Code::AlreadyReviewed], writing::submit)
        .add_route(POST, "/api/v1/reviews/images",
            "Upload a picture for a review to refer to: JPEG, PNG or WebP, of at most 10 MB", &[],
            writing::hand_in)
        .add_route(GET, "/api/v1/reviews/search", "Search the text of reviews, in Chinese and English, newest first",
            &[], reading::search)
        .add_route(GET, "/api/v1/reviews/{id}", "Show a review", &[], reading::show)
        .add_route(PUT, "/api/v1/reviews/{id}",
            "Change your review, based on the version that you read, until its editing time ends or the provider replies",
            &[Code::StaleVersion, Code::ReviewFixed], writing::revise)
        .add_route(GET, "/api/v1/reviews/{id}/images/{image}", "Read a picture of a review", &[], reading::show_picture)
        .add_route(PUT, "/api/v1/reviews/{id}/reply", "Reply to a review of your work, or replace your reply",
            &[], writing::reply)
        .add_route(PUT, "/api/v1/reviews/{id}/helpful", "Mark a review as helpful; each person counts once",
            &[Code::OwnReview], writing::vote)
        .add_route(DELETE, "/api/v1/reviews/{id}/helpful", "Remove your helpful mark from a review", &[Code::OwnReview], writing::unvote)
        .add_route(POST, "/api/v1/reviews/{id}/report", "Report a review to the admins, with a reason",
            &[Code::OwnReview], writing::report)
        .add_route(POST, "/api/v1/reviews/{id}/hide", "Hide a review (audited); it no longer counts",
            &[Code::StaleVersion], moderation::hide)
        .add_route(POST, "/api/v1/reviews/{id}/restore", "Restore a hidden review, or close its reports (audited)",
            &[Code::StaleVersion], moderation::restore)
        .add_route(GET, "/api/v1/admin/reviews", "List reviews by state, newest first", &[], moderation::desk_list)
        .add_route(GET, "/api/v1/admin/reviews/{id}", "Show a review with its reports and decisions", &[], moderation::reported_review)
        .add_route(GET, "/api/v1/users/me/reviews", "List the reviews that you wrote or that are about your work, newest first",
            &[], reading::mine)
        .add_route(GET, "/api/v1/providers/{id}/reviews", "List the reviews of a provider", &[],
            reading::about_provider)
        .add_route(GET, "/api/v1/providers/{id}/rating", "Show a provider's rating, computed from its reviews", &[],
            reading::rating)
        .add_route(GET, "/api/v1/orders/{id}/review", "Show the review of an order to the people involved in it", &[], reading::of_order)
}
