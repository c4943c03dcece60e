//! Document storage on MongoDB or SQLite. A service declares a collection's fields and indexes
//! once; both databases behave the same.
//!
//! Invariants: a query names its index and uses its order, so it never sorts or scans; a write and
//! its outbox events are atomic; every write increments the version; missing equals null.

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
use process::trust::CertificateAuthorities;

use crate::{sealing::DataKeys, sql::Sql};

pub use collection::{Collection, Document, DocumentPage, GroupTotals, QueryPlan};
pub use error::DocumentsError;
pub use mongo::Mongo;
pub use query::{Bound, Filter, IndexQuery, Update};
pub use schema::{
    CollectionSchema, DocumentBody, Field, FieldPath, Index, IndexCondition, IndexKey, ListField,
    Scalar, ScalarKind, ScalarType,
};
pub(crate) use store::DocumentEvent;

use std::time::Duration;

/// Per process and server; further calls wait. The pool keeps no idle connections unless the
/// address sets `minPoolSize`, as in `docker-compose.yml` and `deploy/kubernetes`, but not in
/// tests.
const CONNECTIONS_MAX: u32 = 50;
/// A call that finds no server within this time fails as unavailable.
const SELECT_LIMIT: Duration = Duration::from_secs(5);
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// The driver's health check interval. The driver does not limit a call, but ends the calls to a
/// server that stays silent for this plus `CONNECT_LIMIT`: twenty seconds.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A service's document database. Clones share the pool.
#[derive(Clone)]
pub enum Documents {
    Mongo(Mongo),
    Sqlite(Sql),
}

impl Documents {
    /// Opens `sqlite:/path/x.db` or `mongodb://host/database`. MongoDB connects on first use; a
    /// majority acknowledges and journals each write. With `?tls=true`, this process's authorities
    /// verify the server.
    pub async fn open(url: &str) -> Result<Self, DocumentsError> {
        Self::open_trusting(url, &CertificateAuthorities::of_process()).await
    }

    pub async fn open_trusting(
        url: &str,
        authorities: &CertificateAuthorities,
    ) -> Result<Self, DocumentsError> {
        if url.starts_with("sqlite:") {
            return Ok(Self::Sqlite(Sql::open(url).await?));
        }
        if !url.starts_with("mongodb:") && !url.starts_with("mongodb+srv:") {
            return Err(DocumentsError::Address);
        }
        let mut options = ClientOptions::parse(url).await?;
        if let (Some(Tls::Enabled(tls)), Some(own)) = (&mut options.tls, authorities.own_file()) {
            // They replace the public authorities. An address may set its own with `tlsCAFile`.
            tls.ca_file_path.get_or_insert_with(|| own.to_owned());
        }
        let name = options
            .default_database
            .clone()
            .ok_or(DocumentsError::Address)?;
        options
            .app_name
            .get_or_insert_with(|| "holdfast-cloud".to_owned());
        set_pool_limits(&mut options);
        options
            .write_concern
            .get_or_insert(WriteConcern::majority());
        options.read_concern.get_or_insert(ReadConcern::majority());
        Ok(Self::Mongo(Mongo::new(
            Client::with_options(options)?.database(&name),
        )))
    }

    /// Seals personal fields and events from now on.
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

    /// Creates the platform's own tables or collections: leases, inbox, job runs, replays and sent
    /// events (on SQLite, the outbox). Idempotent.
    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        match self {
            Self::Mongo(mongo) => mongo.migrate().await,
            Self::Sqlite(sql) => Ok(sql.migrate_ground().await?),
        }
    }

    /// Fails if `migrate` has not brought the database up to date.
    pub async fn check_schema(&self) -> Result<(), DocumentsError> {
        match self {
            Self::Mongo(mongo) => mongo.check_schema().await,
            Self::Sqlite(sql) => Ok(sql.check_ground().await?),
        }
    }

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

/// An address overrides them: `maxPoolSize`, `serverSelectionTimeoutMS`, `connectTimeoutMS`,
/// `heartbeatFrequencyMS`.
fn set_pool_limits(options: &mut ClientOptions) {
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
            set_pool_limits(&mut options);
            let waits = [
                options.server_selection_timeout,
                options.connect_timeout,
                options.heartbeat_freq,
            ];
            let seconds = waits.map(|wait| wait.map_or(0, |wait| wait.as_secs()));
            ((options.min_pool_size, options.max_pool_size), seconds)
        };
        assert_eq!(of("").await, ((None, Some(50)), [5, 10, 10]));
        assert_eq!(
            of("?minPoolSize=10").await,
            ((Some(10), Some(50)), [5, 10, 10])
        );
        let said = "?maxPoolSize=20&minPoolSize=1&serverSelectionTimeoutMS=1000\
            &connectTimeoutMS=2000&heartbeatFrequencyMS=3000";
        assert_eq!(of(said).await, ((Some(1), Some(20)), [1, 2, 3]));
    }
}
