//! The SQL of replays.

use uuid::Uuid;
use wire::{UnixMillis, UserId};

use crate::{Database, columns, documents::DocumentsError, row, sql::Columns, vals};

/// Limit of open replays per service. More are refused.
const OPEN_MAX: u64 = 16;
/// How long a finished replay stays visible.
const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

columns! {
    pub(crate) struct NewReplay<'a> in replays {
        pub id: Uuid,
        pub queue: &'a str,
        pub since_ms: UnixMillis,
        pub done_seq: i64,
        pub last_seq: i64,
        pub sent: i64,
        pub asked_by: UserId,
        pub asked_at: UnixMillis,
    }
}

row! {
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

/// Requests a replay; `None` if too many are open.
pub async fn request_replay(
    database: &Database,
    queue: &str,
    since: UnixMillis,
    (id, by, now): (Uuid, UserId, UnixMillis),
) -> Result<Option<Uuid>, DocumentsError> {
    let open = match database {
        Database::Sql(sql) => sql.fetch_optional(OPEN, vals![]).await?.unwrap_or_default(),
        Database::Mongo(mongo) => mongo.count_open_replays().await?,
    };
    if open >= OPEN_MAX {
        return Ok(None);
    }
    let last_seq = match database {
        Database::Sql(sql) => sql
            .fetch_optional::<Option<i64>>(LAST_SEQ, vals![])
            .await?
            .flatten()
            .unwrap_or(0),
        Database::Mongo(mongo) => mongo.last_sent().await?,
    };
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
    match database {
        Database::Sql(sql) => drop(sql.insert_new(row).await?),
        Database::Mongo(mongo) => mongo.add_replay(&row).await?,
    }
    Ok(Some(id))
}

pub async fn list_replays(
    database: &Database,
    replays_max: usize,
) -> Result<Vec<Replay>, DocumentsError> {
    const NEWEST: &str = "ORDER BY asked_at DESC, id LIMIT ?";
    match database {
        Database::Sql(sql) => Ok(sql
            .fetch_all(Replay::select(NEWEST), vals![replays_max])
            .await?),
        Database::Mongo(mongo) => mongo.list_replays(replays_max).await,
    }
}

pub(crate) async fn purge_done(
    database: &Database,
    now: UnixMillis,
) -> Result<u64, DocumentsError> {
    let before = now.plus_ms(-KEPT_MS);
    match database {
        Database::Sql(sql) => Ok(sql.exec(PURGE, vals![before]).await?),
        Database::Mongo(mongo) => mongo.purge_replays(before).await,
    }
}

/// The oldest open replay.
pub(in crate::outbox) async fn open(database: &Database) -> Result<Option<Replay>, DocumentsError> {
    const OLDEST: &str = "WHERE done_at IS NULL ORDER BY asked_at, id LIMIT 1";
    match database {
        Database::Sql(sql) => Ok(sql.fetch_optional(Replay::select(OLDEST), vals![]).await?),
        Database::Mongo(mongo) => mongo.open_replay().await,
    }
}

/// The next events of a replay: number, id, time and stored text.
pub(in crate::outbox) async fn read_batch(
    database: &Database,
    replay: &Replay,
    rows_max: usize,
) -> Result<Vec<(i64, Uuid, UnixMillis, String)>, DocumentsError> {
    match database {
        Database::Sql(sql) => Ok(sql
            .fetch_all(BATCH, vals![replay.done_seq, replay.last_seq, rows_max])
            .await?),
        Database::Mongo(mongo) => mongo.replay_batch(replay, rows_max).await,
    }
}

/// Two replicas that overlap for a moment send a batch twice but count it once.
pub(in crate::outbox) async fn advance_replay(
    database: &Database,
    replay: &Replay,
    done_seq: i64,
    sent: usize,
    done_at: Option<UnixMillis>,
) -> Result<(), DocumentsError> {
    match database {
        Database::Sql(sql) => {
            let values = vals![done_seq, sent, done_at, replay.id, replay.done_seq];
            Ok(sql.exec(ADVANCE, values).await.map(drop)?)
        }
        Database::Mongo(mongo) => mongo.advance_replay(replay, done_seq, sent, done_at).await,
    }
}
