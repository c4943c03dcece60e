//! Filters incoming headers. Only the gateway sets identity headers: it removes the client's before
//! any other code sees them.

use http::{HeaderMap, HeaderName, HeaderValue};
use process::tokens::{HeldPermissions, USER_PERMISSIONS};

use crate::identity::VerifiedCaller;

pub const USER_ID: HeaderName = HeaderName::from_static("x-user-id");
pub const USER_ROLE: HeaderName = HeaderName::from_static("x-user-role");

/// Prefixes reserved for the platform.
const OURS: [&str; 2] = ["x-user-", "x-holdfast-"];
/// Client and proxy claims about a request's origin, which the parts ignore.
const CLAIMS: [&str; 2] = ["x-forwarded-", "x-real-ip"];

pub fn strip_claims(headers: &mut HeaderMap) {
    let names = headers.keys().filter(|name| is_reserved(name));
    let names: Vec<HeaderName> = names.cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

fn is_reserved(name: &HeaderName) -> bool {
    // Some servers treat `x_user_id` as `x-user-id`.
    let name = name.as_str().replace('_', "-");
    let mut prefixes = OURS.iter().chain(&CLAIMS);
    prefixes.any(|prefix| name.starts_with(prefix)) || name == "forwarded"
}

/// Sets the verified caller's identity, and their permissions if the route uses them.
pub fn set_identity(headers: &mut HeaderMap, caller: &VerifiedCaller) {
    if let Some(held) = &caller.permissions {
        headers.insert(USER_PERMISSIONS, HeldPermissions::to_header(held));
    }
    let caller = caller.claims.actor();
    if let Ok(value) = HeaderValue::from_str(&caller.user_id.to_string()) {
        headers.insert(USER_ID, value);
    }
    headers.insert(USER_ROLE, HeaderValue::from_static(caller.role.as_str()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |&(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
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
            ("x-user-permissions", "manage_keys"),
            ("x-user-anything", "x"),
            ("x-holdfast-service", "order"),
            ("x-forwarded-for", "10.0.0.1"),
            ("forwarded", "for=10.0.0.1"),
            ("accept", "*/*"),
        ]);
        strip_claims(&mut map);
        assert_eq!(map, headers(&[("accept", "*/*")]));
    }
}
