//! Owns pushes to people's devices: a gateway that is asked by HTTP, a folder for development, or
//! nothing. The gateway knows which devices a person has; here a push is for a person.
//!
//! Invariants: no text is logged or stands in an error; every try bears the push's id, by which a
//! gateway drops a repeat; a push is signed, and the secret stays here.

use std::{path::Path, sync::Arc};

use process::trust::Authorities;
use serde::Serialize;
use uuid::Uuid;
use wire::UserId;

use crate::{
    folder::MessageFolder,
    gateway::{GatewayAddressError, GatewayError, GatewayProof, MessageGateway},
};

/// Pushes that a folder keeps.
const KEPT_MAX: usize = 100;

/// Where pushes go. Cloning shares the connections.
#[derive(Clone)]
pub enum Push {
    Off,
    Folder(Arc<MessageFolder>),
    Gateway(Arc<PushGateway>),
}

pub struct PushGateway(MessageGateway);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PushMessage {
    /// Of version 7: the folder sorts by it.
    pub id: Uuid,
    pub to: UserId,
    pub title: String,
    pub text: String,
}

/// A setting that is of no use.
#[derive(Debug, thiserror::Error)]
pub enum PushAddressError {
    #[error(
        "an address of pushes is off, folder:/a/folder or https://gateway.example.org/pushes; http only on this machine"
    )]
    Form,
    #[error("could not make the folder of pushes")]
    Folder(#[from] std::io::Error),
    #[error("the gateway of pushes")]
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

/// A push that was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error("pushes are off")]
    Off,
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error("the folder of pushes cannot be written")]
    Folder(#[from] std::io::Error),
}

impl Push {
    /// `off`, `folder:/a/folder`, which is made where it is missing, or the address of a gateway,
    /// with the file of the secret that signs. A gateway at `https://` is known by these
    /// authorities.
    pub fn open(
        url: &str,
        secret: &Path,
        authorities: &Authorities,
    ) -> Result<Self, PushAddressError> {
        if url == "off" {
            return Ok(Self::Off);
        }
        if let Some(folder) = url.strip_prefix("folder:") {
            if folder.is_empty() {
                return Err(PushAddressError::Form);
            }
            return Ok(Self::Folder(Arc::new(MessageFolder::open(Path::new(folder), KEPT_MAX)?)));
        }
        let gateway = MessageGateway::open(url, secret, GatewayProof::Signature, authorities)?;
        Ok(Self::Gateway(Arc::new(PushGateway(gateway))))
    }

    /// Returns whether pushes go anywhere at all.
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Hands a push over. A gateway that is away is asked three times, which takes 14 seconds at
    /// most.
    pub async fn send(&self, message: &PushMessage) -> Result<(), PushError> {
        match self {
            Self::Off => Err(PushError::Off),
            Self::Folder(folder) => {
                let PushMessage { id, to, title, text } = message;
                let kept = serde_json::json!({ "to": to, "title": title, "text": text });
                Ok(folder.keep(*id, &kept).await?)
            }
            Self::Gateway(gateway) => Ok(gateway.0.send(message.id, message).await?),
        }
    }
}

impl PushError {
    /// Returns whether the same push may be taken later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Off => false,
            Self::Gateway(error) => error.is_passing(),
            Self::Folder(_) => true,
        }
    }
}
