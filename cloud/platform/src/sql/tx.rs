//! A transaction. It remembers a statement that failed because another transaction was in the way,
//! so that `transact!` can retry, whatever error the body made of it.

use std::sync::Arc;

use sqlx::{MySql, Sqlite, Transaction};
use tokio::sync::Notify;

use super::{
    NAMES_MAX, Row, Sql, SqlError, Statement, StoredRow, Val, parts,
    statement::{limited, mysql, sqlite},
};
use crate::sealing::DataKeys;

pub struct Tx {
    open: Open,
    contended: bool,
    outbox: Arc<Notify>,
    wakes_relay: bool,
    keys: DataKeys,
}

enum Open {
    MySql(Transaction<'static, MySql>),
    Sqlite(Transaction<'static, Sqlite>),
}

impl Sql {
    /// Use through `transact!`, which commits and retries.
    pub async fn begin(&self) -> Result<Tx, SqlError> {
        let text = Statement::new("BEGIN");
        let work = async {
            Ok(match self {
                Self::MySql { pool, .. } => {
                    Open::MySql(pool.begin_with("START TRANSACTION").await?)
                }
                // A transaction that reads first and writes later would lose the lock to another.
                Self::Sqlite { write, .. } => {
                    Open::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?)
                }
            })
        };
        let open = limited(&text, work).await?;
        let (outbox, keys) = (self.outbox().clone(), self.data_keys().clone());
        Ok(Tx { open, contended: false, outbox, wakes_relay: false, keys })
    }
}

impl Tx {
    /// The keys that seal this database's personal columns.
    pub fn data_keys(&self) -> &DataKeys {
        &self.keys
    }

    /// For the rare text that differs: `FOR UPDATE` and upserts exist on one engine only.
    pub fn is_mysql(&self) -> bool {
        matches!(self.open, Open::MySql(_))
    }

    /// Runs a statement; answers with the number of rows it changed. An UPDATE that finds its row
    /// counts it on both engines, also when no value differs.
    pub async fn exec(
        &mut self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<u64, SqlError> {
        let text = text.into();
        let open = &mut self.open;
        let work = async {
            Ok(match open {
                Open::MySql(tx) => mysql(&text, values).execute(&mut **tx).await?.rows_affected(),
                Open::Sqlite(tx) => sqlite(&text, values).execute(&mut **tx).await?.rows_affected(),
            })
        };
        let result = limited(&text, work).await;
        self.noted(result)
    }

    pub async fn one<R: Row>(
        &mut self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<Option<R>, SqlError> {
        let text = text.into();
        let (open, keys) = (&mut self.open, &self.keys);
        let work = async {
            match open {
                Open::MySql(tx) => {
                    let row = mysql(&text, values).fetch_optional(&mut **tx).await?;
                    row.map(|row| R::read(&StoredRow::mysql(&row, keys))).transpose()
                }
                Open::Sqlite(tx) => {
                    let row = sqlite(&text, values).fetch_optional(&mut **tx).await?;
                    row.map(|row| R::read(&StoredRow::sqlite(&row, keys))).transpose()
                }
            }
        };
        let result = limited(&text, work).await;
        self.noted(result)
    }

    pub async fn all<R: Row>(
        &mut self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<Vec<R>, SqlError> {
        let text = text.into();
        let (open, keys) = (&mut self.open, &self.keys);
        let work = async {
            match open {
                Open::MySql(tx) => {
                    let rows = mysql(&text, values).fetch_all(&mut **tx).await?;
                    rows.iter().map(|row| R::read(&StoredRow::mysql(row, keys))).collect()
                }
                Open::Sqlite(tx) => {
                    let rows = sqlite(&text, values).fetch_all(&mut **tx).await?;
                    rows.iter().map(|row| R::read(&StoredRow::sqlite(row, keys))).collect()
                }
            }
        };
        let result = limited(&text, work).await;
        self.noted(result)
    }

    /// The rows of all these names, read by `text`, the names' marks and `after`. Values for other
    /// marks in the text stand in `first`.
    pub async fn all_named<R: Row>(
        &mut self,
        text: impl Into<Statement>,
        first: &[Val],
        names: impl IntoIterator<Item: Into<Val>>,
        after: &'static str,
    ) -> Result<Vec<R>, SqlError> {
        let text = text.into();
        let names: Vec<Val> = names.into_iter().map(Into::into).collect();
        let mut rows = Vec::new();
        for part in parts(&names, NAMES_MAX) {
            let text = text.clone().marks(part.len()).then(after);
            rows.extend(self.all(text, [first, part].concat()).await?);
        }
        Ok(rows)
    }

    /// As `all_named`, for a statement that writes; answers with the number of rows it changed.
    pub async fn exec_named(
        &mut self,
        text: impl Into<Statement>,
        first: &[Val],
        names: impl IntoIterator<Item: Into<Val>>,
        after: &'static str,
    ) -> Result<u64, SqlError> {
        let text = text.into();
        let names: Vec<Val> = names.into_iter().map(Into::into).collect();
        let mut changed = 0;
        for part in parts(&names, NAMES_MAX) {
            let text = text.clone().marks(part.len()).then(after);
            changed += self.exec(text, [first, part].concat()).await?;
        }
        Ok(changed)
    }

    pub async fn commit(self) -> Result<(), SqlError> {
        let text = Statement::new("COMMIT");
        let work = async {
            match self.open {
                Open::MySql(tx) => tx.commit().await,
                Open::Sqlite(tx) => tx.commit().await,
            }
        };
        limited(&text, work).await?;
        if self.wakes_relay {
            self.outbox.notify_one();
        }
        Ok(())
    }

    pub async fn rollback(self) -> Result<(), SqlError> {
        let text = Statement::new("ROLLBACK");
        let work = async {
            match self.open {
                Open::MySql(tx) => tx.rollback().await,
                Open::Sqlite(tx) => tx.rollback().await,
            }
        };
        limited(&text, work).await
    }

    /// Returns whether a statement failed because another transaction was in the way.
    pub fn contended(&self) -> bool {
        self.contended
    }

    /// This transaction writes an event: its commit wakes the relay.
    pub(crate) fn wakes_relay(&mut self) {
        self.wakes_relay = true;
    }

    fn noted<T>(&mut self, result: Result<T, SqlError>) -> Result<T, SqlError> {
        if let Err(error) = &result {
            self.contended |= error.is_contention();
        }
        result
    }
}
