//! The only place where the log's hash chain grows.

use rusqlite::{Connection, OptionalExtension, params};
use wire::{ChainHead, Hash, Op, UnixMillis};

use super::{
    book::LogBook,
    sql::{read_u64, to_sql_int},
};

/// Encodes and appends one op; returns the new end of the chain.
pub fn append_op(
    conn: &Connection,
    book: &mut LogBook,
    op: &Op,
    now: UnixMillis,
) -> rusqlite::Result<ChainHead> {
    const INSERT: &str =
        "INSERT INTO log (epoch, seq, bytes, hash, kind, logged_at) VALUES (?, ?, ?, ?, ?, ?)";
    let bytes = op.to_bytes();
    let head = book.head.append_op(&bytes);
    conn.prepare_cached(INSERT)?.execute(params![
        to_sql_int(book.epoch),
        to_sql_int(head.seq),
        bytes,
        &head.hash.0[..],
        op_kind(op),
        now.0,
    ])?;
    book.head = head;
    Ok(head)
}

/// How long a token logged after its expiry serves later commands.
const EXPIRED_KNOWN_MS: i64 = 60 * 60 * 1_000;

/// Returns the seq of the token's op in this epoch. Logs the token if it is new or has expired: the
/// hub drops old tokens, and the edge cannot see when.
pub fn ensure_token_logged(
    conn: &Connection,
    book: &mut LogBook,
    token: &str,
    expires_at: UnixMillis,
    now: UnixMillis,
) -> rusqlite::Result<u64> {
    const KNOWN: &str = "SELECT seq FROM tokens WHERE epoch = ? AND hash = ? AND expires_at > ?";
    const INSERT: &str =
        "INSERT OR REPLACE INTO tokens (epoch, hash, seq, expires_at) VALUES (?, ?, ?, ?)";
    let hash = Hash::digest_bytes(token.as_bytes());
    let known = conn
        .prepare_cached(KNOWN)?
        .query_row(params![to_sql_int(book.epoch), &hash.0[..], now.0], |row| {
            read_u64(row, 0)
        })
        .optional()?;
    if let Some(seq) = known {
        return Ok(seq);
    }
    let at = append_op(
        conn,
        book,
        &Op::Token {
            token: token.to_owned(),
        },
        now,
    )?;
    conn.prepare_cached(INSERT)?.execute(params![
        to_sql_int(book.epoch),
        &hash.0[..],
        to_sql_int(at.seq),
        expires_at.max(now.plus_ms(EXPIRED_KNOWN_MS)).0
    ])?;
    Ok(at.seq)
}

fn op_kind(op: &Op) -> &'static str {
    match op {
        Op::Boot { .. } => "boot",
        Op::Token { .. } => "token",
        Op::Command(_) => "command",
        Op::LeaseReleased { .. } => "lease_released",
    }
}
