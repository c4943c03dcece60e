//! Reads the rows of a damaged file from a table and from its guard, the index over all columns.
//!
//! Invariant: a row is trusted if the table and its guard agree, or if only one of them is readable.

use std::collections::HashSet;

use rusqlite::{Connection, types::Value};
use wire::Hash;

/// A table with a guard: an index that contains a copy of every row.
#[derive(Debug)]
pub(crate) struct GuardedTable {
    pub name: &'static str,
    pub guard: &'static str,
    pub columns: &'static str,
    pub key: &'static str,
    /// Keeps a row even if only the table or only the guard has it.
    pub is_union: bool,
}

/// Rows in both copies (for a union table, in either), or those of the only readable copy.
pub(super) fn read_trusted_rows(conn: &Connection, table: &GuardedTable) -> Vec<Vec<Value>> {
    let of_table = read_table(conn, table);
    let of_guard = read_guard(conn, table);
    if table.is_union {
        return join_copies(of_table, of_guard);
    }
    match (of_table.is_whole, of_guard.is_whole) {
        (true, false) => of_table.rows,
        (false, true) => of_guard.rows,
        (true, true) | (false, false) => {
            let known: HashSet<Hash> = of_guard.rows.iter().map(|row| digest_row(row)).collect();
            let mut rows = of_table.rows;
            rows.retain(|row| known.contains(&digest_row(row)));
            rows
        }
    }
}

/// Returns the distinct rows of both copies, the guard's last.
pub(super) fn read_copies(conn: &Connection, table: &GuardedTable) -> Vec<Vec<Value>> {
    join_copies(read_table(conn, table), read_guard(conn, table))
}

fn join_copies(of_table: ReadRows, of_guard: ReadRows) -> Vec<Vec<Value>> {
    let mut known = HashSet::new();
    let all = of_table.rows.into_iter().chain(of_guard.rows);
    all.filter(|row| known.insert(digest_row(row))).collect()
}

fn read_table(conn: &Connection, table: &GuardedTable) -> ReadRows {
    let GuardedTable {
        name, columns, key, ..
    } = table;
    read_rows(conn, &format!("{columns} FROM {name} NOT INDEXED"), key)
}

fn read_guard(conn: &Connection, table: &GuardedTable) -> ReadRows {
    let GuardedTable {
        name,
        guard,
        columns,
        key,
        ..
    } = table;
    let select = format!("{columns} FROM {name} INDEXED BY {guard}");
    read_rows(conn, &select, key)
}

struct ReadRows {
    rows: Vec<Vec<Value>>,
    is_whole: bool,
}

/// Reads forwards until the damage, then backwards from the end.
fn read_rows(conn: &Connection, select: &str, key: &str) -> ReadRows {
    let backwards = key.replace(',', " DESC,");
    let mut rows = Vec::new();
    let is_whole = read_until_damage(conn, &format!("SELECT {select} ORDER BY {key}"), &mut rows);
    if !is_whole {
        let text = format!("SELECT {select} ORDER BY {backwards} DESC");
        read_until_damage(conn, &text, &mut rows);
        let mut known = HashSet::new();
        rows.retain(|row| known.insert(digest_row(row)));
    }
    ReadRows { rows, is_whole }
}

/// Returns false if it stopped at damage.
fn read_until_damage(conn: &Connection, text: &str, into: &mut Vec<Vec<Value>>) -> bool {
    let Ok(mut statement) = conn.prepare(text) else {
        return false;
    };
    let columns = statement.column_count();
    let Ok(mut rows) = statement.query([]) else {
        return false;
    };
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                let values: rusqlite::Result<Vec<Value>> =
                    (0..columns).map(|at| row.get(at)).collect();
                // Invalid UTF-8 damages only this row.
                into.extend(values);
            }
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

fn digest_row(row: &[Value]) -> Hash {
    let mut bytes = Vec::new();
    for value in row {
        let (tag, content) = match value {
            Value::Null => (0, Vec::new()),
            Value::Integer(number) => (1, number.to_be_bytes().to_vec()),
            Value::Real(number) => (2, number.to_be_bytes().to_vec()),
            Value::Text(text) => (3, text.clone().into_bytes()),
            Value::Blob(blob) => (4, blob.clone()),
        };
        bytes.push(tag);
        bytes.extend((content.len() as u64).to_be_bytes());
        bytes.extend(content);
    }
    Hash::digest_bytes(&bytes)
}
