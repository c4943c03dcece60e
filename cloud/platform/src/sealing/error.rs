//! Errors of sealing and of the data key file.

use std::{io, path::PathBuf};

/// A stored value could not be opened. It stays unchanged and opens again with the right key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("a value of {column} is sealed with data key {key}, which is not in the data key file")]
    UnknownKey { column: &'static str, key: String },
    #[error("a sealed value of {column} was altered, or moved there from another row")]
    Broken { column: &'static str },
}

#[derive(Debug, thiserror::Error)]
pub enum DataKeysError {
    #[error("could not use the data key file {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("line {line} of the data key file {} is not a key", path.display())]
    Line { path: PathBuf, line: usize },
    #[error("the data key file {} lacks {what}", path.display())]
    Lacks { path: PathBuf, what: &'static str },
    #[error("data key {key} of {} is the current one: switch to another first, with `use-data-key`", path.display())]
    Seals { path: PathBuf, key: String },
    #[error("{} has no data key {key}", path.display())]
    Unknown { path: PathBuf, key: String },
}
