//! Owns the way to a document store. Each service keeps its own shape of it: an enum of a MongoDB
//! collection and an SQLite table with an id, the columns it looks for, and a JSON body.

use std::time::Duration;

use mongodb::{
    Client, Database,
    bson::doc,
    error::{ErrorKind, WriteFailure},
    options::{ClientOptions, ReadConcern, WriteConcern},
};

use crate::sql::{Sql, SqlError};

const ANSWER_LIMIT: Duration = Duration::from_secs(5);
const CONNECTIONS_MAX: u32 = 10;
const DUPLICATE_KEY: i32 = 11_000;

/// Cloning shares the pool.
#[derive(Clone)]
pub enum Documents {
    Mongo(Database),
    Sqlite(Sql),
}

#[derive(Debug, thiserror::Error)]
pub enum DocumentsError {
    #[error("a document store's address is `sqlite:PATH` or `mongodb://HOST/DATABASE`")]
    Address,
    #[error("the document store failed")]
    Mongo(#[from] mongodb::error::Error),
    #[error(transparent)]
    Sql(#[from] SqlError),
}

impl Documents {
    /// `sqlite:/path/x.db` or `mongodb://host/database`. MongoDB is connected to when first asked;
    /// its writes are acknowledged by a majority and journalled.
    pub async fn open(url: &str) -> Result<Self, DocumentsError> {
        if url.starts_with("sqlite:") {
            return Ok(Self::Sqlite(Sql::open(url).await?));
        }
        if !url.starts_with("mongodb:") && !url.starts_with("mongodb+srv:") {
            return Err(DocumentsError::Address);
        }
        let mut options = ClientOptions::parse(url).await?;
        let name = options.default_database.clone().ok_or(DocumentsError::Address)?;
        options.app_name.get_or_insert_with(|| "holdfast-cloud".to_owned());
        options.max_pool_size.get_or_insert(CONNECTIONS_MAX);
        options.server_selection_timeout.get_or_insert(ANSWER_LIMIT);
        options.connect_timeout.get_or_insert(ANSWER_LIMIT);
        options.write_concern.get_or_insert(WriteConcern::majority());
        options.read_concern.get_or_insert(ReadConcern::majority());
        Ok(Self::Mongo(Client::with_options(options)?.database(&name)))
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<(), DocumentsError> {
        match self {
            Self::Mongo(database) => {
                database.run_command(doc! { "ping": 1 }).await?;
                Ok(())
            }
            Self::Sqlite(sql) => Ok(sql.ping().await?),
        }
    }
}

impl DocumentsError {
    /// A document with the same unique key exists: usually a refusal, not a fault.
    pub fn is_unique(&self) -> bool {
        match self {
            Self::Mongo(error) => is_duplicate(error),
            Self::Sql(error) => error.is_unique(),
            Self::Address => false,
        }
    }

    /// The store could not be asked at all.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Mongo(error) => matches!(
                *error.kind,
                ErrorKind::ServerSelection { .. }
                    | ErrorKind::Io(_)
                    | ErrorKind::ConnectionPoolCleared { .. }
            ),
            Self::Sql(error) => error.is_unavailable(),
            Self::Address => false,
        }
    }
}

/// A single write, one of many, or a command such as `findAndModify`.
fn is_duplicate(error: &mongodb::error::Error) -> bool {
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        ErrorKind::InsertMany(failure) => failure
            .write_errors
            .as_ref()
            .is_some_and(|errors| errors.iter().any(|error| error.code == DUPLICATE_KEY)),
        ErrorKind::Command(error) => error.code == DUPLICATE_KEY,
        _ => false,
    }
}
