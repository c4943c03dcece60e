//! Client of a message gateway: `POST`s a message as JSON, with its id as `Idempotency-Key` and a
//! proof of origin. Any status from 200 to 299 accepts the message; the response body is ignored.
//!
//! Invariants: errors contain neither the message nor the secret; a message takes at most 14
//! seconds; it uses TLS unless the gateway is on this machine.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::body::Body;
use http::{HeaderValue, Method, Request, StatusCode, header};
use process::{
    client::{Client, is_guarded},
    config::Secret,
    idempotency::IDEMPOTENCY_KEY,
    problem::format_error_chain,
    trust::CertificateAuthorities,
};
use ring::hmac;
use serde::Serialize;
use uuid::Uuid;

/// Time limit of one attempt.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);
/// Backoff between attempts. After the last attempt the message is given up.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1_500)];
const SECRET_BYTES_MAX: usize = 4_096;
const SIGNATURE: &str = "x-signature";

/// How the secret authenticates us to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GatewayProof {
    /// Sends the secret as the bearer token of every message.
    Bearer,
    /// Keeps the secret here: each message carries its hexadecimal HMAC-SHA-256 in `x-signature`.
    Signature,
}

pub(crate) struct MessageGateway {
    client: Client,
    url: String,
    secret: Secret,
    proof: GatewayProof,
}

/// An invalid setting.
#[derive(Debug, thiserror::Error)]
pub enum GatewayAddressError {
    #[error(
        "a gateway address is https://gateway.example.org/messages; http is allowed only on this machine"
    )]
    Form,
    #[error("could not read the secret of the gateway in `{}`", file.display())]
    Secret {
        file: PathBuf,
        source: std::io::Error,
    },
    #[error("`{}` does not contain a secret: one line of 1 to 4096 visible characters", .0.display())]
    NoSecret(PathBuf),
}

#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("the gateway refused a message with status {0}")]
    Refused(u16),
    /// The gateway may still have sent the message.
    #[error("the gateway is unreachable: {0}")]
    Away(String),
}

impl MessageGateway {
    pub(crate) fn open(
        url: &str,
        secret: &Path,
        proof: GatewayProof,
        authorities: &CertificateAuthorities,
    ) -> Result<Self, GatewayAddressError> {
        if !is_guarded(url) {
            return Err(GatewayAddressError::Form);
        }
        let read = fs::read_to_string(secret);
        let read = read.map_err(|source| GatewayAddressError::Secret {
            file: secret.to_owned(),
            source,
        })?;
        let text = read.trim();
        let is_sound = (1..=SECRET_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_sound {
            return Err(GatewayAddressError::NoSecret(secret.to_owned()));
        }
        let client = Client::with_tls((*authorities.client_config()).clone());
        Ok(Self {
            client,
            url: url.to_owned(),
            secret: text.into(),
            proof,
        })
    }

    /// Sends a message, with up to three attempts under one id while the gateway is unavailable.
    pub(crate) async fn send(
        &self,
        id: Uuid,
        message: &impl Serialize,
    ) -> Result<(), GatewayError> {
        let body = serde_json::to_vec(message).map_err(|error| unavailable_error(&error))?;
        for pause in PAUSES {
            match self.hand_over(id, &body).await {
                Err(GatewayError::Away(why)) => {
                    tracing::debug!(why, "Could not hand a message to the gateway; retrying");
                    tokio::time::sleep(pause).await;
                }
                done => return done,
            }
        }
        self.hand_over(id, &body).await
    }

    async fn hand_over(&self, id: Uuid, body: &[u8]) -> Result<(), GatewayError> {
        let request = self
            .build_request(id, body)
            .map_err(|error| unavailable_error(&error))?;
        let answer = tokio::time::timeout(ANSWER_WITHIN, self.client.send_request(request)).await;
        let status = match answer {
            Ok(Ok(response)) => response.status(),
            Ok(Err(error)) => return Err(unavailable_error(&error)),
            Err(_) => return Err(GatewayError::Away("it did not answer in time".to_owned())),
        };
        if status.is_success() {
            return Ok(());
        }
        if is_passing(status) {
            return Err(GatewayError::Away(format!(
                "it answered {}",
                status.as_u16()
            )));
        }
        Err(GatewayError::Refused(status.as_u16()))
    }

    fn build_request(&self, id: Uuid, body: &[u8]) -> Result<Request<Body>, http::Error> {
        let (name, proof) = match self.proof {
            GatewayProof::Bearer => (
                header::AUTHORIZATION.as_str(),
                format!("Bearer {}", self.secret.reveal()),
            ),
            GatewayProof::Signature => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.reveal().as_bytes());
                (SIGNATURE, hex::encode(hmac::sign(&key, body)))
            }
        };
        let mut proof = HeaderValue::from_str(&proof)?;
        proof.set_sensitive(true);
        Request::builder()
            .method(Method::POST)
            .uri(&self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(IDEMPOTENCY_KEY, id.to_string())
            .header(name, proof)
            .body(Body::from(body.to_vec()))
    }
}

impl GatewayError {
    /// True if the gateway may accept the same message later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Away(_))
    }
}

fn unavailable_error(error: &dyn std::error::Error) -> GatewayError {
    GatewayError::Away(format_error_chain(error))
}

fn is_passing(status: StatusCode) -> bool {
    let asks_to_wait = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    status.is_server_error() || asks_to_wait.contains(&status)
}
