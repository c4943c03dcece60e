//! A collection on SQLite: one table of id, version and JSON body. Indexes use expressions over the
//! body, so a new one requires no row migration. Events enter the platform's outbox in the same
//! transaction.

mod tables;
mod text;

use serde_json::Value;
use uuid::Uuid;
use wire::{Event, EventId, UnixMillis};

use super::{EVENTS_MAX, StoredBody, StoredDocument, TriggeringEvent, consumer_name};
use crate::{
    documents::{
        DocumentsError,
        query::{FieldEdit, Filter, GroupTotals, IndexQuery, QueryPlan, Update},
        schema::{CollectionSchema, FieldPath},
    },
    sql::{ROWS_MAX, Sql, SqlError, Tx, events as event_rows, split_batches},
    transact, vals,
};
use text::{FieldSource, SqlBuilder};

type StoreResult<T> = Result<T, DocumentsError>;
/// Id, version and JSON body.
type DocumentRow = (Uuid, i64, String);

/// Rows deleted per statement, to release the single writer often.
const PURGE_BATCH: u64 = 1_000;
const UNLESS_THERE: &str = " ON CONFLICT DO NOTHING";

#[derive(Clone)]
pub(crate) struct SqliteStore {
    name: &'static str,
    schema: CollectionSchema,
    sql: Sql,
}

impl SqliteStore {
    pub(crate) fn new(sql: Sql, name: &'static str, schema: CollectionSchema) -> Self {
        Self { name, schema, sql }
    }

    pub(crate) async fn migrate(&self) -> StoreResult<()> {
        tables::migrate_tables(&self.sql, self.name, &self.schema).await
    }

    pub(crate) async fn index_names(&self) -> StoreResult<Vec<String>> {
        tables::index_names(&self.sql, self.name).await
    }

    pub(crate) async fn get(&self, id: Uuid) -> StoreResult<Option<StoredDocument>> {
        let text = SqlBuilder::from_text("SELECT id, version, body FROM ").push_text(self.name);
        let row: Option<DocumentRow> = text
            .push_text(" WHERE id = ?")
            .bind_value(id)
            .fetch_optional(&self.sql)
            .await?;
        Ok(row.map(decode_row))
    }

    pub(crate) async fn all_after(
        &self,
        after: Uuid,
        documents_max: usize,
    ) -> StoreResult<Vec<StoredDocument>> {
        let text = SqlBuilder::from_text("SELECT id, version, body FROM ").push_text(self.name);
        let text = text
            .push_text(" WHERE id > ? ORDER BY id LIMIT ?")
            .bind_value(after)
            .bind_value(documents_max);
        let rows: Vec<DocumentRow> = text.fetch_all(&self.sql).await?;
        Ok(rows.into_iter().map(decode_row).collect())
    }

    pub(crate) async fn insert(
        &self,
        id: Uuid,
        body: Value,
        events: &[Event],
    ) -> StoreResult<bool> {
        let insertion = self
            .build_insert(&[(id, body.to_string())])
            .push_text(UNLESS_THERE);
        self.write(id, &insertion, events, None).await
    }

    pub(crate) async fn insert_new(&self, bodies: Vec<(Uuid, Value)>) -> StoreResult<Vec<bool>> {
        let texts = bodies.into_iter().map(|(id, body)| (id, body.to_string()));
        let rows: Vec<(Uuid, String)> = texts.collect();
        transact!(self.sql, tx => {
            let mut fresh = Vec::with_capacity(rows.len());
            for part in split_batches(&rows, ROWS_MAX) {
                match self.build_insert(part).exec_in(tx).await {
                    // A duplicate undoes the statement, not the transaction.
                    Err(error) if error.is_duplicate_key() => {
                        for row in part {
                            let insertion = self.build_insert(std::slice::from_ref(row));
                            fresh.push(insertion.push_text(UNLESS_THERE).exec_in(tx).await? == 1);
                        }
                    }
                    done => done.map(|_| fresh.resize(fresh.len() + part.len(), true))?,
                }
            }
            Ok(fresh)
        })
    }

    fn build_insert(&self, rows: &[(Uuid, String)]) -> SqlBuilder {
        let text = SqlBuilder::from_text("INSERT INTO ")
            .push_text(self.name)
            .push_text(" (id, version, body) VALUES ");
        text.list(rows, ", ", |text, (id, body)| {
            text.push_text("(?, 1, ?)").bind_value(id).bind_value(body)
        })
    }

    pub(crate) async fn replace_document(
        &self,
        id: Uuid,
        version: i64,
        body: Value,
        events: &[Event],
        cause: Option<TriggeringEvent>,
    ) -> StoreResult<bool> {
        let text = SqlBuilder::from_text("UPDATE ")
            .push_text(self.name)
            .push_text(" SET version = version + 1, body = ?");
        let text = text
            .bind_value(body.to_string())
            .push_text(" WHERE id = ? AND version = ?");
        match self
            .write(id, &text.bind_value(id).bind_value(version), events, cause)
            .await
        {
            // The inbox already has this event. `Sql` reports a duplicate key of the body as its
            // own error.
            Err(DocumentsError::DuplicateKey) => Ok(false),
            done => done,
        }
    }

    pub(crate) async fn update(
        &self,
        id: Uuid,
        filter: &Filter,
        update: &Update,
        events: &[Event],
    ) -> StoreResult<bool> {
        let mut text = SqlBuilder::from_text("UPDATE ")
            .push_text(self.name)
            .push_text(" AS t SET version = version + 1");
        text = text.push_text(", body = ");
        // The last edit is the outermost call.
        for edit in update.0.iter().rev() {
            text = text.push_text(match edit {
                FieldEdit::Unset(_) => "json_remove(",
                FieldEdit::Push(..) => "json_insert(",
                _ => "json_set(",
            });
        }
        text = text.push_text("t.body");
        for edit in &update.0 {
            text = text.push_text(", '$.");
            text = match edit {
                FieldEdit::Set(path, value) => {
                    text.push_text(path.name).push_text("', ").bind_json(value)
                }
                FieldEdit::SetPart(name, part) => text
                    .push_text(name)
                    .push_text("', json(?)")
                    .bind_value(part.to_string()),
                FieldEdit::Unset(name) => text.push_text(name).push_text("'"),
                FieldEdit::Add(path, by) => {
                    let text = text
                        .push_text(path.name)
                        .push_text("', COALESCE(")
                        .push_path("t.body", *path);
                    text.push_text(", 0) + ?").bind_value(*by)
                }
                FieldEdit::Push(path, value) => text
                    .push_text(path.name)
                    .push_text("[#]', ")
                    .bind_json(value),
            };
            text = text.push_text(")");
        }
        text = text
            .push_text(" WHERE t.id = ?")
            .bind_value(id)
            .push_text(" AND ");
        self.write(
            id,
            &text.push_filter(filter, FieldSource::from_body(self.name)),
            events,
            None,
        )
        .await
    }

    /// Changes the row, its events and its inbox entry atomically.
    async fn write(
        &self,
        id: Uuid,
        text: &SqlBuilder,
        events: &[Event],
        cause: Option<TriggeringEvent>,
    ) -> StoreResult<bool> {
        if events.is_empty() && cause.is_none() {
            return Ok(text.clone().exec(&self.sql).await? == 1);
        }
        let of = consumer_name(self.name, id);
        transact!(self.sql, tx => {
            if text.clone().exec_in(tx).await? != 1 {
                return Ok(false);
            }
            if !events.is_empty() {
                event_rows::add_for_document(tx, &of, events).await?;
                if event_rows::count_unsent_of_document(tx, &of).await? > EVENTS_MAX as u64 {
                    return Err(DocumentsError::EventsFull { collection: self.name, id });
                }
            }
            match cause {
                Some(cause) if !first_time(tx, &of, cause).await? => Err(DocumentsError::DuplicateKey),
                _ => Ok(true),
            }
        })
    }

    pub(crate) async fn has_noted(&self, id: Uuid, event: EventId) -> StoreResult<bool> {
        let of = consumer_name(self.name, id);
        let row = self.sql.fetch_optional::<i64>(
            "SELECT 1 FROM inbox WHERE consumer = ? AND event_id = ?",
            vals![of, event],
        );
        Ok(row.await?.is_some())
    }

    /// The inbox is in this database, so a change and its entry commit together.
    pub(crate) async fn has_taken(&self, id: Uuid, event: EventId) -> StoreResult<bool> {
        self.has_noted(id, event).await
    }

    pub(crate) async fn record_event(&self, _: Uuid, _: TriggeringEvent) -> StoreResult<()> {
        Ok(())
    }

    pub(crate) async fn delete(&self, id: Uuid, version: i64) -> StoreResult<bool> {
        let text = SqlBuilder::from_text("DELETE FROM ").push_text(self.name);
        let text = text
            .push_text(" WHERE id = ? AND version = ?")
            .bind_value(id)
            .bind_value(version);
        let of = consumer_name(self.name, id);
        transact!(self.sql, tx => {
            let deleted = text.clone().exec_in(tx).await? == 1;
            if deleted && event_rows::count_unsent_of_document(tx, &of).await? > 0 {
                return Err(DocumentsError::EventsWait { collection: self.name, id });
            }
            Ok(deleted)
        })
    }

    pub(crate) async fn find_documents(
        &self,
        query: &IndexQuery,
    ) -> StoreResult<Vec<StoredDocument>> {
        let text = self.build_select("t.id, t.version, t.body", query, true);
        let rows: Vec<DocumentRow> = text.fetch_all(&self.sql).await?;
        Ok(rows.into_iter().map(decode_row).collect())
    }

    pub(crate) async fn count_documents(&self, query: &IndexQuery) -> StoreResult<u64> {
        let inner = self.build_select("1", query, false);
        let text = SqlBuilder::from_text("SELECT COUNT(*) FROM (")
            .append_sql(inner)
            .push_text(")");
        Ok(text.fetch_optional(&self.sql).await?.unwrap_or_default())
    }

    pub(crate) async fn group_by_field(
        &self,
        query: &IndexQuery,
        by: FieldPath,
        sums: &[FieldPath],
    ) -> StoreResult<Vec<GroupTotals>> {
        let source = FieldSource::from_query(self.name, query);
        let text = SqlBuilder::from_text("SELECT ")
            .push_field(by, source)
            .push_text(", COUNT(*), json_array(");
        let text = text.list(sums, ", ", |text, path| {
            text.push_text("COALESCE(SUM(")
                .push_field(*path, source)
                .push_text("), 0)")
        });
        let text = text
            .push_text(") ")
            .source(query, source)
            .push_text(" GROUP BY 1 ORDER BY 1");
        let rows: Vec<(i64, i64, String)> = text.fetch_all(&self.sql).await?;
        let mut groups = Vec::with_capacity(rows.len());
        for (key, count, sums) in rows {
            let sums = serde_json::from_str(&sums)
                .map_err(|error| DocumentsError::shape_error(self.name, &error))?;
            groups.push(GroupTotals {
                key,
                count: count.unsigned_abs(),
                sums,
            });
        }
        Ok(groups)
    }

    pub(crate) async fn purge_expired(&self, now: UnixMillis) -> StoreResult<u64> {
        let mut purged = 0;
        for index in self.schema.indexes {
            let (Some(kept_ms), [key, ..]) = (index.kept_ms, index.keys) else {
                continue;
            };
            loop {
                let text = SqlBuilder::from_text("DELETE FROM ").push_text(self.name);
                let text = text
                    .push_text(" WHERE id IN (SELECT id FROM ")
                    .push_text(self.name);
                let text = text
                    .push_text(" INDEXED BY ")
                    .index(self.name, index)
                    .push_text(" WHERE ");
                let text = text.push_path("body", key.path).push_text(" < ? LIMIT ?)");
                let text = text.bind_value(now.0 - kept_ms).bind_value(PURGE_BATCH);
                let batch = text.exec(&self.sql).await?;
                purged += batch;
                if batch < PURGE_BATCH {
                    break;
                }
            }
        }
        Ok(purged)
    }

    pub(crate) async fn explain_query(&self, query: &IndexQuery) -> StoreResult<QueryPlan> {
        let text = SqlBuilder::from_text("EXPLAIN QUERY PLAN ");
        let text = text.append_sql(self.build_select("t.id, t.version, t.body", query, true));
        let steps: Vec<(i64, i64, i64, String)> = text.fetch_all(&self.sql).await?;
        let steps: Vec<String> = steps.into_iter().map(|(_, _, _, step)| step).collect();
        let by_index = match query.index.list() {
            None => {
                let index = format!(" USING INDEX {}_{} ", self.name, query.index.stored_name());
                steps
                    .iter()
                    .any(|step| step.starts_with("SEARCH t") && step.contains(&index))
            }
            // A list index is a separate table, found by its key.
            Some(_) => steps
                .iter()
                .any(|step| step.starts_with("SEARCH s USING PRIMARY KEY")),
        };
        let text = steps.join(" | ");
        Ok(QueryPlan {
            by_index,
            sorts: text.contains("TEMP B-TREE"),
            text,
        })
    }

    fn build_select(&self, columns: &'static str, query: &IndexQuery, ordered: bool) -> SqlBuilder {
        let source = FieldSource::from_query(self.name, query);
        let mut text = SqlBuilder::from_text("SELECT ")
            .push_text(columns)
            .push_text(" ")
            .source(query, source);
        // A query that pins every key of a unique index finds one document and has no order.
        if ordered && !query.sort_keys().is_empty() {
            text = text
                .push_text(" ORDER BY ")
                .list(&query.sort_keys(), ", ", |text, key| {
                    text.push_field(key.path, source)
                        .push_text(if key.down { " DESC" } else { "" })
                });
        }
        // SQLite plans by the value of a bare `LIMIT ?`, and would prepare the statement for every
        // call.
        text.push_text(" LIMIT +?").bind_value(query.limit)
    }
}

async fn first_time(tx: &mut Tx, of: &str, cause: TriggeringEvent) -> Result<bool, SqlError> {
    event_rows::first_time(tx, of, cause.event, cause.now).await
}

fn decode_row(row: DocumentRow) -> StoredDocument {
    let (id, version, body) = row;
    StoredDocument {
        id,
        version,
        body: StoredBody::Json(body),
    }
}
