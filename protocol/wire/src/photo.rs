//! A photo that a command names: one of the job at its publication, of the work, or of a message.
//!
//! Invariant: a command has the hash of a photo; the bytes follow apart.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::Hash;

/// A photo that a command names. It is a JPEG, PNG or WebP picture.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode, ToSchema,
)]
#[cbor(map)]
pub struct PhotoRef {
    /// SHA-256 of its bytes.
    #[n(0)]
    pub hash: Hash,
    /// At most 5 MiB.
    #[n(1)]
    pub bytes: u32,
}

/// Photos of one command of work.
pub const PHOTOS_MAX: usize = 8;
/// Photos of a job at its publication.
pub const JOB_PHOTOS_MAX: usize = 4;
pub const PHOTO_BYTES_MAX: u32 = 5 * 1024 * 1024;

/// True for a photo of an acceptable size.
pub(crate) fn is_photo(photo: PhotoRef) -> bool {
    (1..=PHOTO_BYTES_MAX).contains(&photo.bytes)
}

/// True for at most `count_max` photos of an acceptable size, each once.
pub(crate) fn are_photos(photos: &[PhotoRef], count_max: usize) -> bool {
    let mut hashes: Vec<_> = photos.iter().map(|photo| photo.hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    photos.len() <= count_max
        && hashes.len() == photos.len()
        && photos.iter().copied().all(is_photo)
}
