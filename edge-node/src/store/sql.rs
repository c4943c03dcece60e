//! Conversions between domain types and SQL columns.

use std::{error::Error, io, str::FromStr};

use rusqlite::{Connection, Params, Row, types::Type};
use uuid::Uuid;
use wire::{Hash, Order};

/// The statement stays in the prepared-statement cache.
pub(super) fn execute_cached(
    conn: &Connection,
    text: &str,
    values: impl Params,
) -> rusqlite::Result<()> {
    conn.prepare_cached(text)?.execute(values).map(drop)
}

/// SQLite integers are signed; no number comes near their limit.
pub(super) fn to_sql_int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn read_u64(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(at)?;
    u64::try_from(number).map_err(|error| column_error(at, error))
}

/// Reads a count; one beyond the range becomes the maximum.
pub(super) fn read_saturated_u32(row: &Row<'_>, at: usize) -> rusqlite::Result<u32> {
    Ok(u32::try_from(read_u64(row, at)?).unwrap_or(u32::MAX))
}

/// Reads a nullable column.
pub(super) fn read_optional<T>(
    row: &Row<'_>,
    at: usize,
    read: impl FnOnce(&Row<'_>, usize) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    if row.get_ref(at)?.data_type() == Type::Null {
        Ok(None)
    } else {
        read(row, at).map(Some)
    }
}

pub(super) fn hash(row: &Row<'_>, at: usize) -> rusqlite::Result<Hash> {
    let bytes = row
        .get_ref(at)?
        .as_blob()
        .map_err(|error| column_error(at, error))?;
    Hash::try_from(bytes).map_err(|error| column_error(at, error))
}

pub(super) fn id<T: From<Uuid>>(row: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    let bytes = row
        .get_ref(at)?
        .as_blob()
        .map_err(|error| column_error(at, error))?;
    Uuid::from_slice(bytes)
        .map(T::from)
        .map_err(|error| column_error(at, error))
}

pub(super) fn read_parsed<T: FromStr<Err: ToString>>(
    row: &Row<'_>,
    at: usize,
) -> rusqlite::Result<T> {
    let text = row
        .get_ref(at)?
        .as_str()
        .map_err(|error| column_error(at, error))?;
    text.parse()
        .map_err(|error: T::Err| column_error(at, error.to_string()))
}

pub(super) fn read_order(row: &Row<'_>, at: usize) -> rusqlite::Result<Order> {
    read_cbor(row, at)
}

pub(super) fn read_cbor<T: for<'b> minicbor::Decode<'b, ()>>(
    row: &Row<'_>,
    at: usize,
) -> rusqlite::Result<T> {
    let bytes = row
        .get_ref(at)?
        .as_blob()
        .map_err(|error| column_error(at, error))?;
    minicbor::decode(bytes).map_err(|error| column_error(at, error))
}

/// Writing into memory cannot fail.
pub(super) fn encode_cbor(word: impl minicbor::Encode<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = minicbor::encode(word, &mut bytes);
    debug_assert!(written.is_ok(), "memory takes every byte");
    bytes
}

/// Wraps a failure of the high-water file as a statement's error.
pub(super) fn mark_write_error(error: io::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

pub(super) fn column_error(
    at: usize,
    error: impl Into<Box<dyn Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(at, Type::Blob, error.into())
}
