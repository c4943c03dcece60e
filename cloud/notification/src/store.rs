//! Owns where inboxes are kept: MongoDB, or SQLite with a JSON body. Both arms keep the same promises,
//! and one suite of tests holds them to it.
//!
//! Invariants: at most one line per person and event; a person reads and marks only their own lines.

mod body;
mod mongo;
mod sqlite;

use platform::{
    documents::{Documents, DocumentsError},
    sql::SqlError,
};
use wire::{Role, UnixMillis, UserId};

use crate::domain::{Line, LineId, Page, PageRequest};

pub use mongo::MongoInbox;
pub use sqlite::SqliteInbox;

/// Unread lines are counted up to this: more than any badge shows, and a bound on what is read.
pub const UNREAD_SHOWN_MAX: u32 = 1_000;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Documents(#[from] DocumentsError),
    #[error("a stored inbox line cannot be read: {0}")]
    Unreadable(String),
    #[error("notification_db lacks {missing}; run `holdfast-cloud migrate`")]
    Outdated { missing: String },
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        Self::Documents(error.into())
    }
}

impl From<mongodb::error::Error> for StoreError {
    fn from(error: mongodb::error::Error) -> Self {
        Self::Documents(error.into())
    }
}

#[derive(Clone)]
pub enum InboxStore {
    Mongo(MongoInbox),
    Sqlite(SqliteInbox),
}

impl InboxStore {
    pub fn new(documents: Documents) -> Self {
        match documents {
            Documents::Mongo(database) => Self::Mongo(MongoInbox::new(&database)),
            Documents::Sqlite(sql) => Self::Sqlite(SqliteInbox::new(sql)),
        }
    }

    /// Makes tables, collections and indexes; safe to repeat.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match self {
            Self::Mongo(store) => store.migrate().await,
            Self::Sqlite(store) => store.migrate().await,
        }
    }

    /// Refuses a store that `migrate` has not brought up to date.
    pub async fn check(&self) -> Result<(), StoreError> {
        match self {
            Self::Mongo(store) => store.check().await,
            Self::Sqlite(store) => store.check().await,
        }
    }

    /// Writes a line; whether it is new. The same event again for the same person writes nothing.
    pub async fn add(&self, id: LineId, line: &Line) -> Result<bool, StoreError> {
        match self {
            Self::Mongo(store) => store.add(id, line).await,
            Self::Sqlite(store) => store.add(id, line).await,
        }
    }

    /// Writes many lines; of each, whether it is new.
    pub async fn add_all(&self, lines: &[(LineId, Line)]) -> Result<Vec<bool>, StoreError> {
        match self {
            Self::Mongo(store) => store.add_all(lines).await,
            Self::Sqlite(store) => store.add_all(lines).await,
        }
    }

    /// A person's lines, newest first.
    pub async fn page(&self, request: &PageRequest) -> Result<Page, StoreError> {
        // One more than asked for, which tells whether there is a next page.
        let lines = match self {
            Self::Mongo(store) => store.lines(request, request.limit + 1).await?,
            Self::Sqlite(store) => store.lines(request, request.limit + 1).await?,
        };
        Ok(Page::of(lines, request.limit))
    }

    /// How many lines wait to be read, counted up to `UNREAD_SHOWN_MAX`.
    pub async fn unread(&self, user: UserId, role: Role) -> Result<u64, StoreError> {
        match self {
            Self::Mongo(store) => store.unread(user, role).await,
            Self::Sqlite(store) => store.unread(user, role).await,
        }
    }

    /// Marks one of the person's own lines as read; whether there is such a line. The first reading
    /// counts: marking again moves no time.
    pub async fn mark_read(
        &self,
        user: UserId,
        role: Role,
        id: LineId,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Mongo(store) => store.mark_read(user, role, id, now).await,
            Self::Sqlite(store) => store.mark_read(user, id, now).await,
        }
    }
}
