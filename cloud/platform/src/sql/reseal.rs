//! Reseals values that are plain or under a former data key, table by table, in batches by primary
//! key.
//!
//! Invariant: a value is replaced only while it is still the one that was read, so a concurrent
//! write wins.

use super::{
    Sql, SqlError, Statement,
    row::{ReadError, StoredRow},
    sealed::{KeyColumn, SealedColumn, SealedTable},
    value::Val,
};
use crate::{
    sealing::{ResealedBatch, SealError, TableResealer},
    vals,
};

/// Rows per batch.
const ROWS_MAX: usize = 200;
/// Batches of one table per run; the next run continues.
const BATCHES_MAX: usize = 200;

/// Reseals tables, and remembers its position in each. Clones share the positions.
#[derive(Clone)]
pub struct SqlResealer {
    sql: Sql,
    walks: Vec<TableWalk>,
}

/// `position` holds the key of the last row passed; it is empty at the start.
#[derive(Clone)]
struct TableWalk {
    table: &'static SealedTable,
    position: TableResealer<Vec<Val>>,
}

#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    #[error("the database failed")]
    Sql(#[from] SqlError),
    #[error("could not decrypt a sealed value")]
    Sealed(#[from] SealError),
}

/// The sealed values of a row, as they are stored.
struct SealedRow {
    key: Vec<Val>,
    values: Vec<SealedValue>,
}

struct SealedValue {
    column: &'static SealedColumn,
    /// The values of the columns that the value is bound to.
    bound_to: Vec<Val>,
    stored: Val,
}

impl SqlResealer {
    pub fn new(sql: &Sql, tables: &'static [SealedTable]) -> Self {
        let walks = tables.iter().map(|table| TableWalk {
            table,
            position: TableResealer::for_table(table.label),
        });
        Self {
            sql: sql.clone(),
            walks: walks.collect(),
        }
    }

    /// One run of the job.
    pub async fn run(&self) -> Result<(), ResealError> {
        for walk in &self.walks {
            let keys = self.sql.data_keys();
            let mut run = walk.position.start_run(keys, BATCHES_MAX).await;
            while let Some(after) = run.next_position() {
                run.record_batch(self.sql.reseal_batch(walk.table, &after).await?);
            }
        }
        Ok(())
    }
}

impl Sql {
    /// Reseals the stale values of a batch of rows after the one with the key `after`.
    pub async fn reseal_batch(
        &self,
        table: &'static SealedTable,
        after: &[Val],
    ) -> Result<ResealedBatch<Vec<Val>>, ResealError> {
        let rows = self.read_sealed_rows(table, after).await?;
        let last = rows.last().filter(|_| rows.len() == ROWS_MAX);
        let last = last.map(|row| row.key.clone());
        let mut sealed = 0;
        for row in rows {
            for value in row.values {
                let was_stale = self.reseal_value(table, &row.key, value).await?;
                sealed += usize::from(was_stale);
            }
        }
        Ok(ResealedBatch { sealed, last })
    }

    /// Reads the next rows in the order of the primary key.
    async fn read_sealed_rows(
        &self,
        table: &'static SealedTable,
        after: &[Val],
    ) -> Result<Vec<SealedRow>, SqlError> {
        let mut rows = Vec::new();
        // The rest of the innermost group of rows comes first, then the groups after it. One
        // comparison of all columns at once would scan the table: MariaDB uses no index for it.
        let compared_min = usize::from(!after.is_empty());
        for compared in (compared_min..=after.len()).rev() {
            if rows.len() == ROWS_MAX {
                break;
            }
            let mut values = after[..compared].to_vec();
            values.push((ROWS_MAX - rows.len()).into());
            let text = select_after(table, compared);
            let read_row = |row: &StoredRow<'_>| read_sealed_row(table, row);
            rows.extend(self.fetch_all_with(text, values, read_row).await?);
        }
        Ok(rows)
    }

    /// Returns true if the value was stale.
    async fn reseal_value(
        &self,
        table: &SealedTable,
        key: &[Val],
        value: SealedValue,
    ) -> Result<bool, ResealError> {
        let keys = self.data_keys();
        let column = value.column;
        let context = column.context(&value.bound_to);
        let mut hash = None;
        let sealed: Val = match &value.stored {
            Val::Text(text) if keys.is_stale_text(text) => {
                let plain = keys.open_text(&context, text.clone())?;
                let is_plain = !keys.is_sealed_text(text);
                let hashed_in = column.hash_column().filter(|_| is_plain);
                hash = hashed_in.map(|name| (name, keys.hash(column.sealed_as(), &plain)));
                keys.seal_text(&context, &plain).into()
            }
            Val::Bytes(bytes) if keys.is_stale(bytes) => {
                let plain = keys.open(&context, bytes.clone())?;
                keys.seal(&context, &plain).into()
            }
            _ => return Ok(false),
        };
        let text = Statement::new("UPDATE ").append_text(table.name);
        let mut text = text.append_text(" SET ").append_text(column.name());
        text = text.append_text(" = ?");
        let mut values = vals![sealed];
        if let Some((name, hash)) = hash {
            text = text.append_text(", ").append_text(name).append_text(" = ?");
            values.push(hash.into());
        }
        text = append_conditions(text.append_text(" WHERE "), table, key.len(), " = ?");
        text = text.append_text(" AND ").append_text(column.name());
        text = text.append_text(" = ?");
        values.extend_from_slice(key);
        values.push(value.stored);
        self.exec(text, values).await?;
        Ok(true)
    }
}

fn read_sealed_row(
    table: &'static SealedTable,
    row: &StoredRow<'_>,
) -> Result<SealedRow, ReadError> {
    let read_value = |column: &'static SealedColumn| {
        Ok(SealedValue {
            column,
            bound_to: row.key_values(column.bound_to())?,
            stored: row.stored_value(column)?,
        })
    };
    let values: Result<_, ReadError> = table.columns.iter().map(read_value).collect();
    Ok(SealedRow {
        key: row.key_values(table.key)?,
        values: values?,
    })
}

/// Selects the rows that equal the position in all but the last of `compared` columns of the key,
/// and are after it in that one.
fn select_after(table: &SealedTable, compared: usize) -> Statement {
    let mut names: Vec<&'static str> = table.key.iter().map(KeyColumn::name).collect();
    for column in table.columns {
        names.extend(column.bound_to().iter().map(KeyColumn::name));
        names.push(column.name());
    }
    let mut text = append_list(Statement::new("SELECT "), &names);
    text = text.append_text(" FROM ").append_text(table.name);
    // Without the hint, MySQL and MariaDB may sort all rows of another index first.
    text = text.append_text(" /*! FORCE INDEX (PRIMARY) */");
    if compared > 0 || table.part.is_some() {
        text = append_conditions(text.append_text(" WHERE "), table, compared, " > ?");
    }
    let key: Vec<&'static str> = table.key.iter().map(KeyColumn::name).collect();
    append_list(text.append_text(" ORDER BY "), &key).append_text(" LIMIT ?")
}

/// Appends the table's condition and one for each of the first `compared` columns of the key.
/// `last` compares the last of these; the others are equal.
fn append_conditions(
    mut text: Statement,
    table: &SealedTable,
    compared: usize,
    last: &'static str,
) -> Statement {
    let mut between = "";
    if let Some(part) = table.part {
        text = text.append_text(part);
        between = " AND ";
    }
    for (index, column) in table.key.iter().take(compared).enumerate() {
        let comparison = if index + 1 == compared { last } else { " = ?" };
        text = text.append_text(between).append_text(column.name());
        text = text.append_text(comparison);
        between = " AND ";
    }
    text
}

fn append_list(mut text: Statement, names: &[&'static str]) -> Statement {
    for (index, name) in names.iter().enumerate() {
        // A column may be part of the key and of a seal.
        if names[..index].contains(name) {
            continue;
        }
        let between = if index == 0 { "" } else { ", " };
        text = text.append_text(between).append_text(name);
    }
    text
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        row,
        sealing::{DataKeys, SealContext},
        sql::Columns,
    };

    const TABLE: &str = "CREATE TABLE notes (place TEXT NOT NULL, number INTEGER NOT NULL, \
        owner BLOB NOT NULL, words TEXT, body BLOB NOT NULL, PRIMARY KEY (place, number))";
    const ALL: &str = "ORDER BY place, number";
    const STORED: &str = "SELECT words FROM notes WHERE words IS NOT NULL ORDER BY place, number";
    const BODIES: &str = "SELECT body FROM notes ORDER BY place, number";
    const REPLACE: &str = "UPDATE notes SET words = 'newer' WHERE place = 'a' AND number = 0";

    const NOTES: SealedTable = SealedTable {
        label: "test.notes",
        name: "notes",
        key: &[KeyColumn::Text("place"), KeyColumn::Number("number")],
        part: None,
        columns: &[
            SealedColumn::text("words", "notes.words", &[KeyColumn::Id("owner")]),
            SealedColumn::bytes("body", "notes.body", &[KeyColumn::Number("number")]),
        ],
    };

    row! {
        #[derive(Debug, Clone, PartialEq)]
        struct Note in notes sealed by NOTES {
            place: String,
            number: u64,
            owner: Uuid,
            words: Option<String>,
            body: Vec<u8>,
        }
    }

    /// More than two batches, in groups that end within a batch.
    fn notes() -> Vec<Note> {
        let group = |place: &'static str, count: u64| {
            (0..count).map(move |number| Note {
                place: place.to_owned(),
                number,
                owner: Uuid::from_u128(number.into()),
                words: (number % 2 == 0).then(|| format!("words of {place} {number}")),
                body: format!("body of {place} {number}").into_bytes(),
            })
        };
        group("a", 250)
            .chain(group("b", 3))
            .chain(group("c", 197))
            .collect()
    }

    async fn with_notes(folder: &tempfile::TempDir, keys: &DataKeys) -> Sql {
        let url = format!("sqlite:{}", folder.path().join("notes.db").display());
        let sql = Sql::open(&url).await.unwrap().sealed_by(keys);
        sql.exec(TABLE, vals![]).await.unwrap();
        let mut tx = sql.begin_transaction().await.unwrap();
        tx.insert_all(notes()).await.unwrap();
        tx.commit().await.unwrap();
        sql
    }

    async fn read_notes(sql: &Sql) -> Vec<Note> {
        sql.fetch_all(Note::select(ALL), vals![]).await.unwrap()
    }

    #[tokio::test]
    async fn plain_rows_of_many_batches_are_sealed_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let plain = with_notes(&folder, &DataKeys::without_keys()).await;
        let keys = DataKeys::random();
        let sql = plain.sealed_by(&keys);
        assert_eq!(read_notes(&sql).await, notes(), "plain values are read");
        let mut sealed = 0;
        let mut batches = 0;
        let mut after = Some(Vec::new());
        while let Some(key) = after {
            let batch = sql.reseal_batch(&NOTES, &key).await.unwrap();
            sealed += batch.sealed;
            batches += 1;
            after = batch.last;
        }
        let words = notes().iter().filter(|note| note.words.is_some()).count();
        assert_eq!((sealed, batches), (notes().len() + words, 3));
        let texts: Vec<String> = sql.fetch_all(STORED, vals![]).await.unwrap();
        let bodies: Vec<Vec<u8>> = sql.fetch_all(BODIES, vals![]).await.unwrap();
        assert!(!texts.iter().any(|text| keys.is_stale_text(text)));
        assert!(!bodies.iter().any(|body| keys.is_stale(body)));
        assert_eq!(read_notes(&sql).await, notes());
        SqlResealer::new(&sql, &[NOTES]).run().await.unwrap();
        let again: Vec<String> = sql.fetch_all(STORED, vals![]).await.unwrap();
        assert_eq!(again, texts, "values under the current key stay");
    }

    #[tokio::test]
    async fn inserted_rows_are_sealed_for_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let keys = DataKeys::random();
        let sql = with_notes(&folder, &keys).await;
        assert_eq!(read_notes(&sql).await, notes());
        let texts: Vec<String> = sql.fetch_all(STORED, vals![]).await.unwrap();
        let context = SealContext::of_id("notes.words", notes()[0].owner);
        let opened = keys.open_text(&context, texts[0].clone()).unwrap();
        assert_eq!(Some(opened), notes()[0].words);
        let stranger = sql.sealed_by(&DataKeys::random());
        let refused = stranger.fetch_all::<Note>(Note::select(ALL), vals![]).await;
        assert!(refused.is_err());
    }

    #[tokio::test]
    async fn a_concurrent_write_wins() {
        let folder = tempfile::tempdir().unwrap();
        let plain = with_notes(&folder, &DataKeys::without_keys()).await;
        let sql = plain.sealed_by(&DataKeys::random());
        let row = sql
            .read_sealed_rows(&NOTES, &[])
            .await
            .unwrap()
            .swap_remove(0);
        sql.exec(REPLACE, vals![]).await.unwrap();
        for value in row.values {
            assert!(sql.reseal_value(&NOTES, &row.key, value).await.unwrap());
        }
        assert_eq!(read_notes(&sql).await[0].words.as_deref(), Some("newer"));
    }
}
