//! The transaction as a block. A macro, because a body passed as an async closure is not `Send` in
//! a spawned task.

use std::time::Duration;

use process::metrics;

use super::{Sql, Tx, open::LOCK_WAIT};

/// The longest total wait for one locked row over all retries; backoff pauses add to it.
pub(crate) const LOCK_WAITS: Duration = LOCK_WAIT.saturating_mul(TransactionRetry::RETRIES_MAX + 1);

/// Runs the block in a transaction, commits on `Ok` and rolls back on `Err`. A deadlock or a lost
/// lock runs the block again, so the block must be repeatable and only use this database.
///
/// ```text
/// let answer: Result<Answer, StoreError> = transact!(sql, tx => {
///     let won = tx.exec(ACCEPT, vals![provider, now, order]).await? == 1;
///     outbox::store::add(tx, &event).await?;
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
