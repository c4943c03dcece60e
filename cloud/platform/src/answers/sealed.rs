//! An answer as it is kept: sealed by the part's own key, since it may show a person's data.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use process::{random, tokens::ServiceKey};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

use super::{request::RequestHash, store::KeyPlace};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeptAnswer {
    pub(super) head: AnswerHead,
    pub(super) body: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AnswerHead {
    pub(super) request: RequestHash,
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<String>,
}

impl AnswerHead {
    pub(super) fn of(request: RequestHash, status: StatusCode, headers: &HeaderMap) -> Self {
        let text = |name| {
            let value: Option<&HeaderValue> = headers.get(name);
            value.and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let content_type = text(header::CONTENT_TYPE);
        Self { request, status: status.as_u16(), content_type, location: text(header::LOCATION) }
    }
}

impl KeptAnswer {
    pub(super) fn told(self) -> Response {
        let AnswerHead { status, content_type, location, .. } = self.head;
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        let fields = [(header::CONTENT_TYPE, content_type), (header::LOCATION, location)];
        for (name, value) in fields {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// The key that seals the answers of a part. Replicas have the same one.
pub(super) struct AnswerSeal(LessSafeKey);

impl AnswerSeal {
    pub(super) fn of(service_key: &ServiceKey) -> Self {
        match UnboundKey::new(&AES_256_GCM, &service_key.secret("answers under a key")) {
            Ok(key) => Self(LessSafeKey::new(key)),
            Err(_) => unreachable!("32 bytes are a key"),
        }
    }

    pub(super) fn seal(
        &self,
        place: KeyPlace,
        answer: &KeptAnswer,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let mut plain = serde_json::to_vec(&answer.head)?;
        // JSON of one line holds no line break.
        plain.push(b'\n');
        plain.extend(&answer.body);
        let nonce: [u8; NONCE_LEN] = random::bytes();
        let used = Nonce::assume_unique_for_key(nonce);
        match self.0.seal_in_place_append_tag(used, aad(place), &mut plain) {
            Ok(()) => Ok([nonce.as_slice(), &plain].concat()),
            Err(_) => unreachable!("an answer is short enough to be sealed"),
        }
    }

    /// `None` where another key sealed it, or for another place.
    pub(super) fn open(&self, place: KeyPlace, sealed: &[u8]) -> Option<KeptAnswer> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut plain = sealed.to_vec();
        let plain = self.0.open_in_place(nonce, aad(place), &mut plain).ok()?;
        let end = plain.iter().position(|byte| *byte == b'\n')?;
        let head = serde_json::from_slice(&plain[..end]).ok()?;
        Some(KeptAnswer { head, body: plain[end + 1..].to_vec() })
    }
}

fn aad(KeyPlace { person, key }: KeyPlace) -> Aad<Vec<u8>> {
    Aad::from([*person.as_bytes(), *key.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use process::tokens::Signer;
    use uuid::Uuid;
    use wire::{CommandId, UserId};

    use super::*;

    #[test]
    fn an_answer_opens_by_the_key_of_its_part_and_at_its_place_alone() {
        let key = || ServiceKey::from_pkcs8(&Signer::generate()).unwrap();
        let (own, other) = (key(), key());
        let place =
            KeyPlace { person: UserId(Uuid::from_u128(1)), key: CommandId(Uuid::from_u128(2)) };
        let request = RequestHash { head: "a".into(), body: None };
        let head = AnswerHead::of(request, StatusCode::CREATED, &HeaderMap::new());
        let answer = KeptAnswer { head, body: b"{\n\"phone\": \"+8613900139000\"}".to_vec() };
        let sealed = AnswerSeal::of(&own).seal(place, &answer).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"139001"), "not in the clear");
        assert_eq!(AnswerSeal::of(&own).open(place, &sealed).as_ref(), Some(&answer));
        assert_eq!(AnswerSeal::of(&other).open(place, &sealed), None);
        let elsewhere = KeyPlace { person: UserId(Uuid::from_u128(3)), ..place };
        assert_eq!(AnswerSeal::of(&own).open(elsewhere, &sealed), None);
        assert_eq!(AnswerSeal::of(&own).open(place, &[]), None);
    }
}
