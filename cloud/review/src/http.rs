//! The review routes. Every signed-in person reads public reviews; the order's customer and
//! provider see more fields.

mod desk;
mod internal;
mod pictures;
mod reading;
mod views;
mod writing;

use axum::{Router, routing::post};
use http::Method;
use process::{openapi::RouteTable, problem::Problem};
use wire::Code;

use crate::{service::Service, store::ReviewRefusal};

pub fn router(service: Service) -> Router {
    table(Router::new()).route("/internal/ops", post(internal::ops)).with_state(service)
}

#[rustfmt::skip]
pub fn table<T: RouteTable<Service>>(to: T) -> T {
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    const DELETE: Method = Method::DELETE;
    to
        .at(POST, "/api/v1/reviews", "Review your completed order, once",
            &[Code::OrderNotFound, Code::OrderNotCompleted, Code::OrderUnpaid,
                Code::AlreadyReviewed], writing::submit)
        .at(POST, "/api/v1/reviews/images",
            "Hand in a picture that a review then names: JPEG, PNG or WebP, of at most 10 MB", &[],
            pictures::hand_in)
        .at(GET, "/api/v1/reviews/search", "Find reviews by their words, in Chinese and English, newest first",
            &[], reading::search)
        .at(GET, "/api/v1/reviews/{id}", "Show a review", &[], reading::show)
        .at(PUT, "/api/v1/reviews/{id}",
            "Change your review, on the version that you have read, while its time lasts and nobody has replied",
            &[Code::StaleVersion, Code::ReviewFixed], writing::revise)
        .at(GET, "/api/v1/reviews/{id}/images/{image}", "Read a picture of a review", &[], pictures::show_picture)
        .at(PUT, "/api/v1/reviews/{id}/reply", "Reply to a review of your work, or put another reply in its place",
            &[], writing::reply)
        .at(PUT, "/api/v1/reviews/{id}/helpful", "Say that a review helps you; once counts",
            &[Code::OwnReview], writing::vote)
        .at(DELETE, "/api/v1/reviews/{id}/helpful", "Take that back", &[Code::OwnReview], writing::unvote)
        .at(POST, "/api/v1/reviews/{id}/report", "Report a review to the admins, with a reason",
            &[Code::OwnReview], writing::report)
        .at(POST, "/api/v1/reviews/{id}/hide", "Hide a review, on record. It counts no more",
            &[Code::StaleVersion], desk::hide)
        .at(POST, "/api/v1/reviews/{id}/restore", "Show a review again, or close its reports, on record",
            &[Code::StaleVersion], desk::restore)
        .at(GET, "/api/v1/admin/reviews", "List reviews by where they stand, newest first", &[], desk::desk_list)
        .at(GET, "/api/v1/admin/reviews/{id}", "Show a review with its reports and decisions", &[], desk::reported_review)
        .at(GET, "/api/v1/users/me/reviews", "List the reviews that you wrote or that are about your work, newest first",
            &[], reading::mine)
        .at(GET, "/api/v1/providers/{id}/reviews", "List the reviews of a provider", &[],
            reading::about_provider)
        .at(GET, "/api/v1/providers/{id}/rating", "Show what the reviews of a provider add up to", &[],
            reading::rating)
        .at(GET, "/api/v1/orders/{id}/review", "Show the review of an order to its people", &[], reading::of_order)
}

impl From<ReviewRefusal> for Problem {
    fn from(refusal: ReviewRefusal) -> Self {
        match refusal {
            ReviewRefusal::Stale(version) => Self::new(Code::StaleVersion).with("version", version),
            ReviewRefusal::Refused(code) => code.into(),
            ReviewRefusal::Failed(error) => error.into(),
        }
    }
}
