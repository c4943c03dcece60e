//! How a write, a read or the whole journal can fail.

use std::{any::Any, fmt, io, path::PathBuf, sync::Arc};

use rusqlite::ErrorCode;

use crate::State;

/// Why a write has no result.
#[derive(Debug)]
pub enum WriteError<E> {
    /// The write itself said no; it is undone and nothing else is.
    Refused(E),
    /// The disk, or the file's limit, is full. Nothing of this write is stored.
    Full,
    /// Something broke. Whether the write is stored is not known before it is asked for again: only a
    /// write that recognises its own repetition may be tried anew.
    Fault(JournalError),
    /// The journal is closed. Nothing is stored.
    Stopped,
    /// More writes wait than the queue holds. Nothing is stored.
    Busy,
}

/// What broke. Clones share the cause, since one failed commit fails a whole group.
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
    #[error("{} cannot keep a write-ahead log where it stands", .0.display())]
    NoWal(PathBuf),
    #[error("another write of the group made SQLite roll all of it back")]
    RolledBack,
    #[error("a write or a read panicked: {0}")]
    Panicked(String),
    #[error("more reads wait than the queue holds")]
    Busy,
    #[error("the journal is closed")]
    Stopped,
}

/// Whether SQLite says that there is no room left.
pub fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

impl<E: Any> WriteError<E> {
    /// What a write said no with. A failure of SQLite itself is no refusal: it stands under `Full` or
    /// `Fault`, save that one wrapped in the caller's own type stays there unless the disk is full.
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
