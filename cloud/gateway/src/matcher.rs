//! Finds the route of a request. What goes on to a part is the canonical path, built anew from the
//! table's pattern and the few plain words taken out of the request's path: no spelling of a path
//! (escapes, dots, doubled slashes) can reach a part other than the one the table names.

use http::Method;

use crate::routes::{ALIASES, ROUTES, Route};

/// The longest id is a UUID of 36; edge names have 40.
const PARAM_BYTES_MAX: usize = 64;
/// No pattern has more; a path with more is nobody's.
const PARAMS_MAX: usize = 3;

#[derive(Debug, PartialEq, Eq)]
pub enum Lookup {
    Found {
        route: &'static Route,
        path: String,
    },
    /// The path exists, for these methods.
    WrongMethod(Vec<Method>),
    Unknown,
}

pub fn find(method: &Method, path: &str) -> Lookup {
    let path = path.strip_suffix('/').unwrap_or(path);
    // A part answers HEAD wherever it answers GET.
    let wanted = if method == Method::HEAD { &Method::GET } else { method };
    let mut allowed = Vec::new();
    for (offered, route, canonical) in candidates(path) {
        if offered == wanted {
            return Lookup::Found { route, path: canonical };
        }
        if !allowed.contains(offered) {
            allowed.push(offered.clone());
        }
    }
    if allowed.is_empty() { Lookup::Unknown } else { Lookup::WrongMethod(allowed) }
}

/// Everything the path may mean, the canonical spelling first.
fn candidates(path: &str) -> impl Iterator<Item = (&'static Method, &'static Route, String)> {
    let canonical = ROUTES.iter().filter_map(|route| {
        Some((&route.method, route, fill(route.path, &captures(route.path, path)?)))
    });
    let aliases = ALIASES.iter().filter_map(|alias| {
        let params = captures(alias.path, path)?;
        let target = |r: &&Route| r.method == alias.to_method && r.path == alias.to_path;
        Some((&alias.method, ROUTES.iter().find(target)?, fill(alias.to_path, &params)))
    });
    let versioned = path.strip_prefix("/api/").map(|rest| format!("/api/v1/{rest}"));
    let unversioned = ROUTES.iter().filter_map(move |route| {
        let path = versioned.as_deref()?;
        Some((&route.method, route, fill(route.path, &captures(route.path, path)?)))
    });
    canonical.chain(aliases).chain(unversioned)
}

/// The words a path holds in the places of a pattern's `{name}`s, if it fits the pattern.
fn captures<'p>(pattern: &str, path: &'p str) -> Option<Vec<&'p str>> {
    let mut params = Vec::with_capacity(PARAMS_MAX);
    let mut words = path.split('/');
    for expected in pattern.split('/') {
        let word = words.next()?;
        if expected.starts_with('{') {
            params.push(is_plain(word).then_some(word)?);
        } else if expected != word {
            return None;
        }
    }
    words.next().is_none().then_some(params)
}

fn fill(pattern: &str, params: &[&str]) -> String {
    let mut params = params.iter();
    let words = pattern.split('/').map(|word| {
        if word.starts_with('{') { params.next().copied().unwrap_or_default() } else { word }
    });
    words.collect::<Vec<_>>().join("/")
}

fn is_plain(word: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=PARAM_BYTES_MAX).contains(&word.len())
        && word.bytes().all(plain)
        && word.bytes().any(|b| b != b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: Method, path: &str) -> String {
        match find(&method, path) {
            Lookup::Found { route, path } => {
                format!("{} {path} @{}", route.method, route.part.as_str())
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
            let expected = format!("{} {path} @{}", route.method, route.part.as_str());
            for spelling in [path.clone(), format!("{path}/"), path.replace("/api/v1/", "/api/")] {
                assert_eq!(found(route.method.clone(), &spelling), expected, "{spelling}");
            }
        }
    }

    #[test]
    fn the_older_spellings_lead_to_the_canonical_route() {
        let accept = "POST /api/v1/orders/789/accept @order";
        for (method, spelling, expected) in [
            ("POST", "/api/auth/login", "POST /api/v1/auth/login @auth"),
            ("POST", "/api/auth/register", "POST /api/v1/auth/register @auth"),
            ("POST", "/api/auth/verify-token", "POST /api/v1/auth/verify-token @auth"),
            ("POST", "/api/auth/verify-token/", "POST /api/v1/auth/verify-token @auth"),
            ("POST", "/verify-token", "POST /api/v1/auth/verify-token @auth"),
            ("POST", "/api/users/register", "POST /api/v1/auth/register @auth"),
            ("POST", "/api/users/login", "POST /api/v1/auth/login @auth"),
            ("POST", "/api/orders", "POST /api/v1/orders @order"),
            ("POST", "/api/orders/", "POST /api/v1/orders @order"),
            ("POST", "/api/customer/orders/publish", "POST /api/v1/orders @order"),
            ("GET", "/api/customer/orders", "GET /api/v1/orders @order"),
            ("GET", "/api/orders/789", "GET /api/v1/orders/789 @order"),
            ("GET", "/api/orders/789/", "GET /api/v1/orders/789 @order"),
            ("PUT", "/api/orders/789/status", "PUT /api/v1/orders/789/status @order"),
            ("PUT", "/api/orders/789/accept", accept),
            ("POST", "/api/orders/789/accept", accept),
            ("PUT", "/api/provider/orders/789/accept", accept),
            ("PUT", "/api/provider/orders/789/accept/", accept),
            ("GET", "/api/notifications", "GET /api/v1/notifications @notification"),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(found(method, spelling), expected, "{spelling}");
        }
    }

    #[test]
    fn a_fixed_word_is_not_taken_for_an_id() {
        let available = |path| match find(&Method::GET, path) {
            Lookup::Found { route, .. } => route.path,
            _ => "none",
        };
        assert_eq!(available("/api/v1/orders/available"), "/api/v1/orders/available");
        assert_eq!(available("/api/v1/orders/7"), "/api/v1/orders/{id}");
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
            assert_eq!(find(&Method::GET, path), Lookup::Unknown, "{path}");
        }
        let long = format!("/api/v1/orders/{}", "x".repeat(65));
        assert_eq!(find(&Method::GET, &long), Lookup::Unknown);
    }

    #[test]
    fn a_known_path_says_which_methods_it_has() {
        for (method, path, allowed) in [
            (Method::DELETE, "/api/v1/orders", vec![Method::POST, Method::GET]),
            (Method::GET, "/api/v1/auth/login", vec![Method::POST]),
            (Method::POST, "/api/provider/orders/7/status", vec![]),
            (Method::GET, "/api/provider/orders/7/accept", vec![Method::PUT, Method::POST]),
            (Method::GET, "/api/orders/7/accept", vec![Method::PUT, Method::POST]),
            (Method::POST, "/link", vec![Method::GET]),
        ] {
            let expected =
                if allowed.is_empty() { Lookup::Unknown } else { Lookup::WrongMethod(allowed) };
            assert_eq!(find(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn head_is_answered_where_get_is() {
        assert_eq!(found(Method::HEAD, "/api/v1/orders"), "GET /api/v1/orders @order");
    }
}
