//! Text messages to phones: through an HTTP gateway, into a folder for development, or off.
//!
//! Invariants: neither numbers nor texts are logged or appear in errors; a send takes bounded time;
//! every attempt carries the message's id, by which the gateway deduplicates. Callers limit the
//! number of messages.

mod error;
mod phone;

use std::{path::Path, sync::Arc};

use process::trust::CertificateAuthorities;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::{
    folder::MessageFolder,
    gateway::{GatewayProof, MessageGateway},
};

pub use error::{SmsAddressError, SmsError};
pub use phone::{CountryCode, PhoneNumber};

/// Messages kept in a folder.
const KEPT_MAX: usize = 100;

/// The destination of text messages. Clones share the connections.
#[derive(Clone)]
pub enum Sms {
    Off,
    Folder(Arc<MessageFolder>),
    Gateway(Arc<SmsGateway>),
}

/// Receives `{"id", "to", "text"}`, with the secret as bearer token.
pub struct SmsGateway(MessageGateway);

#[derive(Serialize)]
struct SmsPayload<'a> {
    id: Uuid,
    to: &'a str,
    text: &'a str,
}

pub struct SmsMessage {
    /// A version 7 UUID: the folder sorts by it.
    pub id: Uuid,
    pub to: PhoneNumber,
    pub text: String,
}

const FORM: &str = "a text message address is off, folder:/a/folder or \
    https://gateway.example.org/messages; http is allowed only on this machine";

impl Sms {
    /// `off`, `folder:/a/folder` (created if missing), or the address of a gateway, with the file
    /// of its bearer secret.
    pub fn open(url: &str, secret: &Path) -> Result<Self, SmsAddressError> {
        Self::open_trusting(url, secret, &CertificateAuthorities::of_process())
    }

    /// Like [`Self::open`], with the authorities that verify a gateway at `https://`.
    pub fn open_trusting(
        url: &str,
        secret: &Path,
        authorities: &CertificateAuthorities,
    ) -> Result<Self, SmsAddressError> {
        if url == "off" {
            return Ok(Self::Off);
        }
        if let Some(folder) = url.strip_prefix("folder:") {
            return Self::in_folder(Path::new(folder));
        }
        let gateway = MessageGateway::open(url, secret, GatewayProof::Bearer, authorities)?;
        Ok(Self::Gateway(Arc::new(SmsGateway(gateway))))
    }

    fn in_folder(folder: &Path) -> Result<Self, SmsAddressError> {
        if folder.as_os_str().is_empty() {
            return Err(SmsAddressError::Form);
        }
        let made = MessageFolder::open(folder, KEPT_MAX);
        let made = made.map_err(|source| SmsAddressError::Folder {
            folder: folder.to_owned(),
            source,
        })?;
        Ok(Self::Folder(Arc::new(made)))
    }

    /// True unless messages are off.
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Sends a message. Makes up to three attempts while the gateway is unavailable, at most 14
    /// seconds in all.
    pub async fn send(&self, message: &SmsMessage) -> Result<(), SmsError> {
        match self {
            Self::Off => Err(SmsError::Off),
            Self::Folder(folder) => {
                let kept = json!({ "to": message.to.as_str(), "text": message.text });
                Ok(folder.write_message(message.id, &kept).await?)
            }
            Self::Gateway(gateway) => {
                let SmsMessage { id, to, text } = message;
                let handed = SmsPayload {
                    id: *id,
                    to: to.as_str(),
                    text,
                };
                Ok(gateway.0.send(*id, &handed).await?)
            }
        }
    }
}
