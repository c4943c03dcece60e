//! The state that all requests share: the route table, the checks of callers, the connections to
//! the parts, and the files that the binary carries.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use http::Method;
use platform::{ServiceContext, cache::WindowCounter};
use process::{
    carried_pages,
    idempotency::IDEMPOTENCY_KEY,
    pages::{EmbeddedFile, Pages},
    parts::CloudPart,
    tasks::Tasks,
    web::{TrustedProxies, parse_origin},
};
use serde::Deserialize;

use crate::{
    access_log::AccessLog,
    acts::ActRecorder,
    call::{PartClient, Peers},
    config::{Config, OpenError},
    cookies::SessionCookies,
    identity::CallerVerifier,
    limits::RateLimits,
    matcher::RouteMatcher,
    routes::Route,
    site_pages::SitePages,
    stream_permits::StreamPermits,
};

carried_pages!(PortalFiles, "../portal/dist");

pub(crate) struct Gateway {
    pub matcher: RouteMatcher,
    pub access_log: AccessLog,
    pub identity: CallerVerifier,
    pub limits: RateLimits,
    pub acts: ActRecorder,
    pub proxies: TrustedProxies,
    pub parts: PartClient,
    /// The portal.
    pub pages: Pages,
    pub site_pages: SitePages,
    pub document: EmbeddedFile,
    /// Routes that accept an `Idempotency-Key`.
    pub keyed: HashSet<(Method, String)>,
    pub stream_permits: StreamPermits,
    pub tasks: Tasks,
}

impl Gateway {
    /// A call to a part has at most `timeout`.
    pub(crate) fn new(
        routes: Vec<Route>,
        config: &Config,
        context: ServiceContext,
        peers: Peers,
        timeout: Duration,
    ) -> Result<Self, OpenError> {
        let own = config.public_origin.as_str();
        let own = (!own.is_empty())
            .then(|| parse_origin("gateway.public_origin", own))
            .transpose()?;
        let counts = WindowCounter::new(context.cache.clone(), context.clock.clone());
        let auth = peers.upstream_for(CloudPart::Auth);
        Ok(Self {
            matcher: RouteMatcher::new(routes)?,
            access_log: AccessLog::new(context.clock.clone(), config.access_lines_per_second),
            limits: RateLimits::new(counts, config),
            proxies: TrustedProxies::new("gateway.trusted_proxies", &config.trusted_proxies)?,
            acts: ActRecorder {
                auth: auth.clone(),
                service_key: context.service_key.clone(),
                clock: context.clock.clone(),
                tasks: context.tasks.clone(),
            },
            stream_permits: StreamPermits::new(context.cache.clone()),
            parts: PartClient {
                peers,
                timeout,
                service_key: context.service_key.clone(),
                clock: context.clock.clone(),
            },
            identity: CallerVerifier {
                keys: context.keys,
                clock: context.clock,
                cache: context.cache,
                auth,
                cookies: SessionCookies::new(&context.service_key, own),
                service_key: context.service_key,
            },
            pages: Pages::from_embedded::<PortalFiles>(),
            site_pages: SitePages::load(&config.pages_folder)?,
            document: EmbeddedFile::from_json(API_DOCUMENT),
            keyed: keyed_routes(),
            tasks: context.tasks,
        })
    }
}

/// The merged document, as served.
const API_DOCUMENT: &[u8] = include_bytes!("../openapi.json");

/// The method and path of each route that the document lists as accepting an `Idempotency-Key`.
fn keyed_routes() -> HashSet<(Method, String)> {
    let whole: PathsOnly = serde_json::from_slice(API_DOCUMENT)
        .expect("the embedded document is valid JSON, as a test checks");
    let mut keyed = HashSet::new();
    for (path, operations) in whole.paths {
        for (method, operation) in operations {
            if operation.takes_idempotency_key()
                && let Ok(method) = method.to_uppercase().parse()
            {
                keyed.insert((method, path.clone()));
            }
        }
    }
    keyed
}

#[derive(Deserialize)]
struct PathsOnly {
    paths: BTreeMap<String, BTreeMap<String, Operation>>,
}

#[derive(Deserialize)]
struct Operation {
    #[serde(default)]
    parameters: Vec<Parameter>,
}

impl Operation {
    fn takes_idempotency_key(&self) -> bool {
        self.parameters.iter().any(|parameter| {
            parameter.place == "header" && parameter.name.eq_ignore_ascii_case(IDEMPOTENCY_KEY)
        })
    }
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    #[serde(rename = "in")]
    place: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_of_a_person_heeds_its_key_and_a_sign_in_none() {
        let keyed = keyed_routes();
        let heeds = |path: &str| keyed.contains(&(Method::POST, path.to_owned()));
        assert!(
            heeds("/api/v1/orders") && heeds("/api/v1/orders/{id}/accept"),
            "{keyed:?}"
        );
        assert!(heeds("/api/v1/users/me/addresses"), "{keyed:?}");
        assert!(
            keyed.contains(&(Method::PUT, "/api/v1/users/me/profile".to_owned())),
            "{keyed:?}"
        );
        assert!(
            !heeds("/api/v1/auth/login") && !heeds("/api/v1/session"),
            "{keyed:?}"
        );
    }
}
