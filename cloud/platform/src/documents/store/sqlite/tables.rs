//! The tables and indexes of a collection. Triggers maintain a list index as a separate table: it
//! serves equality on one value and the order after it.

use super::text::{COLUMNS, SqlBuilder};
use crate::{
    documents::{
        DocumentsError,
        schema::{CollectionSchema, FieldPath, Index, IndexKey, ScalarKind},
    },
    sql::{Sql, SqlError},
    transact, vals,
};

/// The indexes, and the triggers of list indexes.
const INDEXES: &str = "SELECT type, name FROM sqlite_master
    WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL";

const TABLE: &str = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?";

const TRIGGERS: [&str; 3] = ["insert", "update", "delete"];

struct StoredIndex {
    name: String,
    is_table: bool,
}

pub(super) async fn migrate_tables(
    sql: &Sql,
    name: &'static str,
    schema: &CollectionSchema,
) -> Result<(), DocumentsError> {
    let table = create_table(name, schema);
    match sql.fetch_optional::<String>(TABLE, vals![name]).await? {
        None => drop(table.exec(sql).await?),
        Some(present) if present != table.text() => rebuild_table(sql, name, table).await?,
        Some(_) => {}
    }
    let present = list_indexes(sql, name).await?;
    let declared: Vec<String> = schema
        .indexes
        .iter()
        .map(|index| format!("{name}_{}", index.stored_name()))
        .collect();
    for (index, declared) in schema.indexes.iter().zip(&declared) {
        if present.iter().any(|present| present.name == *declared) {
            continue;
        }
        match index.list() {
            None => drop(create_index(name, index).exec(sql).await?),
            Some(list) => create_list_index(sql, name, index, list).await?,
        }
    }
    // One process owns the file, so no query uses a retired index.
    for retired in present
        .iter()
        .filter(|present| !declared.contains(&present.name))
    {
        run(sql, &drop_index(retired)).await?;
    }
    Ok(())
}

pub(super) async fn index_names(
    sql: &Sql,
    name: &'static str,
) -> Result<Vec<String>, DocumentsError> {
    let present = list_indexes(sql, name).await?;
    let names = present.iter().filter_map(|index| {
        let without_table = index.name.strip_prefix(name)?;
        without_table.get(1..).map(str::to_owned)
    });
    Ok(names.collect())
}

async fn list_indexes(sql: &Sql, name: &'static str) -> Result<Vec<StoredIndex>, SqlError> {
    let found: Vec<(String, String)> = sql.fetch_all(INDEXES, vals![name]).await?;
    let mut indexes = Vec::new();
    for (kind, name) in found {
        if kind == "index" {
            indexes.push(StoredIndex {
                name,
                is_table: false,
            });
        } else if let Some(table) = name.strip_suffix("_insert") {
            // The table has the trigger's name without its suffix.
            indexes.push(StoredIndex {
                name: table.to_owned(),
                is_table: true,
            });
        }
    }
    Ok(indexes)
}

/// The table rejects a body without a required field.
fn create_table(name: &'static str, schema: &CollectionSchema) -> SqlBuilder {
    let required: Vec<FieldPath> = schema
        .fields
        .iter()
        .copied()
        .filter(|path| path.is_required)
        .collect();
    let text = SqlBuilder::from_text("CREATE TABLE ")
        .push_text(name)
        .push_text(" (id BLOB NOT NULL PRIMARY KEY, ");
    let text =
        text.push_text("version INTEGER NOT NULL, body TEXT NOT NULL CHECK (json_valid(body)");
    let text = text.list(&required, "", |text, path| {
        // COALESCE, because a CHECK that yields NULL passes.
        let text = text
            .push_text(" AND COALESCE(json_type(body, '$.")
            .push_text(path.name);
        text.push_text("'), '') IN (").push_text(match path.kind {
            _ if path.is_list => "'array')",
            ScalarKind::Id | ScalarKind::Text => "'text')",
            ScalarKind::Int => "'integer')",
            ScalarKind::Bool => "'true', 'false')",
        })
    });
    text.push_text(")) STRICT")
}

/// SQLite cannot change a CHECK, so a change of required fields moves the documents to a new table
/// and drops the indexes with the old one. A document that lacks a newly required field rolls the
/// move back.
async fn rebuild_table(sql: &Sql, name: &'static str, table: SqlBuilder) -> Result<(), SqlError> {
    let copied = SqlBuilder::from_text("INSERT INTO ")
        .push_text(name)
        .push_text(" SELECT id, version, body FROM ");
    let mut statements: Vec<SqlBuilder> = list_indexes(sql, name)
        .await?
        .iter()
        .flat_map(drop_index)
        .collect();
    statements.push(
        SqlBuilder::from_text("ALTER TABLE ")
            .push_text(name)
            .push_text(" RENAME TO ")
            .push_text(name)
            .push_text("_before"),
    );
    statements.extend([
        table,
        copied.push_text(name).push_text("_before"),
        SqlBuilder::from_text("DROP TABLE ")
            .push_text(name)
            .push_text("_before"),
    ]);
    run(sql, &statements).await
}

fn create_index(name: &'static str, index: &Index) -> SqlBuilder {
    let text = SqlBuilder::from_text(if index.unique {
        "CREATE UNIQUE INDEX "
    } else {
        "CREATE INDEX "
    });
    let text = text
        .index(name, index)
        .push_text(" ON ")
        .push_text(name)
        .push_text(" (");
    let mut text = text.list(index.keys, ", ", |text, key| {
        text.push_path("body", key.path)
            .push_text(if key.down { " DESC" } else { "" })
    });
    if let Some(id) = index.id_key() {
        text = text.push_text(if id.down { ", id DESC" } else { ", id" });
    }
    text.push_text(")")
        .push_index_condition(" WHERE ", "body", index)
}

/// The SQL of a list index: a table with a row per list value, and the triggers that maintain it.
struct ListIndexSql<'i> {
    collection: &'static str,
    index: &'i Index,
    list: FieldPath,
}

impl ListIndexSql<'_> {
    fn columns(&self) -> &'static [&'static str] {
        &COLUMNS[..self.index.keys.len()]
    }

    fn pair_columns_with_keys(&self) -> Vec<(&'static str, &IndexKey)> {
        let columns = self.columns().iter().copied();
        columns.zip(self.index.keys).collect()
    }

    fn create_table(&self) -> SqlBuilder {
        let text = SqlBuilder::from_text("CREATE TABLE ")
            .index(self.collection, self.index)
            .push_text(" (");
        let text = text.list(self.columns(), "", |text, column| {
            text.push_text(column).push_text(" NOT NULL, ")
        });
        let text = text.push_text("id BLOB NOT NULL, PRIMARY KEY (");
        let text = text.list(&self.pair_columns_with_keys(), "", |text, (column, key)| {
            text.push_text(column)
                .push_text(if key.down { " DESC, " } else { ", " })
        });
        let id_down = self.index.keys.last().is_some_and(|key| key.down);
        text.push_text(if id_down { "id DESC" } else { "id" })
            .push_text(")) WITHOUT ROWID")
    }

    fn index_existing(&self) -> SqlBuilder {
        let text = self.select_values("t.id", "t.body");
        let text = text.push_text(self.collection).push_text(" t, ");
        self.push_list_values(text, "t.body")
    }

    fn index_new_row(&self) -> SqlBuilder {
        let text = self.select_values("new.id", "new.body");
        self.push_list_values(text, "new.body").push_text("; ")
    }

    /// Begins the insertion of a document's list values, up to its `FROM`.
    fn select_values(&self, id: &'static str, body: &'static str) -> SqlBuilder {
        // OR IGNORE: a list may repeat a value.
        let text = SqlBuilder::from_text("INSERT OR IGNORE INTO ")
            .index(self.collection, self.index)
            .push_text(" SELECT ");
        let text = text.list(self.index.keys, "", |text, key| {
            let text = if key.path.is_list {
                text.push_text("j.value")
            } else {
                text.push_path(body, key.path)
            };
            text.push_text(", ")
        });
        text.push_text(id).push_text(" FROM ")
    }

    fn push_list_values(&self, text: SqlBuilder, body: &'static str) -> SqlBuilder {
        text.push_text("json_each(")
            .push_text(body)
            .push_text(", '$.")
            .push_text(self.list.name)
            .push_text("') j")
            .push_index_condition(" WHERE ", body, self.index)
    }

    fn delete_old_row(&self) -> SqlBuilder {
        let text = SqlBuilder::from_text("DELETE FROM ")
            .index(self.collection, self.index)
            .push_text(" WHERE ");
        let text = text.list(&self.pair_columns_with_keys(), "", |text, (column, key)| {
            let text = text.push_text(column);
            let text = if key.path.is_list {
                let text = text.push_text(" IN (SELECT value FROM json_each(old.body, '$.");
                text.push_text(self.list.name).push_text("'))")
            } else {
                text.push_text(" = ").push_path("old.body", key.path)
            };
            text.push_text(" AND ")
        });
        text.push_text("id = old.id; ")
    }

    fn begin_trigger(&self, when: &'static str) -> SqlBuilder {
        let text = SqlBuilder::from_text("CREATE TRIGGER ")
            .index(self.collection, self.index)
            .push_text("_")
            .push_text(when);
        let text = text.push_text(" AFTER ").push_text(when);
        let text = if when == "update" {
            text.push_text(" OF body")
        } else {
            text
        };
        text.push_text(" ON ")
            .push_text(self.collection)
            .push_text(" BEGIN ")
    }
}

/// Creates the table with a row per list value, and indexes existing documents.
async fn create_list_index(
    sql: &Sql,
    name: &'static str,
    index: &Index,
    list: FieldPath,
) -> Result<(), SqlError> {
    let list_index = ListIndexSql {
        collection: name,
        index,
        list,
    };
    let [insert, update, delete] = TRIGGERS.map(|when| list_index.begin_trigger(when));
    let statements = [
        list_index.create_table(),
        list_index.index_existing(),
        insert
            .append_sql(list_index.index_new_row())
            .push_text("END"),
        update
            .append_sql(list_index.delete_old_row())
            .append_sql(list_index.index_new_row())
            .push_text("END"),
        delete
            .append_sql(list_index.delete_old_row())
            .push_text("END"),
    ];
    run(sql, &statements).await
}

fn drop_index(index: &StoredIndex) -> Vec<SqlBuilder> {
    let name = index.name.as_str();
    if !index.is_table {
        return vec![SqlBuilder::from_text("DROP INDEX ").name(name)];
    }
    let triggers = TRIGGERS.map(|when| {
        SqlBuilder::from_text("DROP TRIGGER ")
            .name(name)
            .push_text("_")
            .push_text(when)
    });
    let mut statements = triggers.to_vec();
    statements.push(SqlBuilder::from_text("DROP TABLE ").name(name));
    statements
}

async fn run(sql: &Sql, statements: &[SqlBuilder]) -> Result<(), SqlError> {
    transact!(sql, tx => {
        for statement in statements {
            statement.clone().exec_in(tx).await?;
        }
        Ok(())
    })
}
