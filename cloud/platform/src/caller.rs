//! Facts about a part's callers: their address, and whether their account is established.
//!
//! Invariants: a part trusts an address only with a token that the gateway signed for that part;
//! the token alone tells if an account is established, because a limit must not cost a database
//! read. Global limits reserve a share for established accounts, so that accounts created for an
//! attack cannot use them up.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use axum::extract::{FromRef, FromRequestParts};
use http::{HeaderMap, HeaderName, HeaderValue, request::Parts};
use process::{
    openapi::RouteInput,
    parts::CloudPart,
    problem::Problem,
    tokens::{Claims, TokenVerifier},
};
use wire::{Role, UnixMillis, UserId};

/// A client address for counting. All clients without an address count as one, and so do those of
/// one /64 IPv6 network, which mostly has one owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(Option<IpAddr>);

const SITE_MASK: u128 = u128::MAX << (128 - 48);

/// The gateway strips both headers from client requests.
const ADDRESS: HeaderName = HeaderName::from_static("x-holdfast-client");
const GATEWAY_TOKEN: HeaderName = HeaderName::from_static("x-holdfast-service");

impl ClientAddress {
    pub const UNKNOWN: Self = Self(None);

    pub fn from_ip(address: Option<IpAddr>) -> Self {
        Self(address.map(to_counted_address))
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
        headers.insert(GATEWAY_TOKEN, token);
    }

    fn verified_address(headers: &HeaderMap, verifier: &TokenVerifier) -> Option<IpAddr> {
        let TokenVerifier {
            service,
            service_key,
            clock,
            ..
        } = verifier;
        let token = headers.get(&GATEWAY_TOKEN)?.to_str().ok()?;
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

fn to_counted_address(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            Ipv6Addr::from(network).into()
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountTrust {
    New,
    /// Older than a week, a verified provider, or an admin.
    Established,
}

const NEW_FOR_MS: i64 = 7 * 24 * 60 * 60 * 1000;

impl AccountTrust {
    /// Judges the account by its age when the token was signed.
    pub fn from_claims(claims: &Claims) -> Self {
        let is_vouched_for = claims.verified || claims.role == Role::Admin;
        let is_old = match creation_time(claims.sub) {
            Some(created_at) => claims.issued_at() >= created_at.plus_ms(NEW_FOR_MS),
            None => true,
        };
        if is_vouched_for || is_old {
            Self::Established
        } else {
            Self::New
        }
    }
}

/// Auth creates version 7 ids, which begin with a timestamp. Other ids were imported from an
/// earlier system, so those accounts are old.
fn creation_time(user: UserId) -> Option<UnixMillis> {
    UnixMillis::from_id(user.0)
}

#[cfg(test)]
mod tests {
    use process::{
        clock::Clock,
        tokens::{ServiceKey, Signer, TokenKeys},
    };
    use uuid::Uuid;
    use wire::{Actor, UnixMillis};

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

    const AT: UnixMillis = UnixMillis(1_764_000_000_000);

    fn claims(user: Uuid, role: Role, signed_at: UnixMillis) -> Claims {
        let actor = Actor {
            user_id: UserId(user),
            role,
        };
        Claims {
            verified: false,
            ..support::claims(actor, signed_at)
        }
    }

    fn trust(user: Uuid, role: Role, signed_at: UnixMillis) -> AccountTrust {
        AccountTrust::from_claims(&claims(user, role, signed_at))
    }

    #[test]
    fn an_account_is_new_for_a_week() {
        let user = Clock::fixed_at(AT).new_id();
        for (days, expected) in [
            (0, AccountTrust::New),
            (6, AccountTrust::New),
            (7, AccountTrust::Established),
            // Clocks of two machines differ.
            (-1, AccountTrust::New),
        ] {
            let signed_at = AT.plus_ms(days * 24 * 60 * 60 * 1000);
            assert_eq!(trust(user, Role::Customer, signed_at), expected, "{days}");
        }
    }

    #[test]
    fn admins_verified_providers_and_imported_accounts_are_established_at_once() {
        let user = Clock::fixed_at(AT).new_id();
        assert_eq!(trust(user, Role::Admin, AT), AccountTrust::Established);
        assert_eq!(trust(user, Role::Provider, AT), AccountTrust::New);
        let verified = Claims {
            verified: true,
            ..claims(user, Role::Provider, AT)
        };
        assert_eq!(
            AccountTrust::from_claims(&verified),
            AccountTrust::Established
        );
        assert_eq!(
            trust(Uuid::from_u128(7), Role::Customer, AT),
            AccountTrust::Established
        );
    }
}
