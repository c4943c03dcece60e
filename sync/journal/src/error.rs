//! Errors of writes, reads and the whole journal.

use std::{
    any::Any,
    error::Error,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::{ErrorCode, ffi};
use rusqlite_migration::MigrationDefinitionError;

#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// Only this write is rolled back.
    #[error("the write was refused")]
    Refused(E),
    /// The disk or the file's size limit is full; the write is not stored.
    #[error("the disk is full")]
    Full,
    /// The write may be stored. Retry only if it is idempotent.
    #[error("the write failed")]
    Fault(#[source] JournalError),
    /// The write is not stored.
    #[error("the journal is closed")]
    Stopped,
    /// The write is not stored.
    #[error("the write queue is full")]
    Busy,
}

/// Clones share the cause, because one failed commit fails its whole group.
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
    /// The file has more migrations than this program.
    #[error(
        "{} was written by a newer version of this program. Start that version again, or restore a \
         backup from before the upgrade", .0.display()
    )]
    NewerVersion(PathBuf),
    #[error("could not load the state")]
    Load(#[source] Arc<dyn std::error::Error + Send + Sync>),
    #[error("{} is in use by another process", .0.display())]
    Taken(PathBuf),
    #[error("{} is on a file system that does not support a write-ahead log", .0.display())]
    NoWal(PathBuf),
    #[error("another write made SQLite roll the whole group back")]
    RolledBack,
    #[error("a write or a read panicked: {0}")]
    Panicked(String),
    #[error("the read queue is full")]
    Busy,
    #[error("the journal is closed")]
    Stopped,
}

pub fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Returns true if a full disk caused the error. The write may still be stored, unlike with
/// `is_full`.
pub fn is_of_full_disk(error: &(dyn Error + 'static)) -> bool {
    any_cause(error, names_full_disk)
}

/// Returns true if the file is damaged or not a database.
pub fn is_of_damage(error: &(dyn Error + 'static)) -> bool {
    any_cause(error, names_damage)
}

/// Returns true if a newer version of this program wrote the file.
pub fn is_of_newer_version(error: &(dyn Error + 'static)) -> bool {
    any_cause(error, |cause| {
        matches!(
            cause.downcast_ref::<JournalError>(),
            Some(JournalError::NewerVersion(_))
        )
    })
}

fn any_cause(
    error: &(dyn Error + 'static),
    is_it: impl Fn(&(dyn Error + 'static)) -> bool,
) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if is_it(error) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn names_damage(error: &(dyn Error + 'static)) -> bool {
    let code = as_sql_error(error).and_then(rusqlite::Error::sqlite_error_code);
    matches!(
        code,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

fn names_full_disk(error: &(dyn Error + 'static)) -> bool {
    let of_sql = as_sql_error(error).is_some_and(|error| {
        // The shared-memory index of the write-ahead log cannot grow.
        let extended = error.sqlite_error().map(|error| error.extended_code);
        is_full(error) || extended == Some(ffi::SQLITE_IOERR_SHMSIZE)
    });
    let of_io = as_io_error(error).is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        )
    });
    let of_write = error.downcast_ref::<WriteError<rusqlite::Error>>();
    of_sql || of_io || matches!(of_write, Some(WriteError::Full))
}

/// The SQLite error, bare or shared by the clones of a [`JournalError`].
fn as_sql_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rusqlite::Error> {
    if let Some(shared) = error.downcast_ref::<Arc<rusqlite::Error>>() {
        return Some(shared.as_ref());
    }
    error.downcast_ref::<rusqlite::Error>()
}

/// Like `as_sql_error`, for IO errors.
fn as_io_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    if let Some(shared) = error.downcast_ref::<Arc<io::Error>>() {
        return Some(shared.as_ref());
    }
    error.downcast_ref::<io::Error>()
}

impl JournalError {
    pub(crate) fn wrap_sql(what: &'static str) -> impl Fn(rusqlite::Error) -> Self {
        move |source| Self::Sql {
            what,
            source: Arc::new(source),
        }
    }

    pub(crate) fn wrap_io(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io {
            what,
            source: Arc::new(source),
        }
    }

    pub(crate) fn schema(path: &Path) -> impl Fn(rusqlite_migration::Error) -> Self {
        use rusqlite_migration::Error::MigrationDefinition;
        move |source| match source {
            MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
                Self::NewerVersion(path.to_owned())
            }
            _ => Self::Schema {
                path: path.to_owned(),
                source: source.into(),
            },
        }
    }

    pub(crate) fn from_panic(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Self::Panicked(text.unwrap_or("without a word").to_owned())
    }
}
