//! Takes photos of the work that edges send in chunks, and keeps each in the file store once it is
//! whole.
//!
//! Invariants: only the bytes that the signed command names are kept, unchanged; every step can be
//! repeated after a crash; one photo at a time is in memory.

use std::time::Duration;

use axum::body::Body;
use platform::files::{FileKey, Files, FilesError, OriginalCheck, OriginalChecker};
use process::problem::Problem;
use tokio::time::timeout;
use wire::{
    Code, Hash, PHOTO_BYTES_MAX, PHOTO_CHUNK_BYTES_MAX, PhotoAnswer, PhotoChunkDelivery, UserId,
};

use super::Service;
use crate::store::{ChunkResult, PhotoVerdict, WholePhoto};

/// Bounds the rows of a photo. Edges send none shorter, but for a photo's last.
const CHUNK_BYTES_MIN: usize = 1024;

/// The hub waits for ten seconds. A photo whose turn is later is tried again.
const TURN_WITHIN: Duration = Duration::from_secs(4);

const PURPOSE: &str = "work";

#[derive(Clone)]
pub(crate) struct PhotoStorage {
    files: Files,
    checker: OriginalChecker,
}

impl PhotoStorage {
    pub(crate) fn new(files: Files) -> Self {
        Self {
            files,
            checker: OriginalChecker::default(),
        }
    }

    pub(crate) async fn read(&self, owner: UserId, hash: Hash) -> Result<Body, FilesError> {
        self.files.read(&build_file_key(owner, hash)).await
    }
}

fn build_file_key(owner: UserId, hash: Hash) -> FileKey {
    FileKey {
        owner,
        purpose: PURPOSE.to_owned(),
        content: hash.to_string(),
    }
}

impl Service {
    pub(crate) async fn receive_photo_chunk(
        &self,
        chunk: PhotoChunkDelivery,
    ) -> Result<PhotoAnswer, Problem> {
        if !has_valid_place(&chunk) {
            return Err(Code::InvalidInput.into());
        }
        match self.store.stage_photo_chunk(&chunk).await? {
            ChunkResult::Answered(answer) => Ok(answer),
            ChunkResult::Whole(whole) => self.keep_whole_photo(&chunk, whole).await,
        }
    }

    async fn keep_whole_photo(
        &self,
        chunk: &PhotoChunkDelivery,
        whole: WholePhoto,
    ) -> Result<PhotoAnswer, Problem> {
        let Ok(turn) = timeout(TURN_WITHIN, self.photos.checker.wait_for_turn()).await else {
            return Ok(PhotoAnswer::Later);
        };
        let turn = turn?;
        let bytes = self.store.read_staged_photo(whole.id).await?;
        let WholePhoto { id, owner, photo } = whole;
        let verdict = match turn.check_picture(bytes, photo.hash).await? {
            OriginalCheck::Sound(file) => {
                let kind = file.kind;
                let key = build_file_key(owner, photo.hash);
                self.photos.files.store_file(&key, file).await?;
                PhotoVerdict::Kept(kind)
            }
            OriginalCheck::Refused(refusal) => PhotoVerdict::Refused(refusal.code()),
            OriginalCheck::Damaged => PhotoVerdict::Damaged,
        };
        let answer = self.store.settle_photo(id, verdict).await?;
        log_settled_photo(chunk, answer);
        Ok(answer)
    }
}

fn has_valid_place(chunk: &PhotoChunkDelivery) -> bool {
    let PhotoChunkDelivery {
        photo,
        offset,
        body,
        ..
    } = chunk;
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let end = offset.checked_add(length);
    let is_last = end == Some(photo.bytes);
    let is_long_enough = body.is_empty() || is_last || body.len() >= CHUNK_BYTES_MIN;
    body.len() <= PHOTO_CHUNK_BYTES_MAX
        && (1..=PHOTO_BYTES_MAX).contains(&photo.bytes)
        && end.is_some_and(|end| end <= photo.bytes)
        && is_long_enough
}

fn log_settled_photo(chunk: &PhotoChunkDelivery, answer: PhotoAnswer) {
    let PhotoChunkDelivery {
        edge,
        order_id,
        command_id,
        photo,
        ..
    } = chunk;
    let hash = photo.hash;
    match answer {
        PhotoAnswer::Stored { bytes } => {
            tracing::info!(order.id = %order_id, command.id = %command_id, %hash, bytes, "Kept a photo of the work");
        }
        PhotoAnswer::Refused { code } => {
            tracing::warn!(
                order.id = %order_id, command.id = %command_id, edge.id = %edge, %hash,
                "Refused a photo of the work: `{code}`"
            );
        }
        PhotoAnswer::Later => {}
    }
}
