//! Why text messages are not sent. No word here holds a number, a text or the secret.

use std::path::PathBuf;

use super::FORM;

/// A setting that is of no use.
#[derive(Debug, thiserror::Error)]
pub enum SmsAddressError {
    #[error("{FORM}")]
    Form,
    #[error("could not make the folder of text messages {}", folder.display())]
    Folder { folder: PathBuf, source: std::io::Error },
    #[error("could not read the secret of the gateway of text messages in `{}`", file.display())]
    Secret { file: PathBuf, source: std::io::Error },
    #[error("`{}` holds no secret: one line of 1 to 4096 visible characters", .0.display())]
    NoSecret(PathBuf),
}

/// A message that was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum SmsError {
    #[error("text messages are off")]
    Off,
    #[error("the gateway of text messages refused one with status {0}")]
    Refused(u16),
    /// It may have gone out all the same.
    #[error("the gateway of text messages is away: {0}")]
    Away(String),
    #[error("the folder of text messages cannot be written")]
    Folder(#[from] std::io::Error),
    #[error("a thread that wrote a text message died")]
    Thread(#[from] tokio::task::JoinError),
}

impl SmsError {
    /// Returns whether the same message may be taken later.
    pub fn is_passing(&self) -> bool {
        !matches!(self, Self::Off | Self::Refused(_))
    }
}
