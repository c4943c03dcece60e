//! Uploaded files: pictures and documents, in a folder or an S3 bucket.
//!
//! Invariants: a file is stored under its owner and the SHA-256 of its bytes, or of the named ones
//! that it was encoded from, so it never changes; only a fully checked file is stored; a picture is
//! stored as a new encoding of its pixels alone, unless it is proof of work, whose bytes a signed
//! hash names; a registered file without references is deleted, unless recently uploaded or
//! referenced.

mod address;
mod intake;
mod kind;
mod original;
mod picture;
mod register;

pub use intake::{CheckedFile, UploadReceiver, UploadRule, Uploader};
pub use kind::FileKind;
pub use original::{
    OriginalCheck, OriginalCheckTurn, OriginalChecker, original_response, renewed_response,
};
pub use picture::PictureSize;
pub use register::{FileBody, FileLinkSigner, FileRecord, FileRegister, LinkQuery, file_response};
pub use wire::FileId;

use std::{fs::DirBuilder, os::unix::fs::DirBuilderExt, path::PathBuf, sync::Arc};

use axum::body::Body;
use futures::TryStreamExt;
use object_store::{
    ObjectStore, ObjectStoreExt, PutPayload, aws::AmazonS3, local::LocalFileSystem, path::Path,
};
use process::{
    problem::{Problem, format_error_chain, log_fault},
    trust::CertificateAuthorities,
};
use wire::{Code, UserId};

use crate::documents::DocumentsError;
use intake::CheckedContent;

#[derive(Clone, Debug)]
pub enum Files {
    Folder {
        store: Arc<LocalFileSystem>,
        folder: PathBuf,
    },
    S3(Box<AmazonS3>),
}

/// The key of a file's bytes; `content` is their SHA-256 in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileKey {
    pub owner: UserId,
    pub purpose: String,
    pub content: String,
}

/// A stored file, with its length for the response.
#[derive(Debug)]
pub struct StoredFile {
    pub bytes: u64,
    pub body: Body,
}

/// A part of a stored file, with the size of the whole.
#[derive(Debug)]
pub struct FilePart {
    pub size: u64,
    pub body: Vec<u8>,
}

/// The part size of uploads: S3 accepts a smaller part only as the last. Also bounds the memory per
/// file.
const PART_BYTES: usize = 5 * 1024 * 1024;
const KEPT: &str = "kept";
const INCOMING: &str = "incoming";

macro_rules! on {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            Self::Folder { store: $store, .. } => $call,
            Self::S3($store) => $call,
        }
    };
}

impl Files {
    /// Opens `file:/a/folder`, created if missing, or
    /// `s3://KEY:SECRET@bucket/prefix?region=R&endpoint=https://host`. S3 connects on first use.
    pub fn open(url: &str) -> Result<Self, FilesError> {
        Self::open_trusting(url, &CertificateAuthorities::of_process())
    }

    /// These authorities verify an `https://` endpoint.
    pub fn open_trusting(
        url: &str,
        authorities: &CertificateAuthorities,
    ) -> Result<Self, FilesError> {
        if url.starts_with("s3:") {
            return Ok(Self::S3(Box::new(address::build_s3_store(
                url,
                authorities,
            )?)));
        }
        let folder = address::parse_folder(url)?;
        // It holds personal papers, so only this user may access it.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder.join(INCOMING))?;
        let store = LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true);
        Ok(Self::Folder {
            store: store.into(),
            folder,
        })
    }

    /// The folder of unchecked uploads: unnamed temporary files, which end with their process.
    pub fn incoming_folder(&self) -> PathBuf {
        match self {
            Self::Folder { folder, .. } => folder.join(INCOMING),
            Self::S3(_) => std::env::temp_dir(),
        }
    }

    /// Stores a checked file. Idempotent.
    pub async fn store_file(&self, place: &FileKey, file: CheckedFile) -> Result<(), FilesError> {
        on!(self, store => put_in(&**store, &place.object_path(), file.content).await)
    }

    pub async fn read(&self, place: &FileKey) -> Result<Body, FilesError> {
        Ok(self.read_with_length(place).await?.body)
    }

    pub async fn read_with_length(&self, place: &FileKey) -> Result<StoredFile, FilesError> {
        let found = on!(self, store => store.get(&place.object_path()).await)?;
        Ok(StoredFile {
            bytes: found.meta.size,
            body: Body::from_stream(found.into_stream().map_err(FilesError::from)),
        })
    }

    /// Reads up to `bytes_max` bytes of a file from `offset` on; none at its end.
    pub async fn read_part(
        &self,
        place: &FileKey,
        offset: u64,
        bytes_max: u64,
    ) -> Result<FilePart, FilesError> {
        let path = place.object_path();
        let size = on!(self, store => store.head(&path).await)?.size;
        let end = size.min(offset.saturating_add(bytes_max));
        let body = match offset < end {
            true => on!(self, store => store.get_range(&path, offset..end).await)?.to_vec(),
            false => Vec::new(),
        };
        Ok(FilePart { size, body })
    }

    /// Deletes a file. Idempotent.
    pub async fn remove(&self, place: &FileKey) -> Result<(), FilesError> {
        match on!(self, store => store.delete(&place.object_path()).await) {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            removed => Ok(removed?),
        }
    }

    pub async fn ping(&self) -> Result<(), FilesError> {
        match on!(self, store => store.head(&Path::from(KEPT)).await) {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            asked => Ok(asked.map(drop)?),
        }
    }
}

impl FileKey {
    fn object_path(&self) -> Path {
        Path::from_iter([KEPT, &self.owner.to_string(), &self.purpose, &self.content])
    }
}

/// Uploads content in memory at once, other content part by part.
async fn put_in(
    store: &impl ObjectStore,
    path: &Path,
    content: CheckedContent,
) -> Result<(), FilesError> {
    let mut pieces = match content {
        CheckedContent::Held(bytes) => {
            store.put(path, PutPayload::from(bytes)).await?;
            return Ok(());
        }
        CheckedContent::Waiting(file) => intake::FileChunks::from_file(file, PART_BYTES),
    };
    let mut upload = store.put_multipart(path).await?;
    let parts = async {
        while let Some(piece) = pieces.next().await? {
            upload.put_part(PutPayload::from(piece)).await?;
        }
        upload.complete().await?;
        Ok::<_, FilesError>(())
    };
    let put = parts.await;
    if put.is_err()
        && let Err(error) = upload.abort().await
    {
        tracing::warn!(%error, "Could not remove the parts of a failed upload from the file store");
    }
    put
}

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
