//! Tracks the free space on the log's disk: for readiness, the log, and users whose commands are
//! refused.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use process::{clock::Clock, metrics, random};

#[derive(Clone)]
pub(crate) struct LogDisk(Arc<Inner>);

struct Inner {
    data: PathBuf,
    clock: Clock,
    refused: Mutex<Option<Duration>>,
    is_reported: AtomicBool,
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
    pub(crate) fn new(data: &Path, clock: &Clock) -> Self {
        Self(Arc::new(Inner {
            data: data.to_owned(),
            clock: clock.clone(),
            refused: Mutex::new(None),
            is_reported: AtomicBool::new(false),
            lacks_reserve: AtomicBool::new(false),
        }))
    }

    /// `None` if the system does not report it.
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        free_bytes_in(&self.0.data)
    }

    /// Records that a write found no space.
    pub(crate) fn record_refused_write(&self) {
        let now = self.0.clock.elapsed();
        *self
            .0
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(now);
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

    /// If true, new commands are refused: the last space is kept for the next start and the cloud's
    /// answers.
    pub(crate) fn lacks_reserve(&self) -> bool {
        self.0.lacks_reserve.load(Ordering::Relaxed)
    }

    pub(crate) fn is_full(&self) -> bool {
        let refused = *self
            .0
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = self.0.clock.elapsed();
        refused.is_some_and(|at| now.saturating_sub(at) < FULL_FOR)
            || self.lacks_reserve()
            || self
                .free_bytes()
                .is_some_and(|bytes| bytes < ROOM_BYTES_MIN)
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

    /// Updates the metric, and logs each change between full and not full.
    pub(crate) fn measure_free_space(&self) -> Option<u64> {
        self.keep_reserve();
        let free = self.free_bytes();
        if let Some(bytes) = free {
            metrics::EDGE_DISK_FREE.set([], bytes);
        }
        let is_full = self.is_full();
        let data = self.0.data.display();
        match (self.0.is_reported.swap(is_full, Ordering::Relaxed), is_full) {
            (false, true) => tracing::error!(
                free,
                "The disk that holds {data} is full; refusing new commands until there is space"
            ),
            (true, false) => {
                tracing::info!(free, "The disk that holds {data} has free space again")
            }
            (false, false) | (true, true) => {}
        }
        free
    }
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
    let stat = rustix::fs::statvfs(data).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
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
    use wire::UnixMillis;

    use super::*;

    #[test]
    fn a_disk_is_full_for_a_while_after_it_refused_a_command() {
        let clock = Clock::fixed_at(UnixMillis(0));
        let data = tempfile::tempdir().unwrap();
        let disk = LogDisk::new(data.path(), &clock);
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
        let disk = LogDisk::new(data.path(), &clock);
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
