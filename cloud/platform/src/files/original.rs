//! Checks pictures against a signed hash of their bytes. Pictures of work are stored unchanged;
//! pictures of a published job are encoded again.
//!
//! Invariants: the hash is compared first, so damaged bytes are never reported as a bad picture.
//! One picture at a time is in memory, even if a caller disconnects during its check.

#[cfg(test)]
mod tests;

use std::{
    io::{BufReader, Cursor, Seek},
    sync::Arc,
};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use ring::digest;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};
use tokio_util::sync::CancellationToken;
use wire::Hash;

use super::{
    FileRefusal, FilesError, StoredFile,
    intake::{self, CheckedContent, CheckedFile},
    kind::{self, FileEnds, FileKind},
    picture::{self, PictureSource},
    register::build_file_response,
};

/// Clones share the single reader.
#[derive(Clone)]
pub struct OriginalChecker {
    reader_permit: Arc<Semaphore>,
}

/// The single reader, for one picture. Its holder may have a picture in memory.
pub struct OriginalCheckTurn {
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
pub enum OriginalCheck {
    /// The file has the given bytes, unchanged, or a new encoding of their pixels.
    Sound(CheckedFile),
    /// The bytes have another hash.
    Damaged,
    /// The bytes match the hash, but are not an acceptable picture.
    Refused(FileRefusal),
}

impl Default for OriginalChecker {
    fn default() -> Self {
        Self {
            reader_permit: Arc::new(Semaphore::new(1)),
        }
    }
}

impl OriginalChecker {
    /// Waits for the single reader, which callers get in the order of their requests.
    pub async fn wait_for_turn(&self) -> Result<OriginalCheckTurn, FilesError> {
        let permit = self.reader_permit.clone().acquire_owned().await;
        let permit = permit.map_err(|_| FileRefusal::Busy)?;
        Ok(OriginalCheckTurn { _permit: permit })
    }
}

impl OriginalCheckTurn {
    /// Compares the SHA-256 of the bytes, then checks that they decode as one plain picture.
    pub async fn check_picture(
        self,
        bytes: Vec<u8>,
        sha256: Hash,
    ) -> Result<OriginalCheck, FilesError> {
        self.check_named_bytes(bytes, sha256, move |bytes| {
            check_sound_picture(bytes, sha256)
        })
        .await
    }

    /// Compares the SHA-256 of the bytes, then checks them as an upload and encodes their pixels
    /// again.
    pub async fn renew_picture(
        self,
        bytes: Vec<u8>,
        sha256: Hash,
        side_px_max: u32,
    ) -> Result<OriginalCheck, FilesError> {
        self.check_named_bytes(bytes, sha256, move |bytes| {
            renew_plain_picture(bytes, sha256, side_px_max)
        })
        .await
    }

    async fn check_named_bytes(
        self,
        bytes: Vec<u8>,
        sha256: Hash,
        check: impl FnOnce(Bytes) -> Result<CheckedFile, FilesError> + Send + 'static,
    ) -> Result<OriginalCheck, FilesError> {
        spawn_blocking(move || {
            let _turn = self;
            if digest::digest(&digest::SHA256, &bytes).as_ref() != sha256.0 {
                return Ok(OriginalCheck::Damaged);
            }
            match check(bytes.into()) {
                Ok(file) => Ok(OriginalCheck::Sound(file)),
                Err(FilesError::Refused(refusal)) => Ok(OriginalCheck::Refused(refusal)),
                Err(failed) => Err(failed),
            }
        })
        .await?
    }
}

fn check_sound_picture(bytes: Bytes, sha256: Hash) -> Result<CheckedFile, FilesError> {
    let source = open_picture(bytes.clone(), kind::check_original)?;
    let PictureSource {
        kind,
        bytes: length,
        ..
    } = source;
    let size = picture::measure_picture(source)?;
    Ok(CheckedFile {
        kind,
        hash: hex::encode(sha256.0),
        uploaded_hash: hex::encode(sha256.0),
        bytes: length,
        size: Some(size),
        content: CheckedContent::Held(bytes),
    })
}

fn renew_plain_picture(
    bytes: Bytes,
    sha256: Hash,
    side_px_max: u32,
) -> Result<CheckedFile, FilesError> {
    let source = open_picture(bytes, kind::check_plain)?;
    let hash = hex::encode(sha256.0);
    // A check that has begun runs to its end: the next delivery would begin it again.
    let never_gone = CancellationToken::new();
    intake::renew_picture(source, side_px_max, hash, &never_gone)
}

type PictureReader = BufReader<Cursor<Bytes>>;

fn open_picture(
    bytes: Bytes,
    check: impl FnOnce(FileKind, &FileEnds, &mut PictureReader) -> Result<(), FilesError>,
) -> Result<PictureSource<PictureReader>, FilesError> {
    let mut reader = BufReader::new(Cursor::new(bytes));
    let ends = FileEnds::read(&mut reader)?;
    let kind = FileKind::from_magic_bytes(&ends.head).filter(|kind| kind.is_picture());
    let kind = kind.ok_or(FileRefusal::Kind)?;
    check(kind, &ends, &mut reader)?;
    reader.rewind()?;
    Ok(PictureSource {
        kind,
        file: reader,
        bytes: ends.bytes,
    })
}

/// The address of an original has its hash, so a browser may keep it forever. The common response
/// headers forbid sniffing, scripts and framing.
pub fn original_response(kind: FileKind, bytes: u64, body: Body) -> Response {
    const FOR_GOOD: &str = "private, max-age=31536000, immutable";
    build_file_response(kind, bytes, FOR_GOOD, body)
}

/// The right to see such a picture can end, so a browser keeps it for five minutes.
pub fn renewed_response(file: StoredFile) -> Response {
    let StoredFile { bytes, body } = file;
    build_file_response(FileKind::Jpeg, bytes, "private, max-age=300", body)
}
