//! The edge's database: the log, commands and their answers, confirmed orders, and the edge's
//! state. All SQL of the edge is here.
//!
//! Invariants: every answer rests on an fsynced commit. An op is encoded once; the same bytes are
//! hashed and sent. Ops to upload are read through a connection that sees only commits.

mod commands;
mod defects;
mod high_water;
mod log;
mod opening;
mod orders;
mod report;
mod restore;
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

use engine::{
    edge::{EdgeFilePosition, NewEpoch, OpRange, OpRun, SnapshotChunkWrite, TailWrite},
    verdict::{CommandDecision, EdgeState},
    view::EdgeOrderView,
};
use journal::{Journal, JournalError, WriteError};
use planted::{Defect, is_planted};
use process::metrics;
use rusqlite::Connection;
use tokio::sync::Notify;
use wire::{
    AcceptanceCertainty, AskFrame, BootNonce, CommandId, DeviceId, FeedChange, Hash, HeldReason,
    HubKey, NumberedOutcome, SessionId, UnixMillis, UserId,
};

pub use commands::{CheckedCommand, CommandLogResult};
use log::LogBook;
use opening::BootResult;
pub use opening::{EdgeIdentity, RenameError, is_enrolled, rename_twin_file, twin_of};
pub use orders::{BoardItem, FeedEffects};
pub use report::{EdgeReport, ReportError, ReportItem, read_report};
pub use restore::EpochStart;
pub use standing::{Alarm, ClockFinding, ClockRecord, RegionStanding, WrongClock};
pub use stored_commands::{DecidedCommand, StoredCommand};
pub use trust::{AdmittedSession, DEVICE_UNUSED_MS_MAX, DeviceOwner, Trust, TrustUpdate};

const SCRUBBED_WITHIN: Duration = Duration::from_secs(5);

type DevicesAndPeople = (Vec<(DeviceId, DeviceOwner)>, Vec<(UserId, UnixMillis)>);

type StoreWriteResult<T> = Result<T, WriteError<rusqlite::Error>>;

#[derive(Clone)]
pub struct Store {
    journal: Journal<LogBook>,
    nonce: BootNonce,
    moved: Arc<Notify>,
    path: PathBuf,
    high_water: PathBuf,
    version: Arc<AtomicU64>,
    booted_at: UnixMillis,
    is_twin: Arc<AtomicBool>,
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
            .write(move |conn, book| opening::log_boot(conn, book, found, nonce, now))
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

    /// Idempotent: a repeat gets its earlier answer.
    pub async fn judge_and_log_command(
        &self,
        checked: CheckedCommand,
        judge: impl FnOnce(&EdgeOrderView, &EdgeState) -> CommandDecision + Send + 'static,
    ) -> StoreWriteResult<CommandLogResult> {
        if is_planted(Defect::AnswerBeforeCommit) {
            return self.log_and_answer_early(checked, judge).await;
        }
        if is_planted(Defect::UpBeforeCommit) {
            return self.log_and_send_early(checked, judge).await;
        }
        self.write_and_wake_link(move |conn, book| {
            commands::judge_and_log_command(conn, book, checked, judge)
        })
        .await
    }

    pub async fn log_asked(
        &self,
        ask: AskFrame,
        now: UnixMillis,
    ) -> StoreWriteResult<Option<EdgeOrderView>> {
        self.write_and_wake_link(move |conn, book| commands::log_asked(conn, book, ask, now))
            .await
    }

    pub async fn confirm_feed(&self, now: UnixMillis) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| trust::confirm_feed(conn, now))
            .await
    }

    pub async fn store_outcomes(
        &self,
        to: u64,
        outcomes: Vec<NumberedOutcome>,
        now: UnixMillis,
    ) -> StoreWriteResult<Vec<DecidedCommand>> {
        if is_planted(Defect::OpRetiredBeforeOutcome) {
            self.retire_early(&outcomes).await?;
        }
        self.journal
            .write(move |conn, book| stored_commands::store_outcomes(conn, book, to, outcomes, now))
            .await
    }

    /// Applies the feed's changes up to `to`, and logs the release if they request the lease back.
    pub async fn apply_changes(
        &self,
        to: u64,
        changes: Vec<FeedChange>,
        now: UnixMillis,
    ) -> StoreWriteResult<FeedEffects> {
        self.write_and_wake_link(move |conn, book| {
            orders::apply_changes(conn, book, to, changes, now)
        })
        .await
    }

    pub async fn adopt_generation(&self, generation: u64) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, book| orders::adopt_generation(conn, book, generation))
            .await
    }

    pub async fn stage_snapshot_chunk(
        &self,
        run: SnapshotChunkWrite,
        now: UnixMillis,
    ) -> StoreWriteResult<Option<FeedEffects>> {
        self.write_and_wake_link(move |conn, book| {
            snapshot::stage_snapshot_chunk(conn, book, run, now)
        })
        .await
    }

    pub async fn mark_op_held(&self, seq: u64, reason: HeldReason) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, book| stored_commands::mark_op_held(conn, book.epoch, seq, reason))
            .await
    }

    /// Answers stay provisional until a quarantine: the log may not match earlier answers.
    pub async fn raise_alarm(&self, alarm: Alarm, now: UnixMillis) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, book| standing::raise_alarm(conn, book, alarm, now))
            .await?;
        if alarm == Alarm::Twin {
            self.is_twin.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Another instance of this edge is running, so the cloud refuses everything from this one.
    pub fn is_twin(&self) -> bool {
        self.is_twin.load(Ordering::Acquire)
    }

    pub async fn stage_tail(&self, run: TailWrite) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| restore::stage_tail(conn, run))
            .await
    }

    pub async fn begin_epoch(
        &self,
        new: NewEpoch,
        now: UnixMillis,
    ) -> StoreWriteResult<EpochStart> {
        let nonce = self.nonce;
        let start = self
            .journal
            .write(move |conn, book| restore::begin_epoch(conn, book, new, nonce, now))
            .await?;
        self.is_twin.store(false, Ordering::Release);
        Ok(start)
    }

    pub async fn save_enrolment(
        &self,
        jwks: String,
        hub: Option<HubKey>,
        now: UnixMillis,
    ) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| trust::save_enrolment(conn, &jwks, hub, now))
            .await
    }

    /// Marks the enrolment code as used, even if it brought no key.
    pub async fn save_used_code(&self, code: Hash) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| trust::save_used_code(conn, code))
            .await
    }

    /// From now on this edge trusts only this hub key.
    pub async fn pin_hub(&self, key: HubKey) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| trust::pin_hub(conn, key))
            .await
    }

    pub async fn save_clock_record(&self, record: ClockRecord) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| standing::save_clock_record(conn, record))
            .await
    }

    pub async fn delete_old_rows(&self, now: UnixMillis) -> StoreWriteResult<usize> {
        self.journal
            .write(move |conn, book| log::delete_old_rows(conn, book, now))
            .await
    }

    /// Forgets people who stayed away long; returns the revoked sessions that it dropped.
    pub async fn forget_people(&self, now: UnixMillis) -> StoreWriteResult<Vec<SessionId>> {
        self.journal
            .write(move |conn, _| {
                trust::forget_stale_people(conn, now)?;
                trust::forget_sessions(conn, now)
            })
            .await
    }

    pub async fn save_device_use(
        &self,
        device: DeviceId,
        owner: DeviceOwner,
    ) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| trust::save_device_use(conn, &device, owner))
            .await
    }

    /// Keeps the start of an outage across restarts.
    pub async fn save_cut_off_since(&self, since: Option<UnixMillis>) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| standing::save_cut_off_since(conn, since))
            .await
    }

    pub async fn delete_device_owner(&self, device: DeviceId) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| trust::delete_device_owner(conn, &device))
            .await
    }

    // Each read sees one snapshot. The link's reads queue fairly (`read_in_turn`).

    pub async fn load_trust(&self) -> Result<Trust, JournalError> {
        self.journal.read(trust::load_trust).await
    }

    pub async fn load_hub_key(&self) -> Result<Option<HubKey>, JournalError> {
        self.journal.read(trust::load_hub_key).await
    }

    pub async fn load_clock_record(&self) -> Result<ClockRecord, JournalError> {
        self.journal.read(standing::load_clock_record).await
    }

    pub async fn find_alarm(&self) -> Result<Option<(Alarm, UnixMillis)>, JournalError> {
        self.journal.read(standing::find_alarm).await
    }

    /// Device owners, and when people passed newcomer status.
    pub async fn load_people(&self) -> Result<DevicesAndPeople, JournalError> {
        self.journal
            .read(|conn| {
                Ok((
                    trust::load_device_owners(conn)?,
                    trust::load_known_people(conn)?,
                ))
            })
            .await
    }

    /// The edge that assigns the region's orders, and the rules for unpaid work.
    pub async fn load_standing(&self) -> Result<RegionStanding, JournalError> {
        self.journal.read(standing::load_standing).await
    }

    pub async fn load_cut_off_since(&self) -> Result<Option<UnixMillis>, JournalError> {
        self.journal.read(standing::load_cut_off_since).await
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

    pub async fn find_answer(
        &self,
        identity: &EdgeIdentity,
        id: CommandId,
        hash: Hash,
        user: UserId,
    ) -> Result<Option<CommandLogResult>, JournalError> {
        let name = identity.edge_id.clone();
        self.journal
            .read(move |conn| commands::find_answer(conn, &name, id, hash, user))
            .await
    }

    /// The orders from which every reader's board is built.
    pub async fn load_board(
        &self,
        identity: &EdgeIdentity,
    ) -> Result<(u64, Vec<(BoardItem, AcceptanceCertainty)>), JournalError> {
        let name = identity.edge_id.clone();
        self.journal
            .read_long(move |conn| orders::load_board(conn, &name))
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
        write: impl FnOnce(&Connection, &mut LogBook) -> rusqlite::Result<T> + Send + 'static,
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
