//! Owns the keys that enrolment brought: those that check people's tokens without the cloud, and the hub's,
//! by which this edge knows its hub.

use rusqlite::{Connection, OptionalExtension, params};
use wire::{Hash, HubKey, SessionId, UnixMillis, UserId};

use super::sql::{execute, id, nat};

/// Longer than any token of the cloud lives, a device's grant among them.
const TOKEN_LIVES_MS_MAX: i64 = 31 * 24 * 60 * 60 * 1_000;

/// The keys and revocations that the gate starts with.
#[derive(Debug, Default)]
pub struct Trust {
    pub enrolled: bool,
    pub known: TrustNews,
    /// When the feed last said that there are no other revocations, by this machine's wall clock.
    pub feed_confirmed_at: Option<UnixMillis>,
    /// The enrolment code that has been used.
    pub code: Option<Hash>,
}

/// New keys, where there are any, and revocations up to this version.
#[derive(Debug, Default)]
pub struct TrustNews {
    pub jwks: Option<String>,
    pub revoked_sessions: Vec<SessionId>,
    pub revoked_users: Vec<UserId>,
    pub revocations_version: u64,
}

pub fn trust(conn: &Connection) -> rusqlite::Result<Trust> {
    const ROW: &str =
        "SELECT enrolled_at IS NOT NULL, nullif(jwks, ''), revocations_version, code_hash
        FROM edge WHERE one = 1";
    conn.query_row(ROW, [], |row| {
        let known = TrustNews {
            jwks: row.get(1)?,
            revoked_sessions: revoked(conn, "session")?,
            revoked_users: revoked(conn, "user")?,
            revocations_version: nat(row, 2)?,
        };
        let (enrolled, code) = (row.get(0)?, row.get::<_, Option<[u8; 32]>>(3)?.map(Hash));
        Ok(Trust { enrolled, known, feed_confirmed_at: feed_confirmed_at(conn)?, code })
    })
}

pub fn feed_confirmed_at(conn: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    const AT: &str = "SELECT at FROM feed_confirmed WHERE one = 1";
    conn.prepare_cached(AT)?.query_row([], |row| row.get(0).map(UnixMillis)).optional()
}

pub fn confirm_feed(conn: &Connection, now: UnixMillis) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO feed_confirmed (one, at) VALUES (1, ?)";
    execute(conn, PUT, [now.0])
}

pub fn enrolled(
    conn: &Connection,
    jwks: &str,
    hub: Option<HubKey>,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    const PUT: &str = "UPDATE edge SET jwks = ?, enrolled_at = ? WHERE one = 1";
    conn.execute(PUT, params![jwks, now.0])?;
    hub.map_or(Ok(()), |key| pin_hub(conn, key))
}

/// The code brings no other key from here on.
pub fn note_code(conn: &Connection, code: Hash) -> rusqlite::Result<()> {
    const PUT: &str = "UPDATE edge SET code_hash = ? WHERE one = 1";
    execute(conn, PUT, [&code.0[..]])
}

pub fn pin_hub(conn: &Connection, key: HubKey) -> rusqlite::Result<()> {
    const PUT: &str = "UPDATE edge SET hub_key = ? WHERE one = 1";
    execute(conn, PUT, [&key.0[..]])
}

pub fn hub_key(conn: &Connection) -> rusqlite::Result<Option<HubKey>> {
    const KEY: &str = "SELECT hub_key FROM edge WHERE one = 1";
    let key: Option<[u8; 32]> = conn.query_row(KEY, [], |row| row.get(0))?;
    Ok(key.map(HubKey))
}

/// Sessions of which no token lives any more leave the file and are named. One that an earlier version wrote
/// down counts from now on.
pub fn forget_sessions(conn: &Connection, now: UnixMillis) -> rusqlite::Result<Vec<SessionId>> {
    const COUNTS: &str = "UPDATE revoked SET heard_at = ? WHERE heard_at = 0";
    const FORGET: &str = "DELETE FROM revoked WHERE kind = 'session' AND heard_at < ? RETURNING id";
    execute(conn, COUNTS, [now.0])?;
    let mut statement = conn.prepare(FORGET)?;
    statement.query_map([now.0 - TOKEN_LIVES_MS_MAX], |row| id(row, 0))?.collect()
}

fn revoked<T: From<uuid::Uuid>>(conn: &Connection, kind: &str) -> rusqlite::Result<Vec<T>> {
    const IDS: &str = "SELECT id FROM revoked WHERE kind = ?";
    let mut statement = conn.prepare(IDS)?;
    statement.query_map([kind], |row| id(row, 0))?.collect()
}
