//! Checks pictures that are stored as they are, because a signed hash names their bytes.
//!
//! Invariants: the hash is compared first, so damaged bytes are never taken for a bad picture;
//! pictures are decoded one at a time, even if a caller hangs up during the check, so the largest
//! bounds memory.

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
use wire::Hash;

use super::{
    FileRefusal, FilesError,
    intake::{CheckedContent, CheckedFile},
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
    /// The file has the given bytes, unchanged.
    Sound(CheckedFile),
    /// The bytes have another hash.
    Damaged,
    /// The bytes are the named ones, and not an acceptable picture.
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
    /// Compares the SHA-256 of the bytes, then checks that they are one plain picture which decodes.
    pub async fn check_picture(
        self,
        bytes: Vec<u8>,
        sha256: Hash,
    ) -> Result<OriginalCheck, FilesError> {
        spawn_blocking(move || {
            let _turn = self;
            if digest::digest(&digest::SHA256, &bytes).as_ref() != sha256.0 {
                return Ok(OriginalCheck::Damaged);
            }
            match check_sound_picture(bytes.into(), sha256) {
                Ok(file) => Ok(OriginalCheck::Sound(file)),
                Err(FilesError::Refused(refusal)) => Ok(OriginalCheck::Refused(refusal)),
                Err(failed) => Err(failed),
            }
        })
        .await?
    }
}

fn check_sound_picture(bytes: Bytes, sha256: Hash) -> Result<CheckedFile, FilesError> {
    let mut reader = BufReader::new(Cursor::new(bytes.clone()));
    let ends = FileEnds::read(&mut reader)?;
    let kind = FileKind::from_magic_bytes(&ends.head).filter(|kind| kind.is_picture());
    let kind = kind.ok_or(FileRefusal::Kind)?;
    kind::check_original(kind, &ends, &mut reader)?;
    reader.rewind()?;
    let source = PictureSource {
        kind,
        file: reader,
        bytes: ends.bytes,
    };
    let size = picture::measure_picture(source)?;
    Ok(CheckedFile {
        kind,
        hash: hex::encode(sha256.0),
        bytes: ends.bytes,
        size: Some(size),
        content: CheckedContent::Held(bytes),
    })
}

/// The address of an original has its hash, so a browser may keep it for good. The common response
/// headers forbid sniffing, scripts and framing.
pub fn original_response(kind: FileKind, bytes: u64, body: Body) -> Response {
    const FOR_GOOD: &str = "private, max-age=31536000, immutable";
    build_file_response(kind, bytes, FOR_GOOD, body)
}
