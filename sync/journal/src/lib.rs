//! Owns a SQLite file through one thread with group commit: when free, it drains up to 256 waiting
//! writes, runs each in a savepoint and commits them together, without delay.
//!
//! Invariants: a write is answered only after its commit is on disk (WAL, `synchronous=FULL`); a
//! failed write rolls back only itself; the in-memory state is always a cache of the file.

mod error;
mod writer;

// Tests have no shutdown signal for their tasks.
#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use rusqlite::Connection;
use rusqlite_migration::Migrations;
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

pub use error::{
    JournalError, WriteError, is_full, is_of_damage, is_of_full_disk, is_of_newer_version,
};
use writer::Writer;
pub use writer::{State, lock_file};

/// A file and its threads, shared by all clones. Dropping the last clone closes it like `close`.
pub struct Journal<S: State>(Arc<Inner<S>>);

struct Inner<S> {
    open: Mutex<Option<OpenJournal<S>>>,
    has_met_damage: AtomicBool,
}

struct OpenJournal<S> {
    writes: mpsc::Sender<writer::WriteJob<S>>,
    reads: mpsc::Sender<ReadJob>,
    long_reads: mpsc::Sender<ReadJob>,
    threads: [thread::JoinHandle<()>; 3],
}

/// Further writes get `Busy` at once, so a slow disk slows the senders down instead of filling the
/// memory.
const WRITES_WAITING_MAX: usize = 4096;
const READS_WAITING_MAX: usize = 1024;
const LONG_READS_WAITING_MAX: usize = 16;

impl<S: State> Journal<S> {
    /// Opens or creates the file, migrates its schema, and builds the state. `observe` runs on the
    /// writing thread with the number of writes that each commit kept. Blocks.
    pub fn open<E>(
        path: impl AsRef<Path>,
        migrations: Migrations<'static>,
        make: impl FnOnce(&Connection) -> Result<S, E>,
        observe: impl Fn(usize) + Send + 'static,
    ) -> Result<Self, JournalError>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let owned = writer::open_file(path.as_ref(), &migrations)?;
        let state = make(&owned.conn).map_err(|error| JournalError::Load(error.into().into()))?;
        let reading = writer::open_to_read(path.as_ref())?;
        let reading_long = writer::open_to_read(path.as_ref())?;
        let writer = Writer::new(owned, state, Box::new(observe));
        let (writes, to_write) = mpsc::channel(WRITES_WAITING_MAX);
        let (reads, to_read) = mpsc::channel(READS_WAITING_MAX);
        let (long_reads, to_read_long) = mpsc::channel(LONG_READS_WAITING_MAX);
        let threads = [
            start("journal-write", move || writer.run(to_write))?,
            start("journal-read", move || run_reads(&reading, to_read))?,
            start("journal-read-long", move || {
                run_reads(&reading_long, to_read_long)
            })?,
        ];
        let open = Mutex::new(Some(OpenJournal {
            writes,
            reads,
            long_reads,
            threads,
        }));
        Ok(Self(Arc::new(Inner {
            open,
            has_met_damage: AtomicBool::new(false),
        })))
    }

    /// Runs `f` in a savepoint on the writing thread and answers after the commit is on disk. A
    /// failed write is rolled back and the state reloaded. Dropping this future does not cancel the
    /// write.
    ///
    /// If `E` wraps SQLite's error, make it the state's `Error` and implement
    /// [`State::sqlite_error`], so a full disk returns `Full`.
    pub async fn write<T, E>(
        &self,
        f: impl FnOnce(&Connection, &mut S) -> Result<T, E> + Send + 'static,
    ) -> Result<T, WriteError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let (to, answer) = oneshot::channel();
        let write = writer::make_write_job(f, to);
        let sent = self.0.with_open(|open| open.writes.try_send(write));
        match sent {
            Some(Ok(())) => {
                let answer = answer.await.unwrap_or(Err(WriteError::Stopped));
                if let Err(WriteError::Fault(fault)) = &answer {
                    self.0.note_damage(fault);
                }
                answer
            }
            Some(Err(TrySendError::Full(_))) => Err(WriteError::Busy),
            Some(Err(TrySendError::Closed(_))) | None => Err(WriteError::Stopped),
        }
    }

    /// Runs `f` on a read-only connection. It sees every write answered before the call.
    pub async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, JournalError> {
        self.read_by(|open| &open.reads, f).await
    }

    /// Like `read`, but on a separate thread, so a long read delays no other.
    pub async fn read_long<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, JournalError> {
        self.read_by(|open| &open.long_reads, f).await
    }

    async fn read_by<T: Send + 'static>(
        &self,
        reads: impl FnOnce(&OpenJournal<S>) -> &mpsc::Sender<ReadJob>,
        f: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (to, answer) = oneshot::channel();
        let read = read(f, to);
        let sent = self.0.with_open(|open| reads(open).try_send(read));
        match sent {
            Some(Ok(())) => self.0.receive_read(answer).await,
            Some(Err(TrySendError::Full(_))) => Err(JournalError::Busy),
            Some(Err(TrySendError::Closed(_))) | None => Err(JournalError::Stopped),
        }
    }

    /// Like `read`, but waits for queue space instead of returning `Busy`. For callers with one
    /// read at a time.
    pub async fn read_in_turn<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (to, answer) = oneshot::channel();
        let reads = self
            .0
            .with_open(|open| open.reads.clone())
            .ok_or(JournalError::Stopped)?;
        let sent = reads.send(read(f, to)).await;
        // A live sender would keep the reading thread alive.
        drop(reads);
        sent.map_err(|_| JournalError::Stopped)?;
        self.0.receive_read(answer).await
    }

    /// True once a read or a write has found that the file is damaged.
    pub fn has_met_damage(&self) -> bool {
        self.0.has_met_damage.load(Ordering::Relaxed)
    }

    /// Stops accepting work, finishes the queue, and closes the file. Blocks until then. Other
    /// clones then return `Stopped`.
    pub fn close(self) {
        self.0.close();
    }
}

impl<S: State> Clone for Journal<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: State> std::fmt::Debug for Journal<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Journal")
    }
}

impl<S> Inner<S> {
    async fn receive_read<T>(
        &self,
        answer: oneshot::Receiver<Result<T, JournalError>>,
    ) -> Result<T, JournalError> {
        let answer = answer.await.unwrap_or(Err(JournalError::Stopped));
        if let Err(error) = &answer {
            self.note_damage(error);
        }
        answer
    }

    fn note_damage(&self, error: &JournalError) {
        if is_of_damage(error) {
            self.has_met_damage.store(true, Ordering::Relaxed);
        }
    }

    /// `use_it` must not block: it holds the lock.
    fn with_open<R>(&self, use_it: impl FnOnce(&OpenJournal<S>) -> R) -> Option<R> {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .map(use_it)
    }

    fn close(&self) {
        let open = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(OpenJournal {
            writes,
            reads,
            long_reads,
            threads,
        }) = open
        else {
            return;
        };
        drop((writes, reads, long_reads));
        for thread in threads {
            // A write that drops the last clone runs this on its own thread, which cannot join
            // itself.
            if thread.thread().id() != thread::current().id() && thread.join().is_err() {
                tracing::error!("A journal thread panicked");
            }
        }
    }
}

impl<S> Drop for Inner<S> {
    fn drop(&mut self) {
        self.close();
    }
}

fn start(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<thread::JoinHandle<()>, JournalError> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map_err(JournalError::wrap_io("start a journal's thread"))
}

/// A type-erased read. All its statements see one snapshot of the file.
type ReadJob = Box<dyn FnOnce(&Connection) + Send>;

fn read<T: Send + 'static>(
    f: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    to: oneshot::Sender<Result<T, JournalError>>,
) -> ReadJob {
    Box::new(move |conn| {
        let result = match catch_unwind(AssertUnwindSafe(|| read_snapshot(conn, f))) {
            Ok(result) => result.map_err(JournalError::wrap_sql("read the journal")),
            Err(panic) => Err(JournalError::from_panic(&*panic)),
        };
        // The caller may be gone.
        let _ = to.send(result);
    })
}

fn read_snapshot<T>(
    conn: &Connection,
    f: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let snapshot = conn.unchecked_transaction()?;
    f(&snapshot)
}

fn run_reads(conn: &Connection, mut reads: mpsc::Receiver<ReadJob>) {
    while let Some(read) = reads.blocking_recv() {
        read(conn);
    }
}
