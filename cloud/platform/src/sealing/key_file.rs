//! The file of data keys, a line a key:
//!
//! ```text
//! hash SECRET
//! seal 3f9a12bc SECRET
//! seal 77aa0102 SECRET
//! ```
//!
//! The first `seal` line seals; all open. Replicas share the file, so key rotation takes two steps:
//! `add` appends a new key, and once every replica has loaded it, `use_newest` moves it to the
//! front.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::random;
use tempfile::NamedTempFile;

use super::{DataKeysError, KEY_ID_LEN};

pub(super) struct KeyLines {
    pub hash: [u8; 32],
    /// At least one.
    pub keys: Vec<([u8; KEY_ID_LEN], [u8; 32])>,
}

impl KeyLines {
    pub(super) fn random() -> Self {
        Self {
            hash: random::draw_bytes(),
            keys: vec![new_key()],
        }
    }

    fn to_text(&self) -> String {
        let mut text = format!("hash {}\n", URL_SAFE_NO_PAD.encode(self.hash));
        for (id, secret) in &self.keys {
            text += &format!(
                "seal {} {}\n",
                hex::encode(id),
                URL_SAFE_NO_PAD.encode(secret)
            );
        }
        text
    }
}

/// Creates the file with a first key, readable by its owner alone; keeps an existing file.
pub fn create_if_missing(path: &Path) -> Result<(), DataKeysError> {
    if path.exists() {
        return Ok(());
    }
    let folder = folder_of(path);
    let made = fs::create_dir_all(folder).and_then(|()| {
        // If two processes start at once, the first one creates it.
        match write_temporary(folder, &KeyLines::random())?.persist_noclobber(path) {
            Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => Err(failed.error),
            _ => Ok(()),
        }
    });
    made.map_err(|source| DataKeysError::File {
        path: path.to_owned(),
        source,
    })
}

/// Adds a key and returns its id. From the next start on it opens but does not seal yet.
pub fn add(path: &Path) -> Result<String, DataKeysError> {
    let mut lines = read(path)?;
    let key = new_key();
    lines.keys.push(key);
    replace_file(path, &lines)?;
    Ok(hex::encode(key.0))
}

/// Makes the last key of the file the sealing key from the next start on, and returns its id.
pub fn use_newest(path: &Path) -> Result<String, DataKeysError> {
    let mut lines = read(path)?;
    lines.keys.rotate_right(1);
    replace_file(path, &lines)?;
    Ok(hex::encode(lines.keys[0].0))
}

/// The ids of the keys in the file. The first one seals.
pub fn list_keys(path: &Path) -> Result<Vec<String>, DataKeysError> {
    Ok(read(path)?
        .keys
        .iter()
        .map(|(id, _)| hex::encode(id))
        .collect())
}

/// Removes a key from the file: from the next start on, values sealed with it no longer open.
pub fn remove(path: &Path, key: &str) -> Result<(), DataKeysError> {
    let mut lines = read(path)?;
    match lines.keys.iter().position(|(id, _)| hex::encode(id) == key) {
        None => Err(DataKeysError::Unknown {
            path: path.to_owned(),
            key: key.to_owned(),
        }),
        Some(0) => Err(DataKeysError::Seals {
            path: path.to_owned(),
            key: key.to_owned(),
        }),
        Some(at) => {
            lines.keys.remove(at);
            replace_file(path, &lines)
        }
    }
}

enum KeyLine {
    /// Blank, or a comment.
    Ignored,
    Hash([u8; 32]),
    Seal {
        id: [u8; KEY_ID_LEN],
        secret: [u8; 32],
    },
}

impl KeyLine {
    fn parse(line: &str) -> Option<Self> {
        match *line.split_whitespace().collect::<Vec<_>>() {
            [] => Some(Self::Ignored),
            [word, ..] if word.starts_with('#') => Some(Self::Ignored),
            ["hash", secret] => secret_of(secret).map(Self::Hash),
            ["seal", id, secret] => Some(Self::Seal {
                id: hex::decode(id).ok()?.try_into().ok()?,
                secret: secret_of(secret)?,
            }),
            _ => None,
        }
    }
}

pub(super) fn read(path: &Path) -> Result<KeyLines, DataKeysError> {
    let text = fs::read_to_string(path).map_err(|source| DataKeysError::File {
        path: path.to_owned(),
        source,
    })?;
    let mut hash = None;
    let mut keys = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let parsed = KeyLine::parse(line).ok_or_else(|| DataKeysError::Line {
            path: path.to_owned(),
            line: at + 1,
        })?;
        match parsed {
            KeyLine::Ignored => {}
            KeyLine::Hash(secret) => hash = Some(secret),
            KeyLine::Seal { id, secret } => keys.push((id, secret)),
        }
    }
    let hash = hash.ok_or_else(|| DataKeysError::Lacks {
        path: path.to_owned(),
        what: "its `hash` line",
    })?;
    if keys.is_empty() {
        return Err(DataKeysError::Lacks {
            path: path.to_owned(),
            what: "a `seal` line",
        });
    }
    Ok(KeyLines { hash, keys })
}

fn replace_file(path: &Path, lines: &KeyLines) -> Result<(), DataKeysError> {
    let replaced = write_temporary(folder_of(path), lines)
        .and_then(|file| file.persist(path).map(drop).map_err(|failed| failed.error));
    replaced.map_err(|source| DataKeysError::File {
        path: PathBuf::from(path),
        source,
    })
}

/// Writes and syncs the complete file under a temporary name.
fn write_temporary(folder: &Path, lines: &KeyLines) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(lines.to_text().as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn secret_of(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn new_key() -> ([u8; KEY_ID_LEN], [u8; 32]) {
    (random::draw_bytes(), random::draw_bytes())
}
