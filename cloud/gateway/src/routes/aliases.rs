//! Alternative paths of the routes, from the systems that Holdfast replaces.

use http::Method;

use super::{DELETE, GET, POST, PUT};

/// An alternative path for a route, from the systems that Holdfast replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    pub method: Method,
    pub path: &'static str,
    pub to_method: Method,
    pub to_path: &'static str,
}

/// If the portal has a page at the same path, requests that accept HTML get the page.
#[rustfmt::skip]
pub static ALIASES: &[Alias] = &[
    alias(POST, "/api/users/register",              POST, "/api/v1/auth/register"),
    alias(POST, "/api/users/login",                 POST, "/api/v1/auth/login"),
    alias(POST, "/api/v1/users",                    POST, "/api/v1/auth/register"),
    alias(GET,  "/api/v1/users/{id}",               GET,  "/api/v1/users/{id}/account"),
    alias(PUT,  "/api/v1/users/{id}",               PUT,  "/api/v1/users/{id}/profile"),
    alias(DELETE, "/api/v1/users/{id}",             POST, "/api/v1/admin/users/{id}/revoke"),
    alias(GET,  "/api/users/{id}",                  GET,  "/api/v1/users/{id}/account"),
    alias(PUT,  "/api/users/{id}",                  PUT,  "/api/v1/users/{id}/profile"),
    alias(DELETE, "/api/users/{id}",                POST, "/api/v1/admin/users/{id}/revoke"),
    alias(POST, "/login",                           POST, "/api/v1/auth/login"),
    alias(POST, "/verify-token",                    POST, "/api/v1/auth/verify-token"),
    alias(POST, "/refresh-token",                   POST, "/api/v1/auth/refresh"),

    alias(GET,  "/api/users/profile",               GET,  "/api/v1/users/me/profile"),
    alias(PUT,  "/api/users/profile",               PUT,  "/api/v1/users/me/profile"),
    alias(GET,  "/api/users/addresses",             GET,  "/api/v1/users/me/addresses"),
    alias(POST, "/api/users/addresses",             POST, "/api/v1/users/me/addresses"),
    alias(PUT,  "/api/users/addresses/{id}",        PUT,  "/api/v1/users/me/addresses/{id}"),
    alias(DELETE, "/api/users/addresses/{id}",      DELETE, "/api/v1/users/me/addresses/{id}"),
    alias(GET,  "/customers/{id}/profile",          GET,  "/api/v1/customers/{id}/profile"),
    alias(PUT,  "/customers/{id}/profile",          PUT,  "/api/v1/customers/{id}/profile"),
    alias(GET,  "/providers/{id}/profile",          GET,  "/api/v1/providers/{id}/profile"),
    alias(PUT,  "/providers/{id}/profile",          PUT,  "/api/v1/providers/{id}/profile"),

    alias(POST, "/customer/orders/publish",         POST, "/api/v1/orders"),
    alias(GET,  "/customer/orders",                 GET,  "/api/v1/orders"),
    alias(GET,  "/customer/orders/{id}",            GET,  "/api/v1/orders/{id}"),
    alias(PUT,  "/customer/orders/{id}/cancel",     POST, "/api/v1/orders/{id}/cancel"),
    alias(GET,  "/provider/orders/available",       GET,  "/api/v1/orders/available"),
    alias(PUT,  "/provider/orders/{id}/accept",     POST, "/api/v1/orders/{id}/accept"),
    alias(POST, "/orders",                          POST, "/api/v1/orders"),
    alias(GET,  "/orders/{id}",                     GET,  "/api/v1/orders/{id}"),
    alias(PUT,  "/orders/{id}/status",              PUT,  "/api/v1/orders/{id}/status"),
    alias(POST, "/api/customer/orders/publish",     POST, "/api/v1/orders"),
    alias(GET,  "/api/customer/orders",             GET,  "/api/v1/orders"),
    alias(GET,  "/api/customer/orders/{id}",        GET,  "/api/v1/orders/{id}"),
    alias(PUT,  "/api/customer/orders/{id}/cancel", POST, "/api/v1/orders/{id}/cancel"),
    alias(POST, "/api/customer/orders/{id}/cancel", POST, "/api/v1/orders/{id}/cancel"),

    alias(GET,  "/api/provider/orders/available",   GET,  "/api/v1/orders/available"),
    alias(PUT,  "/api/provider/orders/{id}/accept", POST, "/api/v1/orders/{id}/accept"),
    alias(POST, "/api/provider/orders/{id}/accept", POST, "/api/v1/orders/{id}/accept"),
    alias(POST, "/payments",                        POST, "/api/v1/payments"),
    alias(GET,  "/payments/{id}",                   GET,  "/api/v1/payments/{id}"),
    alias(POST, "/payments/callback",               POST, "/api/v1/payments/callback"),
    alias(POST, "/payments/refund",                 POST, "/api/v1/refunds"),
    alias(POST, "/api/payments/refund",             POST, "/api/v1/refunds"),
    alias(POST, "/refunds",                         POST, "/api/v1/refunds"),
    alias(GET,  "/providers/{id}/reviews",          GET,  "/api/v1/providers/{id}/reviews"),
    alias(POST, "/reviews",                         POST, "/api/v1/reviews"),
    alias(GET,  "/reviews/{id}",                    GET,  "/api/v1/reviews/{id}"),
    alias(GET,  "/notifications",                   GET,  "/api/v1/notifications"),
    alias(PUT,  "/notifications/{id}/read",         PUT,  "/api/v1/notifications/{id}/read"),

    alias(POST, "/api/notifications/email",         POST, "/api/v1/admin/notices/email"),
    alias(POST, "/api/notifications/sms",           POST, "/api/v1/admin/notices/sms"),

    alias(PUT,  "/api/orders/{id}/accept",          POST, "/api/v1/orders/{id}/accept"),
];

const fn alias(
    method: Method,
    path: &'static str,
    to_method: Method,
    to_path: &'static str,
) -> Alias {
    Alias {
        method,
        path,
        to_method,
        to_path,
    }
}
