//! SQL of the embedded bus: a row per queue and per message, in one SQLite file.
//!
//! Ids only rise, even after deletions (AUTOINCREMENT), and one thread writes them in commit order.
//! "Above the last id read" therefore misses no message.

use rusqlite::{Connection, params};
use rusqlite_migration::{M, Migrations};

use crate::bus::topology::Binding;

const SCHEMA: &str = "
CREATE TABLE queues (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  dead INTEGER REFERENCES queues (id),
  ttl_ms INTEGER
) STRICT;
CREATE TABLE bindings (
  queue INTEGER NOT NULL REFERENCES queues (id),
  exchange TEXT NOT NULL,
  pattern TEXT NOT NULL,
  PRIMARY KEY (queue, exchange, pattern)
) STRICT, WITHOUT ROWID;
CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  queue INTEGER NOT NULL REFERENCES queues (id),
  body BLOB NOT NULL,
  expires_at INTEGER
) STRICT;
CREATE INDEX messages_queue ON messages (queue, id);
CREATE INDEX messages_expiry ON messages (expires_at) WHERE expires_at IS NOT NULL;
";

/// The reason is sealed like the body.
const LETTERS: &str = "
ALTER TABLE messages ADD COLUMN reason BLOB;
ALTER TABLE messages ADD COLUMN died_at INTEGER;
";

const ADD_QUEUE: &str = "INSERT INTO queues (name, dead, ttl_ms) VALUES (?1, ?2, ?3)
    ON CONFLICT (name) DO UPDATE SET dead = excluded.dead, ttl_ms = excluded.ttl_ms RETURNING id";
const ADD_BINDING: &str =
    "INSERT INTO bindings (queue, exchange, pattern) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
const QUEUES: &str = "SELECT id, name, dead, ttl_ms FROM queues ORDER BY id";
const BINDINGS: &str = "SELECT queue, exchange, pattern FROM bindings";
const LAST_ID: &str = "SELECT COALESCE(MAX(id), 0) FROM messages";
const PUT: &str = "INSERT INTO messages (queue, body, expires_at) VALUES (?1, ?2, ?3)";
const PAGE: &str = "SELECT id, body, reason, died_at FROM messages WHERE queue = ?1 AND id > ?2
    ORDER BY id LIMIT ?3";
const ALL_AFTER: &str =
    "SELECT id, body, reason, died_at FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2";
const REWRITE: &str = "UPDATE messages SET body = ?2, reason = ?3 WHERE id = ?1";
const REMOVE: &str = "DELETE FROM messages WHERE id = ?1";
const COPY_TO: &str = "INSERT INTO messages (queue, body, reason, died_at)
    SELECT ?2, body, ?3, ?4 FROM messages WHERE id = ?1";
const EXPIRED: &str = "SELECT id, queue FROM messages WHERE expires_at <= ?1
    ORDER BY expires_at LIMIT ?2";
const COUNT: &str = "SELECT COUNT(*) FROM messages WHERE queue = ?1";

pub(super) fn migrations() -> Migrations<'static> {
    Migrations::new(vec![M::up(SCHEMA), M::up(LETTERS)])
}

#[derive(Debug, Clone)]
pub(super) struct QueueRow {
    pub id: i64,
    pub name: String,
    /// Where its dead letters go; absent for a dead letter queue.
    pub dead: Option<i64>,
    pub ttl_ms: Option<i64>,
    pub bindings: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub(super) struct MessageRow {
    pub id: i64,
    pub body: Vec<u8>,
    /// Set on dead letters.
    pub reason: Option<Vec<u8>>,
    pub died_at: Option<i64>,
}

impl MessageRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let id = row.get(0)?;
        let body = row.get(1)?;
        let reason = row.get(2)?;
        Ok(Self {
            id,
            body,
            reason,
            died_at: row.get(3)?,
        })
    }
}

/// Creates or updates a queue, adds bindings to it, and returns its id.
pub(super) fn add_queue(
    conn: &Connection,
    name: &str,
    dead: Option<i64>,
    ttl_ms: Option<i64>,
    bindings: &[Binding],
) -> rusqlite::Result<i64> {
    let id = conn
        .prepare_cached(ADD_QUEUE)?
        .query_row(params![name, dead, ttl_ms], |row| row.get::<_, i64>(0))?;
    for (exchange, pattern) in bindings {
        conn.prepare_cached(ADD_BINDING)?
            .execute(params![id, exchange.as_str(), pattern])?;
    }
    Ok(id)
}

pub(super) fn read_queues(conn: &Connection) -> rusqlite::Result<Vec<QueueRow>> {
    let mut rows = conn
        .prepare(QUEUES)?
        .query_map([], |row| {
            Ok(QueueRow {
                id: row.get(0)?,
                name: row.get(1)?,
                dead: row.get(2)?,
                ttl_ms: row.get(3)?,
                bindings: Vec::new(),
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut bindings = conn.prepare(BINDINGS)?;
    let bindings = bindings
        .query_map([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for (queue, exchange, pattern) in bindings {
        if let Some(row) = rows.iter_mut().find(|row| row.id == queue) {
            row.bindings.push((exchange, pattern));
        }
    }
    Ok(rows)
}

pub(super) fn last_id(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row(LAST_ID, [], |row| row.get(0))
}

pub(super) fn insert_message(
    conn: &Connection,
    queue: i64,
    body: &[u8],
    expires_at: Option<i64>,
) -> rusqlite::Result<()> {
    conn.prepare_cached(PUT)?
        .execute(params![queue, body, expires_at])
        .map(drop)
}

/// The messages of a queue above an id, in order.
pub(super) fn read_page(
    conn: &Connection,
    queue: i64,
    above: i64,
    rows_max: i64,
) -> rusqlite::Result<Vec<MessageRow>> {
    conn.prepare_cached(PAGE)?
        .query_map(params![queue, above, rows_max], MessageRow::read)?
        .collect()
}

/// The messages of all queues above an id, in order.
pub(super) fn all_after(
    conn: &Connection,
    above: i64,
    rows_max: i64,
) -> rusqlite::Result<Vec<MessageRow>> {
    conn.prepare_cached(ALL_AFTER)?
        .query_map(params![above, rows_max], MessageRow::read)?
        .collect()
}

pub(super) fn rewrite_messages(conn: &Connection, rows: &[MessageRow]) -> rusqlite::Result<()> {
    let mut rewrite = conn.prepare_cached(REWRITE)?;
    rows.iter().try_for_each(|row| {
        rewrite
            .execute(params![row.id, row.body, row.reason])
            .map(drop)
    })
}

pub(super) fn remove(conn: &Connection, ids: &[i64]) -> rusqlite::Result<()> {
    let mut remove = conn.prepare_cached(REMOVE)?;
    ids.iter().try_for_each(|id| remove.execute([id]).map(drop))
}

/// Moves messages to the end of another queue, under new ids.
pub(super) fn move_to_queue(conn: &Connection, ids: &[i64], queue: i64) -> rusqlite::Result<()> {
    let mut copy = conn.prepare_cached(COPY_TO)?;
    for id in ids {
        copy.execute(params![id, queue, None::<&[u8]>, None::<i64>])?;
    }
    remove(conn, ids)
}

/// Like [`move_to_queue`], and stores why and when the messages became dead letters.
pub(super) fn move_to_dead_letters(
    conn: &Connection,
    ids: &[i64],
    queue: i64,
    reason: &[u8],
    died_at: i64,
) -> rusqlite::Result<()> {
    let mut copy = conn.prepare_cached(COPY_TO)?;
    for id in ids {
        copy.execute(params![id, queue, reason, died_at])?;
    }
    remove(conn, ids)
}

pub(super) fn find_expired(
    conn: &Connection,
    now: i64,
    rows_max: i64,
) -> rusqlite::Result<Vec<(i64, i64)>> {
    conn.prepare_cached(EXPIRED)?
        .query_map([now, rows_max], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

pub(super) fn count_messages(conn: &Connection, queue: i64) -> rusqlite::Result<i64> {
    conn.prepare_cached(COUNT)?
        .query_row([queue], |row| row.get(0))
}
