//! The content of the photo folder, in memory: the state of each photo, and the room left.
//!
//! Invariant: a photo takes its whole room from its first byte on, so an upload that has begun never
//! runs out of it.

use std::{collections::BTreeMap, time::Duration};

use wire::{Code, OrderId, UnixMillis};

use super::{PhotoRoom, PhotoStanding, PhotoState};
use crate::store::NamedPhoto;

#[derive(Debug)]
pub(super) struct PhotoIndex {
    photos: BTreeMap<NamedPhoto, StoredPhoto>,
    room_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoredPhoto {
    pub progress: PhotoProgress,
    /// The time of its last change. Photos are sent in this order, and markers age by it.
    pub since: UnixMillis,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PhotoProgress {
    Partial {
        have: u32,
    },
    Whole(PhotoSending),
    /// The cloud has it.
    Sent,
    /// The cloud never takes it.
    Refused(Code),
}

/// The progress at the cloud, as seen by this run of the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PhotoSending {
    pub at_cloud: u32,
    /// In a row.
    pub pauses: u32,
    pub due_at: Duration,
}

/// For the photos of one order together.
const ORDER_BYTES_MAX: u64 = 40 * 1024 * 1024;
const PHOTOS_MAX: usize = 20_000;
/// With the markers of a month.
const ENTRIES_MAX: usize = 200_000;

impl PhotoIndex {
    pub(super) fn new(room_bytes: u64) -> Self {
        Self {
            photos: BTreeMap::new(),
            room_bytes,
        }
    }

    pub(super) fn find_progress(&self, named: &NamedPhoto) -> Option<PhotoProgress> {
        self.photos.get(named).map(|photo| photo.progress)
    }

    pub(super) fn set_progress(
        &mut self,
        named: NamedPhoto,
        progress: PhotoProgress,
        since: UnixMillis,
    ) {
        self.photos.insert(named, StoredPhoto { progress, since });
    }

    /// `None` if the photo is not whole, or gone.
    pub(super) fn find_sending(&mut self, named: &NamedPhoto) -> Option<&mut PhotoSending> {
        match &mut self.photos.get_mut(named)?.progress {
            PhotoProgress::Whole(sending) => Some(sending),
            PhotoProgress::Partial { .. } | PhotoProgress::Sent | PhotoProgress::Refused(_) => None,
        }
    }

    pub(super) fn forget(&mut self, named: &NamedPhoto) {
        self.photos.remove(named);
    }

    /// The whole photo that has waited longest, of those that are due.
    pub(super) fn find_due(&self, now: Duration) -> Option<(NamedPhoto, PhotoSending)> {
        let whole = self.photos.iter().filter_map(|(named, photo)| {
            let PhotoProgress::Whole(sending) = photo.progress else {
                return None;
            };
            (sending.due_at <= now).then_some((photo.since, *named, sending))
        });
        let (_, named, sending) = whole.min_by_key(|(since, named, _)| (*since, *named))?;
        Some((named, sending))
    }

    /// Parts and markers.
    pub(super) fn list_older_than(&self, before: UnixMillis) -> Vec<(NamedPhoto, PhotoProgress)> {
        let is_old = |photo: &StoredPhoto| photo.since < before && !is_whole(photo);
        let old = self.photos.iter().filter(|(_, photo)| is_old(photo));
        old.map(|(named, photo)| (*named, photo.progress)).collect()
    }

    /// True if a new photo fits.
    pub(super) fn has_room_for(&self, new: &NamedPhoto) -> bool {
        let bytes = u64::from(new.bytes);
        let on_disk = self.photos.values().filter(|photo| takes_room(photo));
        on_disk.count() < PHOTOS_MAX
            && self.photos.len() < ENTRIES_MAX
            && self.sum_bytes(None) + bytes <= self.room_bytes
            && self.sum_bytes(Some(new.order_id)) + bytes <= ORDER_BYTES_MAX
    }

    pub(super) fn compute_room(&self) -> PhotoRoom {
        let waiting = self.photos.values().filter(|photo| is_whole(photo)).count();
        PhotoRoom {
            room_bytes: self.room_bytes.saturating_sub(self.sum_bytes(None)),
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn build_standing(&self, named: &NamedPhoto) -> PhotoStanding {
        let bytes = named.bytes;
        let (state, have, code) = match self.find_progress(named) {
            None => (PhotoState::Missing, 0, None),
            Some(PhotoProgress::Partial { have }) => (PhotoState::Partial, have, None),
            Some(PhotoProgress::Whole(_)) => (PhotoState::Stored, bytes, None),
            Some(PhotoProgress::Sent) => (PhotoState::Sent, bytes, None),
            Some(PhotoProgress::Refused(code)) => (PhotoState::Refused, 0, Some(code)),
        };
        PhotoStanding {
            state,
            have,
            bytes,
            code,
        }
    }

    /// The room that photos on the disk take, of one order or of all.
    fn sum_bytes(&self, order: Option<OrderId>) -> u64 {
        let counts = |named: &NamedPhoto| order.is_none_or(|order| order == named.order_id);
        let on_disk = self
            .photos
            .iter()
            .filter(|(named, photo)| counts(named) && takes_room(photo));
        on_disk.map(|(named, _)| u64::from(named.bytes)).sum()
    }
}

fn takes_room(photo: &StoredPhoto) -> bool {
    match photo.progress {
        PhotoProgress::Partial { .. } | PhotoProgress::Whole(_) => true,
        PhotoProgress::Sent | PhotoProgress::Refused(_) => false,
    }
}

fn is_whole(photo: &StoredPhoto) -> bool {
    matches!(photo.progress, PhotoProgress::Whole(_))
}
