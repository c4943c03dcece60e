//! Owns text messages to phones: a gateway that is asked by HTTP, a folder for development, or
//! nothing.
//!
//! Invariants: neither a number nor a text is logged or stands in an error; a message takes a
//! bounded time; every try bears the message's id, by which a gateway drops a repeat; a message is
//! at most the words of its sender, so whoever sends bounds how many there are.

mod error;
mod phone;

use std::{path::Path, sync::Arc};

use process::trust::Authorities;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::{
    folder::MessageFolder,
    gateway::{GatewayProof, MessageGateway},
};

pub use error::{SmsAddressError, SmsError};
pub use phone::{CountryCode, PhoneNumber};

/// Messages that a folder keeps.
const KEPT_MAX: usize = 100;

/// Where text messages go. Cloning shares the connections.
#[derive(Clone)]
pub enum Sms {
    Off,
    Folder(Arc<MessageFolder>),
    Gateway(Arc<SmsGateway>),
}

/// Takes `{"id", "to", "text"}`, with the secret as bearer.
pub struct SmsGateway(MessageGateway);

#[derive(Serialize)]
struct Handed<'a> {
    id: Uuid,
    to: &'a str,
    text: &'a str,
}

pub struct SmsMessage {
    /// Of version 7: the folder sorts by it.
    pub id: Uuid,
    pub to: PhoneNumber,
    pub text: String,
}

const FORM: &str = "an address of text messages is off, folder:/a/folder or https://gateway.example.org/messages; \
    http only on this machine";

impl Sms {
    /// `off`, `folder:/a/folder`, which is made where it is missing, or the address of a gateway,
    /// which is asked with the secret in that file.
    pub fn open(url: &str, secret: &Path) -> Result<Self, SmsAddressError> {
        Self::open_trusting(url, secret, &Authorities::of_process())
    }

    /// The same. A gateway at `https://` is known by these authorities.
    pub fn open_trusting(
        url: &str,
        secret: &Path,
        authorities: &Authorities,
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
        let made =
            made.map_err(|source| SmsAddressError::Folder { folder: folder.to_owned(), source })?;
        Ok(Self::Folder(Arc::new(made)))
    }

    /// Returns whether messages go anywhere at all.
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Hands a message over. A gateway that is away is asked three times, which takes 14 seconds at
    /// most.
    pub async fn send(&self, message: &SmsMessage) -> Result<(), SmsError> {
        match self {
            Self::Off => Err(SmsError::Off),
            Self::Folder(folder) => {
                let kept = json!({ "to": message.to.as_str(), "text": message.text });
                Ok(folder.keep(message.id, &kept).await?)
            }
            Self::Gateway(gateway) => {
                let SmsMessage { id, to, text } = message;
                let handed = Handed { id: *id, to: to.as_str(), text };
                Ok(gateway.0.send(*id, &handed).await?)
            }
        }
    }
}
