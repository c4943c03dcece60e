//! The file and its owner, the writing thread: opens the file with durable writes, and runs,
//! commits and answers queued writes.

use std::{
    any::Any,
    fs::{self, File, TryLockError},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    thread,
    time::Duration,
    vec::Drain,
};

use planted::{Defect, is_planted};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use rusqlite_migration::Migrations;
use tokio::sync::{mpsc, oneshot};

use crate::error::{JournalError, WriteError, is_full};

/// The writing thread's in-memory state, a cache of the file. Only that thread holds it, and passes
/// it to every write.
pub trait State: Sized + Send + 'static {
    type Error: 'static;

    /// Returns the SQLite error inside a refusal: it may mean a full disk. A bare `rusqlite::Error`
    /// is detected without this.
    fn sqlite_error(_refusal: &Self::Error) -> Option<&rusqlite::Error> {
        None
    }

    fn load(conn: &Connection) -> rusqlite::Result<Self>;

    /// Rebuilds the cache after a rolled-back write. Override it to keep parts outside the file,
    /// such as a channel.
    fn reload(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        *self = Self::load(conn)?;
        Ok(())
    }

    /// Runs after each commit is on disk, before its writes are answered. If it fails, the commit
    /// stays, but every write of the group gets a fault.
    fn committed(&mut self, _conn: &Connection) -> Result<(), io::Error> {
        Ok(())
    }
}

/// The file, open for its single owner with durable writes. A separate lock file, because closing
/// any other handle of the database would drop SQLite's locks.
pub(crate) struct OwnedFile {
    pub conn: Connection,
    _lock: File,
}

const LOCK_TRIES: u32 = 100;
const LOCK_TRIED_EVERY: Duration = Duration::from_millis(10);
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// A small cache suffices: an edge's state is in memory anyway.
const CACHE_KIB: i64 = 512;
/// Size limit of the write-ahead log after a checkpoint, so a large burst does not keep its space.
const WAL_BYTES_KEPT: i64 = 16 * 1024 * 1024;

pub(crate) fn open_file(
    path: &Path,
    migrations: &Migrations<'_>,
) -> Result<OwnedFile, JournalError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(JournalError::wrap_io("create the journal's folder"))?;
    }
    let lock = lock_file(path)?;
    let mut conn = Connection::open(path).map_err(JournalError::wrap_sql("open the journal"))?;
    set_up(&conn, path)?;
    migrations
        .to_latest(&mut conn)
        .map_err(JournalError::schema(path))?;
    Ok(OwnedFile { conn, _lock: lock })
}

pub(crate) fn open_to_read(path: &Path) -> Result<Connection, JournalError> {
    open_read_only(path).map_err(JournalError::wrap_sql("open the journal for reading"))
}

fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(conn)
}

/// Makes the caller the file's single owner for as long as it holds the lock. Blocks for up to a
/// second: a process that the last owner has started shares its lock until it runs its own program.
pub fn lock_file(path: &Path) -> Result<File, JournalError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = File::create(&name).map_err(JournalError::wrap_io("create the journal's lock"))?;
    for _ in 0..LOCK_TRIES {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_TRIED_EVERY),
            Err(TryLockError::Error(error)) => {
                return Err(JournalError::wrap_io("lock the journal")(error));
            }
        }
    }
    Err(JournalError::Taken(path.to_owned()))
}

fn set_up(conn: &Connection, path: &Path) -> Result<(), JournalError> {
    let mode = apply_settings(conn).map_err(JournalError::wrap_sql("set the journal up"))?;
    if mode.eq_ignore_ascii_case("wal") {
        Ok(())
    } else {
        Err(JournalError::NoWal(path.to_owned()))
    }
}

/// Returns the journal mode that SQLite chose. It persists in the file; the other settings belong
/// to the connection.
fn apply_settings(conn: &Connection) -> rusqlite::Result<String> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    let mode = conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    let synchronous = if is_planted(Defect::CommitsNotSynced) {
        "OFF"
    } else {
        "FULL"
    };
    conn.pragma_update(None, "synchronous", synchronous)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // Overwrites deleted rows, so forgotten data leaves the file.
    conn.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    conn.pragma_update_and_check(None, "journal_size_limit", WAL_BYTES_KEPT, |_| Ok(()))?;
    Ok(mode)
}

/// In a larger group the first write would wait for the last.
const GROUP_MAX: usize = 256;

/// A type-erased write. Without a connection it only answers its caller.
pub(crate) type WriteJob<S> =
    Box<dyn FnOnce(Option<(&Connection, &mut S)>) -> ExecutedWrite + Send>;

/// A write that is answered when its group ends.
pub(crate) struct ExecutedWrite {
    kept: bool,
    full: bool,
    answer: Box<dyn FnOnce(CommitResult) + Send>,
}

#[derive(Clone)]
enum CommitResult {
    /// Also for a write that was certainly rolled back: its own result is the complete answer.
    Committed,
    Full,
    Fault(JournalError),
}

pub(crate) struct Writer<S> {
    file: OwnedFile,
    state: S,
    /// The state may differ from the file, so it is reloaded before the next write.
    stale: bool,
    observe: Box<dyn Fn(usize) + Send>,
}

/// Erases the types of a write. The caller may be gone by the time of the answer.
pub(crate) fn make_write_job<S: State, T, E>(
    f: impl FnOnce(&Connection, &mut S) -> Result<T, E> + Send + 'static,
    to: oneshot::Sender<Result<T, WriteError<E>>>,
) -> WriteJob<S>
where
    T: Send + 'static,
    E: Send + 'static,
{
    Box::new(move |on| {
        let result = match on.map(|(conn, state)| catch_unwind(AssertUnwindSafe(|| f(conn, state))))
        {
            Some(Ok(result)) => result.map_err(WriteError::classify_error::<S>),
            Some(Err(panic)) => Err(WriteError::Fault(JournalError::from_panic(&*panic))),
            None => Err(WriteError::Stopped),
        };
        let kept = result.is_ok();
        let full = matches!(result, Err(WriteError::Full));
        let answer = Box::new(move |ended| {
            let _ = to.send(match ended {
                CommitResult::Committed => result,
                CommitResult::Full => Err(WriteError::Full),
                CommitResult::Fault(fault) => Err(WriteError::Fault(fault)),
            });
        });
        ExecutedWrite { kept, full, answer }
    })
}

impl<E: Any> WriteError<E> {
    /// A bare SQLite error becomes `Full` or `Fault`. One wrapped in the caller's type stays a
    /// refusal, unless the disk is full.
    fn classify_error<S: State>(refusal: E) -> Self {
        let any: &dyn Any = &refusal;
        let bare = any.downcast_ref::<rusqlite::Error>();
        let sql = bare.or_else(|| any.downcast_ref::<S::Error>().and_then(S::sqlite_error));
        if sql.is_some_and(is_full) {
            return Self::Full;
        }
        let mut refusal = Some(refusal);
        let any: &mut dyn Any = &mut refusal;
        let bare = any
            .downcast_mut::<Option<rusqlite::Error>>()
            .and_then(Option::take);
        match (bare, refusal) {
            (None, Some(refusal)) => Self::Refused(refusal),
            (Some(error), _) => Self::Fault(JournalError::wrap_sql("run a write")(error)),
            (None, None) => Self::Stopped,
        }
    }
}

impl<S: State> Writer<S> {
    pub(crate) fn new(file: OwnedFile, state: S, observe: Box<dyn Fn(usize) + Send>) -> Self {
        Self {
            file,
            state,
            stale: false,
            observe,
        }
    }

    /// Runs until all senders are dropped and every write is answered.
    pub(crate) fn run(mut self, mut writes: mpsc::Receiver<WriteJob<S>>) {
        let mut waiting = Vec::with_capacity(GROUP_MAX);
        while writes.blocking_recv_many(&mut waiting, GROUP_MAX) > 0 {
            let mut rest = waiting.drain(..);
            // Loops only if a group breaks and leaves a rest.
            while rest.len() > 0 {
                self.run_group(&mut rest);
            }
        }
    }

    fn run_group(&mut self, writes: &mut Drain<'_, WriteJob<S>>) {
        let mut ran = Vec::with_capacity(writes.len());
        let ended = match self.run_and_commit(writes, &mut ran) {
            Ok(()) => self.after_commit(ran.iter().filter(|write| write.kept).count()),
            Err(ended) => ended,
        };
        if let CommitResult::Fault(fault) = &ended {
            tracing::error!(
                cause = format_causes(fault),
                writes = ran.len(),
                "A group of writes failed"
            );
        }
        for write in ran {
            (write.answer)(ended.clone());
        }
    }

    /// Runs writes until all have run or the transaction breaks, then commits. Writes for a later
    /// group stay in `writes`.
    fn run_and_commit(
        &mut self,
        writes: &mut Drain<'_, WriteJob<S>>,
        ran: &mut Vec<ExecutedWrite>,
    ) -> Result<(), CommitResult> {
        // An early return leaves the transaction rolled back and the state ahead of the file.
        let was_stale = std::mem::replace(&mut self.stale, true);
        let begun = begin_group(&mut self.file.conn).and_then(|tx| {
            if was_stale {
                self.state
                    .reload(&tx)
                    .map_err(|error| CommitResult::from_sqlite_error("reload the state", error))?;
            }
            Ok(tx)
        });
        let mut tx = match begun {
            Ok(tx) => tx,
            Err(ended) => {
                ran.extend(writes.map(|write| write(None)));
                return Err(ended);
            }
        };
        for write in writes {
            run_one(&mut tx, &mut self.state, write, ran)?;
        }
        tx.commit()
            .map_err(|error| CommitResult::from_sqlite_error("commit a group of writes", error))?;
        self.stale = false;
        Ok(())
    }

    fn after_commit(&mut self, kept: usize) -> CommitResult {
        if kept == 0 {
            return CommitResult::Committed;
        }
        (self.observe)(kept);
        let state = &mut self.state;
        let conn = &self.file.conn;
        match catch_unwind(AssertUnwindSafe(|| state.committed(conn))) {
            Ok(Ok(())) => CommitResult::Committed,
            // Never `Full` here: it promises that no write is stored, but the commit succeeded.
            Ok(Err(error)) => CommitResult::Fault(JournalError::wrap_io("note a commit")(error)),
            Err(panic) => {
                self.stale = true;
                CommitResult::Fault(JournalError::from_panic(&*panic))
            }
        }
    }
}

/// Runs one write in its savepoint. An error means that the whole transaction is lost.
fn run_one<S: State>(
    tx: &mut Transaction<'_>,
    state: &mut S,
    write: WriteJob<S>,
    ran: &mut Vec<ExecutedWrite>,
) -> Result<(), CommitResult> {
    let savepoint = match tx.savepoint() {
        Ok(savepoint) => savepoint,
        Err(error) => {
            ran.push(write(None));
            return Err(CommitResult::from_sqlite_error("begin a write", error));
        }
    };
    let write = write(Some((&savepoint, state)));
    if !write.kept && savepoint.is_autocommit() {
        // After some failures, such as a full disk, SQLite rolls back the whole transaction.
        let full = write.full;
        (write.answer)(CommitResult::Committed);
        return Err(if full {
            CommitResult::Full
        } else {
            CommitResult::Fault(JournalError::RolledBack)
        });
    }
    let kept = write.kept;
    ran.push(write);
    if kept {
        return savepoint
            .commit()
            .map_err(|error| CommitResult::from_sqlite_error("keep a write", error));
    }
    savepoint
        .finish()
        .map_err(|error| CommitResult::from_sqlite_error("undo a write", error))?;
    state
        .reload(tx)
        .map_err(|error| CommitResult::from_sqlite_error("reload the state", error))
}

/// Takes the write lock at once: a transaction that starts with a read may fail to upgrade.
fn begin_group(conn: &mut Connection) -> Result<Transaction<'_>, CommitResult> {
    conn.transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| CommitResult::from_sqlite_error("begin a group of writes", error))
}

impl CommitResult {
    fn from_sqlite_error(what: &'static str, error: rusqlite::Error) -> Self {
        if is_full(&error) {
            Self::Full
        } else {
            Self::Fault(JournalError::wrap_sql(what)(error))
        }
    }
}

fn format_causes(error: &JournalError) -> String {
    let first: &dyn std::error::Error = error;
    let causes = std::iter::successors(Some(first), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
