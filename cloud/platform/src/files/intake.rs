//! The way of a file from its sender to a checked one.
//!
//! Invariants: a body waits on disk, and its check reads it piece by piece; pictures are decoded one at a time, so
//! their memory is bounded by the largest; nobody keeps others out by sending slowly.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, Seek},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::{Body, Bytes};
use futures::StreamExt;
use http_body_util::LengthLimitError;
use ring::digest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};
use wire::UserId;

use super::{
    FileKind, FileRefusal, Files, FilesError, PictureSize,
    kind::{self, FileEnds},
    pdf, picture,
};

/// What a route takes.
#[derive(Debug, Clone, Copy)]
pub struct FileRule {
    pub kinds: &'static [FileKind],
    pub bytes_max: usize,
    /// A larger picture is made smaller.
    pub side_px_max: u32,
}

/// A file that may be kept.
#[derive(Debug)]
pub struct CheckedFile {
    pub kind: FileKind,
    /// The SHA-256 of the bytes that are kept, in hexadecimal digits.
    pub hash: String,
    pub bytes: u64,
    /// Of a picture.
    pub size: Option<PictureSize>,
    pub(super) content: CheckedContent,
}

#[derive(Debug)]
pub(super) enum CheckedContent {
    /// A picture, which was encoded anew.
    Held(Bytes),
    Waiting(File),
}

#[derive(Clone)]
pub struct FileIntake {
    incoming: PathBuf,
    /// Files on their way, each with its place on disk. A further one hears to come back.
    ways: Arc<Semaphore>,
    of_one: Arc<Mutex<HashMap<UserId, usize>>>,
    reader: Arc<Semaphore>,
}

const WAYS: usize = 32;
const READ_BYTES: usize = 64 * 1024;
const WAYS_OF_ONE: usize = 2;

impl FileIntake {
    pub fn new(files: &Files) -> Self {
        Self {
            incoming: files.incoming(),
            ways: Arc::new(Semaphore::new(WAYS)),
            of_one: Arc::default(),
            reader: Arc::new(Semaphore::new(1)),
        }
    }

    /// Takes a body to its end and checks it.
    pub async fn take(
        &self,
        owner: UserId,
        body: Body,
        rule: FileRule,
    ) -> Result<CheckedFile, FilesError> {
        let _way = self.way(owner)?;
        let waiting = self.received(body, rule.bytes_max).await?;
        let _reader = self.reader.acquire().await.map_err(|_| FileRefusal::Busy)?;
        spawn_blocking(move || checked(waiting, rule)).await?
    }

    fn way(&self, owner: UserId) -> Result<Way, FileRefusal> {
        let permit = self.ways.clone().try_acquire_owned().map_err(|_| FileRefusal::Busy)?;
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        let own = of_one.entry(owner).or_default();
        if *own >= WAYS_OF_ONE {
            return Err(FileRefusal::Busy);
        }
        *own += 1;
        Ok(Way { owner, of_one: self.of_one.clone(), _permit: permit })
    }

    async fn received(&self, body: Body, bytes_max: usize) -> Result<Waiting, FilesError> {
        let folder = self.incoming.clone();
        let file = spawn_blocking(move || tempfile::tempfile_in(folder)).await??;
        let mut file = tokio::fs::File::from_std(file);
        let (mut bytes, mut hash) = (0, digest::Context::new(&digest::SHA256));
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| broken(&error))?;
            bytes += piece.len();
            if bytes > bytes_max {
                return Err(FileRefusal::TooLarge.into());
            }
            hash.update(&piece);
            file.write_all(&piece).await?;
        }
        file.flush().await?;
        Ok(Waiting { file: file.into_std().await, bytes, hash: hex::encode(hash.finish()) })
    }
}

struct Waiting {
    file: File,
    bytes: usize,
    hash: String,
}

/// A place among the files on their way, until it is dropped.
struct Way {
    owner: UserId,
    of_one: Arc<Mutex<HashMap<UserId, usize>>>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Way {
    fn drop(&mut self) {
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = of_one.get_mut(&self.owner) {
            *own -= 1;
            if *own == 0 {
                of_one.remove(&self.owner);
            }
        }
    }
}

/// The limits around the whole process are found below an error of axum's.
fn broken(error: &(dyn std::error::Error + 'static)) -> FileRefusal {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let is_too_large = causes.any(|cause| cause.is::<LengthLimitError>());
    if is_too_large { FileRefusal::TooLarge } else { FileRefusal::BrokenOff }
}

fn checked(waiting: Waiting, rule: FileRule) -> Result<CheckedFile, FilesError> {
    let Waiting { mut file, bytes, hash } = waiting;
    let ends = FileEnds::read(&mut file)?;
    let kind = FileKind::of(&ends.head).filter(|kind| rule.kinds.contains(kind));
    let kind = kind.ok_or(FileRefusal::Kind)?;
    let mut reader = BufReader::with_capacity(READ_BYTES, file);
    kind::check_plain(kind, &ends, &mut reader)?;
    reader.rewind()?;
    if !kind.is_picture() {
        pdf::check(&mut reader, &ends)?;
        let mut file = reader.into_inner();
        file.rewind()?;
        let content = CheckedContent::Waiting(file);
        return Ok(CheckedFile { kind, hash, bytes: bytes as u64, size: None, content });
    }
    let (renewed, size) = picture::renewed(kind, reader, rule.side_px_max)?;
    let hash = hex::encode(digest::digest(&digest::SHA256, &renewed));
    Ok(CheckedFile {
        kind: FileKind::Jpeg,
        hash,
        bytes: renewed.len() as u64,
        size: Some(size),
        content: CheckedContent::Held(renewed.into()),
    })
}

/// A file that is read piece by piece. All but the last are of the same length.
pub(super) struct Pieces {
    file: tokio::fs::File,
    bytes: usize,
}

impl Pieces {
    pub fn of(file: File, bytes: usize) -> Self {
        Self { file: tokio::fs::File::from_std(file), bytes }
    }

    pub async fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut piece = Vec::with_capacity(self.bytes);
        (&mut self.file).take(self.bytes as u64).read_to_end(&mut piece).await?;
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }
}

#[cfg(test)]
mod tests;
