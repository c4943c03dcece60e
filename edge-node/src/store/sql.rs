//! How our words are written into columns and read out of them.

use std::{error::Error, str::FromStr};

use rusqlite::{Row, types::Type};
use uuid::Uuid;
use wire::{Hash, Order};

/// SQLite counts in signed numbers; nothing here comes near their end.
pub fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub fn nat(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(at)?;
    u64::try_from(number).map_err(|error| unreadable(at, error))
}

/// Absent where the column is.
pub fn nat_opt(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<u64>> {
    if row.get_ref(at)?.data_type() == Type::Null { Ok(None) } else { nat(row, at).map(Some) }
}

pub fn hash(row: &Row<'_>, at: usize) -> rusqlite::Result<Hash> {
    let bytes = row.get_ref(at)?.as_blob().map_err(|error| unreadable(at, error))?;
    Hash::try_from(bytes).map_err(|error| unreadable(at, error))
}

/// Absent where the column is.
pub fn hash_opt(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Hash>> {
    if row.get_ref(at)?.data_type() == Type::Null { Ok(None) } else { hash(row, at).map(Some) }
}

pub fn id<T: From<Uuid>>(row: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    let bytes = row.get_ref(at)?.as_blob().map_err(|error| unreadable(at, error))?;
    Uuid::from_slice(bytes).map(T::from).map_err(|error| unreadable(at, error))
}

pub fn parsed<T: FromStr<Err: ToString>>(row: &Row<'_>, at: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(at)?.as_str().map_err(|error| unreadable(at, error))?;
    text.parse().map_err(|error: T::Err| unreadable(at, error.to_string()))
}

pub fn parsed_opt<T: FromStr<Err: ToString>>(
    row: &Row<'_>,
    at: usize,
) -> rusqlite::Result<Option<T>> {
    if row.get_ref(at)?.data_type() == Type::Null { Ok(None) } else { parsed(row, at).map(Some) }
}

pub fn order(row: &Row<'_>, at: usize) -> rusqlite::Result<Order> {
    decoded(row, at)
}

pub fn decoded<T: for<'b> minicbor::Decode<'b, ()>>(
    row: &Row<'_>,
    at: usize,
) -> rusqlite::Result<T> {
    let bytes = row.get_ref(at)?.as_blob().map_err(|error| unreadable(at, error))?;
    minicbor::decode(bytes).map_err(|error| unreadable(at, error))
}

pub fn decoded_opt<T: for<'b> minicbor::Decode<'b, ()>>(
    row: &Row<'_>,
    at: usize,
) -> rusqlite::Result<Option<T>> {
    if row.get_ref(at)?.data_type() == Type::Null { Ok(None) } else { decoded(row, at).map(Some) }
}

/// Writing into memory cannot fail.
pub fn encoded(word: impl minicbor::Encode<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = minicbor::encode(word, &mut bytes);
    debug_assert!(written.is_ok(), "memory takes every byte");
    bytes
}

pub fn unreadable(at: usize, error: impl Into<Box<dyn Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(at, Type::Blob, error.into())
}
