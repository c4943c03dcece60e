//! A part's records of its own work: unsent and sent events, replays, idempotency keys with their
//! responses, the relay's lease and the runs of jobs. Tables on MySQL and SQLite, collections on
//! MongoDB.
//!
//! Transactions write the outbox and the inbox themselves (`sql::events`, and documents on
//! MongoDB).

pub(crate) mod store {
    pub(crate) mod claims;
    pub(crate) mod idempotency_keys;
    pub(crate) mod order_events;
    pub(crate) mod outbox;
    pub(crate) mod sent_events;
}

use std::time::Duration;

use mongodb::{IndexModel, bson::doc, options::IndexOptions};
use store::{
    claims::{JOB_RUNS, RUNS_KEPT_MS},
    idempotency_keys::{ANSWERS, KEPT_MS, NEWEST},
    sent_events::{IN_ORDER, OF_ORDER, OLDEST, REPLAYS, SENT, UNDER_WAY},
};

use crate::{
    documents::{
        Documents, DocumentsError, Mongo,
        mongo::{INBOX, index_names},
    },
    sealing::DataKeys,
    sql::{Sql, events::INBOX_KEPT_MS},
};

const EXPIRES: &str = "expires";

#[derive(Clone)]
pub enum Database {
    Sql(Sql),
    Mongo(Mongo),
}

impl Database {
    pub(crate) fn data_keys(&self) -> &DataKeys {
        match self {
            Self::Sql(sql) => sql.data_keys(),
            Self::Mongo(mongo) => mongo.data_keys(),
        }
    }
}

impl From<&Sql> for Database {
    fn from(sql: &Sql) -> Self {
        Self::Sql(sql.clone())
    }
}

impl From<Sql> for Database {
    fn from(sql: Sql) -> Self {
        Self::Sql(sql)
    }
}

impl From<&Documents> for Database {
    fn from(documents: &Documents) -> Self {
        match documents {
            Documents::Mongo(mongo) => Self::Mongo(mongo.clone()),
            Documents::Sqlite(sql) => Self::Sql(sql.clone()),
        }
    }
}

impl Documents {
    /// Creates the platform's own tables or collections: leases, inbox, job runs, replays and sent
    /// events (on SQLite, the outbox). Idempotent.
    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        match self {
            Self::Mongo(mongo) => mongo.migrate().await,
            Self::Sqlite(sql) => Ok(sql.migrate_platform_tables().await?),
        }
    }

    /// Fails if `migrate` has not brought the database up to date.
    pub async fn check_schema(&self) -> Result<(), DocumentsError> {
        match self {
            Self::Mongo(mongo) => mongo.check_schema().await,
            Self::Sqlite(sql) => Ok(sql.check_platform_tables().await?),
        }
    }
}

impl Mongo {
    async fn migrate(&self) -> Result<(), DocumentsError> {
        let kept = [
            (INBOX, INBOX_KEPT_MS),
            (JOB_RUNS, RUNS_KEPT_MS),
            (ANSWERS, KEPT_MS),
        ];
        for (name, kept_ms) in kept {
            let kept = Duration::from_millis(kept_ms.unsigned_abs());
            let options = IndexOptions::builder()
                .name(EXPIRES.to_owned())
                .expire_after(kept)
                .build();
            let index = IndexModel::builder()
                .keys(doc! {"at": 1})
                .options(options)
                .build();
            self.collection(name).create_index(index).await?;
        }
        self.index_sent().await?;
        self.index_answers().await
    }

    async fn check_schema(&self) -> Result<(), DocumentsError> {
        let needed = [
            (INBOX, EXPIRES),
            (JOB_RUNS, EXPIRES),
            (ANSWERS, EXPIRES),
            (ANSWERS, NEWEST),
            (SENT, IN_ORDER),
            (SENT, OLDEST),
            (SENT, OF_ORDER),
            (REPLAYS, UNDER_WAY),
        ];
        for (name, index) in needed {
            let known = index_names(&self.collection(name)).await?;
            if !known.iter().any(|known| known == index) {
                let missing = format!("index {index} of {name}");
                return Err(DocumentsError::Outdated { missing });
            }
        }
        Ok(())
    }
}
