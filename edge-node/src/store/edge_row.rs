//! Recovers the edge's own row from a damaged file.
//!
//! If the table and its guard differ, the disk has corrupted one of them. Each column then takes
//! the copy that can be verified, or a value that makes the cloud send it again. Corruption of this
//! row must not block the start, or the rescue of commands.

use rusqlite::{Connection, types::Value};
use wire::{ChainHead, Hash};

use super::{
    EdgeIdentity,
    damage_error::DamageError,
    guarded_rows::{GuardedTable, read_copies, read_trusted_rows},
    sql::hash,
};

pub(super) const EDGE: GuardedTable = GuardedTable {
    name: "edge",
    guard: "edge_guard",
    columns: "name, region, enrolled_at, code_hash, hub_key, jwks, start_hash",
    key: "one",
    is_union: false,
};

/// Columns of the edge.
const NAME: usize = 0;
const REGION: usize = 1;
const HUB_KEY: usize = 4;
const JWKS: usize = 5;
const START_HASH: usize = 6;

/// `configured` decides between two different names or regions.
pub(super) fn read_edge_row(
    conn: &Connection,
    configured: &EdgeIdentity,
) -> Result<(EdgeIdentity, Vec<Value>), DamageError> {
    let trusted = read_trusted_rows(conn, &EDGE);
    let mut copies = match &trusted[..] {
        [_] => trusted,
        _ => read_copies(conn, &EDGE),
    };
    let mut row = copies.pop().ok_or(DamageError::NoIdentity)?;
    for copy in copies {
        row = combine_copies(conn, row, copy, configured);
    }
    let identity = parse_identity(&row).ok_or(DamageError::NoIdentity)?;
    Ok((identity, row))
}

fn parse_identity(row: &[Value]) -> Option<EdgeIdentity> {
    let [Value::Text(name), Value::Text(region), ..] = row else {
        return None;
    };
    Some(EdgeIdentity {
        edge_id: name.parse().ok()?,
        region: region.parse().ok()?,
    })
}

fn combine_copies(
    conn: &Connection,
    first: Vec<Value>,
    second: Vec<Value>,
    configured: &EdgeIdentity,
) -> Vec<Value> {
    let columns = first.into_iter().zip(second).enumerate();
    columns
        .map(|(column, (one, other))| {
            if one == other {
                one
            } else {
                choose_copy(conn, column, [one, other], configured)
            }
        })
        .collect()
}

fn choose_copy(
    conn: &Connection,
    column: usize,
    [one, other]: [Value; 2],
    configured: &EdgeIdentity,
) -> Value {
    let is_other_right = match column {
        NAME => is_text(&other, configured.edge_id.as_str()),
        REGION => is_text(&other, configured.region.as_str()),
        // Without a key, the edge pins the hub's key again.
        HUB_KEY => return Value::Null,
        JWKS => is_key_set(&other),
        START_HASH => starts_chain(conn, &other),
        _ => one == Value::Null,
    };
    if is_other_right { other } else { one }
}

fn is_text(value: &Value, expected: &str) -> bool {
    matches!(value, Value::Text(text) if text == expected)
}

fn is_key_set(value: &Value) -> bool {
    let Value::Text(text) = value else {
        return false;
    };
    serde_json::from_str::<serde_json::Value>(text).is_ok_and(|set| set["keys"].is_array())
}

/// Returns true if the first op of the current epoch follows this hash.
fn starts_chain(conn: &Connection, start: &Value) -> bool {
    const FIRST: &str = "SELECT bytes, hash FROM log
        WHERE epoch = (SELECT epoch FROM edge WHERE one = 1) AND seq = 1";
    let Value::Blob(start) = start else {
        return false;
    };
    let Ok(start) = Hash::try_from(&start[..]) else {
        return false;
    };
    let first = conn.query_row(FIRST, [], |row| {
        let bytes: Vec<u8> = row.get(0)?;
        Ok((bytes, hash(row, 1)?))
    });
    let head = ChainHead {
        seq: 0,
        hash: start,
    };
    first.is_ok_and(|(bytes, hash)| head.append_op(&bytes).hash == hash)
}
