//! Owns the knowledge of the room on the disk that holds the log: for readiness, the log and a person who
//! hears why nothing is taken.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use process::{clock::Clock, metrics};

#[derive(Clone)]
pub struct LogDisk(Arc<Inner>);

struct Inner {
    data: PathBuf,
    clock: Clock,
    refused: Mutex<Option<Duration>>,
    is_said: AtomicBool,
}

/// With less, the next commands may find no room.
const ROOM_BYTES_MIN: u64 = 256 * 1024;
/// A smaller command may find room where another found none. The disk is called full for so long after it
/// refused one.
const FULL_FOR: Duration = Duration::from_secs(3);

impl LogDisk {
    pub fn new(data: &Path, clock: &Clock) -> Self {
        let (refused, is_said) = (Mutex::new(None), AtomicBool::new(false));
        Self(Arc::new(Inner { data: data.to_owned(), clock: clock.clone(), refused, is_said }))
    }

    /// The free space; unknown where the system does not say.
    pub fn free(&self) -> Option<u64> {
        free(&self.0.data)
    }

    /// A write has found no room.
    pub fn has_refused(&self) {
        let now = self.0.clock.elapsed();
        *self.0.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    pub fn is_full(&self) -> bool {
        let refused = *self.0.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.0.clock.elapsed();
        refused.is_some_and(|at| now.saturating_sub(at) < FULL_FOR)
            || self.free().is_some_and(|bytes| bytes < ROOM_BYTES_MIN)
    }

    /// Why this edge is not ready.
    pub fn check(&self) -> Result<(), String> {
        let data = self.0.data.display();
        let full = || format!("the disk that holds {data} is full; make room on it");
        if self.is_full() { Err(full()) } else { Ok(()) }
    }

    /// Measures, and says it once when the disk fills up and once when it has room again.
    pub fn look(&self) -> Option<u64> {
        let free = self.free();
        if let Some(bytes) = free {
            metrics::EDGE_DISK_FREE.set([], bytes);
        }
        let (is_full, data) = (self.is_full(), self.0.data.display());
        match (self.0.is_said.swap(is_full, Ordering::Relaxed), is_full) {
            (false, true) => tracing::error!(
                free,
                "The disk that holds {data} is full: every new command is refused until there is room"
            ),
            (true, false) => {
                tracing::info!(free, "There is room again on the disk that holds {data}")
            }
            (false, false) | (true, true) => {}
        }
        free
    }
}

pub fn free(data: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(data).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
}

/// Returns whether the disk of the data folder is full, and the error a consequence.
pub fn is_behind(error: &(dyn std::error::Error + 'static), data: &Path) -> bool {
    journal::is_of_full_disk(error) || free(data).is_some_and(|bytes| bytes < ROOM_BYTES_MIN)
}

#[cfg(test)]
mod tests {
    use wire::UnixMillis;

    use super::*;

    #[test]
    fn a_disk_is_full_for_a_while_after_it_refused_a_command() {
        let (clock, data) = (Clock::fixed(UnixMillis(0)), tempfile::tempdir().unwrap());
        let disk = LogDisk::new(data.path(), &clock);
        assert_eq!(disk.check(), Ok(()));
        disk.has_refused();
        assert!(disk.check().is_err_and(|why| why.contains("is full")));
        clock.advance(2_999);
        assert!(disk.is_full());
        clock.advance(1);
        assert!(!disk.is_full());
    }

    #[test]
    fn only_an_error_that_a_full_disk_has_caused_is_called_so() {
        let data = tempfile::tempdir().unwrap();
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert!(is_behind(&full, data.path()));
        let sql = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        assert!(is_behind(&sql(rusqlite::ffi::SQLITE_FULL), data.path()));
        assert!(is_behind(&sql(rusqlite::ffi::SQLITE_IOERR_SHMSIZE), data.path()));
        assert!(!is_behind(&sql(rusqlite::ffi::SQLITE_IOERR_READ), data.path()));
    }
}
