//! The routes of orders. Reads show a person only what `rules` lets them see; every change goes through
//! the one deciding transaction of `store`.

mod answer;
mod asked;
mod asks;
mod assignments;
mod cases;
mod commands;
mod compare;
mod conflicts;
mod ops;
mod page;
mod publish;
mod reads;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post, put},
};

use crate::service::Service;

/// A run of an edge's log is far larger than anything a person sends.
const OPS_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

pub fn router(service: Service) -> Router {
    Router::new()
        .route("/api/v1/orders", post(publish::publish).get(reads::mine))
        .route("/api/v1/orders/available", get(reads::available))
        .route("/api/v1/orders/{id}", get(reads::order))
        .route("/api/v1/orders/{id}/timeline", get(reads::timeline))
        .route("/api/v1/orders/{id}/status", put(commands::status))
        .route("/api/v1/orders/{id}/approve", post(commands::approve))
        .route("/api/v1/orders/{id}/reject", post(commands::reject))
        .route("/api/v1/orders/{id}/accept", post(commands::accept))
        .route("/api/v1/orders/{id}/withdraw", post(commands::withdraw))
        .route("/api/v1/orders/{id}/start", post(commands::start))
        .route("/api/v1/orders/{id}/complete", post(commands::complete))
        .route("/api/v1/orders/{id}/cancel", post(commands::cancel))
        .route("/api/v1/admin/orders", get(reads::all))
        .route("/api/v1/admin/assignments", get(assignments::all))
        .route("/api/v1/admin/assignments/{region}", get(assignments::one).put(assignments::set))
        .route("/api/v1/admin/cases", get(cases::all))
        .route("/api/v1/admin/lost-acceptances", get(conflicts::lost))
        .route("/api/v1/admin/commands/{id}", get(conflicts::answers))
        .route("/internal/assignments", get(assignments::for_the_hub))
        .route("/internal/ranges", post(compare::range))
        .route("/internal/orders", post(compare::orders))
        .route("/internal/renewals", post(compare::renew))
        .route("/internal/takebacks", post(assignments::take_back))
        .route("/internal/waiting-accepts", post(asks::decide))
        .route("/internal/ops", post(ops::decide).layer(DefaultBodyLimit::max(OPS_BODY_BYTES_MAX)))
        .with_state(service)
}
