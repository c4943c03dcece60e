//! Folders for data that is thrown away. The supervisor removes them, so that they also go when we
//! are killed.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// A new folder that only this user can enter.
pub fn folder() -> Result<PathBuf> {
    let folder = tempfile::Builder::new().prefix("holdfast-").tempdir();
    Ok(folder.context("could not make a temporary folder")?.keep())
}
