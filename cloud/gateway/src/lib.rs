//! The platform's public entry point: matches each request to a route, authenticates the caller,
//! strips identity headers, applies rate limits and forwards to a part (`pipeline`).
//!
//! Invariants: only the public routes of the parts, its own (`handlers`) and portal pages are
//! reachable; every route except the open ones requires a live session; `x-user-id` and
//! `x-user-role` come from the gateway or are absent.

mod access_log;
mod acts;
mod call;
mod caller;
mod config;
mod cookies;
mod handlers;
mod identity;
mod limits;
mod matcher;
mod pipeline;
mod routes;
mod site_pages;
mod state;
mod stream_permits;

texts::include_texts!(say);

use std::{sync::Arc, time::Duration};

use axum::{Router, response::Response, routing::any};
use http::{HeaderValue, header};
use platform::{ServiceContext, service as skeleton, service::ReadinessCheck};
use process::{
    parts::CloudPart,
    web::{parse_origin, with_cors, with_security_headers},
};
use tower::util::MapResponseLayer;

pub use call::Peers;
pub use config::{Config, OpenError};
pub use handlers::api_document;
pub use matcher::{ALIASES, Alias};
pub use routes::{Route, RouteConflict, routes_of_part};
pub use site_pages::SitePageError;

use limits::{RATE_LIMIT, RATE_LIMIT_POLICY};
use matcher::RouteMatcher;
use state::Gateway;

pub const NAME: &str = CloudPart::Gateway.name();

/// Browsers use only TLS for this host for one year, even for `http://` links.
const TLS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Opens a gateway that serves these routes. Refuses routes that contradict each other.
pub async fn open(
    routes: Vec<Route>,
    config: Config,
    context: ServiceContext,
    peers: Peers,
) -> Result<Router, OpenError> {
    let upstream_timeout = Duration::from_millis(config.upstream_timeout_ms.get().into());
    let speaks_tls = !config.tls_certificate.as_os_str().is_empty();
    let peers = peers.with_circuit_breakers(&context.clock, upstream_timeout);
    let checks = readiness_checks(&peers, &context);
    let gateway = Gateway::new(routes, &config, context, peers, upstream_timeout)?;
    let routes = build_router(&gateway.matcher)
        .fallback(pipeline::answer_request)
        .with_state(Arc::new(gateway));
    let router = skeleton::router(NAME, routes, checks);
    let origins = config
        .cors_origins
        .iter()
        .map(|text| parse_origin("gateway.cors_origins", text))
        .collect::<Result<Vec<_>, _>>()?;
    let exposed = [RATE_LIMIT, RATE_LIMIT_POLICY, header::RETRY_AFTER];
    let router = with_security_headers(with_cors(router, origins, exposed));
    Ok(if speaks_tls {
        with_hsts(router)
    } else {
        router
    })
}

/// Registers each pattern, so metrics get one series per route; the handler does its own lookup.
/// Paths outside the table count as unmatched.
fn build_router(matcher: &RouteMatcher) -> Router<Arc<Gateway>> {
    let patterns = matcher.patterns();
    patterns.iter().fold(Router::new(), |router, pattern| {
        router.route(pattern, any(pipeline::answer_request))
    })
}

/// The gateway is ready with its parts, the cache, and the keys that verify callers.
fn readiness_checks(peers: &Peers, context: &ServiceContext) -> Vec<ReadinessCheck> {
    let parts = CloudPart::behind_the_gateway()
        .map(|p| ReadinessCheck::Upstream(p.name(), peers.upstream_for(p)));
    let own = [
        ReadinessCheck::Cache(context.cache.clone()),
        ReadinessCheck::Keys(context.keys.clone()),
    ];
    parts.chain(own).collect()
}

/// Sets HSTS. Only the process that terminates TLS may set it; behind a proxy that is the proxy.
fn with_hsts(router: Router) -> Router {
    router.layer(MapResponseLayer::new(|mut response: Response| {
        response
            .headers_mut()
            .insert(header::STRICT_TRANSPORT_SECURITY, TLS_ALONE);
        response
    }))
}
