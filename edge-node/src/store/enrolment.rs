//! Owns the keys that enrolment brought: those that check people's tokens without the cloud, and the hub's,
//! by which this edge knows its hub.

use rusqlite::{Connection, OptionalExtension, params};
use wire::{Hash, HubKey, PersonStanding, ProviderMark, SessionId, UnixMillis};

use super::sql::{execute, id, int, nat};

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
    /// Those who are revoked, or were.
    pub people: Vec<PersonStanding>,
    /// Providers who are verified, or were.
    pub marks: Vec<ProviderMark>,
    pub revocations_version: u64,
}

pub fn trust(conn: &Connection) -> rusqlite::Result<Trust> {
    const ROW: &str =
        "SELECT enrolled_at IS NOT NULL, nullif(jwks, ''), revocations_version, code_hash
        FROM edge WHERE one = 1";
    conn.query_row(ROW, [], |row| {
        let known = TrustNews {
            jwks: row.get(1)?,
            revoked_sessions: revoked_sessions(conn)?,
            people: people(conn)?,
            marks: marks(conn)?,
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

pub fn revoke_session(
    conn: &Connection,
    session: SessionId,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR IGNORE INTO revoked (kind, id, heard_at) VALUES ('session', ?, ?)";
    execute(conn, PUT, params![&session.as_bytes()[..], now.0])
}

pub fn note_person(
    conn: &Connection,
    word: PersonStanding,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT INTO revoked (kind, id, heard_at, at, tokens_since)
        VALUES ('user', ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET
        at = max(at, excluded.at), tokens_since = max(tokens_since, excluded.tokens_since)";
    let PersonStanding { user, revoked_at, tokens_since } = word;
    execute(conn, PUT, params![&user.as_bytes()[..], now.0, revoked_at.0, tokens_since.0])
}

/// The newer word stays; of two words about one version, the one that verifies nobody.
pub fn note_mark(conn: &Connection, mark: ProviderMark) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT INTO provider_marks (user_id, version, verified) VALUES (?, ?, ?)
        ON CONFLICT (user_id) DO UPDATE SET version = excluded.version, verified = excluded.verified
        WHERE version < excluded.version
        OR version = excluded.version AND verified > excluded.verified";
    let ProviderMark { user, version, verified } = mark;
    execute(conn, PUT, params![&user.as_bytes()[..], int(version), verified])
}

fn marks(conn: &Connection) -> rusqlite::Result<Vec<ProviderMark>> {
    const ROWS: &str = "SELECT user_id, version, verified FROM provider_marks";
    let mut statement = conn.prepare(ROWS)?;
    let rows = statement.query_map([], |row| {
        Ok(ProviderMark { user: id(row, 0)?, version: nat(row, 1)?, verified: row.get(2)? })
    })?;
    rows.collect()
}

fn revoked_sessions(conn: &Connection) -> rusqlite::Result<Vec<SessionId>> {
    const IDS: &str = "SELECT id FROM revoked WHERE kind = 'session'";
    let mut statement = conn.prepare(IDS)?;
    statement.query_map([], |row| id(row, 0))?.collect()
}

fn people(conn: &Connection) -> rusqlite::Result<Vec<PersonStanding>> {
    const ROWS: &str = "SELECT id, at, tokens_since FROM revoked WHERE kind = 'user'";
    let mut statement = conn.prepare(ROWS)?;
    let rows = statement.query_map([], |row| {
        let (revoked_at, tokens_since) = (UnixMillis(row.get(1)?), UnixMillis(row.get(2)?));
        Ok(PersonStanding { user: id(row, 0)?, revoked_at, tokens_since })
    })?;
    rows.collect()
}
