//! The hub's routes: the link, enrolment, an operator's views and settings, and the questions of the order
//! service.

mod asks;
mod enrol;
mod link;
mod news;
mod operate;
mod oplog;
mod retry;
pub mod state;
mod wording;

use axum::{
    Router,
    routing::{get, post, put},
};
use state::Routes;

pub(crate) fn router(hub: Routes) -> Router {
    Router::new()
        .route("/link", get(link::open))
        .route("/api/v1/edges/enrol", post(enrol::enrol))
        .route("/api/v1/admin/status", get(operate::status))
        .route("/api/v1/admin/edges", get(operate::edges).post(enrol::invite))
        .route("/api/v1/admin/edges/{id}/readmit", post(retry::readmit))
        .route("/api/v1/admin/edges/{id}/left-behind", get(oplog::left_behind))
        .route("/api/v1/admin/queue", get(oplog::queue))
        .route("/api/v1/admin/asks", get(oplog::asks))
        .route("/api/v1/admin/asks/{id}/retry", post(retry::retry_asks))
        .route("/api/v1/admin/ops/{edge}/{epoch}/{seq}", get(oplog::op))
        .route("/api/v1/admin/edges/{id}/queue/{epoch}/{seq}/retry", post(retry::retry))
        .route("/api/v1/admin/regions", get(operate::regions))
        .route("/api/v1/admin/regions/{region}", put(operate::set_region))
        .route("/api/v1/admin/regions/{region}/comparison", post(operate::compare))
        .route("/internal/stream", get(news::stream))
        .route("/internal/asks", post(asks::ask))
        .route("/internal/seats/{edge}", get(asks::seat))
        .with_state(hub)
}
