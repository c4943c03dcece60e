//! Errors of sealing and of the data key file.

use std::{io, path::PathBuf};

/// A stored value could not be opened. It stays unchanged and opens again with the right key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("a value of {column} is sealed by data key {key}, which the file of data keys lacks")]
    UnknownKey { column: &'static str, key: String },
    #[error("a value of {column} was changed, or moved there from another row")]
    Broken { column: &'static str },
}

#[derive(Debug, thiserror::Error)]
pub enum DataKeysError {
    #[error("could not use the file of data keys {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("line {line} of the file of data keys {} is no key", path.display())]
    Line { path: PathBuf, line: usize },
    #[error("the file of data keys {} lacks {what}", path.display())]
    Lacks { path: PathBuf, what: &'static str },
    #[error("data key {key} of {} seals: let another one seal first, by `use-data-key`", path.display())]
    Seals { path: PathBuf, key: String },
    #[error("{} has no data key {key}", path.display())]
    Unknown { path: PathBuf, key: String },
}
