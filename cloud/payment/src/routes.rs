//! The routes for money. People see only the money of their own orders; others appear not to exist.

use axum::{Router, routing::post};
use process::{
    openapi::{ApiDocument, RouteTable},
    routes::{
        CUSTOMER, CUSTOMER_OR_ADMIN, DELETE, GET, OPEN, OWN_OR_DESK, POST, PROVIDER, PUT, admin,
        permitted, reads_order, route,
    },
};
use wire::{
    Code,
    Permission::{ReadDesks, RefundMoney, SetFees},
};

use crate::{
    actions::Service,
    handlers::{
        adapter, admin_money,
        books::{self, Earnings, LineView, PlatformFeeView},
        money_cases,
        payments::{self, PaymentView},
        refunds::{self, RequestView},
    },
};

pub(crate) fn router(service: Service) -> Router {
    let own = Router::new()
        .route("/internal/funds", post(payments::answer_funds_query))
        .route(
            "/internal/people/open-matters",
            post(payments::count_open_matters),
        );
    add_routes(own).with_state(service)
}

/// The routes for clients, with the item types of unpaged lists.
pub(crate) fn api_document(name: &'static str) -> ApiDocument {
    add_routes(ApiDocument::for_part(name))
        .with_schema::<PaymentView>()
        .with_schema::<RequestView>()
        .with_schema::<LineView>()
        .with_schema::<Earnings>()
        .with_schema::<PlatformFeeView>()
}

/// The public routes.
pub(crate) fn add_routes<T: RouteTable<Service>>(to: T) -> T {
    add_admin_routes(add_user_routes(to))
}

#[rustfmt::skip]
fn add_user_routes<T: RouteTable<Service>>(to: T) -> T {
    to
        .add_public_route(route(POST, "/api/v1/payments", CUSTOMER),
            "Pay an order. An open payment is returned, and no second one starts",
            &[Code::OrderNotFound, Code::OrderNotPayable, Code::AmountMismatch, Code::AlreadyPaid,
                Code::RateLimited],
            payments::pay)
        .add_public_route(permitted(GET, "/api/v1/payments", CUSTOMER_OR_ADMIN, OWN_OR_DESK),
            "List the payments of an order, newest first",
            &[Code::OrderNotFound], payments::payments)
        .add_public_route(admin(GET, "/api/v1/payments/reconciliation", &[ReadDesks]),
            "Compare orders, payments, the ledger and the adapter as they are now",
            &[], adapter::reconciliation)
        .add_public_route(
            admin(POST, "/api/v1/payments/reconciliation", &[ReadDesks])
                .without_key("queries the adapter again and books each result only once"),
            "Fetch the adapter's statement, book what it reports, then compare everything",
            &[], adapter::reconcile)
        .add_public_route(permitted(GET, "/api/v1/payments/{id}", CUSTOMER_OR_ADMIN, OWN_OR_DESK),
            "Show a payment", &[], payments::payment)
        .add_public_route(
            permitted(GET, "/api/v1/payments/methods", CUSTOMER_OR_ADMIN, OWN_OR_DESK),
            "List the payment methods, the default first, and those that you saved",
            &[], payments::methods)
        .add_public_route(route(PUT, "/api/v1/payments/methods/{method}", CUSTOMER),
            "Save a payment method, as your default or not", &[], payments::keep_method)
        .add_public_route(route(DELETE, "/api/v1/payments/methods/{method}", CUSTOMER),
            "Remove a saved payment method", &[], payments::remove_method)
        .add_public_route(
            route(POST, "/api/v1/payments/callbacks/{adapter}", OPEN)
                .without_key("queries the adapter again, which changes nothing"),
            "Receive a signed callback of an adapter. It only triggers a query about its movement",
            &[Code::SignatureWrong, Code::TooManyRequests], adapter::callback)
        .add_public_route(
            route(POST, "/api/v1/payments/callback", OPEN)
                .without_key("queries the adapter again, which changes nothing"),
            "Receive a callback of the configured adapter",
            &[Code::NotFound, Code::SignatureWrong, Code::TooManyRequests], adapter::usual_callback)
        .add_public_route(route(POST, "/api/v1/refunds", CUSTOMER),
            "Request a refund, from the start of the work until the release. An open request is \
             returned",
            &[Code::OrderNotFound, Code::OrderNotPayable, Code::AmountMismatch,
                Code::NotRefundable, Code::RateLimited],
            refunds::ask)
        .add_public_route(permitted(GET, "/api/v1/refunds", CUSTOMER_OR_ADMIN, OWN_OR_DESK),
            "List the refund requests of an order, newest first",
            &[Code::OrderNotFound], refunds::refund_requests)
        .add_public_route(reads_order("/api/v1/orders/{id}/statement"),
            "List the ledger entries of an order that concern you, oldest first",
            &[Code::OrderNotFound], books::statement)
        .add_public_route(route(GET, "/api/v1/statements", PROVIDER),
            "List the ledger entries of your account, newest first", &[], books::mine)
        .add_public_route(route(GET, "/api/v1/earnings", PROVIDER),
            "Show what you are owed, and the payouts on their way to you", &[], books::earnings)
        .add_public_route(route(GET, "/api/v1/platform-fees", OPEN),
            "List the newest versions of the platform's fee, from which a provider's share of a \
             price follows, and how long it is held",
            &[], books::newest_platform_fees)
}

#[rustfmt::skip]
fn add_admin_routes<T: RouteTable<Service>>(to: T) -> T {
    to
        .add_public_route(admin(GET, "/api/v1/admin/payment-callbacks", &[ReadDesks]),
            "List the callbacks received from the adapter, newest first", &[], adapter::callbacks)
        .add_public_route(admin(GET, "/api/v1/admin/refunds", &[ReadDesks]),
            "List the refund requests that need a decision, newest first",
            &[], refunds::open_requests)
        .add_public_route(admin(POST, "/api/v1/admin/refunds/{id}/grant", &[RefundMoney]),
            "Grant a refund, of the requested amount unless another is given",
            &[Code::RefundDecided, Code::AmountMismatch], refunds::grant)
        .add_public_route(admin(POST, "/api/v1/admin/refunds/{id}/refuse", &[RefundMoney]),
            "Refuse a refund", &[Code::RefundDecided], refunds::refuse)
        .add_public_route(admin(GET, "/api/v1/admin/orders/{id}/money", &[ReadDesks]),
            "Show everything about an order's money: custody, movements, requests, cases, and \
             what admins did",
            &[Code::OrderNotFound], admin_money::money)
        .add_public_route(admin(POST, "/api/v1/admin/orders/{id}/refund-anew", &[RefundMoney]),
            "Send a failed refund again",
            &[Code::OrderNotFound, Code::NothingFailed], admin_money::send_anew)
        .add_public_route(admin(POST, "/api/v1/admin/orders/{id}/paid-otherwise", &[RefundMoney]),
            "Record that a failed refund was paid by hand, with a reason",
            &[Code::OrderNotFound, Code::NothingFailed], admin_money::paid_otherwise)
        .add_public_route(admin(POST, "/api/v1/admin/orders/{id}/goodwill", &[RefundMoney]),
            "Give a customer money back after the release, from the platform's own money, with a \
             reason",
            &[Code::OrderNotFound, Code::NotRefundable, Code::AmountMismatch, Code::RateLimited],
            admin_money::goodwill)
        .add_public_route(admin(POST, "/api/v1/admin/orders/{id}/compensation", &[RefundMoney]),
            "Compensate a provider who has a case of work in vain, once per order, up to their \
             share of its price, from the platform's own money, with a reason",
            &[Code::OrderNotFound, Code::NoWorkInVain, Code::AmountMismatch, Code::Unavailable],
            admin_money::compensation)
        .add_public_route(admin(GET, "/api/v1/admin/providers/{id}/earnings", &[ReadDesks]),
            "Show what a provider is owed, and the payouts on their way",
            &[], books::provider_earnings)
        .add_public_route(admin(GET, "/api/v1/admin/money-cases", &[ReadDesks]),
            "List the open money cases that a person must review, newest first",
            &[], money_cases::cases)
        .add_public_route(admin(POST, "/api/v1/admin/money-cases/{id}/close", &[RefundMoney]),
            "Close a money case, with a reason", &[], money_cases::close_case)
        .add_public_route(admin(GET, "/api/v1/admin/platform-fees", &[ReadDesks]),
            "List the versions of the platform's fee, newest first", &[], books::platform_fees)
        .add_public_route(admin(POST, "/api/v1/admin/platform-fees", &[SetFees]),
            "Set the platform's fee for orders created from a given time on",
            &[Code::FeeSettled, Code::TooManyFees], books::set_platform_fee)
        .add_public_route(admin(DELETE, "/api/v1/admin/platform-fees/{in_force_from}", &[SetFees]),
            "Delete a version that starts more than an hour from now",
            &[Code::FeeSettled], books::take_back_platform_fee)
}
