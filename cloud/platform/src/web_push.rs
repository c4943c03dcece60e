//! Web Push (RFC 8030): messages to browsers through their makers' push services.
//!
//! Invariants: messages go only to services in the operator's list, and no redirect is followed. A
//! service learns the device, the time and the urgency, never the text. An error contains no
//! endpoint, key or text. One message takes at most four seconds; no answer's body is read.

mod encryption;
mod endpoint;
mod server_key;

use std::{path::Path, sync::Arc, time::Duration};

use axum::body::Body;
use http::{HeaderValue, Method, Request, StatusCode, header};
use process::{
    client::{Client, is_passing, read_retry_after},
    trust::CertificateAuthorities,
};
use serde::Serialize;
use uuid::Uuid;
use wire::UnixMillis;

use encryption::EncryptionError;
use server_key::ServerKey;

pub use encryption::{AUTH_BYTES, DeviceKeys, POINT_BYTES};
pub use endpoint::{PushEndpoint, PushServiceError, PushServices, hash_endpoint};
pub use server_key::{ServerKeyError, create_if_missing};

const ANSWER_WITHIN: Duration = Duration::from_secs(4);
/// A service drops a message that it could not hand over within a day: by then it is old news.
const TTL_S: &str = "86400";

/// Clones share connections and key.
#[derive(Clone)]
pub struct WebPush(Arc<Inner>);

struct Inner {
    client: Client,
    key: ServerKey,
    contact: String,
    services: PushServices,
}

/// A browser that takes messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushSubscription {
    pub endpoint: PushEndpoint,
    pub keys: DeviceKeys,
}

/// The message for the browser's service worker. It contains no text that people wrote.
#[derive(Debug, Clone, Serialize)]
pub struct PushContent<'a> {
    pub title: &'a str,
    pub text: &'a str,
    /// A path of the portal.
    pub path: &'a str,
    /// A message replaces an earlier one with the same tag, at the service and on the screen.
    #[serde(serialize_with = "serialize_simple")]
    pub tag: Uuid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushUrgency {
    Low,
    Normal,
    High,
}

/// An invalid setting.
#[derive(Debug, thiserror::Error)]
pub enum WebPushSettingError {
    #[error(transparent)]
    Service(#[from] PushServiceError),
    #[error("push services require a contact: mailto:ADDRESS or an https:// address")]
    Contact,
    #[error("could not load the key of web push")]
    Key(#[from] ServerKeyError),
}

#[derive(Debug, thiserror::Error)]
pub enum WebPushError {
    /// The browser dropped the subscription.
    #[error("the push service no longer knows the device")]
    Ended,
    #[error("the push service refused the message with status {0}")]
    Refused(u16),
    #[error("the push service answered {status}")]
    Busy {
        status: u16,
        retry_after: Option<Duration>,
    },
    /// The service may still have taken the message.
    #[error("the push service did not answer")]
    Silent,
    #[error("{0}")]
    Unsendable(&'static str),
}

impl WebPush {
    /// Creates the key file if it is missing.
    pub fn open(
        key: &Path,
        contact: &str,
        services: &[String],
        authorities: &CertificateAuthorities,
    ) -> Result<Self, WebPushSettingError> {
        let services = PushServices::parse(services)?;
        let named = ["mailto:", "https://"]
            .into_iter()
            .find_map(|scheme| contact.strip_prefix(scheme));
        if named.is_none_or(str::is_empty) {
            return Err(WebPushSettingError::Contact);
        }
        Ok(Self(Arc::new(Inner {
            client: Client::with_tls((*authorities.client_config()).clone()),
            key: ServerKey::load_or_create(key)?,
            contact: contact.to_owned(),
            services,
        })))
    }

    /// A browser needs this key to subscribe.
    pub fn public_key(&self) -> &str {
        self.0.key.public()
    }

    pub fn services(&self) -> &PushServices {
        &self.0.services
    }

    /// Makes one attempt; the caller repeats it later.
    pub async fn send(
        &self,
        to: &PushSubscription,
        content: &PushContent<'_>,
        urgency: PushUrgency,
        now: UnixMillis,
    ) -> Result<(), WebPushError> {
        let request = self.build_request(to, content, urgency, now)?;
        let answer = tokio::time::timeout(ANSWER_WITHIN, self.0.client.send_request(request)).await;
        // The cause would name the endpoint.
        let Ok(Ok(answer)) = answer else {
            return Err(WebPushError::Silent);
        };
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        if [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&status) {
            return Err(WebPushError::Ended);
        }
        if is_passing(status) {
            return Err(WebPushError::Busy {
                status: status.as_u16(),
                retry_after: read_retry_after(answer.headers()),
            });
        }
        Err(WebPushError::Refused(status.as_u16()))
    }

    fn build_request(
        &self,
        to: &PushSubscription,
        content: &PushContent<'_>,
        urgency: PushUrgency,
        now: UnixMillis,
    ) -> Result<Request<Body>, WebPushError> {
        let text = serde_json::to_vec(content)
            .map_err(|_| WebPushError::Unsendable("the message has no JSON form"))?;
        let body = to.keys.encrypt(&text).map_err(|error| {
            WebPushError::Unsendable(match error {
                EncryptionError::TooLong => "the message is too long for a push",
                EncryptionError::Key => "the key of the device is not valid",
            })
        })?;
        let Inner { key, contact, .. } = &*self.0;
        let proof = key.authorize(to.endpoint.origin(), contact, now);
        let mut proof = HeaderValue::from_str(&proof)
            .map_err(|_| WebPushError::Unsendable("the contact does not fit a header"))?;
        proof.set_sensitive(true);
        Request::builder()
            .method(Method::POST)
            .uri(to.endpoint.url())
            .header(header::AUTHORIZATION, proof)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_ENCODING, "aes128gcm")
            .header("ttl", TTL_S)
            .header("urgency", urgency.as_str())
            .header("topic", content.tag.simple().to_string())
            .body(Body::from(body))
            .map_err(|_| WebPushError::Unsendable("the endpoint is not valid"))
    }
}

impl PushUrgency {
    fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

impl WebPushError {
    /// A retry may succeed.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::Silent => true,
            Self::Ended | Self::Refused(_) | Self::Unsendable(_) => false,
        }
    }

    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            Self::Ended | Self::Refused(_) | Self::Silent | Self::Unsendable(_) => None,
        }
    }
}

fn serialize_simple<S: serde::Serializer>(id: &Uuid, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(&id.simple())
}
