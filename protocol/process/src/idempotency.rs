//! The idempotency key: the id under which a change happens once, however often its request
//! arrives.
//!
//! Invariant: keys of different people never collide. A UUID is always stored with its person;
//! other text becomes an id derived from person and text.

use axum::extract::{FromRef, FromRequestParts};
use http::{HeaderMap, request::Parts};
use ring::digest;
use uuid::Builder;
use wire::{CommandId, UserId};

use crate::{
    problem::Problem,
    say,
    tokens::{Caller, TokenVerifier},
    trace::{RequestTrace, TraceId},
};

pub use crate::trace::IDEMPOTENCY_KEY;

pub const KEY_CHARS_MAX: usize = 255;

/// The request's `Idempotency-Key`, or a new id. For handlers that store their own answers; the
/// platform does so for all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    pub command_id: CommandId,
    /// The trace, if it differs from the id.
    pub trace: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Idempotency
where
    TokenVerifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let command_id = if parts.headers.contains_key(IDEMPOTENCY_KEY) {
            let caller = Caller::from_request_parts(parts, state).await?;
            key_of(&parts.headers, caller.actor.user_id)?
        } else {
            CommandId(TokenVerifier::from_ref(state).clock.new_id())
        };
        let Ok(RequestTrace(trace)) = RequestTrace::from_request_parts(parts, state).await;
        let trace = Some(trace).filter(|trace| *trace != TraceId::from_command(command_id));
        Ok(Self {
            command_id,
            trace: trace.map(String::from),
        })
    }
}

/// The id of the person's key: a UUID as it is, other text as UUIDv5 of person and text.
pub fn key_of(headers: &HeaderMap, person: UserId) -> Result<CommandId, Problem> {
    let mut sent = headers.get_all(IDEMPOTENCY_KEY).iter();
    let key = match (sent.next(), sent.next()) {
        (Some(key), None) => std::str::from_utf8(key.as_bytes()).ok().map(str::trim),
        // Two keys count as none.
        _ => None,
    };
    let key = key
        .filter(|key| (1..=KEY_CHARS_MAX).contains(&key.chars().count()))
        .ok_or_else(wrong_key)?;
    Ok(key
        .parse()
        .unwrap_or_else(|_| derive_command_id(person, key)))
}

fn derive_command_id(person: UserId, key: &str) -> CommandId {
    let name = [person.as_bytes(), key.as_bytes()].concat();
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &name);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    CommandId(Builder::from_sha1_bytes(bytes).into_uuid())
}

fn wrong_key() -> Problem {
    Problem::wrong_field("Idempotency-Key", say::idempotency_key_too_long)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use uuid::Uuid;
    use wire::Code;

    use super::*;

    fn sent(keys: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for key in keys {
            let key = HeaderValue::from_bytes(key.as_bytes()).unwrap();
            headers.append(IDEMPOTENCY_KEY, key);
        }
        headers
    }

    fn person(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    #[test]
    fn a_uuid_is_taken_as_it_is_and_another_text_as_uuid_v5_of_person_and_text() {
        let uuid = "4bf92f35-77b3-4da6-a3ce-929d0e0e4736";
        assert_eq!(key_of(&sent(&[uuid]), person(1)).unwrap().to_string(), uuid);
        // RFC 9562, A.4, with its DNS namespace as the person.
        let dns = UserId("6ba7b810-9dad-11d1-80b4-00c04fd430c8".parse().unwrap());
        let named = key_of(&sent(&["www.example.com"]), dns).unwrap();
        assert_eq!(named.to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
        assert_ne!(
            named,
            key_of(&sent(&["www.example.com"]), person(1)).unwrap()
        );
    }

    #[test]
    fn a_key_has_up_to_255_characters_of_any_script() {
        let long = "订".repeat(KEY_CHARS_MAX);
        assert!(key_of(&sent(&[&long]), person(1)).is_ok());
        for wrong in [
            &[format!("{long}x").as_str()][..],
            &[""],
            &["  "],
            &["a", "b"],
            &[],
        ] {
            let refused = key_of(&sent(wrong), person(1)).unwrap_err();
            assert_eq!(refused.code(), Code::InvalidInput, "{wrong:?}");
        }
    }
}
