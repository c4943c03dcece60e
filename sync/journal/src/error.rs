//! How a write, a read or the whole journal can fail.

use std::{any::Any, fmt, io, path::PathBuf, sync::Arc};

use rusqlite::ErrorCode;

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

impl<E> WriteError<E> {
    /// Sorts a refusal that is a failure of SQLite under `Full` or `Fault`, where it belongs; `sql`
    /// takes the failure out of the caller's own type, or gives that back.
    #[must_use]
    pub fn sorted(self, sql: impl FnOnce(E) -> Result<rusqlite::Error, E>) -> Self {
        match self {
            Self::Refused(refusal) => match sql(refusal) {
                Ok(error) => Self::of_sql("run a write", error),
                Err(refusal) => Self::Refused(refusal),
            },
            other => other,
        }
    }

    pub(crate) fn of_sql(what: &'static str, error: rusqlite::Error) -> Self {
        if is_full(&error) { Self::Full } else { Self::Fault(JournalError::sql(what)(error)) }
    }
}

impl<E: Any> WriteError<E> {
    /// A write whose own error is SQLite's needs no sorting by its caller.
    pub(crate) fn of(refusal: E) -> Self {
        let mut refusal = Some(refusal);
        let any: &mut dyn Any = &mut refusal;
        match any.downcast_mut::<Option<rusqlite::Error>>().and_then(Option::take) {
            Some(error) => Self::of_sql("run a write", error),
            None => match refusal {
                Some(refusal) => Self::Refused(refusal),
                None => Self::Stopped,
            },
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
