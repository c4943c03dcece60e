//! Owns the reason why this edge is suspect, and its time: kept with the file, so that it survives a restart.
//!
//! Invariant: the row stands exactly while the book says suspect; a quarantine, or an enrolment under a
//! name of its own, takes both away.

use std::{fmt, str::FromStr};

use rusqlite::{Connection, OptionalExtension, params};
use wire::UnixMillis;

use super::{book::LogBook, sql::parsed};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// The high-water file is missing beside a log that is not empty, or torn.
    NoMark,
    /// The log ends before the high-water mark.
    Older,
    /// The log has another op at the high-water mark.
    Different,
    /// Hub and log disagree about the log.
    Chain,
    /// A tablet holds a receipt of this edge for an op that is not in its log.
    Receipt,
    /// Another instance of this edge is at work.
    Twin,
}

const ALL: [(Alarm, &str); 6] = [
    (Alarm::NoMark, "no_mark"),
    (Alarm::Older, "older_than_mark"),
    (Alarm::Different, "other_than_mark"),
    (Alarm::Chain, "chain_broken"),
    (Alarm::Receipt, "receipt_unknown"),
    (Alarm::Twin, "twin"),
];

impl Alarm {
    pub fn as_str(self) -> &'static str {
        ALL.iter().find(|(alarm, _)| *alarm == self).map_or("", |(_, word)| word)
    }

    pub fn sentence(self) -> &'static str {
        match self {
            Self::NoMark => {
                "The high-water file is missing or torn, so this log may be an old copy. It answers \
                 provisionally; as soon as the link is up the cloud gives it a new epoch."
            }
            Self::Older | Self::Different => {
                "The log is not the one that the last answer came from: the database was restored. It \
                 answers provisionally; as soon as the link is up the cloud gives it a new epoch and \
                 what it lost."
            }
            Self::Chain => {
                "The cloud has received another log of this edge. It answers provisionally; as soon as \
                 the link is up the cloud gives it a new epoch and what it lost."
            }
            Self::Receipt => {
                "A tablet holds a receipt for what this log does not have: this machine was restored. \
                 It answers provisionally; as soon as the link is up the cloud gives it a new epoch."
            }
            Self::Twin => {
                "Another instance of this edge is at work, so this one is a copy. It answers \
                 provisionally and is not let in: get a code (POST /api/v1/admin/edges) for a name of its \
                 own, set edge.name and edge.enrolment_code to it, and start it again."
            }
        }
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Alarm {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = ALL.iter().find(|(_, word)| *word == text);
        known.map(|(alarm, _)| *alarm).ok_or_else(|| "an unknown alarm".to_owned())
    }
}

/// The first reason stands, for it was the one found out; that this is a twin outweighs it.
pub fn raise(
    conn: &Connection,
    book: &mut LogBook,
    alarm: Alarm,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT INTO alarm (one, why, since) VALUES (1, ?, ?)
        ON CONFLICT (one) DO UPDATE SET why = excluded.why, since = excluded.since
        WHERE excluded.why = 'twin' AND alarm.why <> 'twin'";
    conn.prepare_cached(PUT)?.execute(params![alarm.as_str(), now.0])?;
    book.suspect = true;
    book.save(conn)
}

pub fn end(conn: &Connection, book: &mut LogBook) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM alarm", [])?;
    book.suspect = false;
    Ok(())
}

pub fn find(conn: &Connection) -> rusqlite::Result<Option<(Alarm, UnixMillis)>> {
    const ROW: &str = "SELECT why, since FROM alarm WHERE one = 1";
    let read = |row: &rusqlite::Row<'_>| Ok((parsed(row, 0)?, UnixMillis(row.get(1)?)));
    conn.prepare_cached(ROW)?.query_row([], read).optional()
}
