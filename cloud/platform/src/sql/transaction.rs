//! A transaction, and `transact!`, which runs one as a block: a macro, because a body passed as an
//! async closure is not `Send` in a spawned task. A transaction remembers contention, so that
//! `transact!` can retry even if the body replaces the error.

use std::{sync::Arc, time::Duration};

use process::metrics;
use sqlx::{MySql, Sqlite, Transaction};
use tokio::sync::Notify;

use super::{
    NAMES_MAX, Row, Sql, SqlError, SqlFuture, Statement, Val,
    open::LOCK_WAIT,
    row::EngineRow,
    split_batches,
    statement::{RowCount, bind_mysql, bind_sqlite, run_with_timeout},
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
    pub fn begin_transaction(&self) -> SqlFuture<'_, Tx> {
        Box::pin(self.begin_with(async {
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
        }))
    }

    /// A transaction in which the database refuses every write. It waits for no writer.
    pub fn begin_read_transaction(&self) -> SqlFuture<'_, Tx> {
        Box::pin(self.begin_with(async {
            Ok(match self {
                Self::MySql { pool, .. } => {
                    OpenTransaction::MySql(pool.begin_with("START TRANSACTION READ ONLY").await?)
                }
                Self::Sqlite { read, .. } => {
                    OpenTransaction::Sqlite(read.begin_with("BEGIN").await?)
                }
            })
        }))
    }

    async fn begin_with(
        &self,
        opening: impl Future<Output = Result<OpenTransaction, sqlx::Error>>,
    ) -> Result<Tx, SqlError> {
        let open = run_with_timeout(&Statement::new("BEGIN"), opening).await?;
        Ok(Tx {
            open,
            contended: false,
            outbox: self.outbox().clone(),
            wakes_relay: false,
            keys: self.data_keys().clone(),
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
    pub fn exec(&mut self, text: impl Into<Statement>, values: Vec<Val>) -> SqlFuture<'_, u64> {
        self.run_statement(text.into(), values)
    }

    fn run_statement(&mut self, text: Statement, values: Vec<Val>) -> SqlFuture<'_, u64> {
        Box::pin(async move {
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
        })
    }

    pub async fn fetch_optional<R: Row>(
        &mut self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<Option<R>, SqlError> {
        let text = text.into();
        let rows = self.fetch_rows(&text, values, RowCount::First).await?;
        let mut rows = text.read_rows(&rows, &self.keys, R::read)?;
        Ok(rows.pop())
    }

    pub async fn fetch_all<R: Row>(
        &mut self,
        text: impl Into<Statement>,
        values: Vec<Val>,
    ) -> Result<Vec<R>, SqlError> {
        let text = text.into();
        let rows = self.fetch_rows(&text, values, RowCount::All).await?;
        text.read_rows(&rows, &self.keys, R::read)
    }

    fn fetch_rows<'t>(
        &'t mut self,
        text: &'t Statement,
        values: Vec<Val>,
        count: RowCount,
    ) -> SqlFuture<'t, Vec<EngineRow>> {
        Box::pin(async move {
            let open = &mut self.open;
            let work = async {
                match open {
                    OpenTransaction::MySql(tx) => count.fetch_mysql(text, values, &mut **tx).await,
                    OpenTransaction::Sqlite(tx) => {
                        count.fetch_sqlite(text, values, &mut **tx).await
                    }
                }
            };
            let result = run_with_timeout(text, work).await;
            self.record_contention(result)
        })
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

    pub fn commit(self) -> SqlFuture<'static, ()> {
        Box::pin(async move {
            let work = async {
                match self.open {
                    OpenTransaction::MySql(tx) => tx.commit().await,
                    OpenTransaction::Sqlite(tx) => tx.commit().await,
                }
            };
            run_with_timeout(&Statement::new("COMMIT"), work).await?;
            if self.wakes_relay {
                self.outbox.notify_one();
            }
            Ok(())
        })
    }

    pub fn rollback(self) -> SqlFuture<'static, ()> {
        Box::pin(async move {
            let work = async {
                match self.open {
                    OpenTransaction::MySql(tx) => tx.rollback().await,
                    OpenTransaction::Sqlite(tx) => tx.rollback().await,
                }
            };
            run_with_timeout(&Statement::new("ROLLBACK"), work).await
        })
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

/// The longest total wait for one locked row over all retries; backoff pauses add to it.
pub(crate) const LOCK_WAITS: Duration = LOCK_WAIT.saturating_mul(TransactionRetry::RETRIES_MAX + 1);

/// Runs the block in a transaction, commits on `Ok` and rolls back on `Err`. A deadlock or a lost
/// lock runs the block again, so the block must be repeatable and only use this database.
///
/// ```text
/// let answer: Result<Answer, StoreError> = transact!(sql, tx => {
///     let won = tx.exec(ACCEPT, vals![provider, now, order]).await? == 1;
///     outbox::add(tx, &event).await?;
///     Ok(if won { Answer::Won } else { Answer::Lost })
/// });
/// ```
/// `tx` is a `&mut Tx`. The error is any type that is `From<SqlError>`; if the context does not
/// determine it, write `Ok::<_, StoreError>(..)`. `return` only leaves the block.
#[macro_export]
macro_rules! transact {
    ($sql:expr, $tx:ident => $body:block) => {{
        let mut retry = $crate::sql::TransactionRetry::for_database(&$sql);
        loop {
            let mut open = match $sql.begin_transaction().await {
                Ok(open) => open,
                Err(error) => {
                    if error.is_contention() && retry.wait_before_retry().await {
                        continue;
                    }
                    break Err(::std::convert::From::from(error));
                }
            };
            let result = async {
                #[allow(unused_mut)]
                let mut $tx = &mut open;
                $body
            }
            .await;
            match result {
                Ok(value) => match open.commit().await {
                    Ok(()) => break Ok(value),
                    Err(error) => {
                        if error.is_contention() && retry.wait_before_retry().await {
                            continue;
                        }
                        break Err(::std::convert::From::from(error));
                    }
                },
                Err(error) => {
                    let is_contended = open.is_contended();
                    $crate::sql::TransactionRetry::roll_back(open).await;
                    if is_contended && retry.wait_before_retry().await {
                        continue;
                    }
                    break Err(error);
                }
            }
        }
    }};
}

/// Counts a transaction's retries and waits before each.
#[derive(Debug)]
pub struct TransactionRetry {
    engine: &'static str,
    made: u32,
}

impl TransactionRetry {
    const RETRIES_MAX: u32 = 5;

    pub fn for_database(sql: &Sql) -> Self {
        Self {
            engine: sql.engine(),
            made: 0,
        }
    }

    /// Waits with jittered, growing backoff; returns false if no retry is left.
    pub async fn wait_before_retry(&mut self) -> bool {
        if self.made >= Self::RETRIES_MAX {
            return false;
        }
        self.made += 1;
        metrics::SQL_RETRIES.add([self.engine], 1);
        let [chance] = process::random::draw_bytes::<1>();
        let pause_ms = (1 << self.made) * (4 + u64::from(chance % 8));
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        true
    }

    /// A rollback that fails has lost its connection, and with it the transaction.
    pub async fn roll_back(tx: Tx) {
        if let Err(error) = tx.rollback().await {
            tracing::warn!(%error, "Could not roll back a transaction; dropped its connection");
        }
    }
}
