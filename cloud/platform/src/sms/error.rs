//! Errors of sending text messages. They contain no number, text or secret.

use std::path::PathBuf;

use super::FORM;
use crate::gateway::{GatewayAddressError, GatewayError};

/// An invalid setting.
#[derive(Debug, thiserror::Error)]
pub enum SmsAddressError {
    #[error("{FORM}")]
    Form,
    #[error("could not create the text message folder {}", folder.display())]
    Folder {
        folder: PathBuf,
        source: std::io::Error,
    },
    #[error("could not set up the text message gateway")]
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

#[derive(Debug, thiserror::Error)]
pub enum SmsError {
    #[error("text messages are off")]
    Off,
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error("could not write to the text message folder")]
    Folder(#[from] std::io::Error),
}

impl SmsError {
    /// True if the same message may be accepted later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Off => false,
            Self::Gateway(error) => error.is_passing(),
            Self::Folder(_) => true,
        }
    }
}
