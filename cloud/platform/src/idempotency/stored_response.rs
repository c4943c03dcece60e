//! The stored form of a response, sealed with the store's data keys, since it may contain personal
//! data; and the fingerprint of its request, by which a repeat is recognised: route, the caller's
//! role, and body. The body is hashed as it streams, so a large one is never buffered.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context as Waker, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use process::tokens::ServiceKey;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{Context, SHA256, digest},
};
use serde::{Deserialize, Serialize};
use wire::Role;

use crate::{
    ledger::store::idempotency_keys::IdempotencyKey,
    sealing::{DataKeys, SealContext, SealError},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RequestFingerprint {
    /// Hash of method, path, query and role.
    pub(super) head: String,
    /// Absent if the handler did not read the body to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<String>,
}

pub(super) fn head_of(parts: &Parts, role: Role) -> String {
    let target = parts
        .uri
        .path_and_query()
        .map_or("", |target| target.as_str());
    let text = format!("{} {target} {}", parts.method, role.as_str());
    hex::encode(digest(&SHA256, text.as_bytes()))
}

/// The hash of a streaming body.
#[derive(Clone)]
pub(super) struct BodyHasher(Arc<Mutex<HashProgress>>);

struct HashProgress {
    hash: Context,
    is_whole: bool,
}

impl BodyHasher {
    /// Returns the hash and a body that feeds it while being read.
    pub(super) fn wrap_body(body: Body) -> (Self, Body) {
        let is_whole = body.is_end_stream();
        let hash = Self(Arc::new(Mutex::new(HashProgress {
            hash: Context::new(&SHA256),
            is_whole,
        })));
        (hash.clone(), Body::new(HashingBody { body, hash }))
    }

    pub(super) async fn read(body: Body) -> Result<Option<String>, axum::Error> {
        let (hash, mut body) = Self::wrap_body(body);
        while let Some(frame) = body.frame().await {
            frame?;
        }
        Ok(hash.hash_if_complete())
    }

    pub(super) fn hash_if_complete(&self) -> Option<String> {
        let passed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        passed
            .is_whole
            .then(|| hex::encode(passed.hash.clone().finish()))
    }

    fn update_hash(&self, data: Option<&Bytes>, is_last: bool) {
        let mut passed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(data) = data {
            passed.hash.update(data);
        }
        passed.is_whole |= is_last;
    }
}

struct HashingBody {
    body: Body,
    hash: BodyHasher,
}

impl HttpBody for HashingBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        waker: &mut Waker<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(waker));
        match &frame {
            None => self.hash.update_hash(None, true),
            Some(Ok(frame)) => self
                .hash
                .update_hash(frame.data_ref(), self.body.is_end_stream()),
            Some(Err(_)) => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredResponse {
    pub(super) head: StoredResponseHead,
    pub(super) body: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredResponseHead {
    pub(super) request: RequestFingerprint,
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<String>,
}

impl StoredResponseHead {
    pub(super) fn from_response(
        request: RequestFingerprint,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Self {
        Self {
            request,
            status: status.as_u16(),
            content_type: read_header_text(headers, &header::CONTENT_TYPE),
            location: read_header_text(headers, &header::LOCATION),
        }
    }
}

fn read_header_text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    value.to_str().ok().map(str::to_owned)
}

impl StoredResponse {
    pub(super) fn into_http_response(self) -> Response {
        let StoredResponseHead {
            status,
            content_type,
            location,
            ..
        } = self.head;
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        let fields = [
            (header::CONTENT_TYPE, content_type),
            (header::LOCATION, location),
        ];
        for (name, value) in fields {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// Seals and opens responses with the data keys of the part's store.
pub(super) struct ResponseSeal {
    keys: DataKeys,
    former: FormerSeal,
}

impl ResponseSeal {
    pub(super) fn from_keys(keys: &DataKeys, service_key: &ServiceKey) -> Self {
        Self {
            keys: keys.clone(),
            former: FormerSeal::from_service_key(service_key),
        }
    }

    pub(super) fn seal_response(
        &self,
        at: IdempotencyKey,
        answer: &StoredResponse,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let mut plain = serde_json::to_vec(&answer.head)?;
        // Compact JSON contains no line break.
        plain.push(b'\n');
        plain.extend(&answer.body);
        Ok(self.keys.seal(&seal_context(at), &plain))
    }

    /// `None` if the plain text does not parse. If the data key is missing, the stored response
    /// stays and its work is not repeated.
    pub(super) fn open(
        &self,
        at: IdempotencyKey,
        stored: &[u8],
    ) -> Result<Option<StoredResponse>, SealError> {
        let plain = match self.former.open(at, stored) {
            Some(plain) => plain,
            None => self.keys.open(&seal_context(at), stored.to_vec())?,
        };
        Ok(read(&plain))
    }
}

fn read(plain: &[u8]) -> Option<StoredResponse> {
    let end = plain.iter().position(|byte| *byte == b'\n')?;
    let head = serde_json::from_slice(&plain[..end]).ok()?;
    Some(StoredResponse {
        head,
        body: plain[end + 1..].to_vec(),
    })
}

fn seal_context(IdempotencyKey { person, key }: IdempotencyKey) -> SealContext {
    SealContext::of_id("answers.answer", person.0).with_part(key.0.as_bytes())
}

/// Opens responses that the previous version sealed with a key derived from the part's service key.
/// They expire after two days; without this, a change answered just before an upgrade could run
/// twice.
struct FormerSeal(LessSafeKey);

impl FormerSeal {
    fn from_service_key(service_key: &ServiceKey) -> Self {
        match UnboundKey::new(
            &AES_256_GCM,
            &service_key.derive_secret("answers under a key"),
        ) {
            Ok(key) => Self(LessSafeKey::new(key)),
            Err(_) => unreachable!("a key is 32 bytes long"),
        }
    }

    fn open(
        &self,
        IdempotencyKey { person, key }: IdempotencyKey,
        sealed: &[u8],
    ) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let place = Aad::from([*person.as_bytes(), *key.as_bytes()].concat());
        let mut plain = sealed.to_vec();
        let length = self.0.open_in_place(nonce, place, &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }
}

#[cfg(test)]
mod tests {
    use process::{random, tokens::Signer};
    use uuid::Uuid;
    use wire::{CommandId, UserId};

    use super::*;

    const PHONE: &[u8] = b"139001";

    fn at() -> IdempotencyKey {
        IdempotencyKey {
            person: UserId(Uuid::from_u128(1)),
            key: CommandId(Uuid::from_u128(2)),
        }
    }

    fn answer() -> StoredResponse {
        let request = RequestFingerprint {
            head: "a".into(),
            body: None,
        };
        let head =
            StoredResponseHead::from_response(request, StatusCode::CREATED, &HeaderMap::new());
        StoredResponse {
            head,
            body: b"{\n\"phone\": \"+8613900139000\"}".to_vec(),
        }
    }

    fn service_key() -> ServiceKey {
        ServiceKey::from_pkcs8(&Signer::generate_pkcs8()).unwrap()
    }

    #[test]
    fn an_answer_opens_by_the_keys_of_its_part_and_at_its_place_alone() {
        let own = DataKeys::random();
        let key = service_key();
        let seal = ResponseSeal::from_keys(&own, &key);
        let sealed = seal.seal_response(at(), &answer()).unwrap();
        assert!(
            !sealed.windows(PHONE.len()).any(|part| part == PHONE),
            "not in the clear"
        );
        assert_eq!(seal.open(at(), &sealed), Ok(Some(answer())));
        let other = ResponseSeal::from_keys(&DataKeys::random(), &key);
        assert!(matches!(
            other.open(at(), &sealed),
            Err(SealError::UnknownKey { .. })
        ));
        let elsewhere = IdempotencyKey {
            person: UserId(Uuid::from_u128(3)),
            ..at()
        };
        assert!(matches!(
            seal.open(elsewhere, &sealed),
            Err(SealError::Broken { .. })
        ));
        assert_eq!(seal.open(at(), &[]), Ok(None));
    }

    #[test]
    fn an_answer_of_the_version_before_opens_at_its_place() {
        let key = service_key();
        let mut stored = serde_json::to_vec(&answer().head).unwrap();
        stored.push(b'\n');
        stored.extend(answer().body);
        let nonce: [u8; NONCE_LEN] = random::draw_bytes();
        let place = Aad::from([*at().person.as_bytes(), *at().key.as_bytes()].concat());
        let former = FormerSeal::from_service_key(&key);
        let used = Nonce::assume_unique_for_key(nonce);
        former
            .0
            .seal_in_place_append_tag(used, place, &mut stored)
            .unwrap();
        let stored = [nonce.as_slice(), &stored].concat();
        let seal = ResponseSeal::from_keys(&DataKeys::random(), &key);
        assert_eq!(seal.open(at(), &stored), Ok(Some(answer())));
        let elsewhere = IdempotencyKey {
            key: CommandId(Uuid::from_u128(4)),
            ..at()
        };
        assert_eq!(seal.open(elsewhere, &stored), Ok(None));
    }
}
