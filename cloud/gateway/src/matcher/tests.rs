//! Which request reaches which route, and which routes contradict each other.

use std::sync::LazyLock;

use process::{
    parts::CloudPart,
    routes::{ANY, OPEN, PublicRoute, route},
};

use super::*;
use crate::routes::platform_routes;

static TABLE: LazyLock<RouteMatcher> =
    LazyLock::new(|| RouteMatcher::new(platform_routes()).unwrap());

fn find(method: &Method, path: &str) -> RouteLookup {
    TABLE.find_route(method, path)
}

fn found(method: Method, path: &str) -> String {
    match find(&method, path) {
        RouteLookup::Found { route, path } => {
            format!("{} {path} @{}", route.method, route.part.name())
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn every_route_is_found_under_its_own_name_with_and_without_version() {
    for route in platform_routes() {
        let words = route.path.split('/');
        let words = words.map(|word| if word.starts_with('{') { "7" } else { word });
        let path = words.collect::<Vec<_>>().join("/");
        let expected = format!("{} {path} @{}", route.method, route.part.name());
        for spelling in [
            path.clone(),
            format!("{path}/"),
            path.replace("/api/v1/", "/api/"),
        ] {
            assert_eq!(
                found(route.method.clone(), &spelling),
                expected,
                "{spelling}"
            );
        }
    }
}

const ACCEPT: &str = "POST /api/v1/orders/789/accept @order";

/// Method, older spelling, and the route it leads to.
#[rustfmt::skip]
const OLDER_SPELLINGS: &[(&str, &str, &str)] = &[
    ("POST",   "/api/auth/login",                   "POST /api/v1/auth/login @auth"),
    ("POST",   "/api/auth/register",                "POST /api/v1/auth/register @auth"),
    ("POST",   "/api/auth/verify-token",            "POST /api/v1/auth/verify-token @auth"),
    ("POST",   "/api/auth/verify-token/",           "POST /api/v1/auth/verify-token @auth"),
    ("POST",   "/verify-token",                     "POST /api/v1/auth/verify-token @auth"),
    ("POST",   "/api/users/register",               "POST /api/v1/auth/register @auth"),
    ("POST",   "/api/users/login",                  "POST /api/v1/auth/login @auth"),
    ("GET",    "/api/v1/users/u1",                  "GET /api/v1/users/u1/account @auth"),
    ("GET",    "/api/users/u1/",                    "GET /api/v1/users/u1/account @auth"),
    ("PUT",    "/api/v1/users/u1",                  "PUT /api/v1/users/u1/profile @user"),
    ("PUT",    "/api/users/u1/",                    "PUT /api/v1/users/u1/profile @user"),
    ("DELETE", "/api/v1/users/u1",                  "POST /api/v1/admin/users/u1/revoke @auth"),
    ("GET",    "/api/users/profile",                "GET /api/v1/users/me/profile @user"),
    ("PUT",    "/api/users/profile/",               "PUT /api/v1/users/me/profile @user"),
    ("POST",   "/api/users/addresses",              "POST /api/v1/users/me/addresses @user"),
    ("GET",    "/customers/7/profile",              "GET /api/v1/customers/7/profile @user"),
    ("PUT",    "/providers/7/profile",              "PUT /api/v1/providers/7/profile @user"),
    ("GET",    "/api/providers/7/profile",          "GET /api/v1/providers/7/profile @user"),
    ("POST",   "/api/orders",                       "POST /api/v1/orders @order"),
    ("POST",   "/api/orders/",                      "POST /api/v1/orders @order"),
    ("POST",   "/api/customer/orders/publish",      "POST /api/v1/orders @order"),
    ("GET",    "/api/customer/orders",              "GET /api/v1/orders @order"),
    ("GET",    "/api/orders/789",                   "GET /api/v1/orders/789 @order"),
    ("GET",    "/api/orders/789/",                  "GET /api/v1/orders/789 @order"),
    ("PUT",    "/api/orders/789/status",            "PUT /api/v1/orders/789/status @order"),
    ("PUT",    "/api/orders/789/accept",            ACCEPT),
    ("POST",   "/api/orders/789/accept",            ACCEPT),
    ("PUT",    "/api/provider/orders/789/accept",   ACCEPT),
    ("PUT",    "/api/provider/orders/789/accept/",  ACCEPT),
    ("POST",   "/customer/orders/publish",          "POST /api/v1/orders @order"),
    ("POST",   "/orders",                           "POST /api/v1/orders @order"),
    ("GET",    "/customer/orders",                  "GET /api/v1/orders @order"),
    ("GET",    "/customer/orders/789",              "GET /api/v1/orders/789 @order"),
    ("PUT",    "/customer/orders/789/cancel",       "POST /api/v1/orders/789/cancel @order"),
    ("GET",    "/provider/orders/available",        "GET /api/v1/orders/available @order"),
    ("PUT",    "/provider/orders/789/accept",       ACCEPT),
    ("GET",    "/orders/789",                       "GET /api/v1/orders/789 @order"),
    ("PUT",    "/orders/789/status",                "PUT /api/v1/orders/789/status @order"),
    ("POST",   "/payments/",                        "POST /api/v1/payments @payment"),
    ("POST",   "/api/payments/",                    "POST /api/v1/payments @payment"),
    ("GET",    "/payments/7",                       "GET /api/v1/payments/7 @payment"),
    ("POST",   "/payments/callback",                "POST /api/v1/payments/callback @payment"),
    ("POST",   "/payments/refund",                  "POST /api/v1/refunds @payment"),
    ("POST",   "/api/payments/refund",              "POST /api/v1/refunds @payment"),
    ("POST",   "/refunds",                          "POST /api/v1/refunds @payment"),
    ("POST",   "/reviews",                          "POST /api/v1/reviews @review"),
    ("GET",    "/reviews/7",                        "GET /api/v1/reviews/7 @review"),
    ("GET",    "/providers/7/reviews",              "GET /api/v1/providers/7/reviews @review"),
    ("GET",    "/notifications",                    "GET /api/v1/notifications @notification"),
    ("PUT",    "/notifications/7/read",             "PUT /api/v1/notifications/7/read @notification"),
    ("GET",    "/api/notifications",                "GET /api/v1/notifications @notification"),
    ("POST",   "/api/notifications/email",          "POST /api/v1/admin/notices/email @notification"),
    ("POST",   "/api/notifications/sms/",           "POST /api/v1/admin/notices/sms @notification"),
];

#[test]
fn the_older_spellings_lead_to_the_canonical_route() {
    for (method, spelling, expected) in OLDER_SPELLINGS {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(found(method, spelling), *expected, "{spelling}");
    }
}

#[test]
fn a_fixed_word_is_not_taken_for_an_id() {
    let available = |path| match find(&Method::GET, path) {
        RouteLookup::Found { route, .. } => route.path,
        _ => "none",
    };
    assert_eq!(
        available("/api/v1/orders/available"),
        "/api/v1/orders/available"
    );
    assert_eq!(available("/api/v1/orders/7"), "/api/v1/orders/{id}");
}

#[test]
fn a_fixed_word_has_its_own_methods_alone() {
    let publish = "/api/customer/orders/publish";
    assert_eq!(found(Method::POST, publish), "POST /api/v1/orders @order");
    for method in [Method::GET, Method::PUT] {
        assert_eq!(
            find(&method, publish),
            RouteLookup::WrongMethod(vec![Method::POST])
        );
    }
}

#[test]
fn no_spelling_reaches_what_is_not_in_the_table() {
    for path in [
        "",
        "/",
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/nothing",
        "/api/v2/orders",
        "/internal/ops",
        "/internal",
        "/api/internal/ops",
        "/api/v1/internal/ops",
        "/api/v1/../internal/ops",
        "/api/v1/orders/../../../internal/ops",
        "/api/v1/orders/..",
        "/api/v1/orders/.",
        "/api/v1/orders/...",
        "/api/v1/orders//accept",
        "//internal/ops",
        "//api/v1/orders",
        "/api//v1/orders",
        "/api/v1/orders//",
        "/api/v1/orders/%2e%2e/accept",
        "/api/v1/orders/a%2f..%2finternal",
        "/%69nternal/ops",
        "/api/v1/orders/7;x=1",
        "/api/v1/orders/7\\..\\x",
        "/API/V1/orders",
        "/api/v1/v1/orders",
        "/link/x",
        "/api/v1/orders/7/accept/x",
        "/metrics",
        "/health",
        "/api/v1/orders/订单",
    ] {
        assert_eq!(find(&Method::GET, path), RouteLookup::Unknown, "{path}");
    }
    let long = format!("/api/v1/orders/{}", "x".repeat(65));
    assert_eq!(find(&Method::GET, &long), RouteLookup::Unknown);
}

#[test]
fn a_known_path_says_which_methods_it_has() {
    for (method, path, allowed) in [
        (
            Method::DELETE,
            "/api/v1/orders",
            vec![Method::POST, Method::GET],
        ),
        (Method::GET, "/api/v1/auth/login", vec![Method::POST]),
        (Method::POST, "/api/provider/orders/7/status", vec![]),
        (
            Method::GET,
            "/api/provider/orders/7/accept",
            vec![Method::PUT, Method::POST],
        ),
        (
            Method::GET,
            "/api/orders/7/accept",
            vec![Method::PUT, Method::POST],
        ),
        (Method::POST, "/link", vec![Method::GET]),
    ] {
        let expected = if allowed.is_empty() {
            RouteLookup::Unknown
        } else {
            RouteLookup::WrongMethod(allowed)
        };
        assert_eq!(find(&method, path), expected, "{method} {path}");
    }
}

#[test]
fn head_is_answered_where_get_is() {
    assert_eq!(
        found(Method::HEAD, "/api/v1/orders"),
        "GET /api/v1/orders @order"
    );
}

fn conflict(routes: &[(CloudPart, PublicRoute)]) -> Option<RouteConflict> {
    let routes = routes.iter().cloned();
    RouteMatcher::new(
        routes
            .map(|(part, route)| Route::new(part, route))
            .collect(),
    )
    .err()
}

#[test]
fn routes_that_a_request_cannot_tell_apart_are_refused() {
    use CloudPart::{Order, Payment};
    let path = "/api/v1/orders/{id}";
    let order = (Order, route(GET, path, ANY));
    assert_eq!(
        conflict(&[order.clone(), (Order, route(PUT, path, ANY))]),
        None
    );
    let fixed = (Payment, route(GET, "/api/v1/orders/available", ANY));
    assert_eq!(conflict(&[order.clone(), fixed]), None);
    assert_eq!(
        conflict(&[order.clone(), (Payment, route(GET, path, OPEN))]),
        Some(RouteConflict::Duplicate {
            method: GET,
            path,
            first: Order,
            second: Payment,
        })
    );
    for overlapping in ["/api/v1/orders/{code}", "/api/orders/{code}"] {
        let refused = conflict(&[order.clone(), (Payment, route(PUT, overlapping, ANY))]);
        assert!(
            matches!(refused, Some(RouteConflict::Overlap(..))),
            "{refused:?}"
        );
    }
    let internal = "/internal/orders";
    assert_eq!(
        conflict(&[(Order, route(GET, internal, OPEN))]),
        Some(RouteConflict::Internal(internal))
    );
}
