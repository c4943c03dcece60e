//! The photos' way to the cloud: which chunk leaves next, and the effect of an answer.
//!
//! Invariant: a photo leaves the disk only after the cloud's own answer that it has the photo or
//! never takes it, or if its bytes no longer match its hash.

use std::{io, time::Duration};

use process::{metrics, problem::format_error_chain};
use wire::{Code, PhotoAnswer};

use super::{
    PhotoStore,
    files::PhotoFileKind,
    index::{PhotoProgress, PhotoSending},
    run_blocking,
};
use crate::store::NamedPhoto;

/// A chunk of a whole photo, still on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PhotoChunkPlace {
    pub named: NamedPhoto,
    pub offset: u32,
    pub length: usize,
}

const PAUSE_FIRST: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_mins(5);

impl PhotoStore {
    /// The next chunk of the photo that has waited longest, of those that are due. Its length is 0
    /// if the cloud had all bytes before.
    pub(crate) fn find_due_chunk(&self, bytes_max: usize) -> Option<PhotoChunkPlace> {
        let (named, sending) = self.lock_index().find_due(self.0.clock.elapsed())?;
        let offset = sending.at_cloud;
        let rest = usize::try_from(named.bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        Some(PhotoChunkPlace {
            named,
            offset,
            length: rest.min(bytes_max),
        })
    }

    /// `None` if the photo cannot be read now.
    pub(crate) async fn read_chunk(&self, place: PhotoChunkPlace) -> Option<Vec<u8>> {
        let store = self.clone();
        let reading = run_blocking(move || {
            let PhotoChunkPlace {
                named,
                offset,
                length,
            } = place;
            store.0.folder.read_chunk(&named, offset, length)
        });
        let error = match reading.await {
            Ok(chunk) => return Some(chunk),
            Err(error) => error,
        };
        let named = place.named;
        tracing::error!(
            cause = format_error_chain(&error), command.id = %named.command_id, hash = %named.hash,
            "Could not read a photo"
        );
        match error.kind() {
            io::ErrorKind::NotFound => self.lock_index().forget(&named),
            io::ErrorKind::UnexpectedEof => self.check_again(named).await,
            _ => self.pause(&named),
        }
        None
    }

    pub(crate) async fn apply_answer(&self, place: PhotoChunkPlace, answer: PhotoAnswer) {
        let named = place.named;
        match answer {
            PhotoAnswer::Stored { bytes } if bytes == named.bytes => {
                self.mark(named, PhotoFileKind::Sent, PhotoProgress::Sent)
                    .await;
            }
            PhotoAnswer::Stored { bytes } if bytes < named.bytes => {
                self.record_progress(&place, bytes);
            }
            PhotoAnswer::Stored { .. } | PhotoAnswer::Later => self.pause(&named),
            PhotoAnswer::Refused {
                code: Code::PhotoDamaged,
            } => self.check_again(named).await,
            PhotoAnswer::Refused { code } => {
                tracing::warn!(
                    command.id = %named.command_id, order.id = %named.order_id, hash = %named.hash, %code,
                    "The cloud refused a photo for good"
                );
                metrics::EDGE_PHOTOS_REFUSED.add([code.as_str()], 1);
                let refused = PhotoFileKind::Refused(code);
                self.mark(named, refused, PhotoProgress::Refused(code))
                    .await;
            }
        }
    }

    /// Tries this photo again later; others go first.
    pub(crate) fn pause(&self, named: &NamedPhoto) {
        let now = self.0.clock.elapsed();
        if let Some(sending) = self.lock_index().find_sending(named) {
            sending.pause(now);
        }
    }

    /// An answer that moves nothing on pauses the photo, or the two ends would repeat themselves
    /// without end.
    fn record_progress(&self, place: &PhotoChunkPlace, at_cloud: u32) {
        let now = self.0.clock.elapsed();
        let mut index = self.lock_index();
        let Some(sending) = index.find_sending(&place.named) else {
            return;
        };
        sending.at_cloud = at_cloud;
        if at_cloud > place.offset {
            sending.pauses = 0;
        } else {
            sending.pause(now);
        }
    }

    /// Replaces a photo by its marker. After a failure the photo stays, and its next answer tries
    /// again.
    async fn mark(&self, named: NamedPhoto, marker: PhotoFileKind, progress: PhotoProgress) {
        let now = self.0.clock.now();
        let store = self.clone();
        let marking = run_blocking(move || store.0.folder.mark(&named, marker, now));
        match marking.await {
            Ok(()) => self.lock_index().set_progress(named, progress, now),
            Err(error) => self.keep_after_fault(&named, &error),
        }
    }

    /// The cloud got other bytes than the command names. If they are so on this disk, the tablet
    /// sends them again; else they changed on the way, and this edge does.
    async fn check_again(&self, named: NamedPhoto) {
        let store = self.clone();
        let checking = run_blocking(move || {
            let found = store.0.folder.hash(&named, PhotoFileKind::Whole)?;
            let is_sound = found == Some(named.hash);
            if !is_sound {
                store.0.folder.remove(&named, PhotoFileKind::Whole)?;
            }
            Ok(is_sound)
        });
        match checking.await {
            Ok(true) => {
                if let Some(sending) = self.lock_index().find_sending(&named) {
                    sending.at_cloud = 0;
                }
                self.pause(&named);
            }
            Ok(false) => {
                tracing::error!(
                    command.id = %named.command_id, hash = %named.hash,
                    "A photo was damaged on this edge's disk; the tablet sends it again"
                );
                self.lock_index().forget(&named);
            }
            Err(error) => self.keep_after_fault(&named, &error),
        }
    }

    fn keep_after_fault(&self, named: &NamedPhoto, error: &io::Error) {
        tracing::error!(
            cause = format_error_chain(error), command.id = %named.command_id, hash = %named.hash,
            "Could not change the file of a photo"
        );
        if error.kind() == io::ErrorKind::NotFound {
            self.lock_index().forget(named);
        } else {
            self.pause(named);
        }
    }
}

impl PhotoSending {
    fn pause(&mut self, now: Duration) {
        let factor = 1 << self.pauses.min(10);
        self.due_at = now + PAUSE_FIRST.saturating_mul(factor).min(PAUSE_MAX);
        self.pauses = self.pauses.saturating_add(1);
    }
}
