//! Matches a request to a route, under its own path or an alternative one (`ALIASES`). The
//! forwarded path is rebuilt from the route's own pattern and the request's validated parameters.
//! Escapes, dots or doubled slashes therefore cannot reach a part that the table does not name.

use std::{collections::BTreeMap, sync::Arc};

use http::Method;
use matchit::Router;

use crate::routes::{DELETE, GET, POST, PUT, Route};

/// UUIDs have 36 bytes, edge names at most 40.
const PARAM_BYTES_MAX: usize = 64;

/// All patterns, with the routes they lead to.
#[derive(Clone)]
pub struct RouteMatcher(Arc<Router<Vec<RoutePattern>>>);

#[derive(Debug, PartialEq, Eq)]
pub enum RouteLookup {
    Found {
        route: &'static Route,
        path: String,
    },
    /// The path exists, but only for these methods.
    WrongMethod(Vec<Method>),
    Unknown,
}

/// One method and pattern that lead to a route.
#[derive(Clone)]
struct RoutePattern {
    method: &'static Method,
    pattern: String,
    route: &'static Route,
}

impl RoutePattern {
    fn from_route(route: &'static Route, pattern: String) -> Self {
        Self {
            method: &route.method,
            pattern,
            route,
        }
    }
}

impl RouteMatcher {
    pub fn new(routes: &'static [Route]) -> Self {
        Self(Arc::new(build_table(routes)))
    }

    pub fn find_route(&self, method: &Method, path: &str) -> RouteLookup {
        let path = path.strip_suffix('/').unwrap_or(path);
        // Parts answer HEAD on every GET route.
        let wanted = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let mut allowed = Vec::new();
        let spellings = self.0.at(path).map_or(&[][..], |found| found.value);
        for RoutePattern {
            method: offered,
            pattern,
            route,
        } in spellings
        {
            let Some(canonical) = canonical_path(route, pattern, path) else {
                continue;
            };
            if *offered == wanted {
                return RouteLookup::Found {
                    route,
                    path: canonical,
                };
            }
            if !allowed.contains(*offered) {
                allowed.push((*offered).clone());
            }
        }
        if allowed.is_empty() {
            RouteLookup::Unknown
        } else {
            RouteLookup::WrongMethod(allowed)
        }
    }
}

pub fn path_patterns(routes: &'static [Route]) -> impl Iterator<Item = String> {
    route_patterns(routes)
        .into_iter()
        .map(|spelling| spelling.pattern)
}

/// Canonical patterns first, then aliases, then unversioned ones.
fn route_patterns(routes: &'static [Route]) -> Vec<RoutePattern> {
    let canonical = routes
        .iter()
        .map(|route| RoutePattern::from_route(route, route.path.to_owned()));
    let aliases = ALIASES.iter().filter_map(|alias| {
        let route = routes
            .iter()
            .find(|route| route.method == alias.to_method && route.path == alias.to_path)?;
        Some(RoutePattern {
            method: &alias.method,
            pattern: alias.path.to_owned(),
            route,
        })
    });
    let unversioned = routes.iter().filter_map(|route| {
        let rest = route.path.strip_prefix("/api/v1/")?;
        Some(RoutePattern::from_route(route, format!("/api/{rest}")))
    });
    canonical.chain(aliases).chain(unversioned).collect()
}

/// Each pattern has only its own methods: `/orders/available` does not inherit from `/orders/{id}`.
fn build_table(routes: &'static [Route]) -> Router<Vec<RoutePattern>> {
    let mut by_pattern: BTreeMap<String, Vec<RoutePattern>> = BTreeMap::new();
    for spelling in route_patterns(routes) {
        by_pattern
            .entry(spelling.pattern.clone())
            .or_default()
            .push(spelling);
    }
    let mut table = Router::new();
    for (pattern, spellings) in by_pattern {
        table
            .insert(pattern, spellings)
            .expect("the patterns of the route table are distinct");
    }
    table
}

/// The route's canonical path, with the request's parameters. `None` if one is not plain.
fn canonical_path(route: &Route, pattern: &str, path: &str) -> Option<String> {
    let words = pattern.split('/').zip(path.split('/'));
    let mut params = words
        .filter(|(expected, _)| is_param(expected))
        .map(|(_, word)| word);
    let mut words = Vec::new();
    for expected in route.path.split('/') {
        if is_param(expected) {
            words.push(params.next().filter(|word| is_plain(word))?);
        } else {
            words.push(expected);
        }
    }
    Some(words.join("/"))
}

fn is_param(word: &str) -> bool {
    word.starts_with('{')
}

fn is_plain(word: &str) -> bool {
    (1..=PARAM_BYTES_MAX).contains(&word.len())
        && word.bytes().all(is_plain_byte)
        && word.bytes().any(|b| b != b'.')
}

fn is_plain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

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

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::routes::ROUTES;

    static TABLE: LazyLock<RouteMatcher> = LazyLock::new(|| RouteMatcher::new(ROUTES));

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
        for route in ROUTES {
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
}
