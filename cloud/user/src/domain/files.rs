//! The files of a person: a photo, pictures of finished work, documents of certifications.
//!
//! Invariant: only a person's own file, of the right use, is ever named in a profile.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{FieldError, FileId, words};

use super::{PersonRecord, ProviderProfile, fields};
use crate::say;

pub const PICTURES_MAX: usize = 12;

words! {
    FilePurpose {
        /// Of the person.
        Photo "photo",
        /// Of finished work.
        Picture "picture",
        /// Of a certification; for its provider and for admins alone.
        Document "document",
    }
}

/// A picture of finished work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkPicture {
    pub file_id: FileId,
    pub caption: String,
    /// In pixels.
    pub width: u32,
    pub height: u32,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptionForm {
    /// Of the profile that was read.
    pub version: i64,
    pub caption: String,
}

pub fn checked_caption(caption: &str) -> Result<String, Vec<FieldError>> {
    let mut errors = Vec::new();
    let caption = fields::text("caption", caption, fields::TITLE, &mut errors);
    if errors.is_empty() { Ok(caption) } else { Err(errors) }
}

impl PersonRecord {
    pub fn names(&self, file: FileId) -> bool {
        self.photo == Some(file)
    }
}

impl ProviderProfile {
    /// Returns whether anything stands for the file. Another may be removed.
    pub fn names(&self, file: FileId) -> bool {
        self.person.names(file)
            || self.pictures.iter().any(|picture| picture.file_id == file)
            || self.certifications.iter().any(|one| one.document == Some(file))
    }

    pub fn check_room_for_picture(&self) -> Result<(), FieldError> {
        match fields::too_many("pictures", self.pictures.len() + 1, PICTURES_MAX) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Shows a picture behind the others. One that is shown gets another caption.
    pub fn show_picture(&mut self, picture: WorkPicture) -> Result<(), FieldError> {
        if self.caption_picture(picture.file_id, &picture.caption) {
            return Ok(());
        }
        self.check_room_for_picture()?;
        self.pictures.push(picture);
        Ok(())
    }

    /// Returns whether the picture is shown.
    pub fn caption_picture(&mut self, file: FileId, caption: &str) -> bool {
        let shown = self.pictures.iter_mut().find(|picture| picture.file_id == file);
        shown.map(|picture| caption.clone_into(&mut picture.caption)).is_some()
    }

    /// Returns whether the picture was shown.
    pub fn hide_picture(&mut self, file: FileId) -> bool {
        let before = self.pictures.len();
        self.pictures.retain(|picture| picture.file_id != file);
        self.pictures.len() < before
    }
}

/// The field of a certification whose document is not there.
pub fn unknown_document(place: usize) -> FieldError {
    FieldError::new(&format!("items[{place}].document"), say::document_unknown)
}
