//! Messages to people: push notifications, and the two ways out that text messages share, an HTTP
//! gateway and, for development, a folder.
//!
//! The gateway gets each message as JSON by `POST`, with its id as `Idempotency-Key` and a proof of
//! origin. Any status from 200 to 299 accepts the message; the response body is ignored. A push
//! addresses a person; the gateway maps people to devices.
//!
//! Invariants: no text is logged, and errors contain neither the message nor the secret; a message
//! takes at most 14 seconds; it uses TLS unless the gateway is on this machine; every attempt
//! carries the message's id, by which the gateway deduplicates; a push is signed, and the secret
//! never leaves this process.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::body::Body;
use http::{HeaderValue, Method, Request, header};
use process::{
    client::{Client, is_guarded, is_passing},
    config::Secret,
    idempotency::IDEMPOTENCY_KEY,
    problem::format_error_chain,
    trust::CertificateAuthorities,
};
use ring::hmac;
use serde::Serialize;
use serde_json::Value;
use tokio::task::spawn_blocking;
use uuid::Uuid;
use wire::UserId;

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

const ENDING: &str = ".json";

#[derive(Debug)]
pub struct MessageFolder {
    folder: PathBuf,
    kept_max: usize,
}

impl MessageFolder {
    /// Creates the folder if it is missing. Each message beyond `kept_max` removes the oldest.
    pub fn open(folder: &Path, kept_max: usize) -> std::io::Result<Self> {
        // The messages contain people's codes, names and addresses, so only this user may read
        // them.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            kept_max,
        })
    }

    /// `id` is a version 7 UUID: the folder sorts by it.
    pub async fn write_message(&self, id: Uuid, message: &Value) -> std::io::Result<()> {
        let folder = self.folder.clone();
        let kept_max = self.kept_max;
        let name = id.simple().to_string();
        let text = message.to_string();
        let kept = spawn_blocking(move || {
            write(&folder, &name, &text)?;
            remove_surplus(&folder, kept_max)
        });
        kept.await.map_err(std::io::Error::other)?
    }
}

/// Renames the finished file, so that it is complete when it appears.
fn write(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let begun = folder.join(format!("{name}.part"));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&begun)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&begun, folder.join(format!("{name}{ENDING}")))
}

fn remove_surplus(folder: &Path, kept_max: usize) -> std::io::Result<()> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(ENDING) {
            kept.push(path);
        }
    }
    kept.sort_unstable();
    let surplus = kept.len().saturating_sub(kept_max);
    for path in &kept[..surplus] {
        match fs::remove_file(path) {
            // A concurrent write removed it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            removed => removed?,
        }
    }
    Ok(())
}

/// Pushes kept in a folder.
const KEPT_MAX: usize = 100;

/// The push destination. Clones share the connections.
#[derive(Clone)]
pub enum Push {
    Off,
    Folder(Arc<MessageFolder>),
    Gateway(Arc<PushGateway>),
}

pub struct PushGateway(MessageGateway);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PushMessage {
    /// A version 7 UUID: the folder sorts by it.
    pub id: Uuid,
    pub to: UserId,
    pub title: String,
    pub text: String,
}

/// An invalid setting.
#[derive(Debug, thiserror::Error)]
pub enum PushAddressError {
    #[error(
        "a push address is off, folder:/a/folder or https://gateway.example.org/pushes; http is \
            allowed only on this machine"
    )]
    Form,
    #[error("could not create the push folder")]
    Folder(#[from] std::io::Error),
    #[error("could not set up the push gateway")]
    Gateway(#[source] GatewayAddressError),
}

impl From<GatewayAddressError> for PushAddressError {
    fn from(error: GatewayAddressError) -> Self {
        match error {
            GatewayAddressError::Form => Self::Form,
            error => Self::Gateway(error),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error("pushes are off")]
    Off,
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error("could not write to the push folder")]
    Folder(#[from] std::io::Error),
}

impl Push {
    /// `off`, `folder:/a/folder` (created if missing), or the address of a gateway, with the file
    /// of the signing secret. `authorities` verify a gateway at `https://`.
    pub fn open(
        url: &str,
        secret: &Path,
        authorities: &CertificateAuthorities,
    ) -> Result<Self, PushAddressError> {
        if url == "off" {
            return Ok(Self::Off);
        }
        if let Some(folder) = url.strip_prefix("folder:") {
            if folder.is_empty() {
                return Err(PushAddressError::Form);
            }
            return Ok(Self::Folder(Arc::new(MessageFolder::open(
                Path::new(folder),
                KEPT_MAX,
            )?)));
        }
        let gateway = MessageGateway::open(url, secret, GatewayProof::Signature, authorities)?;
        Ok(Self::Gateway(Arc::new(PushGateway(gateway))))
    }

    /// True unless pushes are off.
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Sends a push. Makes up to three attempts while the gateway is unavailable, at most 14
    /// seconds in all.
    pub async fn send(&self, message: &PushMessage) -> Result<(), PushError> {
        match self {
            Self::Off => Err(PushError::Off),
            Self::Folder(folder) => {
                let PushMessage {
                    id,
                    to,
                    title,
                    text,
                } = message;
                let kept = serde_json::json!({ "to": to, "title": title, "text": text });
                Ok(folder.write_message(*id, &kept).await?)
            }
            Self::Gateway(gateway) => Ok(gateway.0.send(message.id, message).await?),
        }
    }
}

impl PushError {
    /// True if the same push may be accepted later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Off => false,
            Self::Gateway(error) => error.is_passing(),
            Self::Folder(_) => true,
        }
    }
}
