//! Why text messages are not sent. No word here holds a number, a text or the secret.

use std::path::PathBuf;

use super::FORM;
use crate::gateway::{GatewayAddressError, GatewayError};

/// A setting that is of no use.
#[derive(Debug, thiserror::Error)]
pub enum SmsAddressError {
    #[error("{FORM}")]
    Form,
    #[error("could not make the folder of text messages {}", folder.display())]
    Folder { folder: PathBuf, source: std::io::Error },
    #[error("the gateway of text messages")]
    Gateway(#[source] GatewayAddressError),
}

impl From<GatewayAddressError> for SmsAddressError {
    fn from(error: GatewayAddressError) -> Self {
        match error {
            GatewayAddressError::Form => Self::Form,
            error => Self::Gateway(error),
        }
    }
}

/// A message that was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum SmsError {
    #[error("text messages are off")]
    Off,
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error("the folder of text messages cannot be written")]
    Folder(#[from] std::io::Error),
}

impl SmsError {
    /// Returns whether the same message may be taken later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Off => false,
            Self::Gateway(error) => error.is_passing(),
            Self::Folder(_) => true,
        }
    }
}
