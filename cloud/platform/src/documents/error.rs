//! Errors of documents, in the few kinds that a caller handles.

use mongodb::error::{Error, ErrorKind, WriteFailure};
use uuid::Uuid;

use crate::{sealing::SealError, sql::SqlError};

const DUPLICATE_KEY: i32 = 11_000;

#[derive(Debug, thiserror::Error)]
pub enum DocumentsError {
    #[error("a document store's address is `sqlite:PATH` or `mongodb://HOST/DATABASE`")]
    Address,
    #[error("the document store failed")]
    Mongo(#[source] Error),
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// MongoDB's message would repeat the value, which may be personal data.
    #[error("a document with this key already exists")]
    Unique,
    #[error("could not read or write a document of {collection}: {why}")]
    Shape { collection: String, why: String },
    #[error(transparent)]
    Sealed(#[from] SealError),
    #[error("the declaration of {collection}, or a query of it, is wrong: {why}")]
    Declared {
        collection: &'static str,
        why: String,
    },
    #[error("the document store lacks {missing}: run `holdfast-cloud migrate`")]
    Outdated { missing: String },
    #[error("too many concurrent changes of document {id} of {collection}")]
    Contended { collection: &'static str, id: Uuid },
    #[error("document {id} of {collection} has too many unsent events")]
    EventsFull { collection: &'static str, id: Uuid },
    #[error("document {id} of {collection} cannot be deleted before its events are sent")]
    EventsWait { collection: &'static str, id: Uuid },
}

impl From<Error> for DocumentsError {
    fn from(error: Error) -> Self {
        if is_duplicate(&error) {
            Self::Unique
        } else {
            Self::Mongo(error)
        }
    }
}

impl DocumentsError {
    pub(super) fn shape_error(collection: &str, why: &impl ToString) -> Self {
        Self::Shape {
            collection: collection.to_owned(),
            why: why.to_string(),
        }
    }

    /// A document with the same unique key exists: usually a refusal, not a fault.
    pub fn is_unique(&self) -> bool {
        match self {
            Self::Unique => true,
            Self::Sql(error) => error.is_unique(),
            _ => false,
        }
    }

    /// A concurrent change or an unsent event of the same document blocked it: retry later.
    pub fn is_contention(&self) -> bool {
        match self {
            Self::Contended { .. } | Self::EventsFull { .. } | Self::EventsWait { .. } => true,
            Self::Sql(error) => error.is_contention(),
            _ => false,
        }
    }

    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Mongo(error) => matches!(
                *error.kind,
                ErrorKind::ServerSelection { .. }
                    | ErrorKind::Io(_)
                    | ErrorKind::ConnectionPoolCleared { .. }
            ),
            Self::Sql(error) => error.is_unavailable(),
            _ => false,
        }
    }
}

/// Turns a duplicate key into `Ok(false)`.
pub(super) fn unless_unique(done: Result<bool, DocumentsError>) -> Result<bool, DocumentsError> {
    match done {
        Err(error) if error.is_unique() => Ok(false),
        done => done,
    }
}

/// The positions of the duplicates in an unordered `insert_many`, or its other failure.
pub(super) fn find_duplicates(error: Error) -> Result<Vec<usize>, DocumentsError> {
    let ErrorKind::InsertMany(failure) = &*error.kind else {
        return Err(error.into());
    };
    let writes = failure.write_errors.as_deref().unwrap_or_default();
    if failure.write_concern_error.is_some() || writes.iter().any(|e| e.code != DUPLICATE_KEY) {
        return Err(DocumentsError::Mongo(error));
    }
    Ok(writes.iter().map(|write| write.index).collect())
}

pub(super) fn is_command(error: &Error, code: i32) -> bool {
    matches!(&*error.kind, ErrorKind::Command(command) if command.code == code)
}

/// A single write, or a command such as `findAndModify`.
fn is_duplicate(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        ErrorKind::Command(error) => error.code == DUPLICATE_KEY,
        _ => false,
    }
}
