//! A table's columns, written once: one list generates the SELECT, the INSERT with its
//! placeholders, and the values in the same order.

use super::{ROWS_MAX, SealedTable, Sql, SqlError, Statement, Tx, Val, statement::part_size};
use crate::sealing::DataKeys;

pub trait Columns: Sized {
    const NAMES: &'static [&'static str];
    /// `orders.id, orders.code`: qualified by table, so that it also works in a join.
    const LIST: &'static str;
    /// `SELECT orders.id, orders.code FROM orders `
    const SELECT: &'static str;
    /// `INSERT INTO orders (id, code) VALUES (?, ?)`
    const INSERT: &'static str;
    /// `, (?, ?)`: each further row of one INSERT.
    const FURTHER_ROW: &'static str;

    /// `UPDATE orders SET id = ?, code = ? `
    const UPDATE: &'static str;
    /// Declares which of the columns are sealed.
    const SEALED: Option<&'static SealedTable> = None;

    /// The values before sealing. Store `sealed_values` instead if the row has sealed columns.
    fn values(self) -> Vec<Val>;

    /// The values as they are stored.
    fn sealed_values(self, keys: &DataKeys) -> Vec<Val> {
        let mut values = self.values();
        if let Some(table) = Self::SEALED {
            table.seal_values(Self::NAMES, &mut values, keys);
        }
        values
    }

    /// Reads such rows; `tail` follows the table's name.
    fn select(tail: &'static str) -> Statement {
        Statement::new(Self::SELECT).append_text(tail)
    }

    /// Writes all of these columns; `tail` selects the rows, and its values come last.
    fn update(tail: &'static str) -> Statement {
        Statement::new(Self::UPDATE).append_text(tail)
    }
}

/// Declares a row for writing, and its table. A field has any type that converts into `Val`.
/// `sealed by` names the table's `SealedTable`: an insert then seals the columns that it lists.
///
/// ```text
/// columns! {
///     struct SessionRow<'a> in sessions {
///         id: SessionId,
///         kind: &'a str,
///     }
/// }
/// tx.insert(SessionRow { id, kind }).await?;
///
/// columns! {
///     struct ResetRow in password_resets sealed by RESETS {
///         id: Uuid,
///         why: String,
///     }
/// }
/// ```
#[macro_export]
macro_rules! columns {
    (
        $(#[$attribute:meta])*
        $visible:vis struct $row:ident $(<$life:lifetime>)? in $table:ident
        $(sealed by $sealed:ident)? {
            $(#[$first_attribute:meta])* $first_visible:vis $first:ident: $first_type:ty
            $(, $(#[$field_attribute:meta])* $field_visible:vis $field:ident: $type:ty)* $(,)?
        }
    ) => {
        $(#[$attribute])*
        $visible struct $row $(<$life>)? {
            $(#[$first_attribute])* $first_visible $first: $first_type,
            $($(#[$field_attribute])* $field_visible $field: $type,)*
        }

        impl $(<$life>)? $crate::sql::Columns for $row $(<$life>)? {
            const NAMES: &'static [&'static str] =
                &[stringify!($first) $(, stringify!($field))*];
            const LIST: &'static str = concat!(
                stringify!($table), ".", stringify!($first)
                $(, ", ", stringify!($table), ".", stringify!($field))*
            );
            const SELECT: &'static str = concat!(
                "SELECT ", stringify!($table), ".", stringify!($first)
                $(, ", ", stringify!($table), ".", stringify!($field))*,
                " FROM ", stringify!($table), " "
            );
            const INSERT: &'static str = concat!(
                "INSERT INTO ", stringify!($table), " (", stringify!($first)
                $(, ", ", stringify!($field))*,
                ") VALUES (?" $(, $crate::mark!($field))*, ")"
            );
            const FURTHER_ROW: &'static str = concat!(", (?" $(, $crate::mark!($field))*, ")");
            const UPDATE: &'static str = concat!(
                "UPDATE ", stringify!($table), " SET ", stringify!($first), " = ?"
                $(, ", ", stringify!($field), " = ?")*, " "
            );
            $(const SEALED: Option<&'static $crate::sql::SealedTable> = Some(&$sealed);)?

            fn values(self) -> Vec<$crate::sql::Val> {
                $crate::vals![self.$first $(, self.$field)*]
            }
        }

        $crate::columns! { @check $(sealed by $sealed)? in $table [$first $($field)*] }
    };
    (@check in $table:ident $names:tt) => {};
    (@check sealed by $sealed:ident in $table:ident [$($name:ident)*]) => {
        const _: () = $sealed.assert_row_matches(stringify!($table), &[$(stringify!($name)),*]);
    };
}

/// The placeholder of one more column.
#[doc(hidden)]
#[macro_export]
macro_rules! mark {
    ($field:ident) => {
        ", ?"
    };
}

/// Declares a row for reading, and for writing if it names its table. Each field's type is a
/// `Column`. `sealed by` opens sealed columns on reading, and seals them on writing.
///
/// ```text
/// row! {
///     struct SessionRow in sessions {
///         id: SessionId,
///         created_at: UnixMillis,
///     }
/// }
/// let row: Option<SessionRow> = sql.one(SessionRow::select("WHERE id = ?"), vals![id]).await?;
/// ```
#[macro_export]
macro_rules! row {
    (
        $(#[$attribute:meta])*
        $visible:vis struct $row:ident $(in $table:ident)? $(sealed by $sealed:ident)? {
            $($(#[$field_attribute:meta])* $field_visible:vis $field:ident: $type:ty),* $(,)?
        }
    ) => {
        $crate::row!(@declare $(in $table)? $(sealed by $sealed)?;
            $(#[$attribute])*
            $visible struct $row {
                $($(#[$field_attribute])* $field_visible $field: $type,)*
            }
        );

        impl $crate::sql::Row for $row {
            fn read(
                row: &$crate::sql::StoredRow<'_>,
            ) -> ::std::result::Result<Self, $crate::sql::ReadError> {
                $(let row = &row.sealed_by(&$sealed);)?
                Ok(Self { $($field: row.field(stringify!($field))?),* })
            }
        }
    };
    (
        @declare in $table:ident $(sealed by $sealed:ident)?;
        $(#[$attribute:meta])* $visible:vis struct $row:ident $fields:tt
    ) => {
        $crate::columns! {
            $(#[$attribute])* $visible struct $row in $table $(sealed by $sealed)? $fields
        }
    };
    (
        @declare $(sealed by $sealed:ident)?;
        $(#[$attribute:meta])* $visible:vis struct $row:ident $fields:tt
    ) => {
        $(#[$attribute])*
        $visible struct $row $fields
    };
}

impl Sql {
    pub async fn insert<R: Columns>(&self, row: R) -> Result<(), SqlError> {
        let values = row.sealed_values(self.data_keys());
        self.exec(R::INSERT, values).await.map(drop)
    }

    /// Returns false if the row's key already exists.
    pub async fn insert_new<R: Columns>(&self, row: R) -> Result<bool, SqlError> {
        false_if_duplicate(self.insert(row).await)
    }
}

impl Tx {
    pub async fn insert<R: Columns>(&mut self, row: R) -> Result<(), SqlError> {
        let values = row.sealed_values(self.data_keys());
        self.exec(R::INSERT, values).await.map(drop)
    }

    /// Returns false if the row's key already exists.
    pub async fn insert_new<R: Columns>(&mut self, row: R) -> Result<bool, SqlError> {
        false_if_duplicate(self.insert(row).await)
    }

    /// Inserts rows in order, in as few statements as fit.
    pub async fn insert_all<R: Columns>(&mut self, rows: Vec<R>) -> Result<(), SqlError> {
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let size = part_size(rows.len(), ROWS_MAX);
            let mut values = Vec::with_capacity(size * R::NAMES.len());
            for row in rows.by_ref().take(size) {
                values.extend(row.sealed_values(self.data_keys()));
            }
            let text = Statement::new(R::INSERT).append_repeated(R::FURTHER_ROW, "", size - 1);
            self.exec(text, values).await?;
        }
        Ok(())
    }
}

fn false_if_duplicate(inserted: Result<(), SqlError>) -> Result<bool, SqlError> {
    match inserted {
        Err(SqlError::DuplicateKey { .. }) => Ok(false),
        inserted => inserted.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use wire::UnixMillis;

    use super::*;
    use crate::sql::Migrations;

    const PLATFORM_TABLES_ALONE: Migrations = Migrations {
        mysql: &[],
        sqlite: &[],
    };

    columns! {
        struct NewRun<'a> in job_runs {
            name: &'a str,
            slot: u64,
            at: UnixMillis,
        }
    }

    row! {
        #[derive(Debug, PartialEq)]
        struct RunRow in job_runs {
            at: i64,
            slot: i64,
        }
    }

    #[test]
    fn one_list_makes_every_text() {
        assert_eq!(NewRun::LIST, "job_runs.name, job_runs.slot, job_runs.at");
        assert_eq!(
            NewRun::INSERT,
            "INSERT INTO job_runs (name, slot, at) VALUES (?, ?, ?)"
        );
        assert_eq!(NewRun::FURTHER_ROW, ", (?, ?, ?)");
        let text = RunRow::update("WHERE name = ?");
        assert_eq!(
            text.as_str(),
            "UPDATE job_runs SET at = ?, slot = ? WHERE name = ?"
        );
        let text = RunRow::select("WHERE slot > ?");
        assert_eq!(
            text.as_str(),
            "SELECT job_runs.at, job_runs.slot FROM job_runs WHERE slot > ?"
        );
    }

    #[tokio::test]
    async fn rows_of_many_statements_are_all_inserted_and_read_back_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("columns.db").display());
        let sql = Sql::open(&url).await.unwrap();
        sql.migrate(&PLATFORM_TABLES_ALONE).await.unwrap();
        let run = |n| NewRun {
            name: "purge",
            slot: n,
            at: UnixMillis(1_000),
        };
        let rows = (0..171).map(run).collect();
        let done: Result<(), SqlError> = crate::transact!(sql, tx => {
            tx.insert_all(Vec::<NewRun<'_>>::new()).await?;
            tx.insert(run(500)).await?;
            Ok(())
        });
        done.unwrap();
        let mut tx = sql.begin_transaction().await.unwrap();
        tx.insert_all(rows).await.unwrap();
        tx.commit().await.unwrap();
        let text = RunRow::select("ORDER BY slot");
        let read: Vec<RunRow> = sql.fetch_all(text, Vec::new()).await.unwrap();
        let expected = (0..171).chain([500]).map(|slot| RunRow { at: 1_000, slot });
        assert_eq!(read, expected.collect::<Vec<_>>());
    }
}
