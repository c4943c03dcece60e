//! Owns documents on MongoDB or SQLite. A service declares the fields and indexes of a collection and
//! writes its store once; both databases answer it alike.
//!
//! Invariants: a query names its index and is answered in its order, so none sorts or scans; a write and
//! its events are one step; every write makes the next version; missing and null are one.

mod collection;
mod error;
mod keys;
pub mod millis;
mod mongo;
mod query;
mod schema;
mod sent;
mod store;

use mongodb::{
    Client,
    bson::doc,
    options::{ClientOptions, ReadConcern, Tls, WriteConcern},
};
use process::trust::Authorities;

use crate::{sealing::DataKeys, sql::Sql};

pub use collection::{Collection, Document, DocumentPage, Group, QueryPlan};
pub use error::DocumentsError;
pub use mongo::Mongo;
pub use query::{Bound, Filter, Find, Update};
pub use schema::{
    DocumentBody, Field, FieldPath, Index, IndexCondition, IndexKey, ListField, Scalar, ScalarKind,
    ScalarType, Shape,
};
pub(crate) use store::WaitingEvent;

use std::time::Duration;

const ANSWER_LIMIT: Duration = Duration::from_secs(5);
const CONNECTIONS_MAX: u32 = 10;

/// A service's own document database. Cloning shares the pool.
#[derive(Clone)]
pub enum Documents {
    Mongo(Mongo),
    Sqlite(Sql),
}

impl Documents {
    /// `sqlite:/path/x.db` or `mongodb://host/database`. MongoDB is connected to when first asked;
    /// its writes are acknowledged by a majority and journalled. With `?tls=true` it is known by the authorities
    /// of this process.
    pub async fn open(url: &str) -> Result<Self, DocumentsError> {
        Self::open_trusting(url, &Authorities::of_process()).await
    }

    /// The same, by these authorities.
    pub async fn open_trusting(
        url: &str,
        authorities: &Authorities,
    ) -> Result<Self, DocumentsError> {
        if url.starts_with("sqlite:") {
            return Ok(Self::Sqlite(Sql::open(url).await?));
        }
        if !url.starts_with("mongodb:") && !url.starts_with("mongodb+srv:") {
            return Err(DocumentsError::Address);
        }
        let mut options = ClientOptions::parse(url).await?;
        if let (Some(Tls::Enabled(tls)), Some(own)) = (&mut options.tls, authorities.own_file()) {
            // The driver takes them in the place of the public ones. An address may name its own: `tlsCAFile`.
            tls.ca_file_path.get_or_insert_with(|| own.to_owned());
        }
        let name = options.default_database.clone().ok_or(DocumentsError::Address)?;
        options.app_name.get_or_insert_with(|| "holdfast-cloud".to_owned());
        options.max_pool_size.get_or_insert(CONNECTIONS_MAX);
        options.server_selection_timeout.get_or_insert(ANSWER_LIMIT);
        options.connect_timeout.get_or_insert(ANSWER_LIMIT);
        options.write_concern.get_or_insert(WriteConcern::majority());
        options.read_concern.get_or_insert(ReadConcern::majority());
        Ok(Self::Mongo(Mongo::new(Client::with_options(options)?.database(&name))))
    }

    /// The same database, whose personal fields and events are sealed from now on.
    #[must_use]
    pub fn sealed_by(self, keys: &DataKeys) -> Self {
        match self {
            Self::Mongo(mongo) => Self::Mongo(mongo.sealed_by(keys)),
            Self::Sqlite(sql) => Self::Sqlite(sql.sealed_by(keys)),
        }
    }

    pub(crate) fn data_keys(&self) -> &DataKeys {
        match self {
            Self::Mongo(mongo) => mongo.data_keys(),
            Self::Sqlite(sql) => sql.data_keys(),
        }
    }

    /// Makes what the platform keeps beside the collections: leases, inbox, runs of jobs, replays, and events that have
    /// left, on SQLite in the outbox. Safe to repeat.
    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        match self {
            Self::Mongo(mongo) => mongo.migrate().await,
            Self::Sqlite(sql) => Ok(sql.migrate_ground().await?),
        }
    }

    /// Refuses a database that `migrate` has not brought up to date.
    pub async fn check(&self) -> Result<(), DocumentsError> {
        match self {
            Self::Mongo(mongo) => mongo.check().await,
            Self::Sqlite(sql) => Ok(sql.check_ground().await?),
        }
    }

    /// Returns when the database answers.
    pub async fn ping(&self) -> Result<(), DocumentsError> {
        match self {
            Self::Mongo(mongo) => {
                mongo.database.run_command(doc! { "ping": 1 }).await?;
                Ok(())
            }
            Self::Sqlite(sql) => Ok(sql.ping().await?),
        }
    }
}
