//! The addresses at which push services take messages. People choose them, so only addresses of
//! the services in the operator's list are accepted.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::client::is_loopback;
use ring::digest::{SHA256, digest};

/// Addresses of the known services have 100 to 600 bytes.
const ENDPOINT_BYTES_MAX: usize = 1_000;
const HTTPS: &str = "https://";
const HTTP: &str = "http://";
const HTTPS_PORT: &str = ":443";

/// The hosts of the push services.
#[derive(Debug, Clone)]
pub struct PushServices(Vec<ServiceHost>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum ServiceHost {
    Exactly(String),
    /// Every host below the domain, stored with its leading dot.
    Below(String),
    /// This machine, for tests: any port, also without TLS.
    Loopback(String),
}

#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is not a host in lower case such as push.example.org or *.push.example.org, nor this \
     machine"
)]
pub struct PushServiceError(String);

/// An address that passed the list. It identifies a person's browser, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PushEndpoint {
    url: String,
    origin_bytes: usize,
}

impl PushServices {
    pub fn parse(hosts: &[String]) -> Result<Self, PushServiceError> {
        let parsed = hosts
            .iter()
            .map(|host| parse_service_host(host).ok_or_else(|| PushServiceError(host.to_owned())));
        parsed.collect::<Result<_, _>>().map(Self)
    }

    /// `None` unless the address belongs to one of the services. Compares bytes: browsers write
    /// addresses in one form only, and a second form of one address could hide a repeat.
    pub fn check_endpoint(&self, url: &str) -> Option<PushEndpoint> {
        let is_plain = url
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if url.len() > ENDPOINT_BYTES_MAX || !is_plain || url.contains('#') {
            return None;
        }
        let (scheme, rest) = [HTTPS, HTTP]
            .into_iter()
            .find_map(|scheme| Some((scheme, url.strip_prefix(scheme)?)))?;
        let (authority, path) = rest.split_at(rest.find(['/', '?'])?);
        // The client must see the same host and the same path.
        let seen: http::Uri = url.parse().ok()?;
        if seen.authority()?.as_str() != authority || !path.starts_with('/') {
            return None;
        }
        let is_known = self
            .0
            .iter()
            .any(|service| service.takes(scheme, authority));
        is_known.then(|| PushEndpoint {
            url: url.to_owned(),
            origin_bytes: scheme.len() + authority.len(),
        })
    }
}

impl ServiceHost {
    fn takes(&self, scheme: &str, authority: &str) -> bool {
        match self {
            Self::Exactly(host) => {
                scheme == HTTPS && without_https_port(authority) == host.as_str()
            }
            Self::Below(domain) => {
                let below = without_https_port(authority).strip_suffix(domain.as_str());
                scheme == HTTPS && below.is_some_and(is_host_name)
            }
            Self::Loopback(host) => {
                let port = authority.strip_prefix(host.as_str());
                port.is_some_and(|port| {
                    port.is_empty() || port.strip_prefix(':').is_some_and(is_port)
                })
            }
        }
    }
}

/// Lets a browser find itself among a person's devices. An endpoint cannot be guessed, so its hash
/// needs no key.
pub fn hash_endpoint(url: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, url.as_bytes()))
}

impl PushEndpoint {
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Scheme, host and port: the audience of the proof that the service gets.
    pub(super) fn origin(&self) -> &str {
        let origin = &self.url[..self.origin_bytes];
        origin.strip_suffix(HTTPS_PORT).unwrap_or(origin)
    }
}

impl std::fmt::Debug for PushEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PushEndpoint")
    }
}

fn parse_service_host(text: &str) -> Option<ServiceHost> {
    if is_loopback(text) {
        return Some(ServiceHost::Loopback(text.to_owned()));
    }
    let domain = text.strip_prefix("*.").unwrap_or(text);
    // A top-level domain belongs to no push service, and an address in digits to no name.
    let (_, top) = domain.rsplit_once('.')?;
    if !is_host_name(domain) || top.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(if domain.len() < text.len() {
        ServiceHost::Below(format!(".{domain}"))
    } else {
        ServiceHost::Exactly(domain.to_owned())
    })
}

fn without_https_port(authority: &str) -> &str {
    authority.strip_suffix(HTTPS_PORT).unwrap_or(authority)
}

fn is_host_name(text: &str) -> bool {
    text.split('.').all(|label| {
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.bytes().all(is_word)
    })
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known_services() -> PushServices {
        let hosts = [
            "fcm.googleapis.com",
            "web.push.apple.com",
            "*.push.apple.com",
        ];
        PushServices::parse(&hosts.map(str::to_owned)).unwrap()
    }

    #[test]
    fn addresses_of_known_services_are_accepted() {
        let services = known_services();
        for (url, origin) in [
            (
                "https://fcm.googleapis.com/fcm/send/a:b_c-d",
                "https://fcm.googleapis.com",
            ),
            (
                "https://fcm.googleapis.com:443/x",
                "https://fcm.googleapis.com",
            ),
            (
                "https://web.push.apple.com/x?y=z",
                "https://web.push.apple.com",
            ),
            ("https://a.b.push.apple.com/x", "https://a.b.push.apple.com"),
        ] {
            let endpoint = services.check_endpoint(url).unwrap();
            assert_eq!((endpoint.url(), endpoint.origin()), (url, origin));
            assert_eq!(format!("{endpoint:?}"), "PushEndpoint");
        }
        let longest = format!("https://fcm.googleapis.com/{}", "x".repeat(973));
        assert!(services.check_endpoint(&longest).is_some());
        assert!(services.check_endpoint(&format!("{longest}x")).is_none());
    }

    #[test]
    fn an_address_of_anyone_else_is_refused() {
        let services = known_services();
        for url in [
            "http://fcm.googleapis.com/x",
            "ftp://fcm.googleapis.com/x",
            "HTTPS://fcm.googleapis.com/x",
            "//fcm.googleapis.com/x",
            "https://FCM.googleapis.com/x",
            "https://fcm.googleapis.com",
            "https://fcm.googleapis.com.evil.example/x",
            "https://fcm.googleapis.com./x",
            "https://evil.example/fcm.googleapis.com/x",
            "https://evilfcm.googleapis.com/x",
            "https://x.fcm.googleapis.com/x",
            "https://push.apple.com/x",
            "https://.push.apple.com/x",
            "https://evilpush.apple.com/x",
            "https://a..push.apple.com/x",
            "https://a.push.apple.com.evil.example/x",
            "https://fcm.googleapis.com:8443/x",
            "https://fcm.googleapis.com:/x",
            "https://fcm.googleapis.com:443:443/x",
            "https://user@fcm.googleapis.com/x",
            "https://user:word@fcm.googleapis.com/x",
            "https://fcm.googleapis.com@evil.example/x",
            "https://evil.example?.push.apple.com/x",
            "https://evil.example#.push.apple.com/x",
            "https://fcm.googleapis.com/x#y",
            "https://fcm.googleapis.com\\@evil.example/x",
            "https://evil.example\\.push.apple.com/x",
            "https://fcm.googleapis.com?x=y",
            "https://fcm.googleapis.com /x",
            "https://fcm.googleapis.com/x y",
            "https://fcm.googleapis.com/\u{e9}",
            "https://fcm.googleapis.c\u{43e}m/x",
            "https://142.250.0.1/x",
            "https://[::1]/x",
            "http://127.0.0.1/x",
            "https://127.0.0.1/x",
            "https://localhost/x",
            "https://169.254.169.254/latest/meta-data/",
            "https:///x",
            "",
        ] {
            assert_eq!(services.check_endpoint(url), None, "{url}");
        }
    }

    #[test]
    fn only_the_named_loopback_host_takes_any_port_and_no_tls() {
        let services = PushServices::parse(&["127.0.0.1".to_owned()]).unwrap();
        for url in ["http://127.0.0.1:8031/x", "https://127.0.0.1/x"] {
            assert!(services.check_endpoint(url).is_some(), "{url}");
        }
        for url in [
            "http://localhost:8031/x",
            "http://127.0.0.2/x",
            "http://127.0.0.1:/x",
            "http://127.0.0.1:1@evil.example/x",
            "http://127.0.0.1.evil.example/x",
            "http://127.0.0.1:70000/x",
        ] {
            assert_eq!(services.check_endpoint(url), None, "{url}");
        }
    }

    #[test]
    fn a_service_is_a_host_and_nothing_else() {
        for host in [
            "",
            "*",
            "*.com",
            "com",
            "*.*.push.example.org",
            "push.*.org",
            "https://push.example.org",
            "push.example.org/",
            "push.example.org:443",
            "Push.example.org",
            "10.0.0.1",
            "*.0.0.1",
            ".push.example.org",
        ] {
            assert!(PushServices::parse(&[host.to_owned()]).is_err(), "{host}");
        }
    }
}
