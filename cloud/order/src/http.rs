//! The routes of orders. Reads show people only the orders that `rules` lets them see; every change goes
//! through the one deciding transaction of `store`.

mod admin;
mod commands;
mod hub;
mod internal;
mod reads;
mod reply;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post, put},
};
use serde::Serialize;

use crate::service::Service;

/// A run of an edge's log is far larger than anything a person sends.
const OPS_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A list that always comes whole.
#[derive(Serialize)]
struct WholeList<T> {
    items: Vec<T>,
}

pub fn router(service: Service) -> Router {
    Router::new()
        .route("/api/v1/orders", post(commands::publish).get(reads::mine))
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
        .route("/api/v1/admin/assignments", get(admin::assignments))
        .route("/api/v1/admin/assignments/{region}", get(admin::assignment).put(admin::assign))
        .route("/api/v1/admin/cases", get(admin::cases))
        .route("/api/v1/admin/lost-acceptances", get(admin::lost_acceptances))
        .route("/api/v1/admin/commands/{id}", get(admin::answers))
        .route("/internal/assignments", get(internal::assignments))
        .route("/internal/ranges", post(internal::range))
        .route("/internal/orders", post(internal::orders))
        .route("/internal/renewals", post(internal::renew))
        .route("/internal/takebacks", post(internal::take_back))
        .route("/internal/waiting-accepts", post(internal::waiting_accepts))
        .route(
            "/internal/ops",
            post(internal::ops).layer(DefaultBodyLimit::max(OPS_BODY_BYTES_MAX)),
        )
        .with_state(service)
}
