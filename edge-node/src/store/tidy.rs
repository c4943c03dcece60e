//! Deletes old rows. A command without an outcome is never deleted.

use rusqlite::{Connection, params};
use wire::UnixMillis;

use super::{book::LogBook, sql::to_sql_int};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// At least thirteen months.
pub const COMMANDS_KEPT_MS: i64 = 400 * DAY_MS;
/// The hub keeps raw ops as long: the oldest backup that it must handle.
const LOG_KEPT_MS: i64 = 35 * DAY_MS;
/// Rows per run, so that commands never wait long.
const ROWS_MAX: u32 = 2_000;

pub fn delete_old_rows(
    conn: &Connection,
    book: &mut LogBook,
    now: UnixMillis,
) -> rusqlite::Result<usize> {
    const COMMANDS: &str = "DELETE FROM commands WHERE (command_id, user_id) IN (
        SELECT command_id, user_id FROM commands WHERE outcome IS NOT NULL AND received_at < ? LIMIT ?)";
    // The hub has every op up to the highest with an outcome; that op stays, because the chain
    // continues from it. A token stays while any later op is pending, since that op may refer to
    // it. Two NOT EXISTS clauses: one with an OR would scan all pending rows for each log row.
    const LOG: &str = "DELETE FROM log WHERE (epoch, seq) IN (
        SELECT epoch, seq FROM log WHERE logged_at < ? AND (epoch < ? OR seq < ?)
        AND NOT EXISTS (SELECT 1 FROM pending WHERE pending.epoch = log.epoch AND pending.seq = log.seq)
        AND NOT (log.kind = 'token' AND EXISTS (
            SELECT 1 FROM pending WHERE pending.epoch = log.epoch AND pending.seq > log.seq))
        ORDER BY epoch, seq LIMIT ?)";
    const TOKENS: &str = "DELETE FROM tokens WHERE (epoch, hash) IN (
        SELECT epoch, hash FROM tokens WHERE expires_at < ? LIMIT ?)";
    let commands = conn.execute(COMMANDS, params![now.0 - COMMANDS_KEPT_MS, ROWS_MAX])?;
    let log = conn.execute(
        LOG,
        params![
            now.0 - LOG_KEPT_MS,
            to_sql_int(book.epoch),
            to_sql_int(book.settled_seq),
            ROWS_MAX
        ],
    )?;
    let tokens = conn.execute(TOKENS, params![now.0, ROWS_MAX])?;
    Ok(commands + log + tokens)
}
