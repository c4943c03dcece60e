//! The SQLite arm: one table, an id, indexed columns and a JSON body.

use platform::{
    sql::{Migrations, Sql, Val},
    transact, vals,
};
use sqlx::migrate::Migrator;
use uuid::Uuid;
use wire::{EventId, Role, UnixMillis, UserId};

use super::{StoreError, UNREAD_SHOWN_MAX, body::Body, body::unreadable};
use crate::domain::{Cursor, Line, LineId, PageRequest, StoredLine};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
// Inboxes on a server are documents, so there is no MySQL schema to bring up to date.
static NOTHING: Migrator = Migrator::DEFAULT;
const MIGRATIONS: Migrations = Migrations { mysql: &NOTHING, sqlite: &SQLITE };

const ADD: &str = "INSERT INTO notifications (id, user_id, role, event_id, created_at, body)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, event_id) DO NOTHING";

const LINES: &str =
    "SELECT id, user_id, role, event_id, created_at, read_at, body FROM notifications
    WHERE user_id = ? AND (is_read = 0 OR read_at >= ?) AND is_read <= ?
      AND (created_at < ? OR (created_at = ? AND id < ?))
    ORDER BY created_at DESC, id DESC LIMIT ?";

const UNREAD: &str = "SELECT COUNT(*) FROM
    (SELECT 1 FROM notifications WHERE user_id = ? AND is_read = 0 LIMIT ?)";

const MARK_READ: &str = "UPDATE notifications SET is_read = 1, read_at = COALESCE(read_at, ?) WHERE id = ? AND user_id = ?";

const PURGE: &str = "DELETE FROM notifications WHERE id IN
    (SELECT id FROM notifications WHERE is_read = 1 AND read_at < ? LIMIT ?)";

/// Rows purged in one statement, so that the one writer is not held for long.
const PURGE_BATCH: u32 = 1_000;

#[derive(Clone)]
pub struct SqliteInbox {
    sql: Sql,
}

#[derive(sqlx::FromRow)]
struct InboxRow {
    id: Uuid,
    user_id: Uuid,
    role: i64,
    event_id: Uuid,
    created_at: i64,
    read_at: Option<i64>,
    body: String,
}

impl SqliteInbox {
    pub fn new(sql: Sql) -> Self {
        Self { sql }
    }

    pub fn sql(&self) -> &Sql {
        &self.sql
    }

    pub async fn migrate(&self) -> Result<(), StoreError> {
        Ok(self.sql.migrate(&MIGRATIONS).await?)
    }

    pub async fn check(&self) -> Result<(), StoreError> {
        Ok(self.sql.check(&MIGRATIONS).await?)
    }

    pub async fn add(&self, id: LineId, line: &Line) -> Result<bool, StoreError> {
        Ok(self.sql.exec(ADD, values(id, line)?).await? == 1)
    }

    /// All in one transaction.
    pub async fn add_all(&self, lines: &[(LineId, Line)]) -> Result<Vec<bool>, StoreError> {
        transact!(self.sql, tx => {
            let mut fresh = Vec::with_capacity(lines.len());
            for (id, line) in lines {
                fresh.push(tx.exec(ADD, values(*id, line)?).await? == 1);
            }
            Ok(fresh)
        })
    }

    pub async fn lines(
        &self,
        request: &PageRequest,
        limit: usize,
    ) -> Result<Vec<StoredLine>, StoreError> {
        // Without a cursor the page begins above every line there can be.
        let top = Cursor { created_at: UnixMillis(i64::MAX), id: LineId(Uuid::max()) };
        let after = request.after.unwrap_or(top);
        let values = vals![
            request.user_id,
            request.read_since,
            !request.unread_only,
            after.created_at,
            after.created_at,
            after.id.0,
            limit
        ];
        let rows: Vec<InboxRow> = self.sql.all(LINES, values).await?;
        rows.into_iter().map(InboxRow::line).collect()
    }

    pub async fn unread(&self, user: UserId, _role: Role) -> Result<u64, StoreError> {
        let row: Option<(i64,)> = self.sql.one(UNREAD, vals![user, UNREAD_SHOWN_MAX]).await?;
        Ok(row.and_then(|(count,)| u64::try_from(count).ok()).unwrap_or_default())
    }

    pub async fn mark_read(
        &self,
        user: UserId,
        id: LineId,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        Ok(self.sql.exec(MARK_READ, vals![now, id.0, user]).await? == 1)
    }

    /// Removes lines read before this moment, a batch at a time; how many.
    pub async fn purge_read(&self, before: UnixMillis) -> Result<u64, StoreError> {
        let mut purged = 0;
        loop {
            let batch = self.sql.exec(PURGE, vals![before, PURGE_BATCH]).await?;
            purged += batch;
            if batch < u64::from(PURGE_BATCH) {
                return Ok(purged);
            }
        }
    }
}

fn values(id: LineId, line: &Line) -> Result<Vec<Val>, StoreError> {
    let body = serde_json::to_string(&Body::of(line)).map_err(unreadable)?;
    Ok(vals![id.0, line.user_id, line.role.number(), line.event_id, line.created_at, body])
}

impl InboxRow {
    fn line(self) -> Result<StoredLine, StoreError> {
        let body: Body = serde_json::from_str(&self.body).map_err(unreadable)?;
        let role = Role::from_number(self.role).ok_or_else(|| unreadable("an unknown role"))?;
        let line = Line {
            user_id: UserId(self.user_id),
            role,
            event_type: body.event_type,
            order_id: body.order_id,
            event_id: EventId(self.event_id),
            counterpart: body.counterpart,
            params: body.params,
            created_at: UnixMillis(self.created_at),
        };
        Ok(StoredLine { id: LineId(self.id), line, read_at: self.read_at.map(UnixMillis) })
    }
}

#[cfg(test)]
mod tests {
    use wire::EventType;

    use super::*;
    use crate::{
        domain::READ_KEPT_MS,
        samples::{self, AT, CUSTOMER},
        store::InboxStore,
    };

    #[tokio::test]
    async fn only_what_was_read_long_ago_is_purged() {
        let (store, _folder) = samples::sqlite_store().await;
        let InboxStore::Sqlite(sqlite) = &store else { panic!("an SQLite store was asked for") };
        let mut ids = Vec::new();
        for kind in [EventType::OrderCreated, EventType::OrderApproved, EventType::OrderRejected] {
            for (mut line, n) in samples::lines(kind).into_iter().zip(1..) {
                line.event_id = EventId(Uuid::from_u128(ids.len() as u128 * 10 + n));
                ids.push(LineId(line.event_id.0));
                assert!(store.add(LineId(line.event_id.0), &line).await.unwrap());
            }
        }
        let now = AT.plus_ms(READ_KEPT_MS * 2);
        for (id, read_at) in [(ids[0], now.plus_ms(-READ_KEPT_MS - 1)), (ids[1], now)] {
            assert!(store.mark_read(CUSTOMER, Role::Customer, id, read_at).await.unwrap());
        }
        assert_eq!(sqlite.purge_read(now.plus_ms(-READ_KEPT_MS)).await.unwrap(), 1);
        assert_eq!(sqlite.purge_read(now.plus_ms(-READ_KEPT_MS)).await.unwrap(), 0);
        assert_eq!(store.unread(CUSTOMER, Role::Customer).await.unwrap(), 1);
    }
}
