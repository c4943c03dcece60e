//! Receives photos of the work, of jobs and of messages, in chunks from edges and whole from people,
//! and keeps them in the file store.
//!
//! Invariants: only bytes that a signed command names are kept: photos of the work unchanged,
//! photos of a job or a message re-encoded. Every step can be repeated after a crash. At most one photo from an
//! edge is in memory.

use std::time::Duration;

use axum::body::Body;
use platform::files::{
    FileKind, Files, FilesError, OriginalCheck, OriginalChecker, StoredFile, UploadReceiver,
    UploadRule, Uploader,
};
use process::problem::Problem;
use tokio::time::timeout;
use wire::{
    Code, CommandId, Hash, MESSAGE_PHOTO_PART_BYTES_MAX, MessagePhotoPart, MessagePhotoPlace,
    PHOTO_BYTES_MAX, PHOTO_CHUNK_BYTES_MAX, PhotoAnswer, PhotoChunkDelivery, Region, UserId,
};

use super::Service;
use crate::store::{ChunkResult, PhotoArrival, PhotoName, PhotoPurpose, PhotoVerdict, WholePhoto};

/// Bounds the rows of a photo. Only the last chunk of a photo may be shorter.
const CHUNK_BYTES_MIN: usize = 1024;

/// The hub waits for ten seconds. A photo whose turn is later is tried again.
const TURN_WITHIN: Duration = Duration::from_secs(4);

/// The longer side of a photo of a job or a message. The page of an order shows no more.
const RENEWED_SIDE_PX_MAX: u32 = 1_600;

#[derive(Clone)]
pub(crate) struct PhotoStorage {
    files: Files,
    checker: OriginalChecker,
    receiver: UploadReceiver,
}

impl PhotoStorage {
    pub(crate) fn new(files: Files) -> Self {
        Self {
            receiver: UploadReceiver::new(&files),
            files,
            checker: OriginalChecker::default(),
        }
    }

    pub(crate) async fn read_photo_of_work(
        &self,
        owner: UserId,
        hash: Hash,
    ) -> Result<Body, FilesError> {
        let key = PhotoPurpose::Work.build_file_key(owner, hash);
        self.files.read(&key).await
    }

    /// Reads a photo of a job or of a message.
    pub(crate) async fn read_renewed_photo(
        &self,
        purpose: PhotoPurpose,
        owner: UserId,
        hash: Hash,
    ) -> Result<StoredFile, FilesError> {
        let key = purpose.build_file_key(owner, hash);
        self.files.read_with_length(&key).await
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
        let name = PhotoName {
            order_id: chunk.order_id,
            command_id: chunk.command_id,
            photo,
        };
        let purpose = self.store.find_photo_purpose(&name, owner).await?;
        let check = match purpose {
            PhotoPurpose::Work => turn.check_picture(bytes, photo.hash).await?,
            PhotoPurpose::Job | PhotoPurpose::Message => {
                turn.renew_picture(bytes, photo.hash, RENEWED_SIDE_PX_MAX)
                    .await?
            }
        };
        let verdict = match check {
            OriginalCheck::Sound(file) => {
                let kind = file.kind;
                let key = purpose.build_file_key(owner, photo.hash);
                self.photos.files.store_file(&key, file).await?;
                PhotoVerdict::Kept(kind)
            }
            OriginalCheck::Refused(refusal) => PhotoVerdict::Refused(refusal.code()),
            OriginalCheck::Damaged => PhotoVerdict::Damaged,
        };
        let answer = self.store.settle_photo(id, verdict).await?;
        self.remove_file_if_refused(answer, owner, purpose, photo.hash)
            .await?;
        log_settled_photo(chunk, answer);
        Ok(answer)
    }

    /// The texts of the order may have been erased since the file was stored.
    async fn remove_file_if_refused(
        &self,
        answer: PhotoAnswer,
        owner: UserId,
        purpose: PhotoPurpose,
        hash: Hash,
    ) -> Result<(), Problem> {
        let code = Code::AuthorDeleted;
        if answer == (PhotoAnswer::Refused { code })
            && !self.store.is_photo_file_used(owner, purpose, hash).await?
        {
            let key = purpose.build_file_key(owner, hash);
            self.photos.files.remove(&key).await?;
        }
        Ok(())
    }

    /// Receives a whole photo of a job or of a message from its owner, whose publication or message
    /// names it.
    pub(crate) async fn receive_whole_photo(
        &self,
        sender: Uploader,
        name: PhotoName,
        purpose: PhotoPurpose,
        body: Body,
    ) -> Result<(), Problem> {
        let rule = UploadRule {
            kinds: FileKind::PICTURES,
            bytes_max: usize::try_from(name.photo.bytes).unwrap_or(usize::MAX),
            side_px_max: RENEWED_SIDE_PX_MAX,
        };
        let receiver = &self.photos.receiver;
        let file = receiver.receive_upload(sender, body, rule).await?;
        if file.uploaded_hash != name.photo.hash.to_string() {
            return Err(Code::PhotoDamaged.into());
        }
        let kind = file.kind;
        let key = purpose.build_file_key(sender.user, name.photo.hash);
        self.photos.files.store_file(&key, file).await?;
        let hash = name.photo.hash;
        let answer = self
            .store
            .record_sent_photo(name, sender.user, purpose, kind)
            .await?;
        self.remove_file_if_refused(answer, sender.user, purpose, hash)
            .await?;
        let order = name.order_id;
        let purpose = purpose.as_str();
        tracing::info!(order.id = %order, %hash, purpose, "Kept a photo that came whole");
        Ok(())
    }
}

impl Service {
    /// Reads the part of a message's photo that an edge of this region asks for.
    pub(crate) async fn read_message_photo(
        &self,
        region: Region,
        place: MessagePhotoPlace,
    ) -> Result<MessagePhotoPart, Problem> {
        let part = MessagePhotoPart {
            place,
            bytes: 0,
            body: Vec::new(),
            is_refused: false,
        };
        let found = self.find_message_photo(region, place).await?;
        let kept = match found.arrival {
            PhotoArrival::Kept(kept) => kept,
            PhotoArrival::Awaited => return Ok(part),
            PhotoArrival::Refused(_) => {
                return Ok(MessagePhotoPart {
                    is_refused: true,
                    ..part
                });
            }
        };
        let key = PhotoPurpose::Message.build_file_key(kept.owner, found.hash);
        let files = &self.photos.files;
        let most = MESSAGE_PHOTO_PART_BYTES_MAX as u64;
        let read = files.read_part(&key, place.offset.into(), most).await?;
        Ok(MessagePhotoPart {
            bytes: u32::try_from(read.size).unwrap_or(u32::MAX),
            body: read.body,
            ..part
        })
    }

    /// A message of another region, or one that was erased, counts as refused.
    async fn find_message_photo(
        &self,
        region: Region,
        place: MessagePhotoPlace,
    ) -> Result<FoundMessagePhoto, Problem> {
        let MessagePhotoPlace {
            order_id, number, ..
        } = place;
        let missing = FoundMessagePhoto {
            hash: Hash([0; 32]),
            arrival: PhotoArrival::Refused(Code::PhotoNotNamed),
        };
        let order = self.store.find_order(order_id).await?;
        if order.is_none_or(|order| order.location != region) {
            return Ok(missing);
        }
        let Some(message) = self.store.find_message(order_id, number, None).await? else {
            return Ok(missing);
        };
        let Some(photo) = message.photo() else {
            return Ok(missing);
        };
        let messages = std::slice::from_ref(&message);
        let arrivals = self
            .store
            .list_message_photo_arrivals(order_id, messages)
            .await?;
        let arrival = arrivals.get(&(CommandId(message.id), photo.hash)).copied();
        Ok(FoundMessagePhoto {
            hash: photo.hash,
            arrival: arrival.unwrap_or(PhotoArrival::Awaited),
        })
    }
}

struct FoundMessagePhoto {
    hash: Hash,
    arrival: PhotoArrival,
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
            tracing::info!(order.id = %order_id, command.id = %command_id, %hash, bytes, "Kept a photo");
        }
        PhotoAnswer::Refused { code } => {
            tracing::warn!(
                order.id = %order_id, command.id = %command_id, edge.id = %edge, %hash,
                "Refused a photo: `{code}`"
            );
        }
        PhotoAnswer::Later => {}
    }
}
