//! Owns documents on MongoDB or SQLite. A service declares the fields and indexes of a collection
//! and writes its store once; both databases answer it alike.
//!
//! Invariants: a query names its index and is answered in its order, so none sorts or scans; a
//! write and its events are one step; every write makes the next version; missing and null are one.

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

/// Of one process to each server; a call beyond them waits until one is free. None is kept open
/// unless the address says `minPoolSize`, as those of `docker-compose.yml` and `deploy/kubernetes`
/// do: a client of a test keeps none.
const CONNECTIONS_MAX: u32 = 50;
/// A call that finds no server in this time is answered "unavailable".
const SELECT_LIMIT: Duration = Duration::from_secs(5);
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// The driver sets no limit for a call. It asks each server so often how it is, and ends the calls
/// to a server that has not answered for this and `CONNECT_LIMIT` together: twenty seconds.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A service's own document database. Cloning shares the pool.
#[derive(Clone)]
pub enum Documents {
    Mongo(Mongo),
    Sqlite(Sql),
}

impl Documents {
    /// `sqlite:/path/x.db` or `mongodb://host/database`. MongoDB is connected to when first asked;
    /// its writes are acknowledged by a majority and journalled. With `?tls=true` it is known by
    /// the authorities of this process.
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
            // The driver takes them in the place of the public ones. An address may name its own:
            // `tlsCAFile`.
            tls.ca_file_path.get_or_insert_with(|| own.to_owned());
        }
        let name = options.default_database.clone().ok_or(DocumentsError::Address)?;
        options.app_name.get_or_insert_with(|| "holdfast-cloud".to_owned());
        bound(&mut options);
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

    /// Makes what the platform keeps beside the collections: leases, inbox, runs of jobs, replays,
    /// and events that have left, on SQLite in the outbox. Safe to repeat.
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

/// An address may say each of them: `maxPoolSize`, `serverSelectionTimeoutMS`, `connectTimeoutMS`,
/// `heartbeatFrequencyMS`.
fn bound(options: &mut ClientOptions) {
    options.max_pool_size.get_or_insert(CONNECTIONS_MAX);
    options.server_selection_timeout.get_or_insert(SELECT_LIMIT);
    options.connect_timeout.get_or_insert(CONNECT_LIMIT);
    options.heartbeat_freq.get_or_insert(HEARTBEAT);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_bound_of_a_pool_is_set_and_an_address_may_say_another() {
        let of = async |query: &str| {
            let url = format!("mongodb://127.0.0.1/user_db{query}");
            let mut options = ClientOptions::parse(url).await.unwrap();
            bound(&mut options);
            let waits =
                [options.server_selection_timeout, options.connect_timeout, options.heartbeat_freq];
            let seconds = waits.map(|wait| wait.map_or(0, |wait| wait.as_secs()));
            ((options.min_pool_size, options.max_pool_size), seconds)
        };
        assert_eq!(of("").await, ((None, Some(50)), [5, 10, 10]));
        assert_eq!(of("?minPoolSize=10").await, ((Some(10), Some(50)), [5, 10, 10]));
        let said = "?maxPoolSize=20&minPoolSize=1&serverSelectionTimeoutMS=1000\
            &connectTimeoutMS=2000&heartbeatFrequencyMS=3000";
        assert_eq!(of(said).await, ((Some(1), Some(20)), [1, 2, 3]));
    }
}
