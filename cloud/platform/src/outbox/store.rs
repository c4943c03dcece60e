//! The SQL of the outbox.

pub(crate) mod replays;

use std::time::Duration;

use process::defect::{Defect, is_planted};
use uuid::Uuid;
use wire::{Event, EventId, UnixMillis};

use crate::{
    Database, columns,
    documents::DocumentsError,
    sealing::{DataKeys, ResealedBatch, SealContext, SealError},
    sql::{Columns, Sql, SqlError, Tx, in_list},
    vals,
};

// Select by "not sent", never by "above the last one": a lower number may commit later.
const UNSENT: &str =
    "SELECT seq, event_id, event FROM outbox WHERE sent_at IS NULL ORDER BY seq LIMIT ?";
const COUNT_UNSENT: &str = "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL";
const COUNT_UNSENT_OF: &str = "SELECT COUNT(*) FROM outbox WHERE document = ? AND sent_at IS NULL";
const UNSENT_SINCE: &str = "SELECT MIN(made_at) FROM outbox WHERE sent_at IS NULL";
const EVENTS: &str = "SELECT seq, event_id, event FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?";
const RESEAL: &str = "UPDATE outbox SET event = ? WHERE seq = ?";
const PURGE_TO: &str = "SELECT seq FROM outbox WHERE sent_at < ? ORDER BY seq LIMIT 1 OFFSET ?";
const PURGE: &str = "DELETE FROM outbox WHERE sent_at < ? AND seq < ?";
const PURGE_ALL: &str = "DELETE FROM outbox WHERE sent_at < ?";

const RENEW: &str = "UPDATE leases SET holder = ?, until_ms = ? \
    WHERE name = ? AND (holder = ? OR until_ms < ? OR until_ms > ?)";
const RELEASE: &str = "UPDATE leases SET until_ms = 0 WHERE name = ? AND holder = ?";

columns! {
    struct OutboxRow in outbox {
        event_id: EventId,
        event: String,
        made_at: UnixMillis,
    }
}

columns! {
    /// Only SQLite stores documents next to an outbox.
    struct DocumentEventRow<'a> in outbox {
        event_id: EventId,
        event: String,
        made_at: UnixMillis,
        document: &'a str,
    }
}

columns! {
    struct LeaseRow in leases {
        name: &'static str,
        holder: Uuid,
        until_ms: UnixMillis,
    }
}

/// The name of the relay's lease.
pub(super) const LEASE: &str = "outbox-relay";
/// Replica clocks differ slightly, which must not cost a replica its live ten-second lease. A lease
/// that ends later than this comes from a wrong clock and would block all events until then.
pub(super) const LEASE_AHEAD_MAX_MS: i64 = 60_000;
/// Approximate rows per delete statement, and statements per run; the next hour continues.
const PURGED_MAX: i64 = 5_000;
const PURGES_MAX: usize = 100;
/// Rows per batch of the resealing job.
const RESEALED_MAX: usize = 200;

/// Writes an event for publication after `tx` commits.
pub async fn add(tx: &mut Tx, event: &Event) -> Result<(), SqlError> {
    add_all(tx, std::slice::from_ref(event)).await
}

/// Like [`add`] for many events, published in order.
pub async fn add_all(tx: &mut Tx, events: &[Event]) -> Result<(), SqlError> {
    if events.is_empty() || is_planted(Defect::NoOutboxRow) {
        return Ok(());
    }
    insert(tx, events, |of, event| OutboxRow {
        event_id: of.id,
        event,
        made_at: of.at,
    })
    .await
}

/// Writes events together with their document; they are published after `tx` commits.
pub(crate) async fn add_of(tx: &mut Tx, document: &str, events: &[Event]) -> Result<(), SqlError> {
    insert(tx, events, |of, event| DocumentEventRow {
        event_id: of.id,
        event,
        made_at: of.at,
        document,
    })
    .await
}

/// `row` receives the event and its sealed JSON.
async fn insert<R: Columns>(
    tx: &mut Tx,
    events: &[Event],
    row: impl Fn(&Event, String) -> R,
) -> Result<(), SqlError> {
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        let json = serde_json::to_string(event).map_err(SqlError::Encode)?;
        let place = event_seal_context(event.id.0);
        rows.push(row(event, tx.data_keys().seal_text(&place, &json)));
    }
    tx.insert_all(rows).await?;
    tx.wakes_relay();
    Ok(())
}

pub(crate) async fn count_unsent_of(tx: &mut Tx, document: &str) -> Result<u64, SqlError> {
    Ok(tx
        .fetch_optional(COUNT_UNSENT_OF, vals![document])
        .await?
        .unwrap_or_default())
}

/// Unsent rows in order; the event is sealed JSON.
pub(super) async fn read_unsent(
    sql: &Sql,
    rows_max: usize,
) -> Result<Vec<(i64, Uuid, String)>, SqlError> {
    sql.fetch_all(UNSENT, vals![rows_max]).await
}

pub(super) fn open_event(keys: &DataKeys, id: Uuid, stored: String) -> Result<String, SealError> {
    keys.open_text(&event_seal_context(id), stored)
}

/// Also used for sent events on MongoDB.
pub(crate) fn event_seal_context(event: Uuid) -> SealContext {
    SealContext::of_id("outbox.event", event)
}

/// Reseals one batch of events after `after` that are plain or sealed with a former key.
pub(super) async fn reseal_batch(
    database: &Database,
    after: i64,
) -> Result<ResealedBatch<i64>, DocumentsError> {
    let sql = match database {
        Database::Sql(sql) => sql,
        Database::Mongo(mongo) => return mongo.reseal_sent(after, RESEALED_MAX).await,
    };
    let keys = sql.data_keys();
    let rows: Vec<(i64, Uuid, String)> = sql.fetch_all(EVENTS, vals![after, RESEALED_MAX]).await?;
    let last = rows
        .last()
        .filter(|_| rows.len() == RESEALED_MAX)
        .map(|(seq, ..)| *seq);
    let mut sealed = 0;
    for (seq, id, event) in rows {
        if keys.is_stale_text(&event) {
            let anew = keys.seal_text(&event_seal_context(id), &open_event(keys, id, event)?);
            sql.exec(RESEAL, vals![anew, seq]).await?;
            sealed += 1;
        }
    }
    Ok(ResealedBatch { sealed, last })
}

/// When the oldest unsent event was written.
pub async fn unsent_since(sql: &Sql) -> Result<Option<UnixMillis>, SqlError> {
    Ok(sql
        .fetch_optional::<Option<UnixMillis>>(UNSENT_SINCE, vals![])
        .await?
        .flatten())
}

pub(super) async fn count_unsent(sql: &Sql) -> Result<u64, SqlError> {
    Ok(sql
        .fetch_optional(COUNT_UNSENT, vals![])
        .await?
        .unwrap_or_default())
}

pub(super) async fn mark_sent(sql: &Sql, seqs: &[i64], now: UnixMillis) -> Result<(), SqlError> {
    if seqs.is_empty() {
        return Ok(());
    }
    let text = in_list(
        "UPDATE outbox SET sent_at = ? WHERE seq IN (",
        seqs.len(),
        ")",
    );
    let mut values = vals![now];
    values.extend(seqs.iter().map(|seq| (*seq).into()));
    sql.exec(text, values).await?;
    Ok(())
}

/// Deletes events sent before the retention period. On SQL it deletes in batches, so that other
/// statements do not wait long.
pub async fn purge_sent(
    database: &Database,
    now: UnixMillis,
    kept: Duration,
) -> Result<u64, DocumentsError> {
    let kept_ms = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
    let before = now.plus_ms(-kept_ms);
    let mut gone = 0;
    let sql = match database {
        Database::Sql(sql) => sql,
        Database::Mongo(mongo) => return mongo.purge_sent(before).await,
    };
    for _ in 0..PURGES_MAX {
        let to: Option<i64> = sql
            .fetch_optional(PURGE_TO, vals![before, PURGED_MAX])
            .await?;
        match to {
            Some(seq) => gone += sql.exec(PURGE, vals![before, seq]).await?,
            None => return Ok(gone + sql.exec(PURGE_ALL, vals![before]).await?),
        }
    }
    Ok(gone)
}

/// Acquires or renews the relay's lease until `until`. Returns true if `holder` has it.
pub(super) async fn acquire_lease(
    sql: &Sql,
    holder: Uuid,
    now: UnixMillis,
    until: UnixMillis,
) -> Result<bool, SqlError> {
    let too_far = now.plus_ms(LEASE_AHEAD_MAX_MS);
    if sql
        .exec(RENEW, vals![holder, until, LEASE, holder, now, too_far])
        .await?
        == 1
    {
        return Ok(true);
    }
    sql.insert_new(LeaseRow {
        name: LEASE,
        holder,
        until_ms: until,
    })
    .await
}

/// Releases the lease, so that another replica can take over at once.
pub(super) async fn release_lease(sql: &Sql, holder: Uuid) -> Result<(), SqlError> {
    sql.exec(RELEASE, vals![LEASE, holder]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use process::random;
    use rstest::rstest;
    use sqlx::migrate::Migrator;

    use super::*;
    use crate::sql::{Migrations, create_database};

    static NONE: Migrator = Migrator::DEFAULT;
    const GROUND_ALONE: Migrations = Migrations {
        mysql: &NONE,
        sqlite: &NONE,
    };

    const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

    #[rstest]
    #[case::sqlite(false)]
    #[case::mariadb(true)]
    #[tokio::test]
    async fn no_clock_that_is_far_ahead_keeps_the_lease_from_the_others(#[case] mysql: bool) {
        let folder = tempfile::tempdir().unwrap();
        let name: String = random::draw_bytes::<8>()
            .map(|b| format!("{b:02x}"))
            .concat();
        let url = if mysql {
            format!("{}/lease_{name}", support::servers().mysql)
        } else {
            format!("sqlite:{}", folder.path().join("lease.db").display())
        };
        create_database(&url).await.unwrap();
        let sql = Sql::open(&url).await.unwrap();
        sql.migrate(&GROUND_ALONE).await.unwrap();
        let leased = async |n, ahead_ms| {
            let now = NOW.plus_ms(ahead_ms);
            acquire_lease(&sql, Uuid::from_u128(n), now, now.plus_ms(10_000))
                .await
                .unwrap()
        };
        assert!(leased(1, 0).await);
        assert!(!leased(2, 0).await);
        assert!(leased(1, 45_000).await);
        assert!(
            !leased(2, 0).await,
            "that clock is no more than a little ahead"
        );
        assert!(leased(1, 3_600_000).await);
        assert!(leased(2, 0).await);
    }
}
