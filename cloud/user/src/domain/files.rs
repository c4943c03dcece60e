//! A person's files: a photo, pictures of finished work, certification documents.
//!
//! Invariant: a profile references only files that its own person uploaded for that purpose.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{FieldError, FileId, words};

use super::{PersonRecord, ProviderProfile, fields};
use crate::say;

pub const PICTURES_MAX: usize = 12;

words! {
    FilePurpose {
        Photo "photo",
        Picture "picture",
        /// Visible only to its provider and to admins.
        Document "document",
    }
}

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
    /// The version that the client read.
    pub version: i64,
    pub caption: String,
}

pub fn checked_caption(caption: &str) -> Result<String, Vec<FieldError>> {
    let mut errors = Vec::new();
    let caption = fields::check_text_field("caption", caption, fields::TITLE, &mut errors);
    if errors.is_empty() {
        Ok(caption)
    } else {
        Err(errors)
    }
}

impl PersonRecord {
    pub fn references_file(&self, file: FileId) -> bool {
        self.photo == Some(file)
    }
}

impl ProviderProfile {
    /// Returns true if the profile uses the file; unused files may be deleted.
    pub fn references_file(&self, file: FileId) -> bool {
        self.person.references_file(file)
            || self.pictures.iter().any(|picture| picture.file_id == file)
            || self
                .certifications
                .iter()
                .any(|one| one.document == Some(file))
    }

    pub fn check_room_for_picture(&self) -> Result<(), FieldError> {
        match fields::too_many_error("pictures", self.pictures.len() + 1, PICTURES_MAX) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Appends a picture. If it is already there, only its caption changes.
    pub fn show_picture(&mut self, picture: WorkPicture) -> Result<(), FieldError> {
        if self.caption_picture(picture.file_id, &picture.caption) {
            return Ok(());
        }
        self.check_room_for_picture()?;
        self.pictures.push(picture);
        Ok(())
    }

    /// Returns false if the picture is not in the profile.
    pub fn caption_picture(&mut self, file: FileId, caption: &str) -> bool {
        let shown = self
            .pictures
            .iter_mut()
            .find(|picture| picture.file_id == file);
        shown
            .map(|picture| caption.clone_into(&mut picture.caption))
            .is_some()
    }

    /// Returns false if the picture is not in the profile.
    pub fn hide_picture(&mut self, file: FileId) -> bool {
        let before = self.pictures.len();
        self.pictures.retain(|picture| picture.file_id != file);
        self.pictures.len() < before
    }
}

pub fn unknown_document(place: usize) -> FieldError {
    FieldError::new(&format!("items[{place}].document"), say::document_unknown)
}
