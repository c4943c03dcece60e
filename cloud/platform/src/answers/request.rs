//! Fingerprints a request by its route, the caller's role, and its body, to recognise a repeat. The
//! body is hashed as it streams, so a large one is never buffered.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context as Waker, Poll, ready},
};

use axum::body::{Body, Bytes, HttpBody};
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use ring::digest::{Context, SHA256, digest};
use serde::{Deserialize, Serialize};
use wire::Role;

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
