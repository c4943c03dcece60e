//! Tracks the space on the log's disk and the level of the disk ladder: for readiness, the log, and
//! users whose commands are refused.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use process::{clock::Clock, metrics, random};
use texts::{Language, Sentence};
use wire::{DiskLevel, DiskUse, UnixMillis};

use crate::{
    config::Config,
    disk_ladder::{DiskDay, DiskLadder, DiskStanding, RUNWAY_DAYS_MAX, VolumeUse},
};

#[derive(Clone)]
pub(crate) struct LogDisk(Arc<Inner>);

struct Inner {
    data: PathBuf,
    ladder: DiskLadder,
    clock: Clock,
    level: Mutex<DiskLevel>,
    /// The level that the log has reported last.
    reported: Mutex<DiskLevel>,
    reusable_bytes: AtomicU64,
    history: Mutex<Vec<DiskDay>>,
    refused: Mutex<Option<Duration>>,
    lacks_reserve: AtomicBool,
}

/// With less, the next commands may fail.
const ROOM_BYTES_MIN: u64 = 256 * 1024;
/// How long the disk counts as full after it refused a command: a smaller command may still fit.
const FULL_FOR: Duration = Duration::from_secs(3);
/// Reserves space: a start on a full disk deletes this file to fit its boot op and the cloud's
/// answers.
const RESERVE: &str = "reserve";
const RESERVE_BYTES: u64 = 1024 * 1024;
const RESERVE_PART_BYTES: usize = 4096;

impl LogDisk {
    pub(crate) fn new(data: &Path, ladder: DiskLadder, clock: &Clock) -> Self {
        Self(Arc::new(Inner {
            data: data.to_owned(),
            ladder,
            clock: clock.clone(),
            level: Mutex::new(DiskLevel::Normal),
            reported: Mutex::new(DiskLevel::Normal),
            reusable_bytes: AtomicU64::new(0),
            history: Mutex::default(),
            refused: Mutex::new(None),
            lacks_reserve: AtomicBool::new(false),
        }))
    }

    /// `None` if the system does not report it.
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        free_bytes_in(&self.0.data)
    }

    /// Sets the free space inside the database.
    pub(crate) fn set_reusable_bytes(&self, bytes: u64) {
        self.0.reusable_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Looks at the volume: a command must not be refused by a level from a second ago.
    pub(crate) fn update_level(&self) -> DiskLevel {
        let mut level = lock(&self.0.level);
        if let Some(volume) = self.look_at_volume() {
            *level = self.0.ladder.find_level(volume, *level);
        }
        *level
    }

    fn look_at_volume(&self) -> Option<VolumeUse> {
        let reusable_bytes = self.0.reusable_bytes.load(Ordering::Relaxed);
        look_at_volume(&self.0.data).map(|volume| VolumeUse {
            reusable_bytes,
            ..volume
        })
    }

    /// `None` if the system does not report it.
    pub(crate) fn current_standing(&self) -> Option<DiskStanding> {
        let level = self.shown_level();
        let volume = self.look_at_volume()?;
        let history = lock(&self.0.history);
        let today = day_of(self.0.clock.now());
        let runway = self.0.ladder.find_runway_days(volume, &history, today);
        Some(DiskStanding::new(level, volume, runway))
    }

    /// The disk's state for the cloud; `None` if the system does not report it.
    pub(crate) fn current_use(&self) -> Option<DiskUse> {
        let used_percent = self.look_at_volume()?.used_percent();
        Some(DiskUse {
            level: self.shown_level(),
            used_percent: u32::try_from(used_percent).unwrap_or(100),
        })
    }

    /// Today's entry of the history.
    pub(crate) fn measure_day(&self) -> Option<DiskDay> {
        let filled_bytes = self.look_at_volume()?.filled_bytes();
        let day = day_of(self.0.clock.now());
        Some(DiskDay { day, filled_bytes })
    }

    /// Sets the days from which the runway is computed, oldest first.
    pub(crate) fn set_history(&self, days: Vec<DiskDay>) {
        *lock(&self.0.history) = days;
    }

    /// If true, new commands are refused before anything of them is stored. The last space is kept
    /// for the next start, the cloud's answers, and the commands under way.
    pub(crate) fn refuses_commands(&self) -> bool {
        self.lacks_reserve() || self.update_level() == DiskLevel::Refuse
    }

    /// Records that a write found no space.
    pub(crate) fn record_refused_write(&self) {
        *lock(&self.0.refused) = Some(self.0.clock.elapsed());
    }

    /// Writes the reserve file if it is missing and the disk has room.
    pub(crate) fn keep_reserve(&self) {
        let reserve = self.0.data.join(RESERVE);
        let is_there = fs::metadata(&reserve).is_ok_and(|file| file.len() == RESERVE_BYTES);
        let has_space = self
            .free_bytes()
            .is_none_or(|bytes| bytes >= RESERVE_BYTES + ROOM_BYTES_MIN);
        let has_reserve = is_there || has_space && self.write_reserve(&reserve);
        self.0.lacks_reserve.store(!has_reserve, Ordering::Relaxed);
    }

    /// Returns false only if the disk lacks the space: an edge also works without a reserve.
    fn write_reserve(&self, reserve: &Path) -> bool {
        let Err(error) = fill_reserve(reserve) else {
            return true;
        };
        let _ = fs::remove_file(reserve);
        if journal::is_of_full_disk(&error) {
            return false;
        }
        tracing::warn!(%error, "Could not reserve space for a start on a full disk");
        true
    }

    fn lacks_reserve(&self) -> bool {
        self.0.lacks_reserve.load(Ordering::Relaxed)
    }

    pub(crate) fn is_full(&self) -> bool {
        let refused = *lock(&self.0.refused);
        let now = self.0.clock.elapsed();
        refused.is_some_and(|at| now.saturating_sub(at) < FULL_FOR)
            || self.refuses_commands()
            || self
                .free_bytes()
                .is_some_and(|bytes| bytes < ROOM_BYTES_MIN)
    }

    /// The level with which a write that found no space counts as a full disk.
    fn shown_level(&self) -> DiskLevel {
        if self.is_full() {
            DiskLevel::Refuse
        } else {
            self.update_level()
        }
    }

    /// Readiness; the error is the reason.
    pub(crate) fn check_free_space(&self) -> Result<(), String> {
        if !self.is_full() {
            return Ok(());
        }
        let data = self.0.data.display();
        Err(format!(
            "the disk that holds {data} is full; free some space"
        ))
    }

    /// Updates the metrics, and logs each change of the level once.
    pub(crate) fn measure_free_space(&self) -> Option<u64> {
        self.keep_reserve();
        let free = self.free_bytes();
        if let Some(bytes) = free {
            metrics::EDGE_DISK_FREE.set([], bytes);
        }
        if let Some(standing) = self.current_standing() {
            metrics::EDGE_DISK_USED.set([], standing.used_percent);
            metrics::EDGE_DISK_LEVEL.set([], standing.level as u64);
            let runway = standing.runway_days.unwrap_or(RUNWAY_DAYS_MAX);
            metrics::EDGE_DISK_RUNWAY.set([], runway.into());
            let before = std::mem::replace(&mut *lock(&self.0.reported), standing.level);
            self.log_level_change(before, &standing);
        }
        free
    }

    fn log_level_change(&self, before: DiskLevel, standing: &DiskStanding) {
        let data = self.0.data.display();
        let level = standing.level;
        let free = standing.free_bytes;
        if level == before {
            return;
        }
        let sentence = standing.render_in(Language::English);
        match level {
            DiskLevel::Refuse => tracing::error!(
                free,
                "The disk that holds {data} is full; refusing new commands until there is space"
            ),
            DiskLevel::Normal | DiskLevel::Warn | DiskLevel::Shed
                if before == DiskLevel::Refuse =>
            {
                tracing::info!(
                    free, %level,
                    "The disk that holds {data} has free space again: new commands are taken"
                );
            }
            DiskLevel::Normal => tracing::info!(free, %data, "{sentence}"),
            DiskLevel::Warn | DiskLevel::Shed => tracing::warn!(free, %data, "{sentence}"),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn day_of(now: UnixMillis) -> i64 {
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    now.0.div_euclid(DAY_MS)
}

/// The disk of an edge that may not be running, with the days from its report.
pub fn read_disk_standing(
    config: &Config,
    history: &[DiskDay],
    now: UnixMillis,
) -> Option<DiskStanding> {
    let ladder = config.disk_ladder();
    let volume = look_at_volume(&config.data)?;
    let level = ladder.find_level(volume, DiskLevel::Normal);
    let runway = ladder.find_runway_days(volume, history, day_of(now));
    Some(DiskStanding::new(level, volume, runway))
}

fn look_at_volume(data: &Path) -> Option<VolumeUse> {
    let stat = rustix::fs::statvfs(data).ok()?;
    let used = stat.f_blocks.saturating_sub(stat.f_bfree);
    Some(VolumeUse {
        used_bytes: used.checked_mul(stat.f_frsize)?,
        free_bytes: stat.f_bavail.checked_mul(stat.f_frsize)?,
        reusable_bytes: 0,
    })
}

/// Frees the reserve for a start on a full disk; false if there was none.
pub(crate) fn free_reserve(data: &Path) -> bool {
    fs::remove_file(data.join(RESERVE)).is_ok()
}

/// Random bytes, because some file systems compress others.
fn fill_reserve(reserve: &Path) -> io::Result<()> {
    let mut file = File::create(reserve)?;
    for _ in 0..RESERVE_BYTES / RESERVE_PART_BYTES as u64 {
        file.write_all(&random::draw_bytes::<RESERVE_PART_BYTES>())?;
    }
    file.sync_all()
}

pub(crate) fn free_bytes_in(data: &Path) -> Option<u64> {
    look_at_volume(data).map(|volume| volume.free_bytes)
}

/// True if a full disk caused the error.
pub(crate) fn is_caused_by_full_disk(
    error: &(dyn std::error::Error + 'static),
    data: &Path,
) -> bool {
    journal::is_of_full_disk(error)
        || free_bytes_in(data).is_some_and(|bytes| bytes < ROOM_BYTES_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_full_for_a_while_after_it_refused_a_command() {
        let clock = Clock::fixed_at(UnixMillis(0));
        let data = tempfile::tempdir().unwrap();
        let disk = LogDisk::new(data.path(), Config::default().disk_ladder(), &clock);
        assert_eq!(disk.check_free_space(), Ok(()));
        disk.record_refused_write();
        assert!(
            disk.check_free_space()
                .is_err_and(|why| why.contains("is full"))
        );
        clock.advance(2_999);
        assert!(disk.is_full());
        clock.advance(1);
        assert!(!disk.is_full());
    }

    #[test]
    fn room_is_set_aside_once_and_given_to_one_start() {
        let clock = Clock::fixed_at(UnixMillis(0));
        let data = tempfile::tempdir().unwrap();
        let disk = LogDisk::new(data.path(), Config::default().disk_ladder(), &clock);
        assert!(!free_reserve(data.path()), "nothing is set aside yet");
        disk.keep_reserve();
        assert!(!disk.lacks_reserve() && !disk.is_full());
        let reserve = fs::metadata(data.path().join(RESERVE)).unwrap();
        assert_eq!(reserve.len(), RESERVE_BYTES);
        assert!(free_reserve(data.path()) && !free_reserve(data.path()));
        disk.keep_reserve();
        assert!(data.path().join(RESERVE).exists());
    }

    #[test]
    fn below_the_floor_commands_are_refused_until_there_is_space() {
        let clock = Clock::fixed_at(UnixMillis(0));
        let data = tempfile::tempdir().unwrap();
        let config = Config {
            disk_floor_mib: u32::MAX,
            ..Config::default()
        };
        let disk = LogDisk::new(data.path(), config.disk_ladder(), &clock);
        assert!(disk.refuses_commands());
        let standing = disk.current_standing().unwrap();
        assert_eq!(standing.level, DiskLevel::Refuse);
        assert_eq!(disk.current_use().unwrap().level, DiskLevel::Refuse);
        let message = standing.message.unwrap();
        assert!(
            message
                .en
                .contains("New commands are refused until there is space")
        );
        assert!(disk.check_free_space().is_err());
    }

    #[test]
    fn only_an_error_that_a_full_disk_has_caused_is_called_so() {
        let data = tempfile::tempdir().unwrap();
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert!(is_caused_by_full_disk(&full, data.path()));
        let sql = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        assert!(is_caused_by_full_disk(
            &sql(rusqlite::ffi::SQLITE_FULL),
            data.path()
        ));
        assert!(is_caused_by_full_disk(
            &sql(rusqlite::ffi::SQLITE_IOERR_SHMSIZE),
            data.path()
        ));
        assert!(!is_caused_by_full_disk(
            &sql(rusqlite::ffi::SQLITE_IOERR_READ),
            data.path()
        ));
    }
}
