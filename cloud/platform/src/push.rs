//! Push notifications to people's devices: through an HTTP gateway, into a folder for development,
//! or off. A push addresses a person; the gateway maps people to devices.
//!
//! Invariants: no text is logged or appears in an error; every attempt carries the push's id, by
//! which the gateway deduplicates; a push is signed, and the secret never leaves this process.

use std::{path::Path, sync::Arc};

use process::trust::CertificateAuthorities;
use serde::Serialize;
use uuid::Uuid;
use wire::UserId;

use crate::{
    folder::MessageFolder,
    gateway::{GatewayAddressError, GatewayError, GatewayProof, MessageGateway},
};

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
