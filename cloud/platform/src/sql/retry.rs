//! The transaction as a block. It is a macro because a body passed as an async closure is not
//! `Send` in a spawned task.

use std::time::Duration;

use process::metrics;

use super::{Sql, Tx, open::LOCK_WAIT};

/// The longest wait of a transaction for one held row, over all its runs; the pauses come on top.
pub(crate) const LOCK_WAITS: Duration = LOCK_WAIT.saturating_mul(Attempts::RETRIES_MAX + 1);

/// Begins a transaction, runs the block with it, commits when the block answers `Ok` and undoes it
/// when it answers `Err`. A deadlock or a lost lock runs the block again, so the block must be able
/// to run more than once and must do nothing but talk to this database.
///
/// ```text
/// let answer: Result<Answer, StoreError> = transact!(sql, tx => {
///     let won = tx.exec(ACCEPT, vals![provider, now, order]).await? == 1;
///     outbox::store::add(tx, &event).await?;
///     Ok(if won { Answer::Won } else { Answer::Lost })
/// });
/// ```
/// `tx` is a `&mut Tx`. The error is any type made `From<SqlError>`; where nothing around names it,
/// write `Ok::<_, StoreError>(..)`. `return` inside the block leaves the block only.
#[macro_export]
macro_rules! transact {
    ($sql:expr, $tx:ident => $body:block) => {{
        let mut attempts = $crate::sql::Attempts::on(&$sql);
        loop {
            let mut open = match $sql.begin().await {
                Ok(open) => open,
                Err(error) => {
                    if error.is_contention() && attempts.again().await {
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
                        if error.is_contention() && attempts.again().await {
                            continue;
                        }
                        break Err(::std::convert::From::from(error));
                    }
                },
                Err(error) => {
                    let contended = open.contended();
                    $crate::sql::Attempts::undo(open).await;
                    if contended && attempts.again().await {
                        continue;
                    }
                    break Err(error);
                }
            }
        }
    }};
}

/// How often a transaction may run again, and the pause before.
#[derive(Debug)]
pub struct Attempts {
    engine: &'static str,
    made: u32,
}

impl Attempts {
    const RETRIES_MAX: u32 = 5;

    pub fn on(sql: &Sql) -> Self {
        Self { engine: sql.engine(), made: 0 }
    }

    /// Returns whether to try once more; waits a little first, longer each time and never the same
    /// for two.
    pub async fn again(&mut self) -> bool {
        if self.made >= Self::RETRIES_MAX {
            return false;
        }
        self.made += 1;
        metrics::SQL_RETRIES.add([self.engine], 1);
        let [chance] = process::random::bytes::<1>();
        let pause_ms = (1 << self.made) * (4 + u64::from(chance % 8));
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        true
    }

    /// A rollback that fails has lost its connection, and the transaction with it.
    pub async fn undo(tx: Tx) {
        if let Err(error) = tx.rollback().await {
            tracing::warn!(%error, "A transaction could not be undone; its connection is dropped");
        }
    }
}
