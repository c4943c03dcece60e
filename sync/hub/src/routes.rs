//! The hub's routes: the link, enrolment, an operator's views and settings, and the internal calls
//! of the order service and the gateway.

use axum::{
    Router,
    routing::{get, post},
};
use process::{
    openapi::RouteTable,
    routes::{ANY, DELETE, EDGE, GET, OPEN, POST, PUT, admin, route},
};
use wire::{Code, Permission};

use crate::handlers::{HubState, cut_offs, edges, internal, link, operators};

pub(crate) fn router(hub: HubState) -> Router {
    add_public_routes(Router::new())
        .route("/internal/stream", get(internal::open_update_stream))
        .route("/internal/asks", post(internal::put_portal_accept))
        .route("/internal/seats/{edge}", get(internal::get_current_epoch))
        .with_state(hub)
}

/// The public routes.
#[rustfmt::skip]
pub(crate) fn add_public_routes<T: RouteTable<HubState>>(to: T) -> T {
    use Code::{
        EdgeClockWrong, EdgeDisabled, EdgeExists, EdgeUnknown, EnrolmentCodeInvalid,
        EnrolmentCodeUsed, InvalidToken, NotFound, OpNotStopped,
    };
    use Permission::{ManageEdges, ManageRegions, ReadPlatform};
    to
        .add_public_route(route(GET, "/link", EDGE),
            "Open an edge's link, which becomes a WebSocket of binary frames",
            &[InvalidToken, EdgeUnknown, EdgeClockWrong, EdgeDisabled], link::open)
        .add_public_route(
            route(POST, "/api/v1/edges/enrol", OPEN).without_key(
                "is identified by its code and the key of its edge, which is not a person",
            ),
            "Enrol an edge by its code: register its public key",
            &[EnrolmentCodeInvalid], edges::enrol)
        .add_public_route(route(GET, "/api/v1/edges/ca", OPEN),
            "Show the certificate authority of the shops' certificates, which tablets must trust",
            &[], edges::ca)
        .add_public_route(route(GET, "/api/v1/edges/{id}/key", OPEN),
            "Show the public key that verifies an edge's receipts", &[], edges::key)
        .add_public_route(route(GET, "/api/v1/regions", ANY),
            "List the regions that are cut off, and since when", &[], operators::region_links)
        .add_public_route(admin(GET, "/api/v1/admin/status", &[ReadPlatform]),
            "Show the state of every region and edge", &[], operators::status)
        .add_public_route(admin(GET, "/api/v1/admin/cut-offs/days", &[ReadPlatform]),
            "Count the minutes for which edges were cut off, for each of the last 14 days",
            &[], cut_offs::list_days)
        .add_public_route(admin(GET, "/api/v1/admin/edges", &[ReadPlatform]),
            "List the edges, including those whose code is unused", &[], operators::edges)
        .add_public_route(
            admin(POST, "/api/v1/admin/edges", &[ManageEdges]).without_key(
                "is refused because the name is taken; a code is shown once and not stored",
            ),
            "Invite an edge: make a code, which is shown once", &[EdgeExists], edges::invite)
        .add_public_route(admin(DELETE, "/api/v1/admin/edges/{id}/code", &[ManageEdges]),
            "Withdraw the code of an edge that has not enrolled, and delete the edge",
            &[NotFound, EnrolmentCodeUsed], edges::withdraw)
        .add_public_route(admin(POST, "/api/v1/admin/edges/{id}/readmit", &[ManageEdges]),
            "Readmit an edge that was restored too often", &[NotFound], edges::readmit)
        .add_public_route(admin(POST, "/api/v1/admin/edges/{id}/disabling", &[ManageEdges]),
            "Disable an edge: refuse its key, revoke its leases, and trust none of its commands \
             after a given time",
            &[NotFound], edges::disable)
        .add_public_route(admin(POST, "/api/v1/admin/edges/{id}/retirement", &[ManageEdges]),
            "Take an edge out of service for good", &[NotFound], edges::retire)
        .add_public_route(
            admin(POST, "/api/v1/admin/edges/{id}/key", &[ManageEdges]).without_key(
                "makes a code that replaces the previous one; a code is shown once and not stored",
            ),
            "Make a code that gives an edge a new key, and readmits a disabled one",
            &[NotFound], edges::rekey)
        .add_public_route(admin(GET, "/api/v1/admin/edges/{id}/acts", &[ReadPlatform]),
            "List what operators did to an edge, newest first", &[], edges::acts)
        .add_public_route(admin(GET, "/api/v1/admin/edges/{id}/left-behind", &[ReadPlatform]),
            "List the undecided ops of an edge's ended epochs", &[], operators::left_behind)
        .add_public_route(admin(GET, "/api/v1/admin/queue", &[ReadPlatform]),
            "List the ops that wait for a decision, in log order", &[], operators::queue)
        .add_public_route(admin(GET, "/api/v1/admin/asks", &[ReadPlatform]),
            "List the acceptances that wait for the edge that holds their region",
            &[], operators::asks)
        .add_public_route(admin(POST, "/api/v1/admin/asks/{id}/retry", &[ManageEdges]),
            "Retry an acceptance that needs an operator",
            &[NotFound, OpNotStopped], operators::retry_asks)
        .add_public_route(admin(GET, "/api/v1/admin/orders/{id}/feed", &[ReadPlatform]),
            "Show the ops of an order that wait for a decision, and which edges have its changes",
            &[], operators::order_feed)
        .add_public_route(admin(GET, "/api/v1/admin/ops/{edge}/{epoch}/{seq}", &[ReadPlatform]),
            "Show one op and its outcome", &[NotFound], operators::op)
        .add_public_route(
            admin(POST, "/api/v1/admin/edges/{edge}/queue/{epoch}/{seq}/retry", &[ManageEdges]),
            "Retry an op that needs an operator", &[NotFound, OpNotStopped], operators::retry)
        .add_public_route(admin(GET, "/api/v1/admin/regions", &[ReadPlatform]),
            "List the regions", &[], operators::regions)
        .add_public_route(admin(PUT, "/api/v1/admin/regions/{region}", &[ManageRegions]),
            "Open or close the gate of a region: a closed one is cut off",
            &[NotFound], operators::set_region)
        .add_public_route(
            admin(POST, "/api/v1/admin/regions/{region}/comparison", &[ManageRegions]),
            "Compare a region's feed with the order service now, and repair it",
            &[Code::Unavailable], operators::compare)
}
