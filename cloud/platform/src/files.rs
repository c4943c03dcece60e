//! Owns the files that people hand in: pictures and documents, in a folder or in an S3 bucket.
//!
//! Invariants: a file is kept under its owner and the SHA-256 of its bytes, so it never changes;
//! nothing is kept that was not checked whole before; a picture is kept as a new encoding of its
//! pixels alone; a file that nothing names any more is removed, and one that was handed in or named
//! lately is not.

mod address;
mod error;
mod intake;
mod kind;
mod link;
mod pdf;
mod picture;
mod register;
mod s3;
mod served;

use std::{fs::DirBuilder, os::unix::fs::DirBuilderExt, path::PathBuf, sync::Arc};

use axum::body::Body;
use futures::TryStreamExt;
use object_store::{
    ObjectStore, ObjectStoreExt, PutPayload, aws::AmazonS3, local::LocalFileSystem, path::Path,
};
use process::trust::Authorities;
use wire::UserId;

pub use error::{FileRefusal, FilesError};
pub use intake::{CheckedFile, FileIntake, FileRule, FileSender};
pub use kind::FileKind;
pub use link::{FileLinks, LinkQuery};
pub use picture::PictureSize;
pub use register::{FileRecord, FileRegister};
pub use served::{FileBody, served};
pub use wire::FileId;

use intake::CheckedContent;

/// Where files are kept. Cloning shares the connections.
#[derive(Clone, Debug)]
pub enum Files {
    Folder { store: Arc<LocalFileSystem>, folder: PathBuf },
    S3(Box<AmazonS3>),
}

/// The place of a file's bytes: its owner, its use, and the SHA-256 of the bytes in hexadecimal
/// digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePlace {
    pub owner: UserId,
    pub purpose: String,
    pub content: String,
}

/// S3 takes no smaller part but the last. Also the most of a file that is held at once.
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
    /// `file:/a/folder`, which is made where it is missing, or
    /// `s3://KEY:SECRET@bucket/prefix?region=R&endpoint=https://host`. S3 is connected to when
    /// first asked.
    pub fn open(url: &str) -> Result<Self, FilesError> {
        Self::open_trusting(url, &Authorities::of_process())
    }

    /// The same. An endpoint of `https://` is known by these authorities.
    pub fn open_trusting(url: &str, authorities: &Authorities) -> Result<Self, FilesError> {
        if url.starts_with("s3:") {
            return Ok(Self::S3(Box::new(address::s3(url, authorities)?)));
        }
        let folder = address::folder(url)?;
        // Papers of people stand in it: for this user alone.
        DirBuilder::new().recursive(true).mode(0o700).create(folder.join(INCOMING))?;
        let store = LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true);
        Ok(Self::Folder { store: store.into(), folder })
    }

    /// Where bytes wait that have not been checked yet: nameless files, which end with their
    /// process.
    pub fn incoming(&self) -> PathBuf {
        match self {
            Self::Folder { folder, .. } => folder.join(INCOMING),
            Self::S3(_) => std::env::temp_dir(),
        }
    }

    /// Keeps a checked file. Repeating it changes nothing.
    pub async fn put(&self, place: &FilePlace, file: CheckedFile) -> Result<(), FilesError> {
        on!(self, store => put_in(&**store, &place.path(), file.content).await)
    }

    /// The bytes of a file, as they are read.
    pub async fn read(&self, place: &FilePlace) -> Result<Body, FilesError> {
        let found = on!(self, store => store.get(&place.path()).await)?;
        Ok(Body::from_stream(found.into_stream().map_err(FilesError::from)))
    }

    /// Removes a file, or hears that it is gone.
    pub async fn remove(&self, place: &FilePlace) -> Result<(), FilesError> {
        match on!(self, store => store.delete(&place.path()).await) {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            removed => Ok(removed?),
        }
    }

    /// Returns when the store answers.
    pub async fn ping(&self) -> Result<(), FilesError> {
        match on!(self, store => store.head(&Path::from(KEPT)).await) {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            asked => Ok(asked.map(drop)?),
        }
    }
}

impl FilePlace {
    fn path(&self) -> Path {
        Path::from_iter([KEPT, &self.owner.to_string(), &self.purpose, &self.content])
    }
}

/// A file in memory in one piece, another part by part.
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
        CheckedContent::Waiting(file) => intake::Pieces::of(file, PART_BYTES),
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
        tracing::warn!(%error, "Parts of a file that failed are left at the store");
    }
    put
}
