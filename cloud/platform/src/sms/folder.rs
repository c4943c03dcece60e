//! Keeps text messages as files that a developer can look at. The newest hundred stay.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use serde_json::json;
use tokio::task::spawn_blocking;

use super::{SmsAddressError, SmsError, SmsMessage};

/// One more removes the oldest.
const KEPT_MAX: usize = 100;
const ENDING: &str = ".json";

#[derive(Debug)]
pub struct SmsFolder(PathBuf);

impl SmsFolder {
    pub(super) fn open(folder: &Path) -> Result<Self, SmsAddressError> {
        if folder.as_os_str().is_empty() {
            return Err(SmsAddressError::Form);
        }
        // Codes and numbers of people stand in it: for this user alone.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| SmsAddressError::Folder { folder: folder.to_owned(), source })?;
        Ok(Self(folder.to_owned()))
    }

    pub(super) async fn keep(&self, message: &SmsMessage) -> Result<(), SmsError> {
        let (folder, name) = (self.0.clone(), message.id.simple().to_string());
        let text = json!({ "to": message.to.as_str(), "text": message.text }).to_string();
        Ok(spawn_blocking(move || write(&folder, &name, &text)).await??)
    }
}

/// A file appears whole under its name.
fn write(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let begun = folder.join(format!("{name}.part"));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&begun)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&begun, folder.join(format!("{name}{ENDING}")))?;
    remove_surplus(folder)
}

fn remove_surplus(folder: &Path) -> std::io::Result<()> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(ENDING) {
            kept.push(path);
        }
    }
    kept.sort_unstable();
    let surplus = kept.len().saturating_sub(KEPT_MAX);
    for path in &kept[..surplus] {
        match fs::remove_file(path) {
            // Another message removed it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            removed => removed?,
        }
    }
    Ok(())
}
