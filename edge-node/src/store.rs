//! The edge's database: the log, commands and their answers, confirmed orders, and the edge's
//! state. All SQL of the edge is here. Each subject has a module with its methods of `Store`; this
//! file opens and closes the database.
//!
//! Invariants: every answer rests on an fsynced commit. An op is encoded once; the same bytes are
//! hashed and sent. Ops to upload are read through a connection that sees only commits. Each read
//! sees one snapshot; the link's reads queue fairly (`read_in_turn`).

mod backup;
mod check;
mod closed_orders;
mod commands;
mod damage_error;
mod defects;
mod disk_days;
mod edge_row;
mod fees;
mod guarded_rows;
mod high_water;
mod log;
mod message_rows;
mod messages;
mod new_epoch;
mod opening;
mod orders;
mod photos;
mod rebuild;
mod report;
mod salvage;
mod snapshot;
mod sql;
mod standing;
mod stored_commands;
mod trust;

#[cfg(test)]
pub mod tests;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use engine::edge::{EdgeFilePosition, OpRange, OpRun};
use journal::{Journal, JournalError, WriteError};
use planted::{Defect, is_planted};
use process::metrics;
use rusqlite::Connection;
use tokio::sync::Notify;
use wire::{BootNonce, EdgeId, Region, UnixMillis};

pub use backup::CopyError;
pub(crate) use backup::{check_database, copy_database};
pub use check::{FileCheck, check_file};
pub use commands::{CheckedCommand, CommandLogResult};
pub use damage_error::DamageError;
use log::LogState;
pub use messages::{
    MarkedOrders, MessagePhotoKey, MessagePhotoState, NewestMessage, StoredMessage,
    StoredMessagePhoto,
};
pub use new_epoch::EpochStart;
use opening::BootResult;
pub use opening::{RenameError, is_enrolled, rename_twin_file, twin_of};
pub use orders::{BoardItem, FeedEffects};
pub use photos::NamedPhoto;
pub use report::{EdgeReport, ReportError, ReportItem, read_report};
pub(crate) use salvage::salvage_file;
pub use standing::{Alarm, ClockFinding, ClockRecord, RegionStanding, WrongClock};
pub use stored_commands::{DecidedCommand, StoredCommand};
pub use trust::{AdmittedSession, DEVICE_UNUSED_MS_MAX, DeviceOwner, Trust, TrustUpdate};

const SCRUBBED_WITHIN: Duration = Duration::from_secs(5);

type StoreWriteResult<T> = Result<T, WriteError<rusqlite::Error>>;

#[derive(Clone)]
pub struct Store {
    journal: Journal<LogState>,
    nonce: BootNonce,
    moved: Arc<Notify>,
    path: PathBuf,
    high_water: PathBuf,
    version: Arc<AtomicU64>,
    booted_at: UnixMillis,
    is_twin: Arc<AtomicBool>,
}

/// The edge that the database belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeIdentity {
    pub edge_id: EdgeId,
    pub region: Region,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("could not open the edge's database")]
    Journal(#[from] JournalError),
    #[error("could not write the boot op")]
    Boot(#[from] WriteError<rusqlite::Error>),
    #[error("could not read the high-water file")]
    HighWater(#[from] io::Error),
}

/// The high-water file lies outside the `db` folder.
pub fn path_in(data: &Path) -> PathBuf {
    data.join("db").join("edge.db")
}

impl Store {
    /// Opens or creates the database and logs the boot op.
    pub async fn open(
        data: &Path,
        identity: EdgeIdentity,
        nonce: BootNonce,
        now: UnixMillis,
    ) -> Result<(Self, Option<Alarm>), OpenError> {
        let path = path_in(data);
        std::fs::create_dir_all(data)?;
        let high_water = high_water::path_for(&path);
        let found = high_water::read_mark_file(&high_water)?;
        let version = Arc::<AtomicU64>::default();
        let risen = Arc::clone(&version);
        let journal = Journal::open(
            &path,
            opening::migrations(),
            |conn| opening::load_log_book(conn, &identity, found),
            move |writes| {
                risen.fetch_add(1, Ordering::Release);
                record_commit_metrics(writes);
            },
        )?;
        let BootResult {
            suspicion,
            at: booted_at,
        } = journal
            .write(move |conn, state| opening::log_boot(conn, state, found, nonce, now))
            .await?;
        let alarm = journal.read(standing::find_alarm).await?;
        let is_twin = Arc::new(matches!(alarm, Some((Alarm::Twin, _))).into());
        let moved = Arc::default();
        let store = Self {
            journal,
            nonce,
            moved,
            path,
            high_water,
            version,
            booted_at,
            is_twin,
        };
        Ok((store, suspicion))
    }

    /// Another instance of this edge is running, so the cloud refuses everything from this one.
    pub fn is_twin(&self) -> bool {
        self.is_twin.load(Ordering::Acquire)
    }

    pub async fn load_position(&self) -> Result<EdgeFilePosition, JournalError> {
        if is_planted(Defect::UpBeforeCommit)
            && let Some(position) = defects::position_early()
        {
            return Ok(position);
        }
        self.journal.read_in_turn(log::load_position).await
    }

    pub async fn load_ops(&self, range: OpRange) -> Result<OpRun, JournalError> {
        if is_planted(Defect::UpBeforeCommit)
            && let Some(run) = defects::sent_early(range)
        {
            return Ok(run);
        }
        self.journal
            .read_in_turn(move |conn| log::load_ops(conn, range))
            .await
    }

    /// The time of this run's boot op: the machine's clock, or a later time from the file.
    pub fn booted_at(&self) -> UnixMillis {
        self.booted_at
    }

    /// Rises with each commit, before the commit is answered.
    pub fn commit_version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Runs a write that may append to the log, then wakes the link.
    async fn write_and_wake_link<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection, &mut LogState) -> rusqlite::Result<T> + Send + 'static,
    ) -> StoreWriteResult<T> {
        let written = self.journal.write(write).await?;
        self.moved.notify_one();
        Ok(written)
    }

    /// Notified after each commit of a command.
    pub fn commit_notifier(&self) -> Arc<Notify> {
        Arc::clone(&self.moved)
    }

    /// Call once a second.
    pub fn sync_high_water(&self) -> io::Result<()> {
        high_water::HighWaterFile::open(&self.high_water)?.sync()
    }

    /// True once a read or a write has met damage of the file.
    pub fn has_met_damage(&self) -> bool {
        self.journal.has_met_damage()
    }

    /// The free pages inside the file, which it fills before it grows.
    pub async fn load_reusable_bytes(&self) -> Result<u64, JournalError> {
        const FREE: &str = "SELECT freelist_count * page_size
            FROM pragma_freelist_count, pragma_page_size";
        self.journal
            .read(|conn| conn.query_row(FREE, [], |row| sql::read_u64(row, 0)))
            .await
    }

    /// Truncates the write-ahead log so that deleted data leaves the disk; the main file overwrites
    /// deleted rows. Blocks for up to a few seconds.
    pub fn scrub_deleted_data(&self) -> rusqlite::Result<()> {
        const EMPTY: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
        let conn = Connection::open(&self.path)?;
        conn.busy_timeout(SCRUBBED_WITHIN)?;
        conn.query_row(EMPTY, [], |_| Ok(()))
    }

    /// Finishes all queued writes, then closes the file; blocks until then.
    pub fn close(self) {
        self.journal.close();
    }
}

fn record_commit_metrics(writes: usize) {
    metrics::JOURNAL_COMMITS.add(["edge"], 1);
    // At most a few hundred.
    #[allow(clippy::cast_precision_loss)]
    metrics::JOURNAL_GROUP.observe(["edge"], writes as f64);
}
