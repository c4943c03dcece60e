//! Folders for throwaway data; the supervisor removes them, even if we are killed.

use std::{fs::Permissions, os::unix::fs::PermissionsExt, path::PathBuf};

use anyhow::{Context, Result};

/// A new folder that only this user can enter.
pub fn folder() -> Result<PathBuf> {
    let only_ours = Permissions::from_mode(0o700);
    let folder = tempfile::Builder::new()
        .prefix("holdfast-")
        .permissions(only_ours)
        .tempdir();
    Ok(folder
        .context("could not create a temporary folder")?
        .keep())
}
