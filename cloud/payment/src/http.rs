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
    tokens::{Admin, Caller},
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
        let key = is_keyed.then(|| key_of(&parts.headers, person)).transpose()?;
        Ok(Self { caller, key })
    }
}

impl KeyedCaller {
    fn request(&self, kind: &'static str, amount: Amount) -> Option<KeyedRequest> {
        let (user, amount_minor) = (self.caller.actor.user_id, amount.minor());
        self.key.map(|key| KeyedRequest { user, key, kind, subject: None, amount_minor })
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
    fn describe(route: &mut RouteDescription) {
        route.needs_key();
    }
}

impl FromRequestParts<Service> for KeyedAdmin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let Admin(caller) = Admin::from_request_parts(parts, service).await?;
        let user_id = caller.actor.user_id;
        Ok(Self { user_id, key: key_of(&parts.headers, user_id)? })
    }
}

impl KeyedAdmin {
    /// `subject` distinguishes requests with the same order and amount.
    fn request(
        &self,
        kind: &'static str,
        subject: Option<Uuid>,
        amount_minor: i64,
    ) -> KeyedRequest {
        KeyedRequest { user: self.user_id, key: self.key, kind, subject, amount_minor }
    }
}

fn amount(minor: i64) -> Result<Amount, Problem> {
    let amount = Amount::from_minor(minor);
    amount.map_err(|_| StoreError::Unreadable("an amount is out of its range").into())
}

pub fn router(service: Service) -> Router {
    let own = Router::new().route("/internal/funds", post(funds::funds));
    table(own).with_state(service)
}

/// The routes for clients, with the item types of unpaged lists.
pub fn document(name: &'static str) -> ApiDocument {
    table(ApiDocument::of(name))
        .with::<PaymentView>()
        .with::<RequestView>()
        .with::<LineView>()
        .with::<Earnings>()
        .with::<PlatformFeeView>()
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

/// The public routes.
pub fn table<T: RouteTable<Service>>(to: T) -> T {
    of_admins(of_everybody(to))
}

#[rustfmt::skip]
fn of_everybody<T: RouteTable<Service>>(to: T) -> T {
    to
        .at(POST, "/api/v1/payments", "Pay an order. One that is open is returned, and not begun again",
            &[Code::OrderNotFound, Code::OrderNotPayable, Code::AmountMismatch, Code::AlreadyPaid,
                Code::RateLimited],
            payments::pay)
        .at(GET, "/api/v1/payments", "List the payments of an order, newest first", &[Code::OrderNotFound],
            payments::payments)
        .at(GET, "/api/v1/payments/reconciliation",
            "Hold orders, payments, the books and the adapter against each other, as they stand now", &[],
            report::reconciliation)
        .at_unkeyed("asks the adapter once more, and books what it says once",
            POST, "/api/v1/payments/reconciliation",
            "Ask for the adapter's statement, book what it says, and hold all against each other after that", &[],
            report::reconcile)
        .at(GET, "/api/v1/payments/{id}", "Show a payment", &[], payments::payment)
        .at(GET, "/api/v1/payments/methods",
            "List the ways to pay, the usual one first, and those that you keep", &[], methods::methods)
        .at(PUT, "/api/v1/payments/methods/{method}",
            "Keep a way to pay for next time, as your default or not", &[], methods::keep_method)
        .at(DELETE, "/api/v1/payments/methods/{method}", "Remove a way to pay that you keep", &[],
            methods::remove_method)
        .at_unkeyed("asks the adapter once more, which changes nothing",
            POST, "/api/v1/payments/callbacks/{adapter}",
            "Take in a message of an adapter, signed as it signs them. It only makes us ask about its movement",
            &[Code::SignatureWrong, Code::TooManyRequests], callbacks::callback)
        .at_unkeyed("asks the adapter once more, which changes nothing",
            POST, "/api/v1/payments/callback", "Take in a message of the adapter that there is",
            &[Code::NotFound, Code::SignatureWrong, Code::TooManyRequests], callbacks::usual_callback)
        .at(POST, "/api/v1/refunds",
            "Ask for money back, in progress or later, until it is released. A request that is open is returned",
            &[Code::OrderNotFound, Code::OrderNotPayable, Code::AmountMismatch, Code::NotRefundable,
                Code::RateLimited],
            refunds::ask)
        .at(GET, "/api/v1/refunds", "List the requests for refunds of an order, newest first",
            &[Code::OrderNotFound], refunds::refund_requests)
        .at(GET, "/api/v1/orders/{id}/statement",
            "List what was booked about an order's money, as far as it concerns you, oldest first",
            &[Code::OrderNotFound], statements::statement)
        .at(GET, "/api/v1/statements", "List what was booked on your account, newest first", &[],
            statements::mine)
        .at(GET, "/api/v1/earnings", "Show what you are owed, and what is on its way to you", &[],
            statements::earnings)
}

#[rustfmt::skip]
fn of_admins<T: RouteTable<Service>>(to: T) -> T {
    to
        .at(GET, "/api/v1/admin/payment-callbacks", "List what came in from the adapter, newest first", &[],
            callbacks::callbacks)
        .at(GET, "/api/v1/admin/refunds", "List the requests for refunds that wait for a decision, newest first",
            &[], admin::open_requests)
        .at(POST, "/api/v1/admin/refunds/{id}/grant",
            "Grant a refund, of the amount that was asked for where none is given",
            &[Code::RefundDecided, Code::AmountMismatch], admin::grant)
        .at(POST, "/api/v1/admin/refunds/{id}/refuse", "Refuse a refund", &[Code::RefundDecided],
            admin::refuse)
        .at(GET, "/api/v1/admin/orders/{id}/money",
            "Show everything about an order's money: custody, movements, requests, cases, and what admins did",
            &[Code::OrderNotFound], desk::money)
        .at(POST, "/api/v1/admin/orders/{id}/refund-anew", "Send a refund that failed once more",
            &[Code::OrderNotFound, Code::NothingFailed], desk::send_anew)
        .at(POST, "/api/v1/admin/orders/{id}/paid-otherwise",
            "Record that a refund that failed was paid by hand, with a reason",
            &[Code::OrderNotFound, Code::NothingFailed], desk::paid_otherwise)
        .at(POST, "/api/v1/admin/orders/{id}/goodwill",
            "Give a customer money back after the release, out of the platform's own, with a reason",
            &[Code::OrderNotFound, Code::NotRefundable, Code::AmountMismatch, Code::RateLimited],
            desk::goodwill)
        .at(POST, "/api/v1/admin/orders/{id}/compensation",
            "Pay a provider with a case of work in vain, once for an order, up to their share of its price, out of \
                the platform's own money, with a reason",
            &[Code::OrderNotFound, Code::NoWorkInVain, Code::AmountMismatch, Code::Unavailable],
            desk::compensation)
        .at(GET, "/api/v1/admin/money-cases",
            "List the cases about money that are open for a person to look at, newest first", &[], desk::cases)
        .at(POST, "/api/v1/admin/money-cases/{id}/close", "Close a case about money, with a reason", &[],
            desk::close_case)
        .at(GET, "/api/v1/admin/platform-fees", "List the versions of the platform's fee, newest first", &[],
            fees::platform_fees)
        .at(POST, "/api/v1/admin/platform-fees",
            "Set what the platform keeps of a release, for the orders created from a moment on",
            &[Code::FeeSettled, Code::TooManyFees],
            fees::set_platform_fee)
        .at(DELETE, "/api/v1/admin/platform-fees/{in_force_from}",
            "Take a version back that does not begin within the hour", &[Code::FeeSettled],
            fees::take_back_platform_fee)
}
