//! Owns what the file knows of time: the newest time that the hub has sent, the last finding about
//! the machine's clock, and the newest moment that this edge has written down.

use rusqlite::{Connection, OptionalExtension, Row, params};
use wire::{UnixMillis, words, words_from_text};

use super::{
    enrolment,
    sql::{execute, opt, parsed},
};

words! {
    /// What is wrong with the machine's clock, and what the edge works by instead.
    ClockFinding {
        /// It differs from the cloud's, and this edge works by the cloud's.
        ByCloud "by_cloud",
        /// It differs from the cloud's, and this edge does not believe the cloud's.
        NotBelieved "not_believed",
        /// It lies before the newest entry of the log, and this edge counts on from that entry.
        ByLog "by_log",
    }
}
words_from_text!(ClockFinding);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockNote {
    /// The newest time that the hub has sent.
    pub hub_at: UnixMillis,
    pub fault: Option<WrongClock>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongClock {
    pub finding: ClockFinding,
    /// How far the machine's clock is ahead of what it was held against.
    pub error_ms: i64,
    /// By the clock that it was held against.
    pub found_at: UnixMillis,
}

pub fn find_note(conn: &Connection) -> rusqlite::Result<ClockNote> {
    const ROW: &str = "SELECT hub_at, finding, error_ms, found_at FROM clock WHERE one = 1";
    let found = conn.prepare_cached(ROW)?.query_row([], read_note).optional()?;
    Ok(found.unwrap_or_default())
}

fn read_note(row: &Row<'_>) -> rusqlite::Result<ClockNote> {
    let (error_ms, found_at) = (row.get(2)?, UnixMillis(row.get(3)?));
    let finding: Option<ClockFinding> = opt(row, 1, parsed)?;
    let fault = finding.map(|finding| WrongClock { finding, error_ms, found_at });
    Ok(ClockNote { hub_at: UnixMillis(row.get(0)?), fault })
}

pub fn save_note(conn: &Connection, note: ClockNote) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO clock (one, hub_at, finding, error_ms, found_at)
        VALUES (1, ?, ?, ?, ?)";
    let finding = note.fault.map(|fault| fault.finding.as_str());
    let error_ms = note.fault.map_or(0, |fault| fault.error_ms);
    let found_at = note.fault.map_or(0, |fault| fault.found_at.0);
    execute(conn, PUT, params![note.hub_at.0, finding, error_ms, found_at])
}

/// The newest moment that is known to be over. No run of this edge works by an earlier time.
pub fn newest_moment(conn: &Connection) -> rusqlite::Result<UnixMillis> {
    const LOGGED: &str = "SELECT logged_at FROM log ORDER BY epoch DESC, seq DESC LIMIT 1";
    let logged_at = conn.query_row(LOGGED, [], |row| row.get(0).map(UnixMillis)).optional()?;
    let confirmed_at = enrolment::feed_confirmed_at(conn)?;
    let hub_at = find_note(conn)?.hub_at;
    Ok(hub_at.max(logged_at.unwrap_or_default()).max(confirmed_at.unwrap_or_default()))
}
