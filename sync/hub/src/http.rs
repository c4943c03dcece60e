//! The hub's routes: the link, enrolment, an operator's views and settings, and the internal calls
//! of the order service.

mod asks;
mod disabling;
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
    routing::{get, post},
};
use http::Method;
use process::openapi::RouteTable;
use state::Routes;
use wire::Code;

pub(crate) fn router(hub: Routes) -> Router {
    table(Router::new())
        .route("/internal/stream", get(news::stream))
        .route("/internal/asks", post(asks::ask))
        .route("/internal/seats/{edge}", get(asks::seat))
        .with_state(hub)
}

/// The public routes.
#[rustfmt::skip]
pub(crate) fn table<T: RouteTable<Routes>>(to: T) -> T {
    use Code::{
        EdgeClockWrong, EdgeDisabled, EdgeExists, EdgeUnknown, EnrolmentCodeInvalid, EnrolmentCodeUsed,
        InvalidToken, NotFound, OpNotStopped,
    };
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    to
        .at(GET, "/link", "Open an edge's link, which becomes a WebSocket of binary frames",
            &[InvalidToken, EdgeUnknown, EdgeClockWrong, EdgeDisabled], link::open)
        .at_unkeyed("is known by its code and the key of its edge, which is no person",
            POST, "/api/v1/edges/enrol", "Enrol an edge by its code: register its public key",
            &[EnrolmentCodeInvalid], enrol::enrol)
        .at(GET, "/api/v1/edges/{id}/key", "The public key that verifies an edge's receipts", &[],
            enrol::key)
        .at(GET, "/api/v1/regions", "Which regions are cut off, and since when", &[],
            operate::region_links)
        .at(GET, "/api/v1/admin/status", "How every region and edge is now", &[], operate::status)
        .at(GET, "/api/v1/admin/edges", "List the edges, with those whose code waits to be used",
            &[], operate::edges)
        .at_unkeyed("is refused by the name that is taken; a code is shown once and not kept",
            POST, "/api/v1/admin/edges", "Invite an edge: make a code, which is shown once",
            &[EdgeExists], enrol::invite)
        .at(Method::DELETE, "/api/v1/admin/edges/{id}/code",
            "Withdraw the code of an edge that has not enrolled, and forget the edge",
            &[NotFound, EnrolmentCodeUsed], enrol::withdraw)
        .at(POST, "/api/v1/admin/edges/{id}/readmit",
            "Let an edge in again that was restored too often", &[NotFound], retry::readmit)
        .at(POST, "/api/v1/admin/edges/{id}/disabling",
            "Disable an edge: refuse its key, end its rights, and believe nothing of it since a moment",
            &[NotFound], disabling::disable)
        .at(POST, "/api/v1/admin/edges/{id}/retirement",
            "Take an edge out of service for good", &[NotFound], disabling::retire)
        .at_unkeyed("makes a code in the place of the one before; a code is shown once and not kept",
            POST, "/api/v1/admin/edges/{id}/key",
            "Make a code that gives an edge a new key, and lets a disabled one in again", &[NotFound],
            disabling::rekey)
        .at(GET, "/api/v1/admin/edges/{id}/acts",
            "List what operators did to an edge, newest first", &[], disabling::acts)
        .at(GET, "/api/v1/admin/edges/{id}/left-behind",
            "List the ops that ended epochs of an edge left behind", &[], oplog::left_behind)
        .at(GET, "/api/v1/admin/queue", "List the ops that wait for a decision, in log order", &[],
            oplog::queue)
        .at(GET, "/api/v1/admin/asks", "List the acceptances that wait for the holder of their region",
            &[], oplog::asks)
        .at(POST, "/api/v1/admin/asks/{id}/retry", "Try an acceptance again that needs an operator",
            &[NotFound, OpNotStopped], retry::retry_asks)
        .at(GET, "/api/v1/admin/ops/{edge}/{epoch}/{seq}", "Show one op and its outcome", &[NotFound],
            oplog::op)
        .at(POST, "/api/v1/admin/edges/{edge}/queue/{epoch}/{seq}/retry",
            "Try an op again that needs an operator", &[NotFound, OpNotStopped], retry::retry)
        .at(GET, "/api/v1/admin/regions", "List the regions", &[], operate::regions)
        .at(Method::PUT, "/api/v1/admin/regions/{region}",
            "Open or close the gate of a region: a closed one is cut off", &[NotFound],
            operate::set_region)
        .at(POST, "/api/v1/admin/regions/{region}/comparison",
            "Compare a region's feed with the order service now, and repair it", &[Code::Unavailable],
            operate::compare)
}
