//! The platform's public entry point: matches each request to a route, authenticates the caller,
//! strips identity headers, applies rate limits and forwards to a part.
//!
//! Invariants: only paths in `routes::ROUTES` and portal pages are reachable; every route except
//! the open ones requires a live session; `x-user-id` and `x-user-role` come from the gateway or
//! are absent.

mod access;
mod document;
mod forward;
mod headers;
mod identity;
mod letters;
mod limits;
mod matcher;
mod order_page;
mod peers;
mod permission_rule;
mod permits;
mod portal;
mod proxies;
mod routes;
mod security;
mod session;
mod stream;
mod upload;

texts::include_texts!(say);

use std::{
    collections::{BTreeSet, HashSet},
    num::NonZeroU32,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use axum::{Router, routing::any};
use http::Method;
use platform::{
    ServiceContext,
    cache::WindowCounter,
    service as skeleton,
    service::{DataPlace, PartConfig, ReadinessCheck},
};
use process::{
    pages::{EmbeddedFile, Pages},
    parts::CloudPart,
    tasks::Tasks,
    web::{Certificate, CertificateError, with_security_headers},
};
use serde::{Deserialize, Serialize};

pub use document::api_document;
pub use peers::Peers;
pub use permission_rule::PermissionRule;
pub use proxies::ProxyError;
pub use routes::{ALIASES, Alias, Audience, ROUTES, Route, RouteBody};
pub use security::OriginError;

use access::AccessLog;
use identity::CallerVerifier;
use limits::RateLimits;
use matcher::RouteMatcher;
use proxies::TrustedProxies;
use session::SessionCookies;
use stream::StreamPermits;

pub const NAME: &str = CloudPart::Gateway.name();

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    /// The origin that browsers use for this gateway, such as `https://portal.example.org`; empty
    /// if they connect to it directly over plain HTTP.
    pub public_origin: String,
    /// Other origins whose pages may call from a browser, besides the portal's.
    pub cors_origins: Vec<String>,
    /// The longest time for a call to a part, before the caller gets a timeout.
    pub upstream_timeout_ms: NonZeroU32,
    /// Request limit per person and endpoint.
    pub per_user_per_minute: NonZeroU32,
    /// Request limit per person over all endpoints.
    pub per_person_per_minute: NonZeroU32,
    /// Anonymous request limit per address and endpoint. Auth limits sign-in and registration
    /// itself, by name and address.
    pub per_address_per_minute: NonZeroU32,
    /// Link opening limit per edge.
    pub per_edge_per_minute: NonZeroU32,
    /// Addresses and networks of trusted proxies, such as `10.0.0.0/8`. `X-Forwarded-For` and
    /// `Forwarded` count only from them.
    pub trusted_proxies: Vec<String>,
    /// PEM files of the TLS certificate and its private key; both empty for plain HTTP. Changed
    /// files are reloaded.
    pub tls_certificate: PathBuf,
    pub tls_key: PathBuf,
    /// Access log lines per second; the next line counts the excess. 0 disables the log.
    pub access_lines_per_second: u32,
}

const UPSTREAM_TIMEOUT_MS: NonZeroU32 = NonZeroU32::MIN.saturating_add(19_999);
const PER_USER_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
const PER_PERSON_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(599);
const PER_ADDRESS_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(299);
const PER_EDGE_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(119);
const ACCESS_LINES_PER_SECOND: u32 = 1_000;

impl Default for Config {
    fn default() -> Self {
        Self::default_for_part(CloudPart::Gateway, &DataPlace::default())
    }
}

impl PartConfig for Config {
    fn default_for_part(part: CloudPart, _: &DataPlace) -> Self {
        Self {
            bind: DataPlace::listen_address(part),
            public_origin: String::new(),
            cors_origins: Vec::new(),
            upstream_timeout_ms: UPSTREAM_TIMEOUT_MS,
            per_user_per_minute: PER_USER_PER_MINUTE,
            per_person_per_minute: PER_PERSON_PER_MINUTE,
            per_address_per_minute: PER_ADDRESS_PER_MINUTE,
            per_edge_per_minute: PER_EDGE_PER_MINUTE,
            trusted_proxies: Vec::new(),
            tls_certificate: PathBuf::new(),
            tls_key: PathBuf::new(),
            access_lines_per_second: ACCESS_LINES_PER_SECOND,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Origin(#[from] OriginError),
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("`gateway.tls_certificate` and `gateway.tls_key` must be set together or not at all")]
    HalfOfTls,
    #[error(
        "`gateway.public_origin` must be https://.. if `gateway.tls_certificate` is set: the sign-in cookie is \
         valid only for that origin"
    )]
    PlainOrigin,
}

impl Config {
    pub async fn load_certificate(&self) -> Result<Option<Certificate>, OpenError> {
        let has_chain = !self.tls_certificate.as_os_str().is_empty();
        let has_key = !self.tls_key.as_os_str().is_empty();
        match (has_chain, has_key) {
            (false, false) => Ok(None),
            (true, true) if !self.public_origin.starts_with("https://") => {
                Err(OpenError::PlainOrigin)
            }
            (true, true) => {
                let chain = self.tls_certificate.clone();
                let key = self.tls_key.clone();
                Ok(Some(Certificate::load(chain, key).await?))
            }
            (true, false) | (false, true) => Err(OpenError::HalfOfTls),
        }
    }
}

struct Gateway {
    table: RouteMatcher,
    access: AccessLog,
    identity: CallerVerifier,
    limits: RateLimits,
    proxies: TrustedProxies,
    peers: Peers,
    pages: Pages,
    document: EmbeddedFile,
    /// Routes that accept an `Idempotency-Key`.
    keyed: Arc<HashSet<(Method, String)>>,
    seats: StreamPermits,
    tasks: Tasks,
    upstream_timeout: Duration,
}

pub async fn open(
    config: Config,
    context: ServiceContext,
    peers: Peers,
) -> Result<Router, OpenError> {
    open_routes(ROUTES, config, context, peers).await
}

/// Opens a gateway with another route table.
pub async fn open_routes(
    routes: &'static [Route],
    config: Config,
    context: ServiceContext,
    peers: Peers,
) -> Result<Router, OpenError> {
    let upstream_timeout = Duration::from_millis(config.upstream_timeout_ms.get().into());
    let speaks_tls = !config.tls_certificate.as_os_str().is_empty();
    let peers = peers.with_circuit_breakers(&context.clock, upstream_timeout);
    let checks = readiness_checks(&peers, &context);
    let own = config.public_origin.as_str();
    let own = (!own.is_empty())
        .then(|| security::parse_origin("public_origin", own))
        .transpose()?;
    let counts = WindowCounter::new(context.cache.clone(), context.clock.clone());
    let seats = StreamPermits::new(context.cache.clone());
    let gateway = Gateway {
        table: RouteMatcher::new(routes),
        access: AccessLog::new(context.clock.clone(), config.access_lines_per_second),
        limits: RateLimits::new(counts, &config),
        proxies: TrustedProxies::new(&config.trusted_proxies)?,
        identity: CallerVerifier {
            keys: context.keys,
            clock: context.clock,
            cache: context.cache,
            auth: peers.upstream_for(CloudPart::Auth),
            cookies: SessionCookies::new(&context.service_key, own),
            service_key: context.service_key,
        },
        peers,
        pages: portal::load_pages(),
        document: EmbeddedFile::from_json(document::WHOLE),
        keyed: Arc::new(document::keyed_routes()),
        seats,
        tasks: context.tasks,
        upstream_timeout,
    };
    let routes = build_router(routes)
        .fallback(forward::forward_request)
        .with_state(Arc::new(gateway));
    let router = skeleton::router(NAME, routes, checks);
    let router = with_security_headers(security::with_cors(router, &config.cors_origins)?);
    Ok(if speaks_tls {
        security::with_hsts(router)
    } else {
        router
    })
}

/// Registers each pattern, so metrics get one series per route; the handler does its own lookup.
/// Paths outside the table count as unmatched.
fn build_router(routes: &'static [Route]) -> Router<Arc<Gateway>> {
    let paths: BTreeSet<String> = matcher::path_patterns(routes).collect();
    paths.iter().fold(Router::new(), |router, path| {
        router.route(path, any(forward::forward_request))
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
