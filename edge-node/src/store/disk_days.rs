//! How full the disk was on each of the last days.

use journal::JournalError;
use rusqlite::{Connection, params};

use super::{
    Store, StoreWriteResult,
    sql::{execute_cached, read_u64, to_sql_int},
};
use crate::disk_ladder::DiskDay;

const DAYS_KEPT: i64 = 30;

impl Store {
    /// Replaces an earlier figure of the same day, and deletes old days.
    pub async fn save_disk_day(&self, today: DiskDay) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| save_disk_day(conn, today))
            .await
    }

    /// Oldest first.
    pub async fn load_disk_days(&self) -> Result<Vec<DiskDay>, JournalError> {
        self.journal.read(load_disk_days).await
    }
}

fn save_disk_day(conn: &Connection, today: DiskDay) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO disk_days (day, filled_bytes) VALUES (?, ?)";
    // A clock that was ahead has left days to come.
    const FORGET: &str = "DELETE FROM disk_days WHERE day <= ?1 - ?2 OR day > ?1";
    let filled = to_sql_int(today.filled_bytes);
    execute_cached(conn, PUT, params![today.day, filled])?;
    execute_cached(conn, FORGET, params![today.day, DAYS_KEPT])
}

pub(super) fn load_disk_days(conn: &Connection) -> rusqlite::Result<Vec<DiskDay>> {
    const DAYS: &str = "SELECT day, filled_bytes FROM disk_days ORDER BY day";
    conn.prepare_cached(DAYS)?
        .query_map([], |row| {
            Ok(DiskDay {
                day: row.get(0)?,
                filled_bytes: read_u64(row, 1)?,
            })
        })?
        .collect()
}
