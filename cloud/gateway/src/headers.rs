//! The headers that pass. Only the gateway sets identity headers: anything a client sends under their
//! names is gone before anything else looks.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use wire::{Role, UserId};

pub const USER_ID: HeaderName = HeaderName::from_static("x-user-id");
pub const USER_ROLE: HeaderName = HeaderName::from_static("x-user-role");

/// Names that only the platform itself may use.
const OURS: [&str; 2] = ["x-user-", "x-holdfast-"];
/// Claims of clients and proxies about the origin of a request; nothing of ours believes them.
const CLAIMS: [&str; 2] = ["x-forwarded-", "x-real-ip"];

/// These speak of one connection, and another one begins here.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Removes the headers that a client must not set.
pub fn strip_claims(headers: &mut HeaderMap) {
    let foul = |name: &HeaderName| {
        // Some servers read `x_user_id` as `x-user-id`.
        let name = name.as_str().replace('_', "-");
        OURS.iter().chain(&CLAIMS).any(|prefix| name.starts_with(prefix)) || name == "forwarded"
    };
    let found: Vec<HeaderName> = headers.keys().filter(|name| foul(name)).cloned().collect();
    for name in found {
        headers.remove(name);
    }
}

/// Removes the headers of the connection alone, with those that `Connection` lists.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in listed.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// Names the verified caller.
pub fn set_identity(headers: &mut HeaderMap, user: UserId, role: Role) {
    if let Ok(value) = HeaderValue::from_str(&user.to_string()) {
        headers.insert(USER_ID, value);
    }
    headers.insert(USER_ROLE, HeaderValue::from_static(role.as_str()));
}

/// The one bearer token of a request; two are as good as none.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, more) = (values.next()?, values.next());
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let sound = more.is_none()
        && scheme.eq_ignore_ascii_case("bearer")
        && !token.is_empty()
        && !token.contains(' ');
    sound.then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |&(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let mut map = HeaderMap::new();
        for (name, value) in pairs.iter().map(pair) {
            map.append(name, value);
        }
        map
    }

    #[test]
    fn identity_a_client_claims_is_removed_in_every_spelling() {
        let mut map = headers(&[
            ("x-user-id", "1"),
            ("x-user-id", "2"),
            ("x_user_id", "3"),
            ("x-user-role", "admin"),
            ("x-user-anything", "x"),
            ("x-holdfast-service", "order"),
            ("x-forwarded-for", "10.0.0.1"),
            ("forwarded", "for=10.0.0.1"),
            ("accept", "*/*"),
        ]);
        strip_claims(&mut map);
        assert_eq!(map, headers(&[("accept", "*/*")]));
    }

    #[test]
    fn headers_of_the_connection_end_with_it() {
        let mut map = headers(&[
            ("connection", "close, X-Extra"),
            ("x-extra", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("accept", "*/*"),
        ]);
        strip_hop_by_hop(&mut map);
        assert_eq!(map, headers(&[("accept", "*/*")]));
    }

    #[test]
    fn there_is_one_bearer_token_or_none() {
        for (pairs, expected) in [
            (vec![("authorization", "Bearer abc")], Some("abc")),
            (vec![("authorization", "bearer abc")], Some("abc")),
            (vec![("authorization", "Bearer ")], None),
            (vec![("authorization", "Bearer a b")], None),
            (vec![("authorization", "Basic abc")], None),
            (vec![("authorization", "abc")], None),
            (vec![("authorization", "Bearer a"), ("authorization", "Bearer b")], None),
            (vec![], None),
        ] {
            assert_eq!(bearer(&headers(&pairs)), expected, "{pairs:?}");
        }
    }
}
