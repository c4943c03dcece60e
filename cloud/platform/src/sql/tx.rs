//! A transaction. It remembers contention, so that `transact!` can retry even if the body replaces
//! the error.

use std::sync::Arc;

use sqlx::{MySql, Sqlite, Transaction};
use tokio::sync::Notify;

use super::{
    NAMES_MAX, Row, Sql, SqlError, Statement, StoredRow, Val, split_batches,
    statement::{bind_mysql, bind_sqlite, run_with_timeout},
};
use crate::sealing::DataKeys;

pub struct Tx {
    open: OpenTransaction,
    contended: bool,
    outbox: Arc<Notify>,
    wakes_relay: bool,
    keys: DataKeys,
}

enum OpenTransaction {
    MySql(Transaction<'static, MySql>),
    Sqlite(Transaction<'static, Sqlite>),
}

impl Sql {
    /// Use `transact!` instead, which commits and retries.
    pub async fn begin_transaction(&self) -> Result<Tx, SqlError> {
        let text = Statement::new("BEGIN");
        let work = async {
            Ok(match self {
                Self::MySql { pool, .. } => {
                    OpenTransaction::MySql(pool.begin_with("START TRANSACTION").await?)
                }
                // A transaction that reads first and writes later could lose the lock to another
                // writer.
                Self::Sqlite { write, .. } => {
                    OpenTransaction::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?)
                }
            })
        };
        let open = run_with_timeout(&text, work).await?;
        let outbox = self.outbox().clone();
        let keys = self.data_keys().clone();
        Ok(Tx {
            open,
            contended: false,
            outbox,
            wakes_relay: false,
            keys,
        })
    }
}

impl Tx {
    pub fn data_keys(&self) -> &DataKeys {
        &self.keys
    }

    /// For the rare text that differs: `FOR UPDATE` and upserts exist on one engine only.
    pub fn is_mysql(&self) -> bool {
        matches!(self.open, OpenTransaction::MySql(_))
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
                OpenTransaction::MySql(tx) => bind_mysql(&text, values)
                    .execute(&mut **tx)
                    .await?
                    .rows_affected(),
                OpenTransaction::Sqlite(tx) => bind_sqlite(&text, values)
                    .execute(&mut **tx)
                    .await?
                    .rows_affected(),
            })
        };
        let result = run_with_timeout(&text, work).await;
        self.record_contention(result)
    }

    pub async fn fetch_optional<R: Row>(
        &mut self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<Option<R>, SqlError> {
        let text = text.into();
        let open = &mut self.open;
        let keys = &self.keys;
        let work = async {
            match open {
                OpenTransaction::MySql(tx) => {
                    let row = bind_mysql(&text, values).fetch_optional(&mut **tx).await?;
                    row.map(|row| R::read(&StoredRow::from_mysql(&row, keys)))
                        .transpose()
                }
                OpenTransaction::Sqlite(tx) => {
                    let row = bind_sqlite(&text, values).fetch_optional(&mut **tx).await?;
                    row.map(|row| R::read(&StoredRow::from_sqlite(&row, keys)))
                        .transpose()
                }
            }
        };
        let result = run_with_timeout(&text, work).await;
        self.record_contention(result)
    }

    pub async fn fetch_all<R: Row>(
        &mut self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<Vec<R>, SqlError> {
        let text = text.into();
        let open = &mut self.open;
        let keys = &self.keys;
        let work = async {
            match open {
                OpenTransaction::MySql(tx) => {
                    let rows = bind_mysql(&text, values).fetch_all(&mut **tx).await?;
                    rows.iter()
                        .map(|row| R::read(&StoredRow::from_mysql(row, keys)))
                        .collect()
                }
                OpenTransaction::Sqlite(tx) => {
                    let rows = bind_sqlite(&text, values).fetch_all(&mut **tx).await?;
                    rows.iter()
                        .map(|row| R::read(&StoredRow::from_sqlite(row, keys)))
                        .collect()
                }
            }
        };
        let result = run_with_timeout(&text, work).await;
        self.record_contention(result)
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
        for part in split_batches(&names, NAMES_MAX) {
            let text = text.clone().append_marks(part.len()).append_text(after);
            rows.extend(self.fetch_all(text, [first, part].concat()).await?);
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
        for part in split_batches(&names, NAMES_MAX) {
            let text = text.clone().append_marks(part.len()).append_text(after);
            changed += self.exec(text, [first, part].concat()).await?;
        }
        Ok(changed)
    }

    pub async fn commit(self) -> Result<(), SqlError> {
        let text = Statement::new("COMMIT");
        let work = async {
            match self.open {
                OpenTransaction::MySql(tx) => tx.commit().await,
                OpenTransaction::Sqlite(tx) => tx.commit().await,
            }
        };
        run_with_timeout(&text, work).await?;
        if self.wakes_relay {
            self.outbox.notify_one();
        }
        Ok(())
    }

    pub async fn rollback(self) -> Result<(), SqlError> {
        let text = Statement::new("ROLLBACK");
        let work = async {
            match self.open {
                OpenTransaction::MySql(tx) => tx.rollback().await,
                OpenTransaction::Sqlite(tx) => tx.rollback().await,
            }
        };
        run_with_timeout(&text, work).await
    }

    pub fn is_contended(&self) -> bool {
        self.contended
    }

    /// Call it if the transaction writes an event: its commit then wakes the relay.
    pub(crate) fn wakes_relay(&mut self) {
        self.wakes_relay = true;
    }

    fn record_contention<T>(&mut self, result: Result<T, SqlError>) -> Result<T, SqlError> {
        if let Err(error) = &result {
            self.contended |= error.is_contention();
        }
        result
    }
}
