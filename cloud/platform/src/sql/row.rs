//! Rows of either engine, read by their columns into the words of the domain.

use std::fmt::Display;

use sqlx::{
    ColumnIndex, Decode, FromRow, MySql, Row as _, Sqlite, Type, mysql::MySqlRow, sqlite::SqliteRow,
};

use super::Column;

/// The row type of a query: one declared by `row!`, one that reads its fields by `fields!`, `Cells`, or a
/// tuple of plain values (`i64`, `String`, `Uuid`, `Vec<u8>`, `Option` of them).
pub trait Row: Sized + Send {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError>;
}

pub type ReadError = sqlx::Error;

/// A row as its engine has answered it.
pub enum StoredRow<'r> {
    MySql(&'r MySqlRow),
    Sqlite(&'r SqliteRow),
}

impl<T> Row for T
where
    T: for<'r> FromRow<'r, MySqlRow> + for<'r> FromRow<'r, SqliteRow> + Send,
{
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        match *row {
            StoredRow::MySql(row) => T::from_row(row),
            StoredRow::Sqlite(row) => T::from_row(row),
        }
    }
}

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

/// A row that is read without a name of its own: `Cells<(OrderId, Region)>`.
pub struct Cells<T>(pub T);

macro_rules! cells {
    ($($cell:ident $place:literal),+) => {
        impl<$($cell: Column<Plain: Plain> + Send),+> Row for Cells<($($cell,)+)> {
            fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
                Ok(Self(($(row.get::<$cell>($place)?,)+)))
            }
        }
    };
}

cells!(A 0_usize);
cells!(A 0_usize, B 1_usize);
cells!(A 0_usize, B 1_usize, C 2_usize);

/// A type that both engines read by themselves.
pub trait Plain:
    for<'r> Decode<'r, MySql> + Type<MySql> + for<'r> Decode<'r, Sqlite> + Type<Sqlite>
{
}

impl<T> Plain for T where
    T: for<'r> Decode<'r, MySql> + Type<MySql> + for<'r> Decode<'r, Sqlite> + Type<Sqlite>
{
}
