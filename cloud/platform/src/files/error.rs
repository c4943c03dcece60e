//! Refusals of files, and failures of their store.

use process::problem::{Problem, chain, fault};
use wire::Code;

use crate::documents::DocumentsError;

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRefusal {
    /// Its bytes are of no kind that is taken there.
    Kind,
    /// It holds something else beside what it says it is: a script, an archive, a page.
    NotPlain,
    Unreadable,
    /// More pixels, or more memory to decode, than a picture or one of so few bytes may have.
    TooManyPixels,
    TooLarge,
    /// The body broke off.
    BrokenOff,
    /// Its owner has as many as one person may.
    TooMany,
    /// Its owner, new accounts together, or all people together have too many on their way.
    Busy,
}

#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    #[error("{0}")]
    Address(&'static str),
    #[error("the store of files did not do as asked")]
    Store(#[from] object_store::Error),
    #[error("a file on its way could not be kept or read")]
    Waiting(#[from] std::io::Error),
    #[error("the list of files did not do as asked")]
    Register(#[from] DocumentsError),
    #[error("a thread that read a file died")]
    Thread(#[from] tokio::task::JoinError),
    /// No failure, but a word for the caller.
    #[error("the file is refused: {0:?}")]
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

    /// All that a route which takes files may answer.
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
            FilesError::Address(_) | FilesError::Thread(_) => fault("Could not keep a file", error),
            FilesError::Store(_) | FilesError::Waiting(_) => {
                tracing::warn!(cause = chain(&error), "The store of files is out of reach");
                Self::new(Code::Unavailable).retry_after(RETRY_AFTER_S)
            }
        }
    }
}
