//! Opening a database by its address, with the settings the invariants rest on.

use std::{path::Path, str::FromStr, sync::Arc, time::Duration};

use process::trust::Authorities;
use sqlx::{
    Executor, MySqlPool,
    migrate::MigrateDatabase,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Sql, SqlError};
use crate::sealing::DataKeys;

/// Where the address says nothing: ten for ordinary hours and twenty more for a rush. All replicas
/// of all parts stay below the 500 connections of the server in `deploy/kubernetes`, also during an
/// update.
const CONNECTIONS_MAX: u32 = 30;
/// The part of an address that says so many, `mysql://..?max_connections=20`, as `maxPoolSize` does
/// for MongoDB.
const CONNECTIONS_KEY: &str = "max_connections";
const ACQUIRE_KEY: &str = "acquire_timeout_s";
const LIFETIME_KEY: &str = "max_lifetime_s";
/// An address may name a file of its own, which then takes the place of `tls.roots` for that
/// database.
const AUTHORITY_KEY: &str = "ssl-ca";
/// A server of the usual settings has 151 in all.
const CONNECTIONS_LIMIT: u32 = 1_000;
/// Below the limit of a statement, which counts the wait for a connection in.
const ACQUIRE_LIMIT_S: u32 = 10;
const LIFETIME_LIMIT_S: u32 = 24 * 60 * 60;
/// Each SQLite connection is a thread and a page cache.
const SQLITE_READERS_MAX: u32 = 4;
/// Statements that a MySQL connection keeps prepared, the least lately used ones go first: a bulk
/// statement comes in a dozen sizes.
const PREPARED_MAX: usize = 256;
/// In KiB. The default of 2 MB for each connection doubles the resident size for 6 % of speed.
const READER_CACHE: &str = "-256";
/// The one writer of a file changes pages all over its indexes, so a cache pays more here.
const WRITER_CACHE: &str = "-1024";
/// So many pages, 16 MB, are in the log before they are written back. At SQLite's thousand, one
/// publish in forty waited for two more flushes of the disk, and a page that many orders change was
/// written back each time.
const CHECKPOINT_PAGES: &str = "4000";
/// A request that gets no connection in this time is answered "unavailable".
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
/// A writer of a file queues for its one write connection, so it is given longer.
pub const WRITER_LIMIT: Duration = ACQUIRE_LIMIT.saturating_mul(2);
/// An older connection is replaced by a new one, so that the memory which a server holds for it
/// does not grow for ever.
const LIFETIME: Duration = Duration::from_secs(3_600);
const IDLE_LIMIT: Duration = Duration::from_secs(300);
/// Shorter than MySQL's limit, as `WAITS` sets it: the server must not end a connection that the
/// pool keeps.
const MYSQL_IDLE_LIMIT: Duration = Duration::from_secs(20);
/// How long a statement waits for a row that another transaction holds; five seconds, as is said
/// below.
pub(super) const LOCK_WAIT: Duration = Duration::from_secs(5);
/// A host that is lost inside a transaction says no goodbye, and its row locks would stand until
/// TCP gives up, for hours. None of our transactions waits for anything but its database, so one
/// that is idle for half a minute is nobody's. MariaDB tells an idle transaction from an idle
/// connection and MySQL does not; each takes the other's word for a comment.
const WAITS: &str = "SET SESSION innodb_lock_wait_timeout = 5 \
    /*M! , SESSION idle_transaction_timeout = 30 */ /*!80000 , SESSION wait_timeout = 30 */";

const READ_WRITE: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
const READ_ONLY: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY";

impl Sql {
    /// `sqlite:/path/x.db` (made when missing) or `mysql://user:password@host/database`. Its
    /// personal columns are not sealed before `sealed_by`.
    ///
    /// A server that speaks TLS is known by the authorities of this process; it is checked with
    /// `?ssl-mode=VERIFY_IDENTITY`.
    pub async fn open(url: &str) -> Result<Self, SqlError> {
        Self::open_trusting(url, &Authorities::of_process()).await
    }

    /// The same, by these authorities.
    pub async fn open_trusting(url: &str, authorities: &Authorities) -> Result<Self, SqlError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            open_sqlite(path.strip_prefix("//").unwrap_or(path)).await
        } else if url.starts_with("mysql:") {
            open_mysql(url, authorities).await
        } else {
            Err(SqlError::Address)
        }
    }
}

impl Sql {
    /// A copy of a database, for reading alone. It may be away: the first question finds out.
    pub(super) fn open_copy(url: &str) -> Result<Self, SqlError> {
        if !url.starts_with("mysql:") {
            return Err(SqlError::CopyAddress);
        }
        let (pool, options) = mysql_pool(url, &Authorities::of_process(), READ_ONLY)?;
        Ok(Self::over(pool.connect_lazy_with(options)))
    }

    fn over(pool: MySqlPool) -> Self {
        Self::MySql { pool, outbox: Arc::default(), keys: DataKeys::none() }
    }
}

/// Makes the database a MySQL address names, if it is not there; SQLite makes its own when opened.
pub async fn create_database(url: &str) -> Result<(), SqlError> {
    if !url.starts_with("mysql:") {
        return Ok(());
    }
    let failed = |source| SqlError::Open { address: shown(url), source };
    if !sqlx::MySql::database_exists(url).await.map_err(failed)? {
        sqlx::MySql::create_database(url).await.map_err(failed)?;
    }
    Ok(())
}

async fn open_mysql(url: &str, authorities: &Authorities) -> Result<Sql, SqlError> {
    let failed = |source| SqlError::Open { address: shown(url), source };
    let (pool, options) = mysql_pool(url, authorities, READ_WRITE)?;
    let pool = pool.connect_with(options).await.map_err(failed)?;
    let settings: Vec<(String, String)> =
        sqlx::query_as(WRITER_SETTINGS).fetch_all(&pool).await.map_err(failed)?;
    if let Some(setting) = find_several_writers(&settings) {
        return Err(SqlError::SeveralWriters { address: shown(url), setting });
    }
    Ok(Sql::over(pool))
}

/// A server that does not know one of them leaves its row out.
const WRITER_SETTINGS: &str = "SHOW GLOBAL VARIABLES \
    WHERE Variable_name IN ('wsrep_on', 'group_replication_single_primary_mode')";

/// Returns the setting that makes this server one of several writers. During a partition two
/// writers may both confirm a commit and one commit is undone later, so receipts would be
/// worthless.
fn find_several_writers(settings: &[(String, String)]) -> Option<String> {
    settings.iter().find_map(|(name, value)| {
        let has_several = match name.as_str() {
            "wsrep_on" => value == "ON",
            "group_replication_single_primary_mode" => value == "OFF",
            _ => false,
        };
        has_several.then(|| format!("{name}={value}"))
    })
}

/// A pool whose connections may do so much.
fn mysql_pool(
    url: &str,
    authorities: &Authorities,
    access: &'static str,
) -> Result<(MySqlPoolOptions, MySqlConnectOptions), SqlError> {
    let options = MySqlConnectOptions::from_str(url).map_err(|_| SqlError::Address)?;
    let mut options = options.statement_cache_capacity(PREPARED_MAX);
    if let Some(pem) = authorities.own_pem().filter(|_| in_query(url, AUTHORITY_KEY).is_none()) {
        options = options.ssl_ca_from_pem(pem.as_bytes().to_vec());
    }
    let pool = MySqlPoolOptions::new()
        .max_connections(
            pool_bound(url, CONNECTIONS_KEY, CONNECTIONS_LIMIT)?.unwrap_or(CONNECTIONS_MAX),
        )
        // A minimum would be made anew each time that `MYSQL_IDLE_LIMIT` ends it.
        .min_connections(0)
        .acquire_timeout(seconds(url, ACQUIRE_KEY, ACQUIRE_LIMIT_S)?.unwrap_or(ACQUIRE_LIMIT))
        .idle_timeout(MYSQL_IDLE_LIMIT)
        .max_lifetime(seconds(url, LIFETIME_KEY, LIFETIME_LIMIT_S)?.unwrap_or(LIFETIME))
        // A restarted server has ended all connections of the pool.
        .test_before_acquire(true)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection.execute(access).await?;
                connection.execute(WAITS).await?;
                Ok(())
            })
        });
    Ok((pool, options))
}

/// A bound of the pool that the address asks for.
fn pool_bound(url: &str, name: &'static str, limit: u32) -> Result<Option<u32>, SqlError> {
    let Some(text) = in_query(url, name) else { return Ok(None) };
    let number = text.parse::<u32>().ok().filter(|number| (1..=limit).contains(number));
    number.map(Some).ok_or(SqlError::PoolBound { name, limit })
}

fn seconds(url: &str, name: &'static str, limit: u32) -> Result<Option<Duration>, SqlError> {
    let seconds = pool_bound(url, name, limit)?;
    Ok(seconds.map(|seconds| Duration::from_secs(seconds.into())))
}

fn in_query<'url>(url: &'url str, name: &str) -> Option<&'url str> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

async fn open_sqlite(path: &str) -> Result<Sql, SqlError> {
    let folder = Path::new(path).parent().unwrap_or(Path::new("")).to_owned();
    if !folder.as_os_str().is_empty() {
        tokio::fs::create_dir_all(&folder)
            .await
            .map_err(|source| SqlError::Folder { folder: folder.display().to_string(), source })?;
    }
    let failed = |source| SqlError::Open { address: format!("sqlite:{path}"), source };
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
    let write = pool(1).connect_with(options).await.map_err(failed)?;
    // The journal mode is the file's own by now, and a reader may not set it.
    let reading = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("cache_size", READER_CACHE);
    let read = pool(SQLITE_READERS_MAX).connect_with(reading).await.map_err(failed)?;
    Ok(Sql::Sqlite { write, read, outbox: Arc::default(), keys: DataKeys::none() })
}

fn pool(connections_max: u32) -> SqlitePoolOptions {
    let acquire = if connections_max == 1 { WRITER_LIMIT } else { ACQUIRE_LIMIT };
    SqlitePoolOptions::new()
        .max_connections(connections_max)
        .min_connections(0)
        .acquire_timeout(acquire)
        .idle_timeout(IDLE_LIMIT)
}

/// An address without its password.
fn shown(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(start), Some(end)) if start + 3 < end => {
            format!("{}…{}", &url[..start + 3], &url[end..])
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        assert_eq!(shown("mysql://root:secret@db:3306/order_db"), "mysql://…@db:3306/order_db");
        assert_eq!(shown("sqlite:/data/x.db"), "sqlite:/data/x.db");
    }

    #[test]
    fn an_address_may_say_the_bounds_of_its_pool() {
        let of = |query: &str| {
            let url = format!("mysql://order@db/order_db{query}");
            let (pool, _) = mysql_pool(&url, &Authorities::of_process(), READ_WRITE).ok()?;
            let lifetime = pool.get_max_lifetime().unwrap_or_default();
            let seconds = [pool.get_acquire_timeout(), lifetime].map(|wait| wait.as_secs());
            assert_eq!(pool.get_min_connections(), 0);
            assert_eq!(pool.get_idle_timeout(), Some(MYSQL_IDLE_LIMIT));
            assert!(pool.get_test_before_acquire());
            Some((pool.get_max_connections(), seconds))
        };
        assert_eq!(of(""), Some((30, [5, 3_600])));
        assert_eq!(of("?ssl-mode=REQUIRED"), Some((30, [5, 3_600])));
        assert_eq!(of("?ssl-mode=REQUIRED&max_connections=25"), Some((25, [5, 3_600])));
        assert_eq!(of("?acquire_timeout_s=1&max_lifetime_s=60"), Some((30, [1, 60])));
        for wrong in [
            "?max_connections=0",
            "?max_connections=1001",
            "?max_connections=ten",
            "?acquire_timeout_s=11",
            "?max_lifetime_s=0",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_group_with_several_primaries_has_several_writers() {
        let settings = |name: &str, value: &str| [(name.to_owned(), value.to_owned())];
        let primaries = "group_replication_single_primary_mode";
        let found = find_several_writers(&settings(primaries, "OFF"));
        assert_eq!(found.as_deref(), Some("group_replication_single_primary_mode=OFF"));
        assert_eq!(find_several_writers(&settings(primaries, "ON")), None);
        assert_eq!(find_several_writers(&settings("wsrep_on", "OFF")), None);
        assert_eq!(find_several_writers(&[]), None);
    }

    #[tokio::test]
    async fn a_pool_asked_for_more_waits_and_then_says_so() {
        let url = format!("{}?max_connections=1&acquire_timeout_s=2", support::servers().mysql);
        let sql = Sql::open(&url).await.unwrap();
        let Sql::MySql { pool, .. } = &sql else { panic!("{url} is of MySQL") };
        let held = pool.acquire().await.unwrap();
        let refused = sql.ping().await.unwrap_err();
        assert!(refused.is_unavailable(), "{refused}");
        let (waited, ()) = tokio::join!(sql.ping(), async { drop(held) });
        waited.unwrap();
    }

    #[tokio::test]
    async fn no_connection_waits_long_for_a_lock_or_keeps_one_in_an_idle_transaction() {
        let sql = Sql::open(&support::servers().mysql).await.unwrap();
        let version = "SELECT CAST(VERSION() AS CHAR)";
        let version: Option<String> = sql.one(version, Vec::new()).await.unwrap();
        let waits = if version.unwrap().contains("MariaDB") {
            "SELECT CAST(@@SESSION.innodb_lock_wait_timeout AS SIGNED), \
                CAST(@@SESSION.idle_transaction_timeout AS SIGNED)"
        } else {
            "SELECT CAST(@@SESSION.innodb_lock_wait_timeout AS SIGNED), \
                CAST(@@SESSION.wait_timeout AS SIGNED)"
        };
        let waits: Option<(i64, i64)> = sql.one(waits, Vec::new()).await.unwrap();
        assert_eq!(waits, Some((LOCK_WAIT.as_secs().cast_signed(), 30)));
    }
}
