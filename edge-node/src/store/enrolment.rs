//! Owns the keys that enrolment brought: people's tokens are checked with them, and a later start needs
//! no cloud.

use rusqlite::{Connection, OptionalExtension, Row, params};
use wire::{SessionId, UnixMillis, UserId};

use super::sql::{id, nat};

/// The keys and revocations that the gate starts with.
#[derive(Debug, Default)]
pub struct Trust {
    pub enrolled: bool,
    pub jwks: String,
    pub revoked_sessions: Vec<SessionId>,
    pub revoked_users: Vec<UserId>,
    pub revocations_version: u64,
    /// When the feed last said that there are no other revocations, by this machine's wall clock.
    pub feed_confirmed_at: Option<UnixMillis>,
}

pub fn trust(conn: &Connection) -> rusqlite::Result<Trust> {
    const ROW: &str =
        "SELECT enrolled_at IS NOT NULL, jwks, revocations_version FROM edge WHERE one = 1";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, nat(row, 2)?));
    let (enrolled, jwks, revocations_version) = conn.query_row(ROW, [], read)?;
    let (revoked_sessions, revoked_users) = (revoked(conn, "session")?, revoked(conn, "user")?);
    let feed_confirmed_at = feed_confirmed_at(conn)?;
    Ok(Trust {
        enrolled,
        jwks,
        revoked_sessions,
        revoked_users,
        revocations_version,
        feed_confirmed_at,
    })
}

pub fn feed_confirmed_at(conn: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    const AT: &str = "SELECT at FROM feed_confirmed WHERE one = 1";
    conn.prepare_cached(AT)?.query_row([], |row| row.get(0).map(UnixMillis)).optional()
}

pub fn confirm_feed(conn: &Connection, now: UnixMillis) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO feed_confirmed (one, at) VALUES (1, ?)";
    conn.prepare_cached(PUT)?.execute([now.0])?;
    Ok(())
}

pub fn enrolled(conn: &Connection, jwks: &str, now: UnixMillis) -> rusqlite::Result<()> {
    const PUT: &str = "UPDATE edge SET jwks = ?, enrolled_at = ? WHERE one = 1";
    conn.execute(PUT, params![jwks, now.0])?;
    Ok(())
}

fn revoked<T: From<uuid::Uuid>>(conn: &Connection, kind: &str) -> rusqlite::Result<Vec<T>> {
    const IDS: &str = "SELECT id FROM revoked WHERE kind = ?";
    let mut statement = conn.prepare(IDS)?;
    statement.query_map([kind], |row| id(row, 0))?.collect()
}
