//! The address of a client, which the gateway forwards to other parts.
//!
//! Invariant: a part trusts an address only with a token that the gateway signed for that part.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use axum::extract::{FromRef, FromRequestParts};
use http::{HeaderMap, HeaderName, HeaderValue, request::Parts};
use process::{openapi::RouteInput, parts::CloudPart, problem::Problem, tokens::TokenVerifier};

/// A client address for counting. All clients without a known address count as one, and so do those
/// of one /64 IPv6 network, which mostly has one owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(Option<IpAddr>);

const SITE_MASK: u128 = u128::MAX << (128 - 48);

/// The gateway strips both headers from client requests.
const ADDRESS: HeaderName = HeaderName::from_static("x-holdfast-client");
const VOUCHER: HeaderName = HeaderName::from_static("x-holdfast-service");

impl ClientAddress {
    pub const UNKNOWN: Self = Self(None);

    pub fn from_ip(address: Option<IpAddr>) -> Self {
        Self(address.map(of_one_line))
    }

    /// The address for counting costly requests. One customer of an IPv6 provider may own a whole
    /// /48 site, which would count as 65,536 addresses.
    #[must_use]
    pub fn widened_to_site(self) -> Self {
        Self(self.0.map(|address| match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(network) => Ipv6Addr::from(u128::from(network) & SITE_MASK).into(),
        }))
    }

    /// Adds the address to a request. `token` is the gateway's own token for the receiving part.
    pub fn insert_headers(self, headers: &mut HeaderMap, token: &str) {
        let Ok(address) = HeaderValue::from_str(&self.to_string()) else {
            return;
        };
        let Ok(token) = HeaderValue::from_str(token) else {
            return;
        };
        headers.insert(ADDRESS, address);
        headers.insert(VOUCHER, token);
    }

    fn verified_address(headers: &HeaderMap, verifier: &TokenVerifier) -> Option<IpAddr> {
        let TokenVerifier {
            service,
            service_key,
            clock,
            ..
        } = verifier;
        let token = headers.get(&VOUCHER)?.to_str().ok()?;
        let from = service_key.verify_token(token, service, clock.now()).ok()?;
        if from != CloudPart::Gateway.name() {
            return None;
        }
        let address = headers.get(&ADDRESS)?.to_str().ok()?;
        address.parse().ok()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress
where
    TokenVerifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self::from_ip(Self::verified_address(
            &parts.headers,
            &TokenVerifier::from_ref(state),
        )))
    }
}

impl RouteInput for ClientAddress {}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

fn of_one_line(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            Ipv6Addr::from(network).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use process::{
        clock::Clock,
        tokens::{ServiceKey, Signer, TokenKeys},
    };
    use wire::UnixMillis;

    use super::*;

    fn address(text: &str) -> ClientAddress {
        ClientAddress::from_ip(Some(text.parse().unwrap()))
    }

    #[test]
    fn an_address_is_believed_from_the_gateway_alone() {
        let clock = Clock::fixed_at(UnixMillis(1_764_000_000_000));
        let key = || ServiceKey::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
        let own = key();
        let foreign = key();
        let keys = TokenKeys::empty();
        let service_key = own.clone();
        let verifier = TokenVerifier {
            service: "auth",
            keys,
            service_key,
            clock: clock.clone(),
        };
        for (key, from, to, believed) in [
            (&own, "gateway", "auth", true),
            (&own, "gateway", "order", false),
            (&own, "order", "auth", false),
            (&foreign, "gateway", "auth", false),
        ] {
            let mut headers = HeaderMap::new();
            address("10.0.0.1").insert_headers(&mut headers, &key.issue_token(from, to, &clock));
            let told = ClientAddress::from_ip(ClientAddress::verified_address(&headers, &verifier));
            let expected = if believed {
                address("10.0.0.1")
            } else {
                ClientAddress::UNKNOWN
            };
            assert_eq!(told, expected, "{from} {to}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(ADDRESS, HeaderValue::from_static("10.0.0.1"));
        assert_eq!(ClientAddress::verified_address(&headers, &verifier), None);
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        assert_eq!(address("2001:db8::1"), address("2001:db8::2:1"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_eq!(address("::ffff:10.0.0.2"), address("10.0.0.2"));
    }

    #[test]
    fn all_ipv6_networks_of_a_site_widen_to_one_address() {
        let site = |text: &str| address(text).widened_to_site();
        assert_eq!(site("2001:db8:1::1"), site("2001:db8:1:ffff::1"));
        assert_ne!(site("2001:db8:1::1"), site("2001:db8:2::1"));
        assert_eq!(site("10.0.0.2"), address("10.0.0.2"));
        assert_eq!(
            ClientAddress::UNKNOWN.widened_to_site(),
            ClientAddress::UNKNOWN
        );
    }
}
