//! A statement's text, its bindings, the time limit of every statement, and the few kinds of errors
//! that a caller handles.

use std::{borrow::Cow, fmt::Write, future::Future, time::Duration};

use sqlx::{
    AssertSqlSafe, Executor, MySql, Sqlite, migrate::MigrateError, mysql::MySqlArguments,
    query::Query, sqlite::SqliteArguments,
};

use super::{
    Val,
    row::{EngineRow, ReadError, StoredRow},
};
use crate::sealing::DataKeys;

/// No healthy database takes longer for our statements; past it the call fails, so that a stuck
/// database fails requests instead of queueing them.
const STATEMENT_LIMIT: Duration = Duration::from_secs(15);

/// SQL text built only of static parts, such as a `&'static str`.
#[derive(Debug, Clone)]
pub struct Statement(Cow<'static, str>);

impl Statement {
    pub fn new(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    pub fn append_text(mut self, text: &'static str) -> Self {
        self.0.to_mut().push_str(text);
        self
    }

    pub(crate) fn append_statement(mut self, other: &Self) -> Self {
        self.0.to_mut().push_str(&other.0);
        self
    }

    /// Appends a generated name, without any unsafe characters.
    pub(crate) fn then_name(mut self, name: &str) -> Self {
        self.0.to_mut().extend(
            name.chars()
                .filter(|c| c.is_ascii_alphanumeric() || *c == '_'),
        );
        self
    }

    /// Appends `part` `count` times, separated by `between`: the rows of a bulk INSERT, the arms of
    /// a CASE.
    pub fn append_repeated(
        mut self,
        part: &'static str,
        between: &'static str,
        count: usize,
    ) -> Self {
        let text = self.0.to_mut();
        for index in 0..count {
            if index > 0 {
                text.push_str(between);
            }
            text.push_str(part);
        }
        self
    }

    pub fn append_marks(self, count: usize) -> Self {
        self.append_repeated("?", ", ", count)
    }

    pub(super) fn read_rows<T>(
        &self,
        rows: &[EngineRow],
        keys: &DataKeys,
        read_row: impl Fn(&StoredRow<'_>) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, SqlError> {
        rows.iter()
            .map(|row| read_row(&StoredRow::new(row, keys)))
            .collect::<Result<_, _>>()
            .map_err(|source| SqlError::from_statement(self.as_str(), source))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for Statement {
    fn from(text: &'static str) -> Self {
        Self::new(text)
    }
}

/// `before` + `?, ?, ?` + `after`. An empty list is invalid SQL: `count` must be above zero.
pub fn in_list(before: &'static str, count: usize, after: &'static str) -> Statement {
    Statement::new(before)
        .append_marks(count)
        .append_text(after)
}

/// How many rows a query returns.
#[derive(Debug, Clone, Copy)]
pub(super) enum RowCount {
    First,
    All,
}

impl RowCount {
    pub(super) async fn fetch_mysql(
        self,
        text: &Statement,
        values: Vec<Val>,
        from: impl Executor<'_, Database = MySql>,
    ) -> Result<Vec<EngineRow>, sqlx::Error> {
        let query = bind_mysql(text, values);
        let rows = match self {
            Self::First => query.fetch_optional(from).await?.into_iter().collect(),
            Self::All => query.fetch_all(from).await?,
        };
        Ok(rows.into_iter().map(EngineRow::MySql).collect())
    }

    pub(super) async fn fetch_sqlite(
        self,
        text: &Statement,
        values: Vec<Val>,
        from: impl Executor<'_, Database = Sqlite>,
    ) -> Result<Vec<EngineRow>, sqlx::Error> {
        let query = bind_sqlite(text, values);
        let rows = match self {
            Self::First => query.fetch_optional(from).await?.into_iter().collect(),
            Self::All => query.fetch_all(from).await?,
        };
        Ok(rows.into_iter().map(EngineRow::Sqlite).collect())
    }
}

pub(super) async fn run_with_timeout<T>(
    statement: &Statement,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, SqlError> {
    match tokio::time::timeout(STATEMENT_LIMIT, work).await {
        Ok(result) => result.map_err(|source| SqlError::from_statement(statement.as_str(), source)),
        Err(_) => Err(SqlError::TimedOut {
            sql: shorten_text(statement.as_str()),
        }),
    }
}

macro_rules! bound {
    ($engine:ty, $text:ident, $values:ident) => {{
        let mut query = sqlx::query::<$engine>(AssertSqlSafe($text.0.clone()));
        for value in $values {
            query = match value {
                Val::Null => query.bind(None::<i64>),
                Val::Int(value) => query.bind(value),
                Val::Text(value) => query.bind(value),
                Val::Bytes(value) => query.bind(value),
                Val::Id(value) => query.bind(value),
            };
        }
        query
    }};
}

pub(super) fn bind_mysql(
    statement: &Statement,
    values: Vec<Val>,
) -> Query<'static, MySql, MySqlArguments> {
    bound!(MySql, statement, values)
}

pub(super) fn bind_sqlite(
    statement: &Statement,
    values: Vec<Val>,
) -> Query<'static, Sqlite, SqliteArguments> {
    bound!(Sqlite, statement, values)
}

/// Rows per bulk write, each with a score of values: a placeholder costs MariaDB more than a value,
/// and a thousand cost more than the round trip they save.
pub const ROWS_MAX: usize = 64;
/// Ids per statement.
pub const NAMES_MAX: usize = 256;

/// Splits rows or ids into batches of at most `largest`, in order.
pub fn split_batches<T>(items: &[T], largest: usize) -> impl Iterator<Item = &[T]> {
    let mut rest = items;
    std::iter::from_fn(move || {
        let (part, behind) = rest.split_at(part_size(rest.len(), largest));
        rest = behind;
        (!part.is_empty()).then_some(part)
    })
}

/// The next batch's size, given `left` items. Few sizes exist (1 to 8, then powers of two), so a
/// connection has the few texts prepared.
pub(super) fn part_size(left: usize, largest: usize) -> usize {
    const EACH_UP_TO: usize = 8;
    let most = left.min(largest);
    if most <= EACH_UP_TO {
        most
    } else {
        1 << most.ilog2()
    }
}

/// Enough of the text to find it in the source; it never contains values.
fn shorten_text(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 100;
    let mut words = String::new();
    for word in text.split_whitespace() {
        if words.len() + word.len() > SHOWN_CHARS_MAX {
            words.push('…');
            break;
        }
        let space = if words.is_empty() { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(words, "{space}{word}");
    }
    words
}

#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The engine's message would repeat the value, which may be personal data. The key is an index
    /// on MySQL, table and columns on SQLite.
    #[error("a row with this key already exists: {key}")]
    DuplicateKey { key: String },
    #[error("the statement `{sql}` failed")]
    Statement {
        sql: String,
        #[source]
        source: sqlx::Error,
    },
    #[error("the statement `{sql}` took too long and was abandoned")]
    TimedOut { sql: String },
    #[error("could not open the database {address}")]
    Open {
        address: String,
        #[source]
        source: sqlx::Error,
    },
    #[error(
        "the database {address} has several writers ({setting}) and may lose confirmed writes: use one with a single writer"
    )]
    SeveralWriters { address: String, setting: String },
    #[error("could not write the value as JSON")]
    Encode(#[source] serde_json::Error),
    #[error("a database address is `sqlite:PATH` or `mysql://USER:PASSWORD@HOST/DATABASE`")]
    Address,
    #[error("a read replica address is `mysql://USER:PASSWORD@HOST/DATABASE`")]
    CopyAddress,
    #[error("a database in a file cannot have a read replica")]
    CopyOfFile,
    #[error("`{name}` in a database address is a number from 1 to {limit}")]
    PoolBound { name: &'static str, limit: u32 },
    #[error("could not create the folder {folder}")]
    Folder {
        folder: String,
        #[source]
        source: std::io::Error,
    },
    #[error("could not migrate the tables")]
    Migrate(#[source] MigrateError),
    #[error("the tables are not up to date ({missing} not applied): run `holdfast-cloud migrate`")]
    Outdated { missing: String },
    #[error(
        "the tables are more than one step newer than this program (it does not know {unknown}): update the program"
    )]
    Newer { unknown: String },
}

impl SqlError {
    fn from_statement(sql: &str, source: sqlx::Error) -> Self {
        match &source {
            sqlx::Error::Database(cause) if cause.is_unique_violation() => Self::DuplicateKey {
                key: key_of(cause.message()),
            },
            _ => Self::Statement {
                sql: shorten_text(sql),
                source,
            },
        }
    }

    /// A row with the same unique key exists: usually a refusal, not a fault.
    pub fn is_duplicate_key(&self) -> bool {
        matches!(self, Self::DuplicateKey { .. })
    }

    /// Another transaction was in the way: a retry may succeed.
    pub fn is_contention(&self) -> bool {
        let Self::Statement {
            source: sqlx::Error::Database(cause),
            ..
        } = self
        else {
            return false;
        };
        if let Some(cause) = cause.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
            // Deadlock, lock wait timeout, and a record changed since it was read.
            return matches!(cause.number(), 1213 | 1205 | 1020);
        }
        // SQLite: busy, busy in recovery, busy snapshot, locked, locked in the shared cache.
        matches!(
            cause.code().as_deref(),
            Some("5" | "261" | "517" | "6" | "262")
        )
    }

    /// Down, disconnected or overloaded.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::TimedOut { .. } => true,
            Self::Open { source, .. }
            | Self::Statement { source, .. }
            | Self::Migrate(
                MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _),
            ) => is_unreached(source),
            _ => false,
        }
    }
}

fn is_unreached(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed
    )
}

/// `Duplicate entry 'VALUE' for key 'KEY'` or `UNIQUE constraint failed: KEY`.
fn key_of(message: &str) -> String {
    let key = message
        .rsplit_once(" for key ")
        .or_else(|| message.rsplit_once("failed: "))
        .map_or("", |(_, key)| key);
    key.trim_matches('\'').to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn parts_are_whole_in_order_and_of_few_sizes() {
        let items: Vec<usize> = (0..1_000).collect();
        let mut sizes = BTreeSet::new();
        for count in 0..=items.len() {
            let of: Vec<&[usize]> = split_batches(&items[..count], ROWS_MAX).collect();
            assert_eq!(of.concat(), items[..count]);
            sizes.extend(of.iter().map(|part| part.len()));
        }
        assert_eq!(sizes, (1..=8).chain([16, 32, 64]).collect());
    }

    #[test]
    fn a_list_holds_as_many_marks_as_asked() {
        let text = in_list("SELECT 1 WHERE x IN (", 3, ")");
        assert_eq!(text.as_str(), "SELECT 1 WHERE x IN (?, ?, ?)");
        let rows = Statement::new("INSERT INTO t VALUES ").append_repeated("(?, ?)", ", ", 2);
        assert_eq!(rows.as_str(), "INSERT INTO t VALUES (?, ?), (?, ?)");
    }

    #[test]
    fn the_value_is_left_out_of_the_key() {
        assert_eq!(key_of("Duplicate entry 'a@b.c' for key 'email'"), "email");
        assert_eq!(
            key_of("UNIQUE constraint failed: users.email"),
            "users.email"
        );
    }
}
