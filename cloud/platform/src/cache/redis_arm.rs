//! The cache on Redis. All calls share one connection, which reconnects automatically.

use std::time::Duration;

use process::trust::CertificateAuthorities;
use redis::{
    AsyncCommands, Client, ExistenceCheck, Script, SetExpiry, SetOptions, TlsCertificates,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use super::{CacheError, WindowCount};

/// Continuing without the cache is better than waiting longer.
const ANSWER_LIMIT: Duration = Duration::from_millis(500);
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// Sets the expiry with the first count, in one step: a crash in between would leave a permanent
/// limit.
const INCREMENT: &str = "local count = redis.call('INCR', KEYS[1]) \
    if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end \
    return {count, redis.call('PTTL', KEYS[1])}";
const READ_COUNT: &str = "return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}";

#[derive(Clone)]
pub struct RedisCache {
    connection: ConnectionManager,
}

impl RedisCache {
    pub(super) fn open(
        url: &str,
        authorities: &CertificateAuthorities,
    ) -> Result<Self, CacheError> {
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(ANSWER_LIMIT))
            .set_connection_timeout(Some(CONNECT_LIMIT))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(500));
        let client = match authorities.own_pem().filter(|_| url.starts_with("rediss:")) {
            // The library uses them instead of the public roots.
            Some(pem) => {
                let root_cert = Some(pem.as_bytes().to_vec());
                Client::build_with_tls(
                    url,
                    TlsCertificates {
                        client_tls: None,
                        root_cert,
                    },
                )?
            }
            None => Client::open(url)?,
        };
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client, config)?,
        })
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<String>, CacheError> {
        Ok(self.connection.clone().get(key).await?)
    }

    pub(super) async fn get_all<const N: usize>(
        &self,
        keys: [&str; N],
    ) -> Result<[Option<String>; N], CacheError> {
        Ok(self.connection.clone().mget(&keys[..]).await?)
    }

    pub(super) async fn set(
        &self,
        key: &str,
        value: &str,
        ttl: Duration,
    ) -> Result<(), CacheError> {
        Ok(self
            .connection
            .clone()
            .pset_ex(key, value, expiry_millis(ttl))
            .await?)
    }

    pub(super) async fn set_if_absent(
        &self,
        key: &str,
        value: &str,
        ttl: Duration,
    ) -> Result<bool, CacheError> {
        let options = SetOptions::default()
            .conditional_set(ExistenceCheck::NX)
            .with_expiration(SetExpiry::PX(expiry_millis(ttl)));
        let set: Option<String> = self
            .connection
            .clone()
            .set_options(key, value, options)
            .await?;
        Ok(set.is_some())
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), CacheError> {
        Ok(self.connection.clone().del(key).await?)
    }

    pub(super) async fn increment(
        &self,
        key: &str,
        ttl: Duration,
    ) -> Result<WindowCount, CacheError> {
        let script = Script::new(INCREMENT);
        let mut connection = self.connection.clone();
        let (count, left_ms) = script
            .key(key)
            .arg(expiry_millis(ttl))
            .invoke_async(&mut connection)
            .await?;
        Ok(WindowCount {
            count,
            left: duration_from_ms(left_ms),
        })
    }

    pub(super) async fn read_count(&self, key: &str) -> Result<Option<WindowCount>, CacheError> {
        let script = Script::new(READ_COUNT);
        let mut connection = self.connection.clone();
        let (count, left_ms): (Option<i64>, i64) =
            script.key(key).invoke_async(&mut connection).await?;
        Ok(count.map(|count| WindowCount {
            count,
            left: duration_from_ms(left_ms),
        }))
    }

    pub(super) async fn ping(&self) -> Result<(), CacheError> {
        Ok(redis::cmd("PING")
            .query_async(&mut self.connection.clone())
            .await?)
    }
}

/// Redis returns a negative number for a key without expiry.
fn duration_from_ms(left_ms: i64) -> Duration {
    Duration::from_millis(left_ms.try_into().unwrap_or(0))
}

/// Redis rejects an expiry of zero.
fn expiry_millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1)
}
