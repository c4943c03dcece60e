//! The routes for money. People see only the money of their own orders; others appear not to exist.

mod admin;
mod callbacks;
mod desk;
mod fees;
mod funds;
mod methods;
mod payments;
mod refunds;
mod report;
mod statements;
mod sum;
mod views;

use axum::{Router, extract::FromRequestParts, http::Method, http::request::Parts, routing::post};
use process::{
    idempotency::{IDEMPOTENCY_KEY, key_of},
    openapi::{ApiDocument, RouteDescription, RouteInput, RouteTable},
    problem::Problem,
    tokens::{AdminCaller, Caller},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Amount, Code, CommandId, UserId};

pub use self::callbacks::CallbackLimits;
use self::{
    fees::PlatformFeeView,
    statements::Earnings,
    views::{LineView, PaymentView, RequestView},
};
use crate::{
    service::Service,
    store::{KeyedRequest, StoreError},
};

/// A list without paging.
#[derive(Serialize, ToSchema)]
struct WholeList<T> {
    items: Vec<T>,
}

/// A person, and their request's idempotency key. The platform keeps the response for a while; this
/// service keeps the movement it began permanently [KEY_ONCE].
pub struct KeyedCaller {
    caller: Caller,
    key: Option<CommandId>,
}

impl RouteInput for KeyedCaller {}

impl FromRequestParts<Service> for KeyedCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, service).await?;
        let person = caller.actor.user_id;
        let is_keyed = parts.headers.contains_key(IDEMPOTENCY_KEY);
        let key = is_keyed
            .then(|| key_of(&parts.headers, person))
            .transpose()?;
        Ok(Self { caller, key })
    }
}

impl KeyedCaller {
    fn keyed_request(&self, kind: &'static str, amount: Amount) -> Option<KeyedRequest> {
        let user = self.caller.actor.user_id;
        let amount_minor = amount.minor_units();
        self.key.map(|key| KeyedRequest {
            user,
            key,
            kind,
            subject: None,
            amount_minor,
        })
    }
}

/// An admin who sends money out or decides on it, with the request's idempotency key. The key is
/// stored with its effect: a repeat moves no money and returns the same answer, even after a crash
/// that lost the response [KEY_ONCE].
pub struct KeyedAdmin {
    user_id: UserId,
    key: CommandId,
}

impl RouteInput for KeyedAdmin {
    fn describe_route(route: &mut RouteDescription) {
        route.needs_key();
    }
}

impl FromRequestParts<Service> for KeyedAdmin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let AdminCaller(caller) = AdminCaller::from_request_parts(parts, service).await?;
        let user_id = caller.actor.user_id;
        Ok(Self {
            user_id,
            key: key_of(&parts.headers, user_id)?,
        })
    }
}

impl KeyedAdmin {
    /// `subject` distinguishes requests with the same order and amount.
    fn keyed_request(
        &self,
        kind: &'static str,
        subject: Option<Uuid>,
        amount_minor: i64,
    ) -> KeyedRequest {
        KeyedRequest {
            user: self.user_id,
            key: self.key,
            kind,
            subject,
            amount_minor,
        }
    }
}

fn to_amount(minor: i64) -> Result<Amount, Problem> {
    let amount = Amount::from_minor(minor);
    amount.map_err(|_| StoreError::Unreadable("an amount is out of range").into())
}

pub fn router(service: Service) -> Router {
    let own = Router::new().route("/internal/funds", post(funds::answer_funds_query));
    add_routes(own).with_state(service)
}

/// The routes for clients, with the item types of unpaged lists.
pub fn document(name: &'static str) -> ApiDocument {
    add_routes(ApiDocument::for_part(name))
        .with_schema::<PaymentView>()
        .with_schema::<RequestView>()
        .with_schema::<LineView>()
        .with_schema::<Earnings>()
        .with_schema::<PlatformFeeView>()
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

/// The public routes.
pub fn add_routes<T: RouteTable<Service>>(to: T) -> T {
    of_admins(of_everybody(to))
}

#[rustfmt::skip]
fn of_everybody<T: RouteTable<Service>>(to: T) -> T {
    to
        .add_route(POST, "/api/v1/payments", "Pay an order. An open payment is returned, and no second one starts",
            &[Code::OrderNotFound, Code::OrderNotPayable, Code::AmountMismatch, Code::AlreadyPaid,
                Code::RateLimited],
            payments::pay)
        .add_route(GET, "/api/v1/payments", "List the payments of an order, newest first", &[Code::OrderNotFound],
            payments::payments)
        .add_route(GET, "/api/v1/payments/reconciliation",
            "Compare orders, payments, the ledger and the adapter as they are now", &[],
            report::reconciliation)
        .add_unkeyed_route("queries the adapter again and books each result only once",
            POST, "/api/v1/payments/reconciliation",
            "Fetch the adapter's statement, book what it reports, then compare everything", &[],
            report::reconcile)
        .add_route(GET, "/api/v1/payments/{id}", "Show a payment", &[], payments::payment)
        .add_route(GET, "/api/v1/payments/methods",
            "List the payment methods, the default first, and those that you saved", &[], methods::methods)
        .add_route(PUT, "/api/v1/payments/methods/{method}",
            "Save a payment method, as your default or not", &[], methods::keep_method)
        .add_route(DELETE, "/api/v1/payments/methods/{method}", "Remove a saved payment method", &[],
            methods::remove_method)
        .add_unkeyed_route("queries the adapter again, which changes nothing",
            POST, "/api/v1/payments/callbacks/{adapter}",
            "Receive a signed callback of an adapter. It only triggers a query about its movement",
            &[Code::SignatureWrong, Code::TooManyRequests], callbacks::callback)
        .add_unkeyed_route("queries the adapter again, which changes nothing",
            POST, "/api/v1/payments/callback", "Receive a callback of the configured adapter",
            &[Code::NotFound, Code::SignatureWrong, Code::TooManyRequests], callbacks::usual_callback)
        .add_route(POST, "/api/v1/refunds",
            "Request a refund, from the start of the work until the release. An open request is returned",
            &[Code::OrderNotFound, Code::OrderNotPayable, Code::AmountMismatch, Code::NotRefundable,
                Code::RateLimited],
            refunds::ask)
        .add_route(GET, "/api/v1/refunds", "List the refund requests of an order, newest first",
            &[Code::OrderNotFound], refunds::refund_requests)
        .add_route(GET, "/api/v1/orders/{id}/statement",
            "List the ledger entries of an order that concern you, oldest first",
            &[Code::OrderNotFound], statements::statement)
        .add_route(GET, "/api/v1/statements", "List the ledger entries of your account, newest first", &[],
            statements::mine)
        .add_route(GET, "/api/v1/earnings", "Show what you are owed, and the payouts on their way to you", &[],
            statements::earnings)
}

#[rustfmt::skip]
fn of_admins<T: RouteTable<Service>>(to: T) -> T {
    to
        .add_route(GET, "/api/v1/admin/payment-callbacks", "List the callbacks received from the adapter, newest first", &[],
            callbacks::callbacks)
        .add_route(GET, "/api/v1/admin/refunds", "List the refund requests that need a decision, newest first",
            &[], admin::open_requests)
        .add_route(POST, "/api/v1/admin/refunds/{id}/grant",
            "Grant a refund, of the requested amount unless another is given",
            &[Code::RefundDecided, Code::AmountMismatch], admin::grant)
        .add_route(POST, "/api/v1/admin/refunds/{id}/refuse", "Refuse a refund", &[Code::RefundDecided],
            admin::refuse)
        .add_route(GET, "/api/v1/admin/orders/{id}/money",
            "Show everything about an order's money: custody, movements, requests, cases, and what admins did",
            &[Code::OrderNotFound], desk::money)
        .add_route(POST, "/api/v1/admin/orders/{id}/refund-anew", "Send a failed refund again",
            &[Code::OrderNotFound, Code::NothingFailed], desk::send_anew)
        .add_route(POST, "/api/v1/admin/orders/{id}/paid-otherwise",
            "Record that a failed refund was paid by hand, with a reason",
            &[Code::OrderNotFound, Code::NothingFailed], desk::paid_otherwise)
        .add_route(POST, "/api/v1/admin/orders/{id}/goodwill",
            "Give a customer money back after the release, from the platform's own money, with a reason",
            &[Code::OrderNotFound, Code::NotRefundable, Code::AmountMismatch, Code::RateLimited],
            desk::goodwill)
        .add_route(POST, "/api/v1/admin/orders/{id}/compensation",
            "Compensate a provider who has a case of work in vain, once per order, up to their share of its price, \
                from the platform's own money, with a reason",
            &[Code::OrderNotFound, Code::NoWorkInVain, Code::AmountMismatch, Code::Unavailable],
            desk::compensation)
        .add_route(GET, "/api/v1/admin/money-cases",
            "List the open money cases that a person must review, newest first", &[], desk::cases)
        .add_route(POST, "/api/v1/admin/money-cases/{id}/close", "Close a money case, with a reason", &[],
            desk::close_case)
        .add_route(GET, "/api/v1/admin/platform-fees", "List the versions of the platform's fee, newest first", &[],
            fees::platform_fees)
        .add_route(POST, "/api/v1/admin/platform-fees",
            "Set the platform's fee for orders created from a given time on",
            &[Code::FeeSettled, Code::TooManyFees],
            fees::set_platform_fee)
        .add_route(DELETE, "/api/v1/admin/platform-fees/{in_force_from}",
            "Delete a version that starts more than an hour from now", &[Code::FeeSettled],
            fees::take_back_platform_fee)
}
