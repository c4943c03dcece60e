//! The reason why this edge is suspect, and since when; stored in the file to survive a restart.
//!
//! Invariant: the row exists exactly while `LogBook` says suspect. A quarantine removes both, as
//! does enrolment under a new name.

use rusqlite::{Connection, OptionalExtension, params};
use wire::{Language, UnixMillis, words, words_from_text};

use super::{book::LogBook, sql::read_parsed};
use crate::say;

words! {
    Alarm {
        /// The high-water file is torn, or missing although the log has ops.
        NoMark "no_mark",
        /// The log ends before the high-water mark.
        Older "older_than_mark",
        /// The log has another op at the high-water mark.
        Different "other_than_mark",
        /// Hub and log disagree about the log.
        Chain "chain_broken",
        /// A tablet holds this edge's receipt for an op that the log lacks.
        Receipt "receipt_unknown",
        /// Another instance of this edge is running.
        Twin "twin",
    }
}
words_from_text!(Alarm);

impl Alarm {
    /// English, for the operator at the machine.
    pub fn sentence(self) -> &'static str {
        let phrase = match self {
            Self::NoMark => say::alarm_no_mark,
            Self::Older | Self::Different => say::alarm_restored,
            Self::Chain => say::alarm_chain,
            Self::Receipt => say::alarm_receipt,
            Self::Twin => say::alarm_twin,
        };
        phrase.text_in(Language::English)
    }
}

/// The first reason found stays, except that `Twin` replaces any other.
pub fn raise_alarm(
    conn: &Connection,
    book: &mut LogBook,
    alarm: Alarm,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT INTO alarm (one, why, since) VALUES (1, ?, ?)
        ON CONFLICT (one) DO UPDATE SET why = excluded.why, since = excluded.since
        WHERE excluded.why = 'twin' AND alarm.why <> 'twin'";
    conn.prepare_cached(PUT)?
        .execute(params![alarm.as_str(), now.0])?;
    book.suspect = true;
    book.save(conn)
}

pub fn clear_alarm(conn: &Connection, book: &mut LogBook) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM alarm", [])?;
    book.suspect = false;
    Ok(())
}

pub fn find_alarm(conn: &Connection) -> rusqlite::Result<Option<(Alarm, UnixMillis)>> {
    const ROW: &str = "SELECT why, since FROM alarm WHERE one = 1";
    conn.prepare_cached(ROW)?
        .query_row([], |row| {
            Ok((read_parsed(row, 0)?, UnixMillis(row.get(1)?)))
        })
        .optional()
}
