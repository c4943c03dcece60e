//! The failures of a write, a read or the whole journal.

use std::{any::Any, fmt, io, path::PathBuf, sync::Arc};

use rusqlite::ErrorCode;

use crate::State;

/// The reason why a write has no result.
#[derive(Debug)]
pub enum WriteError<E> {
    /// The write itself refused. It alone is undone.
    Refused(E),
    /// The disk, or the file's limit, is full. Nothing of this write is stored.
    Full,
    /// A failure with an unknown result: the write may be stored. Try it again only if it recognises its own
    /// repetition.
    Fault(JournalError),
    /// The journal is closed. Nothing is stored.
    Stopped,
    /// More writes wait than the queue holds. Nothing is stored.
    Busy,
}

/// A failure of the journal. Clones share the cause, since one failed commit fails a whole group.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    #[error("could not {what}")]
    Sql {
        what: &'static str,
        #[source]
        source: Arc<rusqlite::Error>,
    },
    #[error("could not {what}")]
    Io {
        what: &'static str,
        #[source]
        source: Arc<io::Error>,
    },
    #[error("could not bring the schema of {} up to date", path.display())]
    Schema {
        path: PathBuf,
        #[source]
        source: Arc<rusqlite_migration::Error>,
    },
    #[error("could not load the state")]
    Load(#[source] Arc<dyn std::error::Error + Send + Sync>),
    #[error("{} is in use by another process", .0.display())]
    Taken(PathBuf),
    #[error("{} is in a place without support for a write-ahead log", .0.display())]
    NoWal(PathBuf),
    #[error("another write made SQLite roll the whole group back")]
    RolledBack,
    #[error("a write or a read panicked: {0}")]
    Panicked(String),
    #[error("more reads wait than the queue holds")]
    Busy,
    #[error("the journal is closed")]
    Stopped,
}

/// Returns whether SQLite has no room left.
pub fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

impl<E: Any> WriteError<E> {
    /// Sorts a write's error. A failure of SQLite itself is no refusal but `Full` or `Fault`. Wrapped in the
    /// caller's own type it stays a refusal, unless the disk is full.
    pub(crate) fn of<S: State>(refusal: E) -> Self {
        let any: &dyn Any = &refusal;
        let bare = any.downcast_ref::<rusqlite::Error>();
        let sql = bare.or_else(|| any.downcast_ref::<S::Error>().and_then(S::sql));
        if sql.is_some_and(is_full) {
            return Self::Full;
        }
        let mut refusal = Some(refusal);
        let any: &mut dyn Any = &mut refusal;
        let bare = any.downcast_mut::<Option<rusqlite::Error>>().and_then(Option::take);
        match (bare, refusal) {
            (None, Some(refusal)) => Self::Refused(refusal),
            (Some(error), _) => Self::Fault(JournalError::sql("run a write")(error)),
            (None, None) => Self::Stopped,
        }
    }
}

impl<E> fmt::Display for WriteError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused(_) => "the write was refused",
            Self::Full => "the disk is full",
            Self::Fault(_) => "the write failed",
            Self::Stopped => "the journal is closed",
            Self::Busy => "more writes wait than the queue holds",
        })
    }
}

impl<E: fmt::Debug> std::error::Error for WriteError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Fault(fault) => Some(fault),
            _ => None,
        }
    }
}

impl JournalError {
    pub(crate) fn sql(what: &'static str) -> impl Fn(rusqlite::Error) -> Self {
        move |source| Self::Sql { what, source: Arc::new(source) }
    }

    pub(crate) fn io(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { what, source: Arc::new(source) }
    }

    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Self::Panicked(text.unwrap_or("without a word").to_owned())
    }
}
