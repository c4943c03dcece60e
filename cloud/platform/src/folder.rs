//! Writes messages to people as files for developers, instead of sending them to a gateway. Keeps
//! only the newest.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use serde_json::Value;
use tokio::task::spawn_blocking;
use uuid::Uuid;

const ENDING: &str = ".json";

#[derive(Debug)]
pub struct MessageFolder {
    folder: PathBuf,
    kept_max: usize,
}

impl MessageFolder {
    /// Creates the folder if it is missing. Each message beyond `kept_max` removes the oldest.
    pub fn open(folder: &Path, kept_max: usize) -> std::io::Result<Self> {
        // The messages contain people's codes, names and addresses, so only this user may read
        // them.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            kept_max,
        })
    }

    /// `id` is a version 7 UUID: the folder sorts by it.
    pub async fn write_message(&self, id: Uuid, message: &Value) -> std::io::Result<()> {
        let folder = self.folder.clone();
        let kept_max = self.kept_max;
        let name = id.simple().to_string();
        let text = message.to_string();
        let kept = spawn_blocking(move || {
            write(&folder, &name, &text)?;
            remove_surplus(&folder, kept_max)
        });
        kept.await.map_err(std::io::Error::other)?
    }
}

/// Renames the finished file, so that it is complete when it appears.
fn write(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let begun = folder.join(format!("{name}.part"));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&begun)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&begun, folder.join(format!("{name}{ENDING}")))
}

fn remove_surplus(folder: &Path, kept_max: usize) -> std::io::Result<()> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(ENDING) {
            kept.push(path);
        }
    }
    kept.sort_unstable();
    let surplus = kept.len().saturating_sub(kept_max);
    for path in &kept[..surplus] {
        match fs::remove_file(path) {
            // A concurrent write removed it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            removed => removed?,
        }
    }
    Ok(())
}
