//! The statements of replays.

use uuid::Uuid;
use wire::{UnixMillis, UserId};

use crate::{
    columns, row,
    sql::{Columns, Sql, SqlError},
    vals,
};

/// Replays of one service that wait or are under way. More are refused.
const OPEN_MAX: i64 = 16;
/// A replay that is done stays for a person to look at.
const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

columns! {
    struct NewReplay<'a> in replays {
        id: Uuid,
        queue: &'a str,
        since_ms: UnixMillis,
        done_seq: i64,
        last_seq: i64,
        sent: i64,
        asked_by: UserId,
        asked_at: UnixMillis,
    }
}

row! {
    /// A replay and how far it is.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Replay in replays {
        pub id: Uuid,
        pub queue: String,
        pub since_ms: UnixMillis,
        pub done_seq: i64,
        pub last_seq: i64,
        pub sent: i64,
        pub asked_by: UserId,
        pub asked_at: UnixMillis,
        pub done_at: Option<UnixMillis>,
    }
}

const OPEN: &str = "SELECT COUNT(*) FROM replays WHERE done_at IS NULL";
const LAST_SEQ: &str = "SELECT MAX(seq) FROM outbox";
const ADVANCE: &str =
    "UPDATE replays SET done_seq = ?, sent = sent + ?, done_at = ? WHERE id = ? AND done_seq = ?";
const BATCH: &str = "SELECT seq, event_id, made_at, event FROM outbox \
    WHERE seq > ? AND seq <= ? AND sent_at IS NOT NULL ORDER BY seq LIMIT ?";
const PURGE: &str = "DELETE FROM replays WHERE done_at < ?";

/// Asks for a replay; `None` where too many are under way.
pub async fn ask(
    sql: &Sql,
    queue: &str,
    since: UnixMillis,
    (id, by, now): (Uuid, UserId, UnixMillis),
) -> Result<Option<Uuid>, SqlError> {
    if sql.one::<i64>(OPEN, vals![]).await?.unwrap_or_default() >= OPEN_MAX {
        return Ok(None);
    }
    let last_seq = sql.one::<Option<i64>>(LAST_SEQ, vals![]).await?.flatten().unwrap_or_default();
    let row = NewReplay {
        id,
        queue,
        since_ms: since,
        done_seq: 0,
        last_seq,
        sent: 0,
        asked_by: by,
        asked_at: now,
    };
    sql.insert_new(row).await?;
    Ok(Some(id))
}

/// The newest replays.
pub async fn replays(sql: &Sql, replays_max: usize) -> Result<Vec<Replay>, SqlError> {
    sql.all(Replay::select("ORDER BY asked_at DESC, id LIMIT ?"), vals![replays_max]).await
}

pub(crate) async fn purge(sql: &Sql, now: UnixMillis) -> Result<u64, SqlError> {
    sql.exec(PURGE, vals![now.plus_ms(-KEPT_MS)]).await
}

/// The oldest that is under way.
pub(in crate::outbox) async fn open(sql: &Sql) -> Result<Option<Replay>, SqlError> {
    let text = Replay::select("WHERE done_at IS NULL ORDER BY asked_at, id LIMIT 1");
    sql.one(text, vals![]).await
}

/// The next of its events: number, id, moment and stored text.
pub(in crate::outbox) async fn batch(
    sql: &Sql,
    replay: &Replay,
    rows_max: usize,
) -> Result<Vec<(i64, Uuid, UnixMillis, String)>, SqlError> {
    sql.all(BATCH, vals![replay.done_seq, replay.last_seq, rows_max]).await
}

/// Two replicas that overlap for a moment send a batch twice, and count it once.
pub(in crate::outbox) async fn advance(
    sql: &Sql,
    replay: &Replay,
    done_seq: i64,
    sent: usize,
    done_at: Option<UnixMillis>,
) -> Result<(), SqlError> {
    let values = vals![done_seq, sent, done_at, replay.id, replay.done_seq];
    sql.exec(ADVANCE, values).await.map(drop)
}
