//! The edge's database: the log, commands and their answers, confirmed orders, and the edge's
//! state. All SQL of the edge is here.
//!
//! Invariants: every answer rests on an fsynced commit. An op is encoded once; the same bytes are
//! hashed and sent. Ops to upload are read through a connection that sees only commits.

mod alarm;
mod anew;
mod append;
mod book;
mod clock;
mod commands;
mod customers;
mod defects;
mod enrolment;
mod high_water;
mod opening;
mod orders;
mod outcomes;
mod people;
mod quarantine;
mod relog;
mod report;
mod right;
mod schema;
mod shares;
mod sight;
mod snapshot;
mod sql;
mod standing;
mod tidy;

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
    edge::{NewEpoch, OpRange, Position, Run, SnapshotRun, TailRun},
    verdict::{Answer, Footing},
    view::Sight,
};
use journal::{Journal, JournalError, WriteError};
use process::{
    defect::{Defect, planted},
    metrics,
};
use rusqlite::Connection;
use tokio::sync::Notify;
use wire::{
    Ask, BootNonce, Change, CommandId, DeviceId, Hash, HeldReason, Hold, HubKey, NumberedOutcome,
    SessionId, UnixMillis, UserId,
};

pub use alarm::Alarm;
pub use anew::{AnewError, enrol_anew, is_enrolled, twin_of};
use book::LogBook;
pub use clock::{ClockFinding, ClockNote, WrongClock};
pub use commands::{CheckedCommand, CommandFate, StoredCommand};
pub use enrolment::{Admission, Trust, TrustNews};
use opening::Boot;
pub use opening::EdgeIdentity;
pub use orders::FeedEffects;
pub use outcomes::DecidedCommand;
pub use people::{DEVICE_UNUSED_MS_MAX, DeviceOwner};
pub use quarantine::EpochStart;
pub use report::{Report, ReportError, ReportItem, report};
pub use sight::BoardItem;
pub use standing::RegionStanding;

const SCRUBBED_WITHIN: Duration = Duration::from_secs(5);

type PeopleOnFile = (Vec<(DeviceId, DeviceOwner)>, Vec<(UserId, UnixMillis)>);

type Write<T> = Result<T, WriteError<rusqlite::Error>>;

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
    #[error("could not open the edge's file")]
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
        let found = high_water::find(&high_water)?;
        let make = |conn: &_| opening::load(conn, &identity, found);
        let version = Arc::<AtomicU64>::default();
        let risen = Arc::clone(&version);
        let committed = move |writes| {
            risen.fetch_add(1, Ordering::Release);
            observe(writes);
        };
        let journal = Journal::open(&path, schema::migrations(), make, committed)?;
        let boot = move |conn: &_, book: &mut _| opening::boot(conn, book, found, nonce, now);
        let Boot { suspicion, at: booted_at } = journal.write(boot).await?;
        let alarm = journal.read(alarm::find).await?;
        let is_twin = Arc::new(matches!(alarm, Some((Alarm::Twin, _))).into());
        let moved = Arc::default();
        let store = Self { journal, nonce, moved, path, high_water, version, booted_at, is_twin };
        Ok((store, suspicion))
    }

    /// Idempotent: a repeat gets its earlier answer.
    pub async fn enter(
        &self,
        entry: CheckedCommand,
        judge: impl FnOnce(&Sight, &Footing) -> Answer + Send + 'static,
    ) -> Write<CommandFate> {
        if planted(Defect::AnswerBeforeCommit) {
            return self.enter_and_answer_early(entry, judge).await;
        }
        if planted(Defect::UpBeforeCommit) {
            return self.enter_and_send_early(entry, judge).await;
        }
        self.log(move |conn, book| commands::enter(conn, book, entry, judge)).await
    }

    pub async fn log_asked(&self, ask: Ask, now: UnixMillis) -> Write<Option<Sight>> {
        self.log(move |conn, book| commands::log_asked(conn, book, ask, now)).await
    }

    pub async fn confirm_feed(&self, now: UnixMillis) -> Write<()> {
        self.journal.write(move |conn, _| enrolment::confirm_feed(conn, now)).await
    }

    pub async fn settle(
        &self,
        to: u64,
        outcomes: Vec<NumberedOutcome>,
        now: UnixMillis,
    ) -> Write<Vec<DecidedCommand>> {
        if planted(Defect::OpRetiredBeforeOutcome) {
            self.retire_early(&outcomes).await?;
        }
        self.journal.write(move |conn, book| outcomes::settle(conn, book, to, outcomes, now)).await
    }

    /// Applies the feed's changes up to `to`, and logs the release if they request the lease back.
    pub async fn apply(
        &self,
        to: u64,
        changes: Vec<Change>,
        now: UnixMillis,
    ) -> Write<FeedEffects> {
        self.log(move |conn, book| orders::apply(conn, book, to, changes, now)).await
    }

    pub async fn adopt_generation(&self, generation: u64) -> Write<()> {
        self.journal.write(move |conn, book| orders::adopt(conn, book, generation)).await
    }

    pub async fn stage(&self, run: SnapshotRun, now: UnixMillis) -> Write<Option<FeedEffects>> {
        self.log(move |conn, book| snapshot::stage(conn, book, run, now)).await
    }

    pub async fn hold(&self, seq: u64, reason: HeldReason) -> Write<()> {
        self.journal.write(move |conn, book| outcomes::hold(conn, book.epoch, seq, reason)).await
    }

    /// Answers stay provisional until a quarantine: the log may not match earlier answers.
    pub async fn suspect(&self, alarm: Alarm, now: UnixMillis) -> Write<()> {
        self.journal.write(move |conn, book| alarm::raise(conn, book, alarm, now)).await?;
        if alarm == Alarm::Twin {
            self.is_twin.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Another instance of this edge is running, so the cloud refuses everything from this one.
    pub fn is_twin(&self) -> bool {
        self.is_twin.load(Ordering::Acquire)
    }

    pub async fn keep_tail(&self, run: TailRun) -> Write<()> {
        self.journal.write(move |conn, _| quarantine::keep(conn, run)).await
    }

    pub async fn begin_epoch(&self, new: NewEpoch, now: UnixMillis) -> Write<EpochStart> {
        let nonce = self.nonce;
        let begin = move |conn: &_, book: &mut _| quarantine::begin(conn, book, new, nonce, now);
        let start = self.journal.write(begin).await?;
        self.is_twin.store(false, Ordering::Release);
        Ok(start)
    }

    pub async fn enrolled(&self, jwks: String, hub: Option<HubKey>, now: UnixMillis) -> Write<()> {
        self.journal.write(move |conn, _| enrolment::enrolled(conn, &jwks, hub, now)).await
    }

    /// Marks the enrolment code as used, even if it brought no key.
    pub async fn note_code(&self, code: Hash) -> Write<()> {
        self.journal.write(move |conn, _| enrolment::note_code(conn, code)).await
    }

    /// From now on this edge trusts only this hub key.
    pub async fn pin_hub(&self, key: HubKey) -> Write<()> {
        self.journal.write(move |conn, _| enrolment::pin_hub(conn, key)).await
    }

    pub async fn note_clock(&self, note: ClockNote) -> Write<()> {
        self.journal.write(move |conn, _| clock::save_note(conn, note)).await
    }

    pub async fn tidy(&self, now: UnixMillis) -> Write<usize> {
        self.journal.write(move |conn, book| tidy::tidy(conn, book, now)).await
    }

    /// Forgets people who stayed away long; returns the revoked sessions that it dropped.
    pub async fn forget_people(&self, now: UnixMillis) -> Write<Vec<SessionId>> {
        let forget = move |conn: &_, _: &mut _| {
            people::forget(conn, now)?;
            enrolment::forget_sessions(conn, now)
        };
        self.journal.write(forget).await
    }

    pub async fn device_used(&self, device: DeviceId, owner: DeviceOwner) -> Write<()> {
        self.journal.write(move |conn, _| people::device_used(conn, &device, owner)).await
    }

    /// Keeps the start of an outage across restarts.
    pub async fn note_cut_off(&self, since: Option<UnixMillis>) -> Write<()> {
        self.journal.write(move |conn, _| standing::note_cut_off(conn, since)).await
    }

    pub async fn device_handed_over(&self, device: DeviceId) -> Write<()> {
        self.journal.write(move |conn, _| people::device_handed_over(conn, &device)).await
    }

    // Each read sees one snapshot. The link's reads queue fairly (`read_in_turn`).

    pub async fn trust(&self) -> Result<Trust, JournalError> {
        self.journal.read(enrolment::trust).await
    }

    pub async fn hub_key(&self) -> Result<Option<HubKey>, JournalError> {
        self.journal.read(enrolment::hub_key).await
    }

    pub async fn clock_note(&self) -> Result<ClockNote, JournalError> {
        self.journal.read(clock::find_note).await
    }

    pub async fn alarm(&self) -> Result<Option<(Alarm, UnixMillis)>, JournalError> {
        self.journal.read(alarm::find).await
    }

    /// Device owners, and when people passed newcomer status.
    pub async fn people(&self) -> Result<PeopleOnFile, JournalError> {
        self.journal.read(|conn| Ok((people::devices(conn)?, people::known(conn)?))).await
    }

    /// The edge that assigns the region's orders, and the rules for unpaid work.
    pub async fn standing(&self) -> Result<RegionStanding, JournalError> {
        self.journal.read(standing::standing).await
    }

    pub async fn cut_off_since(&self) -> Result<Option<UnixMillis>, JournalError> {
        self.journal.read(standing::cut_off_since).await
    }

    pub async fn position(&self) -> Result<Position, JournalError> {
        if planted(Defect::UpBeforeCommit)
            && let Some(position) = defects::position_early()
        {
            return Ok(position);
        }
        self.journal.read_in_turn(book::position).await
    }

    pub async fn run(&self, wanted: OpRange) -> Result<Run, JournalError> {
        if planted(Defect::UpBeforeCommit)
            && let Some(run) = defects::sent_early(wanted)
        {
            return Ok(run);
        }
        self.journal.read_in_turn(move |conn| book::run(conn, wanted)).await
    }

    pub async fn answered(
        &self,
        identity: &EdgeIdentity,
        (id, hash): (CommandId, Hash),
        user: UserId,
    ) -> Result<Option<CommandFate>, JournalError> {
        let name = identity.name.clone();
        self.journal.read(move |conn| commands::answered(conn, &name, (id, hash), user)).await
    }

    /// The orders from which every reader's board is built.
    pub async fn board(
        &self,
        identity: &EdgeIdentity,
    ) -> Result<(u64, Vec<(BoardItem, Hold)>), JournalError> {
        let name = identity.name.clone();
        self.journal.read_long(move |conn| sight::board(conn, &name)).await
    }

    /// The time of this run's boot op: the machine's clock, or a later time from the file.
    pub fn booted_at(&self) -> UnixMillis {
        self.booted_at
    }

    /// Rises with each commit, before the commit is answered.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Runs a write that may append to the log, then wakes the link.
    async fn log<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection, &mut LogBook) -> rusqlite::Result<T> + Send + 'static,
    ) -> Write<T> {
        let written = self.journal.write(write).await?;
        self.moved.notify_one();
        Ok(written)
    }

    /// Notified after each commit of a command.
    pub fn moved(&self) -> Arc<Notify> {
        Arc::clone(&self.moved)
    }

    /// Call once a second.
    pub fn sync_high_water(&self) -> io::Result<()> {
        high_water::HighWater::open(&self.high_water)?.sync()
    }

    /// Truncates the write-ahead log so that deleted data leaves the disk; the main file overwrites
    /// deleted rows. Blocks for up to a few seconds.
    pub fn scrub(&self) -> rusqlite::Result<()> {
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

fn observe(writes: usize) {
    metrics::JOURNAL_COMMITS.add(["edge"], 1);
    // At most a few hundred.
    #[allow(clippy::cast_precision_loss)]
    metrics::JOURNAL_GROUP.observe(["edge"], writes as f64);
}
