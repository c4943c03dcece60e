//! The promises of `Cache`, the same in memory and on Redis.

use std::time::Duration;

use contract::LIMIT;
use futures::future::join_all;
use platform::cache::{Cache, CacheError};
use process::clock::Clock;
use support::{eventually, servers};
use tokio::time::timeout;

const MINUTE: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(150);

macro_rules! on_every_cache {
    ($($body:ident),+ $(,)?) => {
        mod memory { $(
            #[tokio::test]
            async fn $body() { super::$body(super::Cache::open("memory:").unwrap()).await; }
        )+ }
        mod redis { $(
            #[tokio::test]
            async fn $body() {
                super::$body(super::Cache::open(&super::servers().redis).unwrap()).await;
            }
        )+ }
    };
}

on_every_cache! {
    a_value_is_found_until_it_is_deleted,
    several_values_are_found_by_one_question,
    a_value_is_set_once_if_absent,
    everything_ends_with_its_time,
    counts_of_many_at_once_are_exact,
    a_count_ends_with_the_time_of_its_first,
    a_short_time_is_not_for_ever,
}

/// Unique, because all tests share the server.
fn key(name: &str) -> String {
    format!("contract:{name}:{}", Clock::system().new_id())
}

async fn a_value_is_found_until_it_is_deleted(cache: Cache) {
    let key = key("session");
    assert_eq!(cache.get(&key).await.unwrap(), None);
    cache.set(&key, "revoked 令牌", MINUTE).await.unwrap();
    cache.set(&key, "revoked again", MINUTE).await.unwrap();
    assert_eq!(
        cache.get(&key).await.unwrap().as_deref(),
        Some("revoked again")
    );
    cache.delete(&key).await.unwrap();
    cache.delete(&key).await.unwrap();
    assert_eq!(cache.get(&key).await.unwrap(), None);
    cache.ping().await.unwrap();
}

async fn several_values_are_found_by_one_question(cache: Cache) {
    let [first, none, last] = ["first", "none", "last"].map(key);
    cache.set(&first, "1", MINUTE).await.unwrap();
    cache.set(&last, "3 三", MINUTE).await.unwrap();
    let found = cache.get_all([&first, &none, &last]).await.unwrap();
    assert_eq!(found, [Some("1".to_owned()), None, Some("3 三".to_owned())]);
}

async fn a_value_is_set_once_if_absent(cache: Cache) {
    let key = key("claim");
    let claims = (0..20).map(|n| {
        let cache = cache.clone();
        let key = key.clone();
        async move {
            cache
                .set_if_absent(&key, &n.to_string(), MINUTE)
                .await
                .unwrap()
        }
    });
    let won = join_all(claims).await;
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let winner = won.iter().position(|won| *won).unwrap().to_string();
    assert_eq!(cache.get(&key).await.unwrap(), Some(winner));
}

async fn everything_ends_with_its_time(cache: Cache) {
    let set = key("set");
    let once = key("once");
    cache.set(&set, "1", SHORT).await.unwrap();
    assert!(cache.set_if_absent(&once, "1", SHORT).await.unwrap());
    for key in [&set, &once] {
        let gone = async || cache.get(key).await.unwrap().is_none().then_some(());
        eventually("the value has ended", LIMIT, gone).await;
    }
    assert!(cache.set_if_absent(&once, "2", MINUTE).await.unwrap());
}

async fn counts_of_many_at_once_are_exact(cache: Cache) {
    let key = key("rate");
    let counts = (0..50).map(|_| cache.increment(&key, MINUTE));
    let mut counts: Vec<i64> = join_all(counts)
        .await
        .into_iter()
        .map(|counted| counted.unwrap().count)
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=50).collect::<Vec<_>>());
}

async fn a_count_ends_with_the_time_of_its_first(cache: Cache) {
    let key = key("window");
    assert_eq!(cache.read_count(&key).await.unwrap(), None);
    let first = cache.increment(&key, SHORT).await.unwrap();
    assert_eq!(first.count, 1);
    assert!(first.left <= SHORT && !first.left.is_zero(), "{first:?}");
    // Later counts do not lengthen the window.
    let again = async || (cache.increment(&key, SHORT).await.unwrap().count == 1).then_some(());
    eventually("a new window begins", LIMIT, again).await;
    let long = cache
        .increment(&format!("{key}-long"), MINUTE)
        .await
        .unwrap();
    let read = cache
        .read_count(&format!("{key}-long"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.count, long.count);
    assert!(read.left <= long.left && read.left > SHORT, "{read:?}");
}

async fn a_short_time_is_not_for_ever(cache: Cache) {
    let key = key("zero");
    cache.set(&key, "1", Duration::ZERO).await.unwrap();
    let gone = async || cache.get(&key).await.unwrap().is_none().then_some(());
    eventually("the value has ended", LIMIT, gone).await;
}

#[tokio::test]
async fn a_server_that_is_away_fails_soon_and_not_at_opening() {
    let cache = Cache::open("redis://127.0.0.1:9").unwrap();
    let soon = Duration::from_secs(4);
    assert!(
        timeout(soon, cache.get("session"))
            .await
            .expect("an answer soon")
            .is_err()
    );
    assert!(
        timeout(soon, cache.increment("n", MINUTE))
            .await
            .expect("an answer soon")
            .is_err()
    );
    assert!(
        timeout(soon, cache.ping())
            .await
            .expect("an answer soon")
            .is_err()
    );
}

#[tokio::test]
async fn a_server_that_comes_back_is_used_again() {
    let server = servers()
        .redis
        .trim_start_matches("redis://")
        .trim_end_matches('/');
    let proxy = support::Proxy::to(server).await.unwrap();
    let cache = Cache::open(&format!("redis://{}", proxy.address())).unwrap();
    let key = key("back");
    cache.set(&key, "1", MINUTE).await.unwrap();
    proxy.set(support::Wire::Cut);
    let away = async || cache.get(&key).await.is_err().then_some(());
    eventually("the cut is noticed", LIMIT, away).await;
    proxy.set(support::Wire::Passes);
    let back = async || cache.get(&key).await.ok().flatten();
    assert_eq!(eventually("the cache is back", LIMIT, back).await, "1");
}

#[test]
fn an_address_of_no_known_kind_is_refused() {
    assert!(matches!(
        Cache::open("memcached://host"),
        Err(CacheError::Address)
    ));
}
