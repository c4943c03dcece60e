//! Owns text messages to phones: a gateway that is asked by HTTP, a folder for development, or nothing.
//!
//! Invariants: neither a number nor a text is logged or stands in an error; a message takes a bounded time; every try
//! bears the message's id, by which a gateway drops a repeat; a message is at most the words of its sender, so whoever
//! sends bounds how many there are.

mod error;
mod folder;
mod gateway;
mod phone;

use std::{path::Path, sync::Arc};

use process::trust::Authorities;
use uuid::Uuid;

pub use error::{SmsAddressError, SmsError};
pub use phone::{CountryCode, PhoneNumber};

use folder::SmsFolder;
use gateway::SmsGateway;

/// Where text messages go. Cloning shares the connections.
#[derive(Clone)]
pub enum Sms {
    Off,
    Folder(Arc<SmsFolder>),
    Gateway(Arc<SmsGateway>),
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
    /// `off`, `folder:/a/folder`, which is made where it is missing, or the address of a gateway, which is asked with
    /// the secret in that file.
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
            return Ok(Self::Folder(Arc::new(SmsFolder::open(Path::new(folder))?)));
        }
        Ok(Self::Gateway(Arc::new(SmsGateway::open(url, secret, authorities)?)))
    }

    /// Returns whether messages go anywhere at all.
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Hands a message over. A gateway that is away is asked three times, which takes 14 seconds at most.
    pub async fn send(&self, message: &SmsMessage) -> Result<(), SmsError> {
        match self {
            Self::Off => Err(SmsError::Off),
            Self::Folder(folder) => folder.keep(message).await,
            Self::Gateway(gateway) => gateway.send(message).await,
        }
    }
}
