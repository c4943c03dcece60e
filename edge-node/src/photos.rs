//! Photos of work on their way from a tablet to the cloud. A tablet uploads each in parts after its
//! command, and continues a broken upload at the edge's offset; the link sends whole photos.
//!
//! Invariants: the bytes that a tablet got an answer for are on the disk. A photo is whole only if it matches
//! the hash that the signed command names. Uploads touch only photos that are not whole, the link
//! only whole ones, so neither waits for the other.

mod files;
mod index;
mod sending;

#[cfg(test)]
mod tests;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use journal::JournalError;
use process::{clock::Clock, problem::format_error_chain};
use serde::Serialize;
use tokio::sync::{Mutex as AsyncMutex, Notify};
use utoipa::ToSchema;
use wire::{Code, UnixMillis};

use crate::{
    config::Config,
    store::{NamedPhoto, Store},
};
use files::{PhotoFile, PhotoFileKind, PhotoFolder};
use index::{PhotoIndex, PhotoProgress, PhotoSending};
pub(crate) use sending::PhotoChunkPlace;

#[derive(Clone)]
pub(crate) struct PhotoStore(Arc<Inner>);

struct Inner {
    folder: PhotoFolder,
    clock: Clock,
    index: Mutex<PhotoIndex>,
    /// Held while an upload or the clean-up changes files. Waiting for it costs no thread.
    writing: Arc<AsyncMutex<()>>,
    completed: Arc<Notify>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PhotoState {
    /// Nothing of it is here.
    Missing,
    /// Its first bytes are on this edge's disk.
    Partial,
    /// It is on this edge's disk, whole and as its command names it.
    Stored,
    /// The cloud has it.
    Sent,
    /// The cloud never takes it; `code` is the reason.
    Refused,
}

/// Where a photo is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PhotoStanding {
    pub state: PhotoState,
    /// How many bytes from its start are safe. An upload continues from here.
    pub have: u32,
    /// Its size.
    pub bytes: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

/// The room for photos at this edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EdgePhotoRoom)]
pub(crate) struct PhotoRoom {
    /// How much more the edge takes now.
    pub room_bytes: u64,
    /// Photos here that the cloud lacks.
    pub waiting: u32,
}

/// A part of a photo that a tablet sends.
pub(crate) struct UploadedPart {
    pub named: NamedPhoto,
    pub offset: u32,
    pub body: Bytes,
    pub takes: UploadsTaken,
}

/// The uploads that the disk's state allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UploadsTaken {
    All,
    /// Uploads that have begun.
    Begun,
    Nothing,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    #[error("{0}")]
    Refused(Code),
    #[error("the disk is full")]
    DiskFull(#[source] io::Error),
    #[error("could not write the photo")]
    Write(#[source] io::Error),
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum PhotoFolderError {
    #[error("could not read the folder of photos")]
    Folder(#[from] io::Error),
    #[error("could not look for the commands that name photos")]
    Log(#[from] JournalError),
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// For parts and markers: as long as the log has their commands. A whole photo stays until the cloud
/// has it.
const KEPT_MS: i64 = 35 * DAY_MS;

impl PhotoStore {
    /// Empty until `load_folder`.
    pub(crate) fn new(config: &Config, clock: &Clock) -> Self {
        let room_bytes = u64::from(config.photo_room_mb) << 20;
        Self(Arc::new(Inner {
            folder: PhotoFolder::in_data(&config.data),
            clock: clock.clone(),
            index: Mutex::new(PhotoIndex::new(room_bytes)),
            writing: Arc::default(),
            completed: Arc::default(),
        }))
    }

    /// Reads the folder and finishes what a stop has interrupted. Runs once, at the start.
    pub(crate) async fn load_folder(&self, store: &Store) -> Result<(), PhotoFolderError> {
        let before = self.oldest_kept();
        for file in self.0.folder.list()? {
            let is_old = file.changed_at < before && file.kind != PhotoFileKind::Whole;
            if is_old || self.is_useless(&file, store).await? {
                self.0.folder.remove(&file.named, file.kind)?;
            } else {
                self.load_file(&file);
            }
        }
        Ok(())
    }

    /// Notified when a photo is whole.
    pub(crate) fn completion_notifier(&self) -> Arc<Notify> {
        Arc::clone(&self.0.completed)
    }

    pub(crate) fn find_standing(&self, named: &NamedPhoto) -> PhotoStanding {
        self.lock_index().build_standing(named)
    }

    pub(crate) fn compute_room(&self) -> PhotoRoom {
        self.lock_index().compute_room()
    }

    /// Answers once the part is on the disk. A part that does not continue the photo stores nothing.
    pub(crate) async fn store_part(
        &self,
        part: UploadedPart,
    ) -> Result<PhotoStanding, UploadError> {
        let writing = Arc::clone(&self.0.writing).lock_owned().await;
        let photos = self.clone();
        let storing = tokio::task::spawn_blocking(move || {
            let _writing = writing;
            photos.write_part(&part)
        });
        storing
            .await
            .unwrap_or_else(|error| Err(UploadError::Write(error.into())))
    }

    fn write_part(&self, part: &UploadedPart) -> Result<PhotoStanding, UploadError> {
        let UploadedPart {
            named,
            offset,
            body,
            takes,
        } = part;
        let progress = self.lock_index().find_progress(named);
        let (is_new, have) = match progress {
            None => (true, 0),
            Some(PhotoProgress::Partial { have }) => (false, have),
            Some(PhotoProgress::Whole(_) | PhotoProgress::Sent | PhotoProgress::Refused(_)) => {
                return Ok(self.find_standing(named));
            }
        };
        if *offset != have {
            return Ok(self.find_standing(named));
        }
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let end = have
            .checked_add(length)
            .filter(|end| *end <= named.bytes)
            .ok_or(UploadError::Refused(Code::BodyTooLarge))?;
        self.check_room(named, is_new, *takes)?;
        let now = self.0.clock.now();
        let written = self.0.folder.write_part(named, have, body, now);
        let finished = written.and_then(|()| self.finish_if_whole(named, end));
        match finished {
            Ok(true) => Ok(self.find_standing(named)),
            Ok(false) => Err(UploadError::Refused(Code::PhotoDamaged)),
            Err(error) => {
                self.undo_part(named, have);
                Err(UploadError::from_io(error))
            }
        }
    }

    fn check_room(
        &self,
        named: &NamedPhoto,
        is_new: bool,
        takes: UploadsTaken,
    ) -> Result<(), UploadError> {
        let has_room = match takes {
            UploadsTaken::Nothing => return Err(UploadError::Refused(Code::StorageFull)),
            UploadsTaken::Begun => !is_new,
            UploadsTaken::All => !is_new || self.lock_index().has_room_for(named),
        };
        has_room
            .then_some(())
            .ok_or(UploadError::Refused(Code::PhotoRoomFull))
    }

    /// Records that this many bytes are on the disk. False if they are all, but not those that the
    /// command names; then the photo is gone.
    fn finish_if_whole(&self, named: &NamedPhoto, have: u32) -> io::Result<bool> {
        let now = self.0.clock.now();
        if have < named.bytes {
            let partial = PhotoProgress::Partial { have };
            self.lock_index().set_progress(*named, partial, now);
            return Ok(true);
        }
        if self.0.folder.hash(named, PhotoFileKind::Part)? != Some(named.hash) {
            self.0.folder.remove(named, PhotoFileKind::Part)?;
            self.lock_index().forget(named);
            return Ok(false);
        }
        self.0.folder.finish_part(named)?;
        let whole = PhotoProgress::Whole(PhotoSending::default());
        self.lock_index().set_progress(*named, whole, now);
        self.0.completed.notify_one();
        Ok(true)
    }

    /// The tablet has no answer for the part that failed, and sends it again.
    fn undo_part(&self, named: &NamedPhoto, have: u32) {
        let undone = if have == 0 {
            self.0.folder.remove(named, PhotoFileKind::Part)
        } else {
            self.0.folder.cut_part(named, have)
        };
        if let Err(error) = undone {
            tracing::warn!(%error, "Could not undo a part of a photo");
        }
    }

    /// Removes parts and markers that are older than the ops that name them.
    pub(crate) async fn delete_old_photos(&self) {
        let writing = Arc::clone(&self.0.writing).lock_owned().await;
        let photos = self.clone();
        let deleting = run_blocking(move || {
            let _writing = writing;
            photos.delete_older_than(photos.oldest_kept())
        });
        if let Err(error) = deleting.await {
            let cause = format_error_chain(&error);
            tracing::warn!(cause, "Could not delete old photos");
        }
    }

    fn delete_older_than(&self, before: UnixMillis) -> io::Result<()> {
        let old = self.lock_index().list_older_than(before);
        for (named, progress) in old {
            let kind = match progress {
                PhotoProgress::Partial { .. } => PhotoFileKind::Part,
                PhotoProgress::Whole(_) => PhotoFileKind::Whole,
                PhotoProgress::Sent => PhotoFileKind::Sent,
                PhotoProgress::Refused(code) => PhotoFileKind::Refused(code),
            };
            self.0.folder.remove(&named, kind)?;
            self.lock_index().forget(&named);
        }
        Ok(())
    }

    /// True for a part that no tablet can complete.
    async fn is_useless(&self, file: &PhotoFile, store: &Store) -> Result<bool, JournalError> {
        let is_part = file.kind == PhotoFileKind::Part;
        Ok(is_part && !store.names_photo(file.named).await?)
    }

    fn load_file(&self, file: &PhotoFile) {
        let named = file.named;
        let progress = match file.kind {
            PhotoFileKind::Part => return self.load_part(file),
            PhotoFileKind::Whole => PhotoProgress::Whole(PhotoSending::default()),
            PhotoFileKind::Sent => PhotoProgress::Sent,
            PhotoFileKind::Refused(code) => PhotoProgress::Refused(code),
        };
        let is_marker = file.kind != PhotoFileKind::Whole;
        if is_marker && file.length > 0 {
            let emptied = self
                .0
                .folder
                .empty_marker(&named, file.kind, file.changed_at);
            if let Err(error) = emptied {
                tracing::warn!(%error, "Could not empty the marker of a photo");
            }
        }
        self.lock_index()
            .set_progress(named, progress, file.changed_at);
    }

    /// A stop before the rename leaves a part with all bytes.
    fn load_part(&self, file: &PhotoFile) {
        let named = file.named;
        let have = u32::try_from(file.length).unwrap_or(u32::MAX);
        let loaded = if have > named.bytes {
            self.0.folder.remove(&named, PhotoFileKind::Part)
        } else {
            self.finish_if_whole(&named, have).map(drop)
        };
        if let Err(error) = loaded {
            tracing::warn!(%error, "Could not read a part of a photo; its tablet sends it again");
            let nothing = PhotoProgress::Partial { have: 0 };
            self.lock_index()
                .set_progress(named, nothing, file.changed_at);
        }
    }

    fn oldest_kept(&self) -> UnixMillis {
        self.0.clock.now().plus_ms(-KEPT_MS)
    }

    fn lock_index(&self) -> MutexGuard<'_, PhotoIndex> {
        self.0.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UploadError {
    fn from_io(error: io::Error) -> Self {
        if journal::is_of_full_disk(&error) {
            Self::DiskFull(error)
        } else {
            Self::Write(error)
        }
    }
}

/// Keeps file work off the threads that answer.
async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(error.into()))
}
