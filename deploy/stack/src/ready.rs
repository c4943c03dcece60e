//! The ready file: tells whoever waits that a platform is up, and where.
//!
//! Must stay true: the file appears whole or not at all, and only when everything in it is true.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde::Serialize;

pub fn write(path: &Path, value: &impl Serialize) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    fs::write(&unfinished, text)
        .and_then(|()| fs::rename(&unfinished, path))
        .with_context(|| format!("could not write {}", path.display()))
}

/// It may have been removed by whoever read it.
pub fn remove(path: &Path) {
    let _gone_already = fs::remove_file(path);
}
