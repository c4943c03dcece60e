//! Receives uploads and checks them. Semaphores limit the uploads in progress.
//!
//! Invariants: a body is buffered on disk, and its check reads it in chunks; pictures are decoded
//! one at a time, even if a caller hangs up during the check, so the largest bounds memory; new
//! accounts use at most half of the upload permits, and an established account waits for at most
//! one check of theirs.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Seek},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::{Body, Bytes};
use futures::StreamExt;
use http_body_util::LengthLimitError;
use process::tokens::Claims;
use ring::digest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};
use tokio_util::sync::CancellationToken;
use wire::UserId;

use super::{
    FileRefusal, Files, FilesError,
    kind::{self, FileEnds, FileKind},
    picture::{self, PictureSize, PictureSource},
};
use crate::AccountTrust;

#[derive(Debug, Clone, Copy)]
pub struct UploadRule {
    pub kinds: &'static [FileKind],
    pub bytes_max: usize,
    /// Larger pictures are scaled down.
    pub side_px_max: u32,
}

#[derive(Debug, Clone, Copy)]
pub struct Uploader {
    pub user: UserId,
    pub trust: AccountTrust,
}

#[derive(Debug)]
pub struct CheckedFile {
    pub kind: FileKind,
    /// The SHA-256 of the stored bytes, in hexadecimal.
    pub hash: String,
    /// The SHA-256 of the bytes as they came, in hexadecimal.
    pub uploaded_hash: String,
    pub bytes: u64,
    /// Set for a picture.
    pub size: Option<PictureSize>,
    pub(super) content: CheckedContent,
}

#[derive(Debug)]
pub(super) enum CheckedContent {
    /// A re-encoded picture.
    Held(Bytes),
    Waiting(File),
}

#[derive(Clone)]
pub struct UploadReceiver {
    incoming: PathBuf,
    /// Uploads in progress, each with a file on disk. Further uploads are refused.
    upload_permits: Arc<Semaphore>,
    upload_permits_of_new: Arc<Semaphore>,
    of_one: Arc<Mutex<HashMap<UserId, usize>>>,
    /// The single reader, which callers get in the order of their requests.
    reader_permit: Arc<Semaphore>,
    /// New accounts need this permit first, so at most one of them queues for the reader.
    reader_permit_of_new: Arc<Semaphore>,
}

const UPLOADS_MAX: usize = 32;
const UPLOADS_OF_NEW_MAX: usize = 16;
const READ_BYTES: usize = 64 * 1024;
const UPLOADS_OF_ONE_MAX: usize = 2;

impl Uploader {
    pub fn from_claims(claims: &Claims) -> Self {
        Self {
            user: claims.sub,
            trust: AccountTrust::from_claims(claims),
        }
    }
}

impl UploadReceiver {
    pub fn new(files: &Files) -> Self {
        Self {
            incoming: files.incoming_folder(),
            upload_permits: Arc::new(Semaphore::new(UPLOADS_MAX)),
            upload_permits_of_new: Arc::new(Semaphore::new(UPLOADS_OF_NEW_MAX)),
            of_one: Arc::default(),
            reader_permit: Arc::new(Semaphore::new(1)),
            reader_permit_of_new: Arc::new(Semaphore::new(1)),
        }
    }

    pub async fn receive_upload(
        &self,
        sender: Uploader,
        body: Body,
        rule: UploadRule,
    ) -> Result<CheckedFile, FilesError> {
        let upload_permit = self.acquire_upload_permit(sender)?;
        let waiting = self.receive_body(body, rule.bytes_max).await?;
        let reader_permit = self.acquire_reader_permit(sender.trust).await?;
        run_check((upload_permit, reader_permit), move |gone| {
            check_upload(waiting, rule, gone)
        })
        .await
    }

    fn acquire_upload_permit(&self, sender: Uploader) -> Result<UploadPermit, FileRefusal> {
        let Uploader { user, trust } = sender;
        let of_new = match trust {
            AccountTrust::New => Some(take_permit(&self.upload_permits_of_new)?),
            AccountTrust::Established => None,
        };
        let of_all = take_permit(&self.upload_permits)?;
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        let own = of_one.entry(user).or_default();
        if *own >= UPLOADS_OF_ONE_MAX {
            return Err(FileRefusal::Busy);
        }
        *own += 1;
        Ok(UploadPermit {
            user,
            of_one: self.of_one.clone(),
            _of_new: of_new,
            _of_all: of_all,
        })
    }

    /// Waits for the single reader.
    async fn acquire_reader_permit(&self, trust: AccountTrust) -> Result<CheckPermit, FileRefusal> {
        let of_new = match trust {
            AccountTrust::New => Some(wait_for(&self.reader_permit_of_new).await?),
            AccountTrust::Established => None,
        };
        let reader = wait_for(&self.reader_permit).await?;
        Ok(CheckPermit {
            _reader: reader,
            _of_new: of_new,
        })
    }

    async fn receive_body(
        &self,
        body: Body,
        bytes_max: usize,
    ) -> Result<ReceivedUpload, FilesError> {
        let folder = self.incoming.clone();
        let file = spawn_blocking(move || tempfile::tempfile_in(folder)).await??;
        let mut file = tokio::fs::File::from_std(file);
        let mut bytes = 0;
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| refusal_from_body_error(&error))?;
            bytes += piece.len();
            if bytes > bytes_max {
                return Err(FileRefusal::TooLarge.into());
            }
            hash.update(&piece);
            file.write_all(&piece).await?;
        }
        file.flush().await?;
        Ok(ReceivedUpload {
            file: file.into_std().await,
            bytes,
            hash: hex::encode(hash.finish()),
        })
    }
}

struct ReceivedUpload {
    file: File,
    bytes: usize,
    hash: String,
}

/// A permit for one upload in progress, released on drop.
struct UploadPermit {
    user: UserId,
    of_one: Arc<Mutex<HashMap<UserId, usize>>>,
    _of_new: Option<OwnedSemaphorePermit>,
    _of_all: OwnedSemaphorePermit,
}

/// A permit for the single reader, released on drop.
struct CheckPermit {
    _reader: OwnedSemaphorePermit,
    _of_new: Option<OwnedSemaphorePermit>,
}

fn take_permit(permits: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, FileRefusal> {
    permits
        .clone()
        .try_acquire_owned()
        .map_err(|_| FileRefusal::Busy)
}

async fn wait_for(permits: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, FileRefusal> {
    permits
        .clone()
        .acquire_owned()
        .await
        .map_err(|_| FileRefusal::Busy)
}

/// Runs a check on a blocking thread, which holds both permits until the end, even if the caller
/// hangs up: otherwise one person could have many pictures decoded at once. The token is cancelled
/// when the caller is gone.
async fn run_check<T: Send + 'static>(
    held: (UploadPermit, CheckPermit),
    check: impl FnOnce(&CancellationToken) -> Result<T, FilesError> + Send + 'static,
) -> Result<T, FilesError> {
    let gone = CancellationToken::new();
    let for_check = gone.clone();
    let _told_when_dropped = gone.drop_guard();
    spawn_blocking(move || {
        let _held = held;
        check(&for_check)
    })
    .await?
}

impl Drop for UploadPermit {
    fn drop(&mut self) {
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = of_one.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                of_one.remove(&self.user);
            }
        }
    }
}

/// A server-wide body limit appears as a cause inside axum's error.
fn refusal_from_body_error(error: &(dyn std::error::Error + 'static)) -> FileRefusal {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let is_too_large = causes.any(|cause| cause.is::<LengthLimitError>());
    if is_too_large {
        FileRefusal::TooLarge
    } else {
        FileRefusal::BrokenOff
    }
}

fn check_upload(
    waiting: ReceivedUpload,
    rule: UploadRule,
    gone: &CancellationToken,
) -> Result<CheckedFile, FilesError> {
    if gone.is_cancelled() {
        return Err(FileRefusal::BrokenOff.into());
    }
    let ReceivedUpload {
        mut file,
        bytes,
        hash,
    } = waiting;
    let ends = FileEnds::read(&mut file)?;
    let kind = FileKind::from_magic_bytes(&ends.head).filter(|kind| rule.kinds.contains(kind));
    let kind = kind.ok_or(FileRefusal::Kind)?;
    let mut reader = BufReader::with_capacity(READ_BYTES, file);
    kind::check_plain(kind, &ends, &mut reader)?;
    reader.rewind()?;
    if !kind.is_picture() {
        kind::check_pdf(&mut reader, &ends)?;
        let mut file = reader.into_inner();
        file.rewind()?;
        let content = CheckedContent::Waiting(file);
        return Ok(CheckedFile {
            kind,
            hash: hash.clone(),
            uploaded_hash: hash,
            bytes: bytes as u64,
            size: None,
            content,
        });
    }
    let source = PictureSource {
        kind,
        file: reader,
        bytes: bytes as u64,
    };
    renew_picture(source, rule.side_px_max, hash, gone)
}

/// Keeps a new encoding of the pixels alone.
pub(super) fn renew_picture(
    source: PictureSource<impl BufRead + Seek>,
    side_px_max: u32,
    uploaded_hash: String,
    gone: &CancellationToken,
) -> Result<CheckedFile, FilesError> {
    let (renewed, size) = picture::reencode_picture(source, side_px_max, gone)?;
    let hash = hex::encode(digest::digest(&digest::SHA256, &renewed));
    Ok(CheckedFile {
        kind: FileKind::Jpeg,
        hash,
        uploaded_hash,
        bytes: renewed.len() as u64,
        size: Some(size),
        content: CheckedContent::Held(renewed.into()),
    })
}

/// Reads a file in chunks of equal length, except the last.
pub(super) struct FileChunks {
    file: tokio::fs::File,
    bytes: usize,
}

impl FileChunks {
    pub(super) fn from_file(file: File, bytes: usize) -> Self {
        Self {
            file: tokio::fs::File::from_std(file),
            bytes,
        }
    }

    pub(super) async fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut piece = Vec::with_capacity(self.bytes);
        (&mut self.file)
            .take(self.bytes as u64)
            .read_to_end(&mut piece)
            .await?;
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }
}
