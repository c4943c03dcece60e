//! Rows of either engine, read by column into domain types. Sealed columns are opened.

use std::fmt::Display;

use sqlx::{
    ColumnIndex, Decode, MySql, Row as _, Sqlite, Type, mysql::MySqlRow, sqlite::SqliteRow,
};
use uuid::Uuid;

use super::{
    sealed::{KeyColumn, SealedColumn, SealedKind, SealedTable},
    value::{Column, Val},
};
use crate::sealing::{DataKeys, SealContext, SealError};

/// The row type of a query: one declared by `row!`, one that reads its fields by `fields!`, one
/// column, or a tuple of columns in order: `(OrderId, Region)`.
pub trait Row: Sized + Send {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError>;
}

pub type ReadError = sqlx::Error;

/// A row as the engine's driver returned it.
pub(super) enum EngineRow {
    MySql(MySqlRow),
    Sqlite(SqliteRow),
}

pub struct StoredRow<'r> {
    row: &'r EngineRow,
    keys: &'r DataKeys,
    /// The table whose sealed columns `field` opens.
    sealed: Option<&'static SealedTable>,
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
    pub(super) fn new(row: &'r EngineRow, keys: &'r DataKeys) -> Self {
        Self {
            row,
            keys,
            sealed: None,
        }
    }

    /// The same row, whose columns are sealed as `table` declares.
    #[must_use]
    pub fn sealed_by(&self, table: &'static SealedTable) -> Self {
        Self {
            row: self.row,
            keys: self.keys,
            sealed: Some(table),
        }
    }

    /// Reads a column by name, and opens it if the row's table seals it.
    pub fn field<C: Column<Plain: Plain>>(&self, name: &'static str) -> Result<C, ReadError> {
        match self.sealed.and_then(|table| table.find_column(name)) {
            None => self.get(name),
            Some(column) => self.opened(column),
        }
    }

    /// Reads and opens a sealed column. The row must contain the columns that it is bound to.
    pub fn opened<C: Column<Plain: Plain>>(&self, column: &SealedColumn) -> Result<C, ReadError> {
        let context = column.context(&self.key_values(column.bound_to())?);
        let opened = self.stored::<C::Plain>(column.name())?;
        let opened = opened.open(self.keys, &context);
        convert(
            column.name(),
            opened.map_err(|error| unseal_error(column.name(), error))?,
        )
    }

    /// Reads a sealed column as it is stored.
    pub(super) fn stored_value(&self, column: &SealedColumn) -> Result<Val, ReadError> {
        Ok(match column.kind() {
            SealedKind::Text => self.get::<Option<String>>(column.name())?.into(),
            SealedKind::Bytes => self.get::<Option<Vec<u8>>>(column.name())?.into(),
        })
    }

    pub(super) fn key_values(&self, columns: &[KeyColumn]) -> Result<Vec<Val>, ReadError> {
        let read = |column: &KeyColumn| {
            Ok(match column {
                KeyColumn::Id(name) => Val::Id(self.get(*name)?),
                KeyColumn::Number(name) => Val::Int(self.get(*name)?),
                KeyColumn::Text(name) => Val::Text(self.get(*name)?),
            })
        };
        columns.iter().map(read).collect()
    }

    /// Reads a column by name or position.
    pub fn get<C: Column<Plain: Plain>>(
        &self,
        column: impl ColumnIndex<MySqlRow> + ColumnIndex<SqliteRow> + Display + Copy,
    ) -> Result<C, ReadError> {
        convert(column, self.stored(column)?)
    }

    fn stored<P: Plain>(
        &self,
        column: impl ColumnIndex<MySqlRow> + ColumnIndex<SqliteRow>,
    ) -> Result<P, ReadError> {
        match self.row {
            EngineRow::MySql(row) => row.try_get(column),
            EngineRow::Sqlite(row) => row.try_get(column),
        }
    }
}

fn convert<C: Column>(column: impl Display, plain: C::Plain) -> Result<C, ReadError> {
    C::read(plain).map_err(|source| ReadError::ColumnDecode {
        index: column.to_string(),
        source,
    })
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
    /// Opens a sealed value. Only texts and bytes are ever sealed.
    fn open(self, keys: &DataKeys, seal_context: &SealContext) -> Result<Self, SealError>;
}

macro_rules! never_sealed {
    ($($type:ty),+) => {$(
        impl Plain for $type {
            fn open(self, _: &DataKeys, _: &SealContext) -> Result<Self, SealError> {
                Ok(self)
            }
        }
    )+};
}

never_sealed!(i64, Uuid);

impl Plain for String {
    fn open(self, keys: &DataKeys, seal_context: &SealContext) -> Result<Self, SealError> {
        keys.open_text(seal_context, self)
    }
}

impl Plain for Vec<u8> {
    fn open(self, keys: &DataKeys, seal_context: &SealContext) -> Result<Self, SealError> {
        keys.open(seal_context, self)
    }
}

impl<T> Plain for Option<T>
where
    T: Plain,
    Self: for<'r> Decode<'r, MySql> + Type<MySql> + for<'r> Decode<'r, Sqlite> + Type<Sqlite>,
{
    fn open(self, keys: &DataKeys, seal_context: &SealContext) -> Result<Self, SealError> {
        self.map(|value| value.open(keys, seal_context)).transpose()
    }
}
