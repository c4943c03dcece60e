//! Refusals of files, and errors of their store.

use process::problem::{Problem, format_error_chain, log_fault};
use wire::Code;

use crate::documents::DocumentsError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRefusal {
    /// Its bytes match no accepted kind.
    Kind,
    /// It contains something other than its kind: a script, an archive, a page.
    NotPlain,
    Unreadable,
    /// Too many pixels, in total or for its length in bytes, or too much memory to decode.
    TooManyPixels,
    TooLarge,
    BrokenOff,
    TooMany,
    /// Too many uploads are in progress: of its owner, of new accounts together, or of all people.
    Busy,
}

#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    #[error("{0}")]
    Address(&'static str),
    #[error("the file store failed")]
    Store(#[from] object_store::Error),
    #[error("could not write or read a temporary file")]
    Waiting(#[from] std::io::Error),
    #[error("the file register failed")]
    Register(#[from] DocumentsError),
    #[error("a thread that read a file panicked")]
    Thread(#[from] tokio::task::JoinError),
    /// A refusal for the caller, not a fault.
    #[error("the file was refused: {0:?}")]
    Refused(FileRefusal),
}

const RETRY_AFTER_S: u32 = 1;

impl FileRefusal {
    pub fn code(self) -> Code {
        match self {
            Self::Kind => Code::FileKindRefused,
            Self::NotPlain => Code::FileNotPlain,
            Self::Unreadable => Code::PictureUnreadable,
            Self::TooManyPixels => Code::PictureTooLarge,
            Self::TooLarge => Code::BodyTooLarge,
            Self::BrokenOff => Code::MalformedBody,
            Self::TooMany => Code::TooManyFiles,
            Self::Busy => Code::TooManyRequests,
        }
    }

    /// All refusals of a route that accepts files.
    pub const CODES: &[Code] = &[
        Code::FileKindRefused,
        Code::FileNotPlain,
        Code::PictureUnreadable,
        Code::PictureTooLarge,
        Code::BodyTooLarge,
        Code::MalformedBody,
        Code::TooManyFiles,
        Code::TooManyRequests,
    ];
}

impl From<FileRefusal> for FilesError {
    fn from(refusal: FileRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<FilesError> for Problem {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::Refused(FileRefusal::Busy) => {
                Self::new(Code::TooManyRequests).retry_after(RETRY_AFTER_S)
            }
            FilesError::Refused(refusal) => Self::new(refusal.code()),
            FilesError::Register(error) => error.into(),
            FilesError::Address(_) | FilesError::Thread(_) => {
                log_fault("Could not store a file", error)
            }
            FilesError::Store(_) | FilesError::Waiting(_) => {
                tracing::warn!(
                    cause = format_error_chain(&error),
                    "The file store is unreachable"
                );
                Self::new(Code::Unavailable).retry_after(RETRY_AFTER_S)
            }
        }
    }
}
