//! Opens a database by its address, with the settings that the invariants rely on.

use std::{path::Path, str::FromStr, sync::Arc, time::Duration};

use process::trust::CertificateAuthorities;
use sqlx::{
    Executor, MySqlPool,
    migrate::MigrateDatabase,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Sql, SqlError};
use crate::sealing::DataKeys;

/// Ten for normal load and twenty for peaks, unless the address sets it. All replicas of all parts
/// together stay below the 500 connections of the server in `deploy/kubernetes`, even during a
/// rollout.
const CONNECTIONS_MAX: u32 = 30;
/// As in `mysql://..?max_connections=20`; for MongoDB it is `maxPoolSize`.
const CONNECTIONS_KEY: &str = "max_connections";
const ACQUIRE_KEY: &str = "acquire_timeout_s";
const LIFETIME_KEY: &str = "max_lifetime_s";
/// An address may name a CA file, which replaces `tls.roots` for that database.
const AUTHORITY_KEY: &str = "ssl-ca";
/// A server with default settings allows 151 in total.
const CONNECTIONS_LIMIT: u32 = 1_000;
/// Below the statement limit, which includes the wait for a connection.
const ACQUIRE_LIMIT_S: u32 = 10;
const LIFETIME_LIMIT_S: u32 = 24 * 60 * 60;
/// Each SQLite connection costs a thread and a page cache.
const SQLITE_READERS_MAX: u32 = 4;
/// Prepared statements per MySQL connection, evicted least recently used first: a bulk statement
/// comes in a dozen sizes.
const PREPARED_MAX: usize = 256;
/// In KiB. The default of 2 MB per connection doubles the resident size for 6 % more speed.
const READER_CACHE: &str = "-256";
/// The single writer of a file changes pages all over its indexes, so a larger cache pays off.
const WRITER_CACHE: &str = "-1024";
/// 16 MB of pages collect in the WAL before a checkpoint. At SQLite's default of a thousand, one
/// publish in forty waited for two more disk flushes, and pages that many orders change were
/// written back each time.
const CHECKPOINT_PAGES: &str = "4000";
/// A request that gets no connection within this time fails as unavailable.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
/// Longer, because writers of a file queue for its single write connection.
pub const WRITER_LIMIT: Duration = ACQUIRE_LIMIT.saturating_mul(2);
/// Replacing old connections bounds the memory that a server holds for each.
const LIFETIME: Duration = Duration::from_secs(3_600);
const IDLE_LIMIT: Duration = Duration::from_secs(300);
/// Shorter than MySQL's limit in `WAITS`: the server must not close a connection that the pool
/// keeps.
const MYSQL_IDLE_LIMIT: Duration = Duration::from_secs(20);
/// The wait for a row lock; must equal the five seconds in `WAITS`.
pub(super) const LOCK_WAIT: Duration = Duration::from_secs(5);
/// A host that dies inside a transaction sends no FIN, and its row locks would last for hours,
/// until TCP gives up. Our transactions wait only for their database, so one that idles for half a
/// minute is abandoned. MariaDB distinguishes an idle transaction from an idle connection, MySQL
/// does not; each reads the other's setting as a comment.
const WAITS: &str = "SET SESSION innodb_lock_wait_timeout = 5 \
    /*M! , SESSION idle_transaction_timeout = 30 */ /*!80000 , SESSION wait_timeout = 30 */";

const READ_WRITE: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
const READ_ONLY: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY";

impl Sql {
    /// Opens `sqlite:/path/x.db` (created if missing) or `mysql://user:password@host/database`.
    /// Call `sealed_by` to seal personal columns.
    ///
    /// With `?ssl-mode=VERIFY_IDENTITY`, this process's authorities verify a TLS server.
    pub async fn open(url: &str) -> Result<Self, SqlError> {
        Self::open_trusting(url, &CertificateAuthorities::of_process()).await
    }

    pub async fn open_trusting(
        url: &str,
        authorities: &CertificateAuthorities,
    ) -> Result<Self, SqlError> {
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
    /// Opens a read replica. It may be down: the first query finds out.
    pub(super) fn open_copy(url: &str) -> Result<Self, SqlError> {
        if !url.starts_with("mysql:") {
            return Err(SqlError::CopyAddress);
        }
        let (pool, options) = mysql_pool(url, &CertificateAuthorities::of_process(), READ_ONLY)?;
        Ok(Self::from_pool(pool.connect_lazy_with(options)))
    }

    fn from_pool(pool: MySqlPool) -> Self {
        Self::MySql {
            pool,
            outbox: Arc::default(),
            keys: DataKeys::without_keys(),
        }
    }
}

/// Creates the database of a MySQL address if it is missing; SQLite creates its file on open.
pub async fn create_database(url: &str) -> Result<(), SqlError> {
    if !url.starts_with("mysql:") {
        return Ok(());
    }
    create_missing_database(url)
        .await
        .map_err(|source| SqlError::Open {
            address: hide_password(url),
            source,
        })
}

async fn create_missing_database(url: &str) -> Result<(), sqlx::Error> {
    if !sqlx::MySql::database_exists(url).await? {
        sqlx::MySql::create_database(url).await?;
    }
    Ok(())
}

async fn open_mysql(url: &str, authorities: &CertificateAuthorities) -> Result<Sql, SqlError> {
    let (pool, options) = mysql_pool(url, authorities, READ_WRITE)?;
    let (pool, settings) = connect_mysql(pool, options)
        .await
        .map_err(|source| SqlError::Open {
            address: hide_password(url),
            source,
        })?;
    if let Some(setting) = find_several_writers(&settings) {
        return Err(SqlError::SeveralWriters {
            address: hide_password(url),
            setting,
        });
    }
    Ok(Sql::from_pool(pool))
}

async fn connect_mysql(
    pool: MySqlPoolOptions,
    options: MySqlConnectOptions,
) -> Result<(MySqlPool, WriterSettings), sqlx::Error> {
    let pool = pool.connect_with(options).await?;
    let settings = sqlx::query_as(WRITER_SETTINGS).fetch_all(&pool).await?;
    Ok((pool, settings))
}

/// Names and values.
type WriterSettings = Vec<(String, String)>;

/// A server that lacks one of them omits its row.
const WRITER_SETTINGS: &str = "SHOW GLOBAL VARIABLES \
    WHERE Variable_name IN ('wsrep_on', 'group_replication_single_primary_mode')";

/// Returns the setting that makes this server one of several writers. During a partition two
/// writers may both confirm a commit that one later undoes, so receipts would be worthless.
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

fn mysql_pool(
    url: &str,
    authorities: &CertificateAuthorities,
    access: &'static str,
) -> Result<(MySqlPoolOptions, MySqlConnectOptions), SqlError> {
    let options = MySqlConnectOptions::from_str(url).map_err(|_| SqlError::Address)?;
    let mut options = options.statement_cache_capacity(PREPARED_MAX);
    if let Some(pem) = authorities
        .own_pem()
        .filter(|_| in_query(url, AUTHORITY_KEY).is_none())
    {
        options = options.ssl_ca_from_pem(pem.as_bytes().to_vec());
    }
    let pool = MySqlPoolOptions::new()
        .max_connections(
            pool_bound(url, CONNECTIONS_KEY, CONNECTIONS_LIMIT)?.unwrap_or(CONNECTIONS_MAX),
        )
        // `MYSQL_IDLE_LIMIT` would keep closing and reopening a minimum.
        .min_connections(0)
        .acquire_timeout(parse_seconds(url, ACQUIRE_KEY, ACQUIRE_LIMIT_S)?.unwrap_or(ACQUIRE_LIMIT))
        .idle_timeout(MYSQL_IDLE_LIMIT)
        .max_lifetime(parse_seconds(url, LIFETIME_KEY, LIFETIME_LIMIT_S)?.unwrap_or(LIFETIME))
        // A restarted server has closed every connection of the pool.
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

fn pool_bound(url: &str, name: &'static str, limit: u32) -> Result<Option<u32>, SqlError> {
    let Some(text) = in_query(url, name) else {
        return Ok(None);
    };
    let number = text
        .parse::<u32>()
        .ok()
        .filter(|number| (1..=limit).contains(number));
    number.map(Some).ok_or(SqlError::PoolBound { name, limit })
}

fn parse_seconds(url: &str, name: &'static str, limit: u32) -> Result<Option<Duration>, SqlError> {
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
            .map_err(|source| SqlError::Folder {
                folder: folder.display().to_string(),
                source,
            })?;
    }
    connect_sqlite(path).await.map_err(|source| SqlError::Open {
        address: format!("sqlite:{path}"),
        source,
    })
}

async fn connect_sqlite(path: &str) -> Result<Sql, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
    let write = sqlite_pool(1).connect_with(options).await?;
    // The file stores the journal mode, and a reader cannot set it.
    let reading = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("cache_size", READER_CACHE);
    let read = sqlite_pool(SQLITE_READERS_MAX)
        .connect_with(reading)
        .await?;
    Ok(Sql::Sqlite {
        write,
        read,
        outbox: Arc::default(),
        keys: DataKeys::without_keys(),
    })
}

fn sqlite_pool(connections_max: u32) -> SqlitePoolOptions {
    let acquire = if connections_max == 1 {
        WRITER_LIMIT
    } else {
        ACQUIRE_LIMIT
    };
    SqlitePoolOptions::new()
        .max_connections(connections_max)
        .min_connections(0)
        .acquire_timeout(acquire)
        .idle_timeout(IDLE_LIMIT)
}

fn hide_password(url: &str) -> String {
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
        assert_eq!(
            hide_password("mysql://root:secret@db:3306/order_db"),
            "mysql://…@db:3306/order_db"
        );
        assert_eq!(hide_password("sqlite:/data/x.db"), "sqlite:/data/x.db");
    }

    #[test]
    fn an_address_may_say_the_bounds_of_its_pool() {
        let of = |query: &str| {
            let url = format!("mysql://order@db/order_db{query}");
            let (pool, _) =
                mysql_pool(&url, &CertificateAuthorities::of_process(), READ_WRITE).ok()?;
            let lifetime = pool.get_max_lifetime().unwrap_or_default();
            let seconds = [pool.get_acquire_timeout(), lifetime].map(|wait| wait.as_secs());
            assert_eq!(pool.get_min_connections(), 0);
            assert_eq!(pool.get_idle_timeout(), Some(MYSQL_IDLE_LIMIT));
            assert!(pool.get_test_before_acquire());
            Some((pool.get_max_connections(), seconds))
        };
        assert_eq!(of(""), Some((30, [5, 3_600])));
        assert_eq!(of("?ssl-mode=REQUIRED"), Some((30, [5, 3_600])));
        assert_eq!(
            of("?ssl-mode=REQUIRED&max_connections=25"),
            Some((25, [5, 3_600]))
        );
        assert_eq!(
            of("?acquire_timeout_s=1&max_lifetime_s=60"),
            Some((30, [1, 60]))
        );
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
        assert_eq!(
            found.as_deref(),
            Some("group_replication_single_primary_mode=OFF")
        );
        assert_eq!(find_several_writers(&settings(primaries, "ON")), None);
        assert_eq!(find_several_writers(&settings("wsrep_on", "OFF")), None);
        assert_eq!(find_several_writers(&[]), None);
    }

    #[tokio::test]
    async fn a_pool_asked_for_more_waits_and_then_says_so() {
        let url = format!(
            "{}?max_connections=1&acquire_timeout_s=2",
            support::servers().mysql
        );
        let sql = Sql::open(&url).await.unwrap();
        let Sql::MySql { pool, .. } = &sql else {
            panic!("{url} is of MySQL")
        };
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
        let version: Option<String> = sql.fetch_optional(version, Vec::new()).await.unwrap();
        let waits = if version.unwrap().contains("MariaDB") {
            "SELECT CAST(@@SESSION.innodb_lock_wait_timeout AS SIGNED), \
                CAST(@@SESSION.idle_transaction_timeout AS SIGNED)"
        } else {
            "SELECT CAST(@@SESSION.innodb_lock_wait_timeout AS SIGNED), \
                CAST(@@SESSION.wait_timeout AS SIGNED)"
        };
        let waits: Option<(i64, i64)> = sql.fetch_optional(waits, Vec::new()).await.unwrap();
        assert_eq!(waits, Some((LOCK_WAIT.as_secs().cast_signed(), 30)));
    }
}
