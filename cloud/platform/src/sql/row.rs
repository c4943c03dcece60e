//! Rows of either engine, read by their columns into the words of the domain.

use std::fmt::Display;

use sqlx::{
    ColumnIndex, Decode, MySql, Row as _, Sqlite, Type, mysql::MySqlRow, sqlite::SqliteRow,
};

use super::Column;

/// The row type of a query: one declared by `row!`, one that reads its fields by `fields!`, a column alone,
/// or a tuple of columns in their order: `(OrderId, Region)`.
pub trait Row: Sized + Send {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError>;
}

pub type ReadError = sqlx::Error;

/// A row as its engine has answered it.
pub enum StoredRow<'r> {
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

impl StoredRow<'_> {
    /// Reads a column by its name or its place.
    pub fn get<C: Column<Plain: Plain>>(
        &self,
        column: impl ColumnIndex<MySqlRow> + ColumnIndex<SqliteRow> + Display + Copy,
    ) -> Result<C, ReadError> {
        let plain = match self {
            Self::MySql(row) => row.try_get(column)?,
            Self::Sqlite(row) => row.try_get(column)?,
        };
        C::read(plain)
            .map_err(|source| ReadError::ColumnDecode { index: column.to_string(), source })
    }
}

/// Makes a value whose fields have the names of columns; the other fields stand behind the semicolon.
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

/// A type that both engines read by themselves.
pub trait Plain:
    for<'r> Decode<'r, MySql> + Type<MySql> + for<'r> Decode<'r, Sqlite> + Type<Sqlite>
{
}

impl<T> Plain for T where
    T: for<'r> Decode<'r, MySql> + Type<MySql> + for<'r> Decode<'r, Sqlite> + Type<Sqlite>
{
}
