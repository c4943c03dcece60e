//! Moves lines out of an older release's SQLite table. MongoDB collections stay in place:
//! `Collection::migrate` adopts their documents.

use platform::{
    documents::{Documents, DocumentsError},
    sql::Sql,
    transact, vals,
};

const HAS_TABLE: &str =
    "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'notifications'";
/// Drops the migration record too, because collections keep none.
const DROP: [&str; 2] = [
    "DROP TABLE notifications",
    "DROP TABLE IF EXISTS _sqlx_migrations",
];

/// Lines per transaction, so that no statement exceeds its time limit.
const BATCH: u64 = 1_000;

/// Formats an id as text.
macro_rules! id {
    ($column:literal) => {
        concat!(
            "lower(substr(hex(",
            $column,
            "), 1, 8) || '-' || substr(hex(",
            $column,
            "), 9, 4) ",
            "|| '-' || substr(hex(",
            $column,
            "), 13, 4) || '-' || substr(hex(",
            $column,
            "), 17, 4) ",
            "|| '-' || substr(hex(",
            $column,
            "), 21))"
        )
    };
}

/// Copies the lines of a role in the collection's format; `json_patch` drops nulls.
macro_rules! copy {
    ($collection:literal, $role:literal) => {
        concat!(
            "INSERT INTO ",
            $collection,
            " (id, version, body) ",
            "SELECT id, 1, json_patch('{}', json_patch(body, json_object(",
            "'user_id', ",
            id!("user_id"),
            ", 'event_id', ",
            id!("event_id"),
            ", ",
            "'created_at', created_at, 'read_at', read_at, ",
            "'is_read', json(CASE is_read WHEN 1 THEN 'true' ELSE 'false' END)",
            "))) FROM (SELECT * FROM notifications ORDER BY id LIMIT ?) WHERE ",
            $role,
            " ON CONFLICT DO NOTHING"
        )
    };
}

const COPY: [&str; 2] = [
    copy!("customer_inbox", "role <> 2"),
    copy!("provider_inbox", "role = 2"),
];
const REMOVE: &str = "DELETE FROM notifications WHERE id IN
    (SELECT id FROM notifications ORDER BY id LIMIT ?)";

/// Fails if any line has not been moved.
pub async fn check_lines_moved(documents: &Documents) -> Result<(), DocumentsError> {
    match documents {
        Documents::Sqlite(sql) if has_table(sql).await? => {
            let missing = "the lines of the table `notifications`".to_owned();
            Err(DocumentsError::Outdated { missing })
        }
        _ => Ok(()),
    }
}

async fn has_table(sql: &Sql) -> Result<bool, DocumentsError> {
    Ok(sql
        .fetch_optional::<i64>(HAS_TABLE, vals![])
        .await?
        .is_some())
}

pub async fn move_lines_from_table(documents: &Documents) -> Result<(), DocumentsError> {
    let Documents::Sqlite(sql) = documents else {
        return Ok(());
    };
    if !has_table(sql).await? {
        return Ok(());
    }
    loop {
        let moved: Result<u64, DocumentsError> = transact!(sql, tx => {
            for copy in COPY {
                tx.exec(copy, vals![BATCH]).await?;
            }
            Ok(tx.exec(REMOVE, vals![BATCH]).await?)
        });
        if moved? < BATCH {
            break;
        }
    }
    for drop in DROP {
        sql.exec(drop, vals![]).await?;
    }
    Ok(())
}
