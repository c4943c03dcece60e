//! A collection on SQLite: one table of id, version and JSON body. Indexes use expressions over the
//! body, so a new one requires no row migration. Events enter the platform's outbox in the same
//! transaction.

mod tables;
mod text;

use serde_json::Value;
use uuid::Uuid;
use wire::{Event, EventId, UnixMillis};

use self::text::{FieldSource, SqlText};
use super::{Cause, EVENTS_MAX, StoredBody, StoredDocument, consumer};
use crate::{
    documents::{
        DocumentsError, Group, QueryPlan,
        query::{Edit, Filter, Find, Update},
        schema::{FieldPath, Shape},
    },
    inbox, outbox,
    sql::{ROWS_MAX, Sql, SqlError, Tx, parts},
    transact, vals,
};

type Done<T> = Result<T, DocumentsError>;

/// Rows deleted per statement, to release the single writer often.
const PURGE_BATCH: u64 = 1_000;
const UNLESS_THERE: &str = " ON CONFLICT DO NOTHING";

#[derive(Clone)]
pub struct SqliteStore {
    name: &'static str,
    shape: Shape,
    sql: Sql,
}

impl SqliteStore {
    pub fn new(sql: Sql, name: &'static str, shape: Shape) -> Self {
        Self { name, shape, sql }
    }

    pub async fn migrate(&self) -> Done<()> {
        tables::migrate(&self.sql, self.name, &self.shape).await
    }

    pub async fn index_names(&self) -> Done<Vec<String>> {
        tables::index_names(&self.sql, self.name).await
    }

    pub async fn get(&self, id: Uuid) -> Done<Option<StoredDocument>> {
        let text = SqlText::of("SELECT id, version, body FROM ").put(self.name);
        let row: Option<(Uuid, i64, String)> =
            text.put(" WHERE id = ?").value(id).one(&self.sql).await?;
        Ok(row.map(stored))
    }

    pub async fn all_after(&self, after: Uuid, documents_max: usize) -> Done<Vec<StoredDocument>> {
        let text = SqlText::of("SELECT id, version, body FROM ").put(self.name);
        let text = text.put(" WHERE id > ? ORDER BY id LIMIT ?").value(after).value(documents_max);
        let rows: Vec<(Uuid, i64, String)> = text.all(&self.sql).await?;
        Ok(rows.into_iter().map(stored).collect())
    }

    pub async fn insert(&self, id: Uuid, body: Value, events: &[Event]) -> Done<bool> {
        let insertion = self.insertion(&[(id, body.to_string())]).put(UNLESS_THERE);
        self.write(id, &insertion, events, None).await
    }

    pub async fn insert_new(&self, bodies: Vec<(Uuid, Value)>) -> Done<Vec<bool>> {
        let texts = bodies.into_iter().map(|(id, body)| (id, body.to_string()));
        let rows: Vec<(Uuid, String)> = texts.collect();
        transact!(self.sql, tx => {
            let mut fresh = Vec::with_capacity(rows.len());
            for part in parts(&rows, ROWS_MAX) {
                match self.insertion(part).exec_in(tx).await {
                    // A duplicate undoes the statement, not the transaction.
                    Err(error) if error.is_unique() => {
                        for row in part {
                            let insertion = self.insertion(std::slice::from_ref(row));
                            fresh.push(insertion.put(UNLESS_THERE).exec_in(tx).await? == 1);
                        }
                    }
                    done => done.map(|_| fresh.resize(fresh.len() + part.len(), true))?,
                }
            }
            Ok(fresh)
        })
    }

    fn insertion(&self, rows: &[(Uuid, String)]) -> SqlText {
        let text = SqlText::of("INSERT INTO ").put(self.name).put(" (id, version, body) VALUES ");
        text.list(rows, ", ", |text, (id, body)| text.put("(?, 1, ?)").value(id).value(body))
    }

    pub async fn replace(
        &self,
        id: Uuid,
        version: i64,
        body: Value,
        events: &[Event],
        cause: Option<Cause>,
    ) -> Done<bool> {
        let text =
            SqlText::of("UPDATE ").put(self.name).put(" SET version = version + 1, body = ?");
        let text = text.value(body.to_string()).put(" WHERE id = ? AND version = ?");
        match self.write(id, &text.value(id).value(version), events, cause).await {
            // The inbox already has this event. `Sql` reports a duplicate key of the body as its
            // own error.
            Err(DocumentsError::Unique) => Ok(false),
            done => done,
        }
    }

    pub async fn update(
        &self,
        id: Uuid,
        filter: &Filter,
        update: &Update,
        events: &[Event],
    ) -> Done<bool> {
        let mut text = SqlText::of("UPDATE ").put(self.name).put(" AS t SET version = version + 1");
        text = text.put(", body = ");
        // The last edit is the outermost call.
        for edit in update.0.iter().rev() {
            text = text.put(match edit {
                Edit::Unset(_) => "json_remove(",
                Edit::Push(..) => "json_insert(",
                _ => "json_set(",
            });
        }
        text = text.put("t.body");
        for edit in &update.0 {
            text = text.put(", '$.");
            text = match edit {
                Edit::Set(path, value) => text.put(path.name).put("', ").json(value),
                Edit::SetPart(name, part) => {
                    text.put(name).put("', json(?)").value(part.to_string())
                }
                Edit::Unset(name) => text.put(name).put("'"),
                Edit::Add(path, by) => {
                    let text = text.put(path.name).put("', COALESCE(").path("t.body", *path);
                    text.put(", 0) + ?").value(*by)
                }
                Edit::Push(path, value) => text.put(path.name).put("[#]', ").json(value),
            };
            text = text.put(")");
        }
        text = text.put(" WHERE t.id = ?").value(id).put(" AND ");
        self.write(id, &text.filter(filter, FieldSource::body(self.name)), events, None).await
    }

    /// Changes the row, its events and its inbox entry atomically.
    async fn write(
        &self,
        id: Uuid,
        text: &SqlText,
        events: &[Event],
        cause: Option<Cause>,
    ) -> Done<bool> {
        if events.is_empty() && cause.is_none() {
            return Ok(text.clone().exec(&self.sql).await? == 1);
        }
        let of = consumer(self.name, id);
        transact!(self.sql, tx => {
            if text.clone().exec_in(tx).await? != 1 {
                return Ok(false);
            }
            if !events.is_empty() {
                outbox::store::add_of(tx, &of, events).await?;
                if outbox::store::count_unsent_of(tx, &of).await? > EVENTS_MAX as u64 {
                    return Err(DocumentsError::EventsFull { collection: self.name, id });
                }
            }
            match cause {
                Some(cause) if !first_time(tx, &of, cause).await? => Err(DocumentsError::Unique),
                _ => Ok(true),
            }
        })
    }

    pub async fn has_noted(&self, id: Uuid, event: EventId) -> Done<bool> {
        let of = consumer(self.name, id);
        let row = self.sql.one::<i64>(
            "SELECT 1 FROM inbox WHERE consumer = ? AND event_id = ?",
            vals![of, event],
        );
        Ok(row.await?.is_some())
    }

    /// The inbox is in this database, so a change and its entry commit together.
    pub async fn has_taken(&self, id: Uuid, event: EventId) -> Done<bool> {
        self.has_noted(id, event).await
    }

    pub async fn note(&self, _: Uuid, _: Cause) -> Done<()> {
        Ok(())
    }

    pub async fn delete(&self, id: Uuid, version: i64) -> Done<bool> {
        let text = SqlText::of("DELETE FROM ").put(self.name);
        let text = text.put(" WHERE id = ? AND version = ?").value(id).value(version);
        let of = consumer(self.name, id);
        transact!(self.sql, tx => {
            let deleted = text.clone().exec_in(tx).await? == 1;
            if deleted && outbox::store::count_unsent_of(tx, &of).await? > 0 {
                return Err(DocumentsError::EventsWait { collection: self.name, id });
            }
            Ok(deleted)
        })
    }

    pub async fn find(&self, find: &Find) -> Done<Vec<StoredDocument>> {
        let text = self.selection("t.id, t.version, t.body", find, true);
        let rows: Vec<(Uuid, i64, String)> = text.all(&self.sql).await?;
        Ok(rows.into_iter().map(stored).collect())
    }

    pub async fn count(&self, find: &Find) -> Done<u64> {
        let inner = self.selection("1", find, false);
        let text = SqlText::of("SELECT COUNT(*) FROM (").join(inner).put(")");
        Ok(text.one(&self.sql).await?.unwrap_or_default())
    }

    pub async fn group(&self, find: &Find, by: FieldPath, sums: &[FieldPath]) -> Done<Vec<Group>> {
        let source = FieldSource::of(self.name, find);
        let text = SqlText::of("SELECT ").expression(by, source).put(", COUNT(*), json_array(");
        let text = text.list(sums, ", ", |text, path| {
            text.put("COALESCE(SUM(").expression(*path, source).put("), 0)")
        });
        let text = text.put(") ").source(find, source).put(" GROUP BY 1 ORDER BY 1");
        let rows: Vec<(i64, i64, String)> = text.all(&self.sql).await?;
        let group = |(key, count, sums): (i64, i64, String)| {
            let sums = serde_json::from_str(&sums);
            let sums = sums.map_err(|error| DocumentsError::shape(self.name, &error))?;
            Ok(Group { key, count: count.unsigned_abs(), sums })
        };
        rows.into_iter().map(group).collect()
    }

    pub async fn purge(&self, now: UnixMillis) -> Done<u64> {
        let mut purged = 0;
        for index in self.shape.indexes {
            let (Some(kept_ms), [key, ..]) = (index.kept_ms, index.keys) else { continue };
            loop {
                let text = SqlText::of("DELETE FROM ").put(self.name);
                let text = text.put(" WHERE id IN (SELECT id FROM ").put(self.name);
                let text = text.put(" INDEXED BY ").index(self.name, index).put(" WHERE ");
                let text = text.path("body", key.path).put(" < ? LIMIT ?)");
                let text = text.value(now.0 - kept_ms).value(PURGE_BATCH);
                let batch = text.exec(&self.sql).await?;
                purged += batch;
                if batch < PURGE_BATCH {
                    break;
                }
            }
        }
        Ok(purged)
    }

    pub async fn explain(&self, find: &Find) -> Done<QueryPlan> {
        let text = SqlText::of("EXPLAIN QUERY PLAN ");
        let text = text.join(self.selection("t.id, t.version, t.body", find, true));
        let steps: Vec<(i64, i64, i64, String)> = text.all(&self.sql).await?;
        let steps: Vec<String> = steps.into_iter().map(|(_, _, _, step)| step).collect();
        let by_index = match find.index.list() {
            None => {
                let index = format!(" USING INDEX {}_{} ", self.name, find.index.stored_name());
                steps.iter().any(|step| step.starts_with("SEARCH t") && step.contains(&index))
            }
            // A list index is a separate table, found by its key.
            Some(_) => steps.iter().any(|step| step.starts_with("SEARCH s USING PRIMARY KEY")),
        };
        let text = steps.join(" | ");
        Ok(QueryPlan { by_index, sorts: text.contains("TEMP B-TREE"), text })
    }

    fn selection(&self, columns: &'static str, find: &Find, ordered: bool) -> SqlText {
        let source = FieldSource::of(self.name, find);
        let mut text = SqlText::of("SELECT ").put(columns).put(" ").source(find, source);
        // A query that pins every key of a unique index finds one document and has no order.
        if ordered && !find.order().is_empty() {
            text = text.put(" ORDER BY ").list(&find.order(), ", ", |text, key| {
                text.expression(key.path, source).put(if key.down { " DESC" } else { "" })
            });
        }
        // SQLite plans by the value of a bare `LIMIT ?`, and would prepare the statement for every
        // call.
        text.put(" LIMIT +?").value(find.limit)
    }
}

async fn first_time(tx: &mut Tx, of: &str, cause: Cause) -> Result<bool, SqlError> {
    inbox::store::first_time(tx, of, cause.event, cause.now).await
}

fn stored((id, version, body): (Uuid, i64, String)) -> StoredDocument {
    StoredDocument { id, version, body: StoredBody::Json(body) }
}
