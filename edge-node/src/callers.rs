//! Separates own pages from foreign ones, and finds a client's address behind trusted proxies.
//!
//! Invariant: a foreign page can change nothing here and opens no WebSocket. A request without
//! `Origin` comes from a program, which needs a token as pages do.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, header};
use process::{
    problem::Problem,
    web::{OriginError, OverTls, ProxyError, Scheme, TrustedProxies, is_own_origin, parse_origin},
};
use wire::Code;

use crate::{config::Config, say};

#[derive(Debug, Clone, Default)]
pub(crate) struct CallerCheck(Arc<CallerRules>);

#[derive(Debug, Default)]
struct CallerRules {
    /// Other origins whose pages may call.
    origins: Vec<HeaderValue>,
    proxies: TrustedProxies,
}

#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    #[error(transparent)]
    Origin(#[from] OriginError),
    #[error(transparent)]
    Proxy(#[from] ProxyError),
}

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

impl CallerCheck {
    pub(crate) fn new(config: &Config) -> Result<Self, CallerError> {
        let origins = config.origins.iter();
        let origins = origins.map(|text| parse_origin("edge.origins", text));
        Ok(Self(Arc::new(CallerRules {
            origins: origins.collect::<Result<_, _>>()?,
            proxies: TrustedProxies::new("edge.trusted_proxies", &config.trusted_proxies)?,
        })))
    }

    pub(crate) fn allowed_origins(&self) -> Vec<HeaderValue> {
        self.0.origins.clone()
    }

    /// Checks each request to this router. Its handlers find the client's address as `ConnectInfo`.
    pub(crate) fn guard(&self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self.clone(), check_request))
    }
}

async fn check_request(
    State(CallerCheck(rules)): State<CallerCheck>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(peer)| *peer);
    let is_upgrade = request.headers().contains_key(header::UPGRADE);
    if (is_upgrade || !request.method().is_safe())
        && rules.is_from_foreign_page(peer, request.headers(), request.extensions())
    {
        return Problem::new(Code::ForeignPage)
            .with_detail(say::foreign_origin)
            .into_response();
    }
    if let Some(peer) = peer {
        let client = rules.proxies.client_address(peer.ip(), request.headers());
        if client != peer.ip() {
            // The client's port is unknown.
            let client = SocketAddr::new(client, 0);
            request.extensions_mut().insert(ConnectInfo(client));
        }
    }
    next.run(request).await
}

impl CallerRules {
    fn is_from_foreign_page(
        &self,
        peer: Option<SocketAddr>,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let origin = match (origins.next(), origins.next()) {
            (None, _) => return false,
            (Some(origin), None) => origin,
            (Some(_), Some(_)) => return true,
        };
        if self.origins.contains(origin) {
            return false;
        }
        let is_proxied = peer.is_some_and(|peer| self.is_proxy(peer.ip()));
        let told_host = is_proxied.then(|| single_value(headers, &FORWARDED_HOST));
        let told_scheme = is_proxied.then(|| single_value(headers, &FORWARDED_PROTO));
        let host = told_host.flatten().or(single_value(headers, &header::HOST));
        let scheme = match told_scheme.flatten() {
            Some(scheme) => Scheme::parse(scheme),
            // The proxy may have ended the client's TLS.
            None if is_proxied => None,
            None => extensions.get().map(|OverTls| Scheme::Https),
        };
        !is_own_origin(origin, host.unwrap_or_default(), scheme)
    }

    fn is_proxy(&self, peer: IpAddr) -> bool {
        self.proxies.is_trusted(peer)
    }
}

/// `None` for a list too: its first entries may be the client's own.
fn single_value<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    let text = only.to_str().ok()?.trim();
    (!text.contains(',')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> CallerCheck {
        CallerCheck::new(&Config {
            origins: vec!["https://kiosk.example".into()],
            trusted_proxies: vec!["192.168.1.1".into()],
            ..Config::default()
        })
        .unwrap()
    }

    fn is_foreign(peer: &str, over_tls: bool, pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let mut extensions = Extensions::new();
        if over_tls {
            extensions.insert(OverTls);
        }
        let peer = peer.parse().unwrap();
        rules()
            .0
            .is_from_foreign_page(Some(peer), &headers, &extensions)
    }

    #[test]
    fn only_the_own_page_the_listed_ones_and_programs_may_call() {
        const HOST: (&str, &str) = ("host", "shop.local:8443");
        let tablet = "192.168.1.50:4711";
        for (origins, foreign) in [
            (vec![], false),
            (vec!["https://shop.local:8443"], false),
            (vec!["https://kiosk.example"], false),
            (vec!["http://shop.local:8443"], true),
            (vec!["https://shop.local"], true),
            (vec!["https://evil.example"], true),
            (vec!["null"], true),
            (
                vec!["https://shop.local:8443", "https://evil.example"],
                true,
            ),
        ] {
            let mut pairs = vec![HOST];
            pairs.extend(origins.iter().map(|origin| ("origin", *origin)));
            assert_eq!(is_foreign(tablet, true, &pairs), foreign, "{origins:?}");
        }
    }

    #[test]
    fn only_a_trusted_proxy_names_the_host_and_scheme_of_the_page() {
        let proxy = "192.168.1.1:4711";
        let stranger = "192.168.1.50:4711";
        let own = ("origin", "https://shop.example");
        let told = [
            ("host", "127.0.0.1:8100"),
            ("x-forwarded-host", "shop.example"),
            ("x-forwarded-proto", "https"),
        ];
        let with = |origin| [&[origin], &told[..]].concat();
        assert!(!is_foreign(proxy, false, &with(own)));
        assert!(is_foreign(stranger, false, &with(own)));
        assert!(is_foreign(
            proxy,
            false,
            &with(("origin", "http://shop.example"))
        ));
        assert!(is_foreign(
            proxy,
            false,
            &with(("origin", "https://evil.example"))
        ));
        let appended = [
            own,
            ("host", "127.0.0.1:8100"),
            ("x-forwarded-host", "shop.example, 127.0.0.1:8100"),
        ];
        assert!(is_foreign(proxy, false, &appended));
        // Without those headers the proxy passes the host on.
        let passed_on = [own, ("host", "shop.example")];
        assert!(!is_foreign(proxy, false, &passed_on));
        assert!(!is_foreign(stranger, false, &passed_on));
    }

    #[test]
    fn wrong_settings_are_named() {
        let wrong = Config {
            origins: vec!["kiosk.example".into()],
            ..Config::default()
        };
        let said = CallerCheck::new(&wrong).unwrap_err().to_string();
        assert!(said.starts_with("edge.origins: `kiosk.example`"), "{said}");
        let wrong = Config {
            trusted_proxies: vec!["proxy".into()],
            ..Config::default()
        };
        let said = CallerCheck::new(&wrong).unwrap_err().to_string();
        assert!(said.starts_with("edge.trusted_proxies: `proxy`"), "{said}");
    }
}
