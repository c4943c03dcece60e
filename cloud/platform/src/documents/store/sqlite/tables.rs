//! The tables and indexes of a collection. Triggers maintain a list index as a separate table: it
//! serves equality on one value and the order after it.

use super::text::{COLUMNS, SqlText};
use crate::{
    documents::{
        DocumentsError,
        schema::{FieldPath, Index, ScalarKind, Shape},
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

pub async fn migrate(sql: &Sql, name: &'static str, shape: &Shape) -> Result<(), DocumentsError> {
    let table = create_table(name, shape);
    match sql.one::<String>(TABLE, vals![name]).await? {
        None => drop(table.exec(sql).await?),
        Some(present) if present != table.text() => rebuild(sql, name, table).await?,
        Some(_) => {}
    }
    let present = indexes(sql, name).await?;
    let declared: Vec<String> =
        shape.indexes.iter().map(|index| format!("{name}_{}", index.stored_name())).collect();
    for (index, declared) in shape.indexes.iter().zip(&declared) {
        if present.iter().any(|present| present.name == *declared) {
            continue;
        }
        match index.list() {
            None => drop(create_index(name, index).exec(sql).await?),
            Some(list) => create_list_index(sql, name, index, list).await?,
        }
    }
    // One process owns the file, so no query uses a retired index.
    for retired in present.iter().filter(|present| !declared.contains(&present.name)) {
        run(sql, &drop_index(retired)).await?;
    }
    Ok(())
}

pub async fn index_names(sql: &Sql, name: &'static str) -> Result<Vec<String>, DocumentsError> {
    let present = indexes(sql, name).await?;
    let own = |index: &StoredIndex| Some(index.name.strip_prefix(name)?.get(1..)?.to_owned());
    Ok(present.iter().filter_map(own).collect())
}

async fn indexes(sql: &Sql, name: &'static str) -> Result<Vec<StoredIndex>, SqlError> {
    let found: Vec<(String, String)> = sql.all(INDEXES, vals![name]).await?;
    let index = |(kind, name): (String, String)| match kind.as_str() {
        "index" => Some(StoredIndex { name, is_table: false }),
        // The table has the trigger's name without its suffix.
        _ => {
            let table = name.strip_suffix("_insert")?.to_owned();
            Some(StoredIndex { name: table, is_table: true })
        }
    };
    Ok(found.into_iter().filter_map(index).collect())
}

/// The table rejects a body without a required field.
fn create_table(name: &'static str, shape: &Shape) -> SqlText {
    let required: Vec<FieldPath> =
        shape.fields.iter().copied().filter(|path| path.is_required).collect();
    let text = SqlText::of("CREATE TABLE ").put(name).put(" (id BLOB NOT NULL PRIMARY KEY, ");
    let text = text.put("version INTEGER NOT NULL, body TEXT NOT NULL CHECK (json_valid(body)");
    let text = text.list(&required, "", |text, path| {
        // COALESCE, because a CHECK that yields NULL passes.
        let text = text.put(" AND COALESCE(json_type(body, '$.").put(path.name);
        text.put("'), '') IN (").put(match path.kind {
            _ if path.is_list => "'array')",
            ScalarKind::Id | ScalarKind::Text => "'text')",
            ScalarKind::Int => "'integer')",
            ScalarKind::Bool => "'true', 'false')",
        })
    });
    text.put(")) STRICT")
}

/// SQLite cannot change a CHECK, so a change of required fields moves the documents to a new table
/// and drops the indexes with the old one. A document that lacks a newly required field rolls the
/// move back.
async fn rebuild(sql: &Sql, name: &'static str, table: SqlText) -> Result<(), SqlError> {
    let copied = SqlText::of("INSERT INTO ").put(name).put(" SELECT id, version, body FROM ");
    let mut statements: Vec<SqlText> =
        indexes(sql, name).await?.iter().flat_map(drop_index).collect();
    statements
        .push(SqlText::of("ALTER TABLE ").put(name).put(" RENAME TO ").put(name).put("_before"));
    statements.extend([
        table,
        copied.put(name).put("_before"),
        SqlText::of("DROP TABLE ").put(name).put("_before"),
    ]);
    run(sql, &statements).await
}

fn create_index(name: &'static str, index: &Index) -> SqlText {
    let text = SqlText::of(if index.unique { "CREATE UNIQUE INDEX " } else { "CREATE INDEX " });
    let text = text.index(name, index).put(" ON ").put(name).put(" (");
    let mut text = text.list(index.keys, ", ", |text, key| {
        text.path("body", key.path).put(if key.down { " DESC" } else { "" })
    });
    if let Some(id) = index.id_key() {
        text = text.put(if id.down { ", id DESC" } else { ", id" });
    }
    text.put(")").only(" WHERE ", "body", index)
}

/// Creates the table with a row per list value, and indexes existing documents.
async fn create_list_index(
    sql: &Sql,
    name: &'static str,
    index: &Index,
    list: FieldPath,
) -> Result<(), SqlError> {
    let columns = &COLUMNS[..index.keys.len()];
    let id_down = index.keys.last().is_some_and(|key| key.down);
    let table = SqlText::of("CREATE TABLE ").index(name, index).put(" (");
    let table = table.list(columns, "", |text, column| text.put(column).put(" NOT NULL, "));
    let table = table.put("id BLOB NOT NULL, PRIMARY KEY (");
    let keys: Vec<_> = columns.iter().zip(index.keys).collect();
    let table = table.list(&keys, "", |text, (column, key)| {
        text.put(column).put(if key.down { " DESC, " } else { ", " })
    });
    let table = table.put(if id_down { "id DESC" } else { "id" }).put(")) WITHOUT ROWID");

    // OR IGNORE: a list may repeat a value.
    let rows = |id: &'static str, body: &'static str, from: Option<&'static str>| {
        let text = SqlText::of("INSERT OR IGNORE INTO ").index(name, index).put(" SELECT ");
        let text = text.list(index.keys, "", |text, key| {
            let text =
                if key.path.is_list { text.put("j.value") } else { text.path(body, key.path) };
            text.put(", ")
        });
        let text = text.put(id).put(" FROM ");
        let text = from.into_iter().fold(text, |text, table| text.put(table).put(" t, "));
        let text = text.put("json_each(").put(body).put(", '$.").put(list.name).put("') j");
        text.only(" WHERE ", body, index)
    };
    let gone = || {
        let text = SqlText::of("DELETE FROM ").index(name, index).put(" WHERE ");
        let text = text.list(&keys, "", |text, (column, key)| {
            let text = text.put(column);
            let text = if key.path.is_list {
                let text = text.put(" IN (SELECT value FROM json_each(old.body, '$.");
                text.put(list.name).put("'))")
            } else {
                text.put(" = ").path("old.body", key.path)
            };
            text.put(" AND ")
        });
        text.put("id = old.id; ")
    };
    let trigger = |when: &'static str| {
        let text = SqlText::of("CREATE TRIGGER ").index(name, index).put("_").put(when);
        let text = text.put(" AFTER ").put(when);
        let text = if when == "update" { text.put(" OF body") } else { text };
        text.put(" ON ").put(name).put(" BEGIN ")
    };
    let [insert, update, delete] = TRIGGERS.map(trigger);
    let added = || rows("new.id", "new.body", None).put("; ");
    let statements = [
        table,
        rows("t.id", "t.body", Some(name)),
        insert.join(added()).put("END"),
        update.join(gone()).join(added()).put("END"),
        delete.join(gone()).put("END"),
    ];
    run(sql, &statements).await
}

fn drop_index(index: &StoredIndex) -> Vec<SqlText> {
    let name = index.name.as_str();
    if !index.is_table {
        return vec![SqlText::of("DROP INDEX ").name(name)];
    }
    let triggers = TRIGGERS.map(|when| SqlText::of("DROP TRIGGER ").name(name).put("_").put(when));
    let mut statements = triggers.to_vec();
    statements.push(SqlText::of("DROP TABLE ").name(name));
    statements
}

async fn run(sql: &Sql, statements: &[SqlText]) -> Result<(), SqlError> {
    transact!(sql, tx => {
        for statement in statements {
            statement.clone().exec_in(tx).await?;
        }
        Ok(())
    })
}
