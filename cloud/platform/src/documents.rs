//! Document storage on MongoDB or SQLite. A service declares a collection's fields and indexes
//! once; both databases behave the same.
//!
//! Invariants: a query names its index and uses its order, so it never sorts or scans; a write and
//! its outbox events are atomic; every write increments the version; missing equals null.

mod collection;
pub(crate) mod mongo;
mod query;
mod schema;
mod store;

pub use collection::{Collection, Document, DocumentPage};
pub use mongo::Mongo;
pub use query::{Bound, Filter, GroupTotals, IndexQuery, QueryPlan, Update};
pub use schema::{
    CollectionSchema, DocumentBody, Field, FieldPath, Index, IndexCondition, IndexKey, ListField,
    Scalar, ScalarKind, ScalarType,
};

use std::time::Duration;

use mongodb::{
    Client,
    bson::doc,
    error::{Error as MongoError, ErrorKind, WriteFailure},
    options::{ClientOptions, ReadConcern, Tls, WriteConcern},
};
use process::trust::CertificateAuthorities;
use uuid::Uuid;

use crate::{
    sealing::{DataKeys, SealError},
    sql::{Sql, SqlError},
};

/// Per process and server; further calls wait. The pool opens no connections in advance unless the
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
        let database = options
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
            Client::with_options(options)?.database(&database),
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

/// Sets the pool's defaults; the address overrides them with `maxPoolSize`,
/// `serverSelectionTimeoutMS`, `connectTimeoutMS` and `heartbeatFrequencyMS`.
fn set_pool_limits(options: &mut ClientOptions) {
    options.max_pool_size.get_or_insert(CONNECTIONS_MAX);
    options.server_selection_timeout.get_or_insert(SELECT_LIMIT);
    options.connect_timeout.get_or_insert(CONNECT_LIMIT);
    options.heartbeat_freq.get_or_insert(HEARTBEAT);
}

const DUPLICATE_KEY: i32 = 11_000;

#[derive(Debug, thiserror::Error)]
pub enum DocumentsError {
    #[error("a document store's address is `sqlite:PATH` or `mongodb://HOST/DATABASE`")]
    Address,
    #[error("the document store failed")]
    Mongo(#[source] MongoError),
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// MongoDB's message would repeat the value, which may be personal data.
    #[error("a document with this key already exists")]
    DuplicateKey,
    #[error("could not read or write a document of {collection}: {why}")]
    Shape { collection: String, why: String },
    #[error(transparent)]
    Sealed(#[from] SealError),
    #[error("the declaration of {collection}, or a query of it, is wrong: {why}")]
    InvalidDeclaration {
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

impl From<MongoError> for DocumentsError {
    fn from(error: MongoError) -> Self {
        if is_duplicate(&error) {
            Self::DuplicateKey
        } else {
            Self::Mongo(error)
        }
    }
}

impl DocumentsError {
    pub(crate) fn shape_error(collection: &str, why: &impl ToString) -> Self {
        Self::Shape {
            collection: collection.to_owned(),
            why: why.to_string(),
        }
    }

    /// A document with the same unique key exists: usually a refusal, not a fault.
    pub fn is_duplicate_key(&self) -> bool {
        match self {
            Self::DuplicateKey => true,
            Self::Sql(error) => error.is_duplicate_key(),
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
pub(crate) fn false_if_duplicate(
    result: Result<bool, DocumentsError>,
) -> Result<bool, DocumentsError> {
    match result {
        Err(error) if error.is_duplicate_key() => Ok(false),
        result => result,
    }
}

/// The positions of the duplicates in an unordered `insert_many`, or its other failure.
pub(crate) fn find_duplicates(error: MongoError) -> Result<Vec<usize>, DocumentsError> {
    let ErrorKind::InsertMany(failure) = &*error.kind else {
        return Err(error.into());
    };
    let writes = failure.write_errors.as_deref().unwrap_or_default();
    if failure.write_concern_error.is_some() || writes.iter().any(|e| e.code != DUPLICATE_KEY) {
        return Err(DocumentsError::Mongo(error));
    }
    Ok(writes.iter().map(|write| write.index).collect())
}

fn is_command(error: &MongoError, code: i32) -> bool {
    matches!(&*error.kind, ErrorKind::Command(command) if command.code == code)
}

/// A single write, or a command such as `findAndModify`.
fn is_duplicate(error: &MongoError) -> bool {
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        ErrorKind::Command(error) => error.code == DUPLICATE_KEY,
        _ => false,
    }
}

/// Stores a searchable time as an integer: `#[serde(with = "millis")]`.
pub mod millis {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use wire::UnixMillis;

    pub fn serialize<S: Serializer>(at: &UnixMillis, out: S) -> Result<S::Ok, S::Error> {
        at.0.serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<UnixMillis, D::Error> {
        i64::deserialize(from).map(UnixMillis)
    }

    /// For an optional time: `#[serde(default, with = "millis::option")]`.
    pub mod option {
        use super::{Deserialize, Deserializer, Serialize, Serializer, UnixMillis};

        pub fn serialize<S: Serializer>(
            at: &Option<UnixMillis>,
            out: S,
        ) -> Result<S::Ok, S::Error> {
            at.map(|at| at.0).serialize(out)
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<UnixMillis>, D::Error> {
            Ok(Option::<i64>::deserialize(from)?.map(UnixMillis))
        }
    }
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
