//! Rows of either engine, read by column into domain types.

use std::fmt::Display;

use sqlx::{
    ColumnIndex, Decode, MySql, Row as _, Sqlite, Type, mysql::MySqlRow, sqlite::SqliteRow,
};

use super::Column;
use crate::sealing::{DataKeys, SealContext, SealError};

/// The row type of a query: one declared by `row!`, one that reads its fields by `fields!`, one
/// column, or a tuple of columns in order: `(OrderId, Region)`.
pub trait Row: Sized + Send {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError>;
}

pub type ReadError = sqlx::Error;

pub struct StoredRow<'r> {
    row: EngineRow<'r>,
    keys: &'r DataKeys,
}

enum EngineRow<'r> {
    MySql(&'r MySqlRow),
    Sqlite(&'r SqliteRow),
}

impl<C: Column<Plain: Plain> + Send> Row for C {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        row.get(0_usize)
    }
}

macro_rules! tuples {
    ($($column:ident $place:literal),+) => {
        impl<$($column: Column<Plain: Plain> + Send),+> Row for ($($column,)+) {
            fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
                Ok(($(row.get::<$column>($place)?,)+))
            }
        }
    };
}

tuples!(A 0_usize, B 1_usize);
tuples!(A 0_usize, B 1_usize, C 2_usize);
tuples!(A 0_usize, B 1_usize, C 2_usize, D 3_usize);
tuples!(A 0_usize, B 1_usize, C 2_usize, D 3_usize, E 4_usize);
tuples!(A 0_usize, B 1_usize, C 2_usize, D 3_usize, E 4_usize, F 5_usize);

impl<'r> StoredRow<'r> {
    pub(super) fn from_mysql(row: &'r MySqlRow, keys: &'r DataKeys) -> Self {
        Self {
            row: EngineRow::MySql(row),
            keys,
        }
    }

    pub(super) fn from_sqlite(row: &'r SqliteRow, keys: &'r DataKeys) -> Self {
        Self {
            row: EngineRow::Sqlite(row),
            keys,
        }
    }

    /// Reads and unseals bytes; `place` must match the one they were sealed for.
    pub fn opened_bytes(
        &self,
        column: &str,
        seal_context: &SealContext,
    ) -> Result<Vec<u8>, ReadError> {
        let opened = self.keys.open(seal_context, self.get(column)?);
        opened.map_err(|error| unseal_error(column, error))
    }

    /// Reads and unseals text; `place` must match the one it was sealed for.
    pub fn opened_text(
        &self,
        column: &str,
        seal_context: &SealContext,
    ) -> Result<String, ReadError> {
        let opened = self.keys.open_text(seal_context, self.get(column)?);
        opened.map_err(|error| unseal_error(column, error))
    }

    /// Reads a column by name or position.
    pub fn get<C: Column<Plain: Plain>>(
        &self,
        column: impl ColumnIndex<MySqlRow> + ColumnIndex<SqliteRow> + Display + Copy,
    ) -> Result<C, ReadError> {
        let plain = match self.row {
            EngineRow::MySql(row) => row.try_get(column)?,
            EngineRow::Sqlite(row) => row.try_get(column)?,
        };
        C::read(plain).map_err(|source| ReadError::ColumnDecode {
            index: column.to_string(),
            source,
        })
    }
}

fn unseal_error(column: &str, error: SealError) -> ReadError {
    ReadError::ColumnDecode {
        index: column.to_owned(),
        source: error.into(),
    }
}

/// Fills fields from columns of the same names; other fields follow the semicolon.
///
/// ```text
/// fields!(row => OpPlace { edge, epoch; seq: 1 })
/// ```
#[macro_export]
macro_rules! fields {
    ($row:ident => $made:ident { $($column:ident),+ $(,)? $(; $($others:tt)*)? }) => {
        $made { $($column: $row.get(stringify!($column))?,)+ $($($others)*)? }
    };
}

/// A type that both engines decode natively.
pub trait Plain:
    for<'r> Decode<'r, MySql> + Type<MySql> + for<'r> Decode<'r, Sqlite> + Type<Sqlite>
{
}

impl<T> Plain for T where
    T: for<'r> Decode<'r, MySql> + Type<MySql> + for<'r> Decode<'r, Sqlite> + Type<Sqlite>
{
}
