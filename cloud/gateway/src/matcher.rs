//! Matches a request to a route, under its own path or an alternative one (`ALIASES`). The
//! forwarded path is rebuilt from the route's own pattern and the request's validated parameters.
//! Escapes, dots or doubled slashes therefore cannot reach a part that the table does not name.

use std::{collections::BTreeMap, sync::Arc};

use http::Method;
use matchit::Router;
use process::routes::{DELETE, GET, POST, PUT};

use crate::routes::{Route, RouteConflict, refuse_conflicts};

/// UUIDs have 36 bytes, edge names at most 40.
const PARAM_BYTES_MAX: usize = 64;

/// All patterns, with the routes they lead to.
#[derive(Clone)]
pub(crate) struct RouteMatcher {
    table: Arc<Router<Vec<RoutePattern>>>,
    patterns: Arc<[String]>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RouteLookup {
    Found {
        route: Arc<Route>,
        path: String,
    },
    /// The path exists, but only for these methods.
    WrongMethod(Vec<Method>),
    Unknown,
}

/// One method and pattern that lead to a route.
#[derive(Clone)]
struct RoutePattern {
    method: Method,
    pattern: String,
    route: Arc<Route>,
}

impl RoutePattern {
    fn from_route(route: &Arc<Route>, pattern: String) -> Self {
        Self {
            method: route.method.clone(),
            pattern,
            route: route.clone(),
        }
    }
}

impl RouteMatcher {
    pub(crate) fn new(routes: Vec<Route>) -> Result<Self, RouteConflict> {
        refuse_conflicts(&routes)?;
        let routes: Vec<Arc<Route>> = routes.into_iter().map(Arc::new).collect();
        let by_pattern = group_by_pattern(&routes);
        let patterns = by_pattern.keys().cloned().collect();
        let table = Arc::new(build_table(by_pattern)?);
        Ok(Self { table, patterns })
    }

    /// Every path that leads to a route.
    pub(crate) fn patterns(&self) -> &[String] {
        &self.patterns
    }

    pub(crate) fn find_route(&self, method: &Method, path: &str) -> RouteLookup {
        let path = path.strip_suffix('/').unwrap_or(path);
        // Parts answer HEAD on every GET route.
        let wanted = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let mut allowed = Vec::new();
        let spellings = self.table.at(path).map_or(&[][..], |found| found.value);
        for RoutePattern {
            method: offered,
            pattern,
            route,
        } in spellings
        {
            let Some(canonical) = canonical_path(route, pattern, path) else {
                continue;
            };
            if offered == wanted {
                return RouteLookup::Found {
                    route: route.clone(),
                    path: canonical,
                };
            }
            if !allowed.contains(offered) {
                allowed.push(offered.clone());
            }
        }
        if allowed.is_empty() {
            RouteLookup::Unknown
        } else {
            RouteLookup::WrongMethod(allowed)
        }
    }
}

/// Canonical patterns first, then aliases, then unversioned ones. Each pattern has only its own
/// methods: `/orders/available` does not inherit from `/orders/{id}`.
fn group_by_pattern(routes: &[Arc<Route>]) -> BTreeMap<String, Vec<RoutePattern>> {
    let canonical = routes
        .iter()
        .map(|route| RoutePattern::from_route(route, route.path.to_owned()));
    let aliases = ALIASES.iter().filter_map(|alias| {
        let route = routes
            .iter()
            .find(|route| route.method == alias.to_method && route.path == alias.to_path)?;
        Some(RoutePattern {
            method: alias.method.clone(),
            pattern: alias.path.to_owned(),
            route: route.clone(),
        })
    });
    let unversioned = routes.iter().filter_map(|route| {
        let rest = route.path.strip_prefix("/api/v1/")?;
        Some(RoutePattern::from_route(route, format!("/api/{rest}")))
    });
    let mut by_pattern: BTreeMap<String, Vec<RoutePattern>> = BTreeMap::new();
    for spelling in canonical.chain(aliases).chain(unversioned) {
        by_pattern
            .entry(spelling.pattern.clone())
            .or_default()
            .push(spelling);
    }
    by_pattern
}

fn build_table(
    by_pattern: BTreeMap<String, Vec<RoutePattern>>,
) -> Result<Router<Vec<RoutePattern>>, RouteConflict> {
    let mut table = Router::new();
    for (pattern, spellings) in by_pattern {
        let inserted = table.insert(pattern.clone(), spellings);
        inserted.map_err(|error| RouteConflict::Overlap(pattern, error))?;
    }
    Ok(table)
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
mod tests;
