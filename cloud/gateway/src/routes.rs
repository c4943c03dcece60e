//! The routes that the gateway serves: those that the parts declare, and its own, which its
//! handlers declare (`handlers::api_document`). Other paths are unreachable, including `/internal`.
//!
//! The unversioned path of a route (`/api/orders` for `/api/v1/orders`) follows automatically.
//! Other paths go into `ALIASES` of the matcher.

use http::Method;
use process::{
    openapi::ApiDocument,
    parts::CloudPart,
    routes::{Audience, PermissionRule, PublicRoute, RouteBody},
};

/// A public route and the part that answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub audience: Audience,
    pub permission: PermissionRule,
    pub part: CloudPart,
    pub body: RouteBody,
}

impl Route {
    pub fn new(part: CloudPart, route: PublicRoute) -> Self {
        let PublicRoute {
            method,
            path,
            audience,
            permission,
            body,
            unkeyed_because: _,
        } = route;
        Self {
            method,
            path,
            audience,
            permission,
            part,
            body,
        }
    }
}

/// The public routes that a part's document lists.
pub fn routes_of_part(part: CloudPart, document: ApiDocument) -> impl Iterator<Item = Route> {
    let routes = document.public_routes.into_iter();
    routes.map(move |route| Route::new(part, route))
}

/// Two routes that match the same request, or a route that must stay internal.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteConflict {
    #[error("{method} {path} is a route of both {first} and {second}")]
    Duplicate {
        method: Method,
        path: &'static str,
        first: CloudPart,
        second: CloudPart,
    },
    #[error("the path {0} overlaps with another one: {1}")]
    Overlap(String, matchit::InsertError),
    #[error("{0} is internal, so the gateway must not serve it")]
    Internal(&'static str),
}

/// Refuses two declarations of one route, and routes that must stay internal.
pub(crate) fn refuse_conflicts(routes: &[Route]) -> Result<(), RouteConflict> {
    for (index, route) in routes.iter().enumerate() {
        if route.path.split('/').any(|word| word == "internal") {
            return Err(RouteConflict::Internal(route.path));
        }
        let is_same = |other: &&Route| other.method == route.method && other.path == route.path;
        if let Some(earlier) = routes[..index].iter().find(is_same) {
            return Err(RouteConflict::Duplicate {
                method: route.method.clone(),
                path: route.path,
                first: earlier.part,
                second: route.part,
            });
        }
    }
    Ok(())
}

// The paths of the gateway's own routes.

/// The updates of all parts, merged into one stream.
pub(crate) const UPDATE_STREAM: &str = "/api/v1/stream";

/// A browser's session; `POST` signs in by password.
pub(crate) const SESSION: &str = "/api/v1/session";

/// Browser sign-in after a redirect back from an OIDC provider.
pub(crate) const SESSION_BY_OIDC: &str = "/api/v1/session/oidc";

/// The second step of a browser sign-in, with a code of the second factor.
pub(crate) const SESSION_BY_FACTOR: &str = "/api/v1/session/second-factor";

/// Browser sign-in with a code sent to the person's phone.
pub(crate) const SESSION_BY_CODE: &str = "/api/v1/session/code";

/// The OpenAPI document of all routes.
pub(crate) const OPENAPI_DOCUMENT: &str = "/openapi.json";

/// The text of the help, terms or privacy page.
pub(crate) const SITE_PAGE: &str = "/api/v1/pages/{page}";

/// An order with its parties, payment and review.
pub(crate) const ORDER_PAGE: &str = "/api/v1/orders/{id}/page";

/// The events about an order, with the receipts of their consumers.
pub(crate) const ORDER_EVENTS: &str = "/api/v1/admin/orders/{id}/events";

pub(crate) const DEAD_LETTER_BOXES: &str = "/api/v1/admin/letters";
pub(crate) const DEAD_LETTERS: &str = "/api/v1/admin/letters/{name}";
pub(crate) const REDRIVE_DEAD_LETTERS: &str = "/api/v1/admin/letters/{name}/redrive";
pub(crate) const DROP_DEAD_LETTERS: &str = "/api/v1/admin/letters/{name}/drop";
pub(crate) const REPLAYS: &str = "/api/v1/admin/replays";

/// The routes of all parts.
#[cfg(test)]
pub(crate) fn platform_routes() -> Vec<Route> {
    let routes = testing::public_routes().into_iter();
    routes
        .map(|(part, route)| Route::new(part, route))
        .collect()
}

#[cfg(test)]
mod tests;
