//! A transaction. It remembers contention, so that `transact!` can retry even if the body replaces
//! the error.

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
    /// Use `transact!` instead, which commits and retries.
    pub async fn begin(&self) -> Result<Tx, SqlError> {
        let text = Statement::new("BEGIN");
        let work = async {
            Ok(match self {
                Self::MySql { pool, .. } => {
                    Open::MySql(pool.begin_with("START TRANSACTION").await?)
                }
                // A transaction that reads first and writes later could lose the lock to another
                // writer.
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
    pub fn data_keys(&self) -> &DataKeys {
        &self.keys
    }

    /// For the rare text that differs: `FOR UPDATE` and upserts exist on one engine only.
    pub fn is_mysql(&self) -> bool {
        matches!(self.open, Open::MySql(_))
    }

    /// Returns the number of changed rows. Both engines count a row that an UPDATE finds, even if
    /// no value differs.
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

    /// Reads the rows of all `names`, in batches. The statement is `text`, a placeholder per name,
    /// then `after`. `first` holds values of the text's other placeholders.
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

    /// Like `all_named`, for writes; returns the number of changed rows.
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

    pub fn contended(&self) -> bool {
        self.contended
    }

    /// Call it if the transaction writes an event: its commit then wakes the relay.
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
