//! The errors of a statement, in the few kinds that a caller handles.

use sqlx::migrate::MigrateError;

use super::statement::shorten_text;

#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The engine's message would repeat the value, which may be personal data. The key is an index
    /// on MySQL, table and columns on SQLite.
    #[error("a row with this key already exists: {key}")]
    Unique { key: String },
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
    pub(super) fn from_statement(sql: &str, source: sqlx::Error) -> Self {
        match &source {
            sqlx::Error::Database(cause) if cause.is_unique_violation() => Self::Unique {
                key: key_of(cause.message()),
            },
            _ => Self::Statement {
                sql: shorten_text(sql),
                source,
            },
        }
    }

    /// A row with the same unique key exists: usually a refusal, not a fault.
    pub fn is_unique(&self) -> bool {
        matches!(self, Self::Unique { .. })
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
    use super::key_of;

    #[test]
    fn the_value_is_left_out_of_the_key() {
        assert_eq!(key_of("Duplicate entry 'a@b.c' for key 'email'"), "email");
        assert_eq!(
            key_of("UNIQUE constraint failed: users.email"),
            "users.email"
        );
    }
}
