//! The reading thread, with a read-only connection of its own, so that a long read delays no write.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::JournalError;

/// One read with its own type hidden.
pub(crate) type Read = Box<dyn FnOnce(&Connection) + Send>;

pub(crate) fn read<T: Send + 'static>(
    f: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    to: oneshot::Sender<Result<T, JournalError>>,
) -> Read {
    Box::new(move |conn| {
        let result = match catch_unwind(AssertUnwindSafe(|| at_one_moment(conn, f))) {
            Ok(result) => result.map_err(JournalError::sql("read the journal")),
            Err(panic) => Err(JournalError::panicked(&*panic)),
        };
        // The caller may have gone away.
        let _ = to.send(result);
    })
}

pub(crate) fn run(conn: &Connection, mut reads: mpsc::Receiver<Read>) {
    while let Some(read) = reads.blocking_recv() {
        read(conn);
    }
}

/// All statements of a read see the same state of the file.
fn at_one_moment<T>(
    conn: &Connection,
    f: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let tx = conn.unchecked_transaction()?;
    f(&tx)
}
