//! The order routes. Reads return only orders that `rules` lets the caller see; every change goes
//! through the deciding transaction in `store`.

mod admin;
mod cancelling;
mod cases;
mod commands;
mod export;
mod fees;
mod filter;
mod form;
mod hub;
mod internal;
mod reads;
mod reply;
mod tracking;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::Method,
    routing::{get, post},
};
use process::openapi::{ApiDocument, RouteTable};
use serde::Serialize;
use utoipa::ToSchema;

use wire::{Code, CommandAnswer, TimelineEntry};

use self::{fees::CancelFeeView, reads::PaidAfterwards};
use crate::service::Service;

/// An edge's log batch is far larger than any request by a person.
const OPS_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A list without pages.
#[derive(Serialize, ToSchema)]
struct WholeList<T> {
    items: Vec<T>,
}

pub fn router(service: Service) -> Router {
    table(Router::new())
        .route("/internal/assignments", get(internal::assignments))
        .route("/internal/ranges", post(internal::range))
        .route("/internal/orders", post(internal::orders))
        .route("/internal/orders/{id}", get(internal::order))
        .route("/internal/known-orders", post(internal::known))
        .route("/internal/renewals", post(internal::renew))
        .route("/internal/takebacks", post(internal::take_back))
        .route("/internal/distrusted", post(internal::list_distrusted))
        .route("/internal/waiting-accepts", post(internal::waiting_accepts))
        .route(
            "/internal/ops",
            post(internal::ops).layer(DefaultBodyLimit::max(OPS_BODY_BYTES_MAX)),
        )
        .with_state(service)
}

/// The public API, with the item schemas of unpaged lists.
pub fn document(name: &'static str) -> ApiDocument {
    table(ApiDocument::of(name))
        .with::<CommandAnswer>()
        .with::<TimelineEntry>()
        .with::<CancelFeeView>()
        .with::<PaidAfterwards>()
}

/// Refusal codes of every command on an order.
macro_rules! command_codes {
    ($($own:ident),*) => {
        &[Code::OrderNotFound, Code::NotYours, Code::CommandIdReused, Code::WrongState, $(Code::$own),*]
    };
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

pub fn table<T: RouteTable<Service>>(to: T) -> T {
    of_admins(of_everybody(to))
}

#[rustfmt::skip]
fn of_everybody<T: RouteTable<Service>>(to: T) -> T {
    to
        .at(POST, "/api/v1/orders", "Publish an order",
            &[Code::CommandIdReused, Code::TooManyOpenOrders], commands::publish)
        .at(GET, "/api/v1/orders", "List the orders that you published, or that you have accepted", &[],
            reads::mine)
        .at(GET, "/api/v1/orders/available", "List the orders that wait for a provider", &[],
            reads::available)
        .at(GET, "/api/v1/orders/export.csv",
            "Take the orders that you published, or that you have accepted, as a table", &[], export::own_as_csv)
        .at(GET, "/api/v1/orders/export.json",
            "Take the orders that you published, or that you have accepted, as JSON", &[], export::own_as_json)
        .at(GET, "/api/v1/orders/paid-afterwards",
            "List the kinds of work that are paid for afterwards, by region: they begin before the payment is held", &[],
            reads::paid_afterwards)
        .at(GET, "/api/v1/orders/{id}", "Show an order", &[Code::OrderNotFound], reads::order)
        .at(GET, "/api/v1/orders/{id}/timeline",
            "Show the history of an order: who did what, and when it passed each hop",
            &[Code::OrderNotFound], reads::timeline)
        .at(GET, "/api/v1/orders/{id}/tracking",
            "Show the part of its receipt by which anybody can follow the order", &[Code::OrderNotFound],
            tracking::receipt)
        .at(GET, "/api/v1/track/{code}", "Follow an order by the code and the secret of its receipt",
            &[Code::OrderNotFound], tracking::track)
        .at(PUT, "/api/v1/orders/{id}/status",
            "Bring an order to a status, by the action that leads there", command_codes!(ProvidersOnly, NotVerified),
            commands::status)
        .at(POST, "/api/v1/orders/{id}/approve", "Approve an order, so that providers see it",
            command_codes!(), commands::approve)
        .at(POST, "/api/v1/orders/{id}/reject", "Reject an order, with a reason for its customer",
            command_codes!(), commands::reject)
        .at(POST, "/api/v1/orders/{id}/accept",
            "Accept an order. 202: the holder of its region has to decide",
            command_codes!(NotVerified, OrderAlreadyAccepted, OrderNotApproved, OrderCancelled, OrderRejected,
                RegionAssigningOffline, Unavailable),
            commands::accept)
        .at(POST, "/api/v1/orders/{id}/withdraw", "Withdraw an acceptance", command_codes!(),
            commands::withdraw)
        .at(POST, "/api/v1/orders/{id}/start", "Start the work", command_codes!(FundsNotHeld),
            commands::start)
        .at(POST, "/api/v1/orders/{id}/complete", "Complete the work", command_codes!(),
            commands::complete)
        .at(GET, "/api/v1/orders/{id}/cancellation",
            "Show what a cancel would cost now, to the cent: the fee, and the refund of the rest",
            &[Code::OrderNotFound, Code::WrongState, Code::OrderCancelled, Code::OrderRejected],
            cancelling::cancellation_of)
        .at(POST, "/api/v1/orders/{id}/cancel",
            "Cancel an order at the fee that was shown. `terms_changed`: it costs another by now, and nothing was done",
            command_codes!(TermsChanged, OrderCancelled, OrderRejected), commands::cancel)
}

#[rustfmt::skip]
fn of_admins<T: RouteTable<Service>>(to: T) -> T {
    to
        .at(GET, "/api/v1/admin/orders", "List all orders", &[], reads::all)
        .at(GET, "/api/v1/admin/orders/export.csv", "Take the orders of a list as a table", &[], export::all_as_csv)
        .at(GET, "/api/v1/admin/orders/export.json", "Take the orders of a list as JSON", &[], export::all_as_json)
        .at(GET, "/api/v1/admin/assignments", "How every region assigns its orders", &[],
            admin::assignments)
        .at(GET, "/api/v1/admin/assignments/{region}", "How a region assigns, and how that came to be",
            &[], admin::assignment)
        .at(PUT, "/api/v1/admin/assignments/{region}", "Change how a region assigns",
            &[Code::EdgeEpochEnded, Code::Unavailable], admin::assign)
        .at(GET, "/api/v1/admin/cases", "List the cases for a person to look at, newest first", &[],
            cases::cases)
        .at(GET, "/api/v1/admin/cases/{id}", "Show a case", &[], cases::case)
        .at(POST, "/api/v1/admin/cases/{id}/take", "Take a case in hand; a closed one stays closed", &[],
            cases::take_case)
        .at(POST, "/api/v1/admin/cases/{id}/close",
            "Close a case with a reason; one that is closed already keeps its own", &[], cases::close_case)
        .at(GET, "/api/v1/admin/cancel-fees", "List the versions of the price of a late cancel, newest first",
            &[], fees::cancel_fees)
        .at(POST, "/api/v1/admin/cancel-fees",
            "Set what a late cancel costs its customer, for the orders created from a moment on",
            &[Code::FeeSettled, Code::TooManyFees], fees::set_cancel_fee)
        .at(DELETE, "/api/v1/admin/cancel-fees/{in_force_from}",
            "Take a version back that does not begin within the hour", &[Code::FeeSettled],
            fees::take_back_cancel_fee)
        .at(POST, "/api/v1/admin/providers/{id}/withdrawals",
            "Withdraw every job that a provider has in hand, with a reason for all who are concerned", &[],
            admin::withdraw_all)
        .at(GET, "/api/v1/admin/lost-acceptances", "List the acceptances that lost, newest first", &[],
            admin::lost_acceptances)
        .at(GET, "/api/v1/admin/commands/{id}", "List the answers that were given under a command id",
            &[], admin::answers)
}
