//! Time as the file records it: the hub's newest time, the last fault found in the machine's clock,
//! and the newest moment that this edge has stored.

use rusqlite::{Connection, OptionalExtension, Row, params};
use wire::{UnixMillis, words, words_from_text};

use super::{
    enrolment,
    sql::{execute_cached, read_optional, read_parsed},
};

words! {
    /// The fault of the machine's clock, and the clock used instead.
    ClockFinding {
        /// Differs from the cloud's, which this edge uses instead.
        ByCloud "by_cloud",
        /// Differs from the cloud's, which this edge does not trust.
        NotBelieved "not_believed",
        /// Lies before the newest log entry, from which this edge counts on.
        ByLog "by_log",
    }
}
words_from_text!(ClockFinding);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockRecord {
    /// The newest time from the hub.
    pub hub_at: UnixMillis,
    pub fault: Option<WrongClock>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongClock {
    pub finding: ClockFinding,
    /// How far the machine's clock is ahead of the reference clock.
    pub error_ms: i64,
    /// By the reference clock.
    pub found_at: UnixMillis,
}

pub fn find_note(conn: &Connection) -> rusqlite::Result<ClockRecord> {
    const ROW: &str = "SELECT hub_at, finding, error_ms, found_at FROM clock WHERE one = 1";
    let found = conn
        .prepare_cached(ROW)?
        .query_row([], read_note)
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn read_note(row: &Row<'_>) -> rusqlite::Result<ClockRecord> {
    let error_ms = row.get(2)?;
    let found_at = UnixMillis(row.get(3)?);
    let finding: Option<ClockFinding> = read_optional(row, 1, read_parsed)?;
    let fault = finding.map(|finding| WrongClock {
        finding,
        error_ms,
        found_at,
    });
    Ok(ClockRecord {
        hub_at: UnixMillis(row.get(0)?),
        fault,
    })
}

pub fn save_note(conn: &Connection, record: ClockRecord) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO clock (one, hub_at, finding, error_ms, found_at)
        VALUES (1, ?, ?, ?, ?)";
    let finding = record.fault.map(|fault| fault.finding.as_str());
    let error_ms = record.fault.map_or(0, |fault| fault.error_ms);
    let found_at = record.fault.map_or(0, |fault| fault.found_at.0);
    execute_cached(
        conn,
        PUT,
        params![record.hub_at.0, finding, error_ms, found_at],
    )
}

/// The newest moment that has certainly passed. No run uses an earlier time.
pub fn newest_moment(conn: &Connection) -> rusqlite::Result<UnixMillis> {
    const LOGGED: &str = "SELECT logged_at FROM log ORDER BY epoch DESC, seq DESC LIMIT 1";
    let logged_at = conn
        .query_row(LOGGED, [], |row| row.get(0).map(UnixMillis))
        .optional()?;
    let confirmed_at = enrolment::feed_confirmed_at(conn)?;
    let hub_at = find_note(conn)?.hub_at;
    Ok(hub_at
        .max(logged_at.unwrap_or_default())
        .max(confirmed_at.unwrap_or_default()))
}
