//! The database that holds a service's outbox, inbox and job runs: tables on MySQL and SQLite,
//! collections on MongoDB.

use crate::{
    documents::{Documents, Mongo},
    sealing::DataKeys,
    sql::Sql,
};

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
