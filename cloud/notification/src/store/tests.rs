//! Expiry and caching.

use std::time::Duration;

use platform::cache::Cache;
use uuid::Uuid;
use wire::EventType;

use super::*;
use crate::{
    domain::KEPT_MS,
    tests::samples::{self, AT, CUSTOMER},
};

#[tokio::test]
async fn only_what_was_read_long_ago_is_purged() {
    let (store, _folder) = samples::sqlite_store().await;
    let mut ids = Vec::new();
    for kind in [
        EventType::OrderCreated,
        EventType::OrderApproved,
        EventType::OrderRejected,
    ] {
        let of_customer = samples::lines(kind)
            .into_iter()
            .filter(|line| line.user_id == CUSTOMER);
        for (mut line, n) in of_customer.zip(1..) {
            line.event_id = EventId(Uuid::from_u128(ids.len() as u128 * 10 + n));
            ids.push(LineId(line.event_id.0));
            assert!(
                store
                    .add_line(LineId(line.event_id.0), &line)
                    .await
                    .unwrap()
            );
        }
    }
    let now = AT.plus_ms(KEPT_MS * 2);
    for (id, read_at) in [(ids[0], now.plus_ms(-KEPT_MS - 1)), (ids[1], now)] {
        assert!(
            store
                .mark_read(CUSTOMER, Role::Customer, id, read_at)
                .await
                .unwrap()
        );
    }
    assert_eq!(store.purge_read(now).await.unwrap(), 1);
    assert_eq!(store.purge_read(now).await.unwrap(), 0);
    assert_eq!(
        store.count_unread(CUSTOMER, Role::Customer).await.unwrap(),
        1
    );
}

#[tokio::test]
async fn lines_that_are_kept_from_their_creation_on_go_unread_as_well() {
    let (store, _folder) = samples::sqlite_store().await;
    let store = store.with_retention(KeptFrom::Created);
    for n in [1, 2] {
        add(&store, n).await;
    }
    let ends = AT.plus_ms(1 + KEPT_MS);
    assert_eq!(store.purge_read(ends.plus_ms(-1)).await.unwrap(), 0);
    assert_eq!(store.purge_read(ends.plus_ms(1)).await.unwrap(), 1);
    assert_eq!(
        store.count_unread(CUSTOMER, Role::Customer).await.unwrap(),
        1
    );
}

#[tokio::test]
async fn a_line_of_before_keeps_its_end_where_the_setting_changes() {
    let (store, _folder) = samples::sqlite_store().await;
    add(&store, 1).await;
    let store = store.with_retention(KeptFrom::Created);
    let later = AT.plus_ms(2 * KEPT_MS);
    assert_eq!(store.purge_read(later).await.unwrap(), 0);
    assert_eq!(
        store.count_unread(CUSTOMER, Role::Customer).await.unwrap(),
        1
    );
    for unread_only in [false, true] {
        let request = PageRequest {
            unread_only,
            read_since: later,
            ..first_page()
        };
        let page = store.read_page(&request).await.unwrap();
        assert_eq!(
            page.lines.len(),
            1,
            "what is counted is shown, {unread_only}"
        );
    }
}

/// Two replicas on one store; the cache misses changes by the second.
async fn replicas(ttl: Duration) -> (InboxStore, InboxStore, tempfile::TempDir) {
    let (store, folder) = samples::sqlite_store().await;
    let cache = Cache::open("memory:").unwrap();
    let memory = InboxCache::new(cache, testing::data_keys(), ttl);
    (store.clone().with_cache(memory), store, folder)
}

fn owner() -> InboxOwner {
    InboxOwner {
        user_id: CUSTOMER,
        role: Role::Customer,
    }
}

fn first_page() -> PageRequest {
    PageRequest {
        user_id: CUSTOMER,
        role: Role::Customer,
        unread_only: false,
        after: None,
        limit: 2,
        read_since: UnixMillis(0),
    }
}

async fn add(store: &InboxStore, n: u128) {
    let mut line = samples::lines(EventType::OrderCreated).remove(0);
    line.event_id = EventId(Uuid::from_u128(n));
    line.created_at = AT.plus_ms(i64::try_from(n).unwrap());
    assert!(
        store
            .add_line(LineId(Uuid::from_u128(n)), &line)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn counts_and_newest_lines_come_from_the_cache_until_the_inbox_changes() {
    let (store, silent, _folder) = replicas(Duration::from_secs(600)).await;
    for n in 1..=3 {
        add(&store, n).await;
    }
    let page = store.read_page_cached(&first_page()).await.unwrap();
    assert_eq!(
        page,
        store.read_page(&first_page()).await.unwrap(),
        "as the store answers"
    );
    assert!(page.next.is_some());
    assert_eq!(store.count_unread_cached(owner()).await.unwrap(), 3);
    // A change that bypasses the cache proves that the cache answered.
    add(&silent, 4).await;
    assert_eq!(store.count_unread_cached(owner()).await.unwrap(), 3);
    assert_eq!(store.read_page_cached(&first_page()).await.unwrap(), page);
    // A change through the cache invalidates it.
    add(&store, 5).await;
    assert_eq!(store.count_unread_cached(owner()).await.unwrap(), 5);
    assert_eq!(
        store.read_page_cached(&first_page()).await.unwrap().lines[0].id,
        LineId(Uuid::from_u128(5))
    );
    store
        .mark_read(CUSTOMER, Role::Customer, LineId(Uuid::from_u128(5)), AT)
        .await
        .unwrap();
    assert_eq!(store.count_unread_cached(owner()).await.unwrap(), 4);
}

#[tokio::test]
async fn the_cache_hears_of_a_reading_before_the_store_too() {
    let (store, silent, _folder) = replicas(Duration::from_secs(600)).await;
    add(&store, 1).await;
    assert_eq!(store.count_unread_cached(owner()).await.unwrap(), 1);
    add(&silent, 2).await;
    // This writes nothing, so only the invalidation before the write drops the old count.
    let nowhere = LineId(Uuid::from_u128(7));
    assert!(
        !store
            .mark_read(CUSTOMER, Role::Customer, nowhere, AT)
            .await
            .unwrap()
    );
    assert_eq!(store.count_unread_cached(owner()).await.unwrap(), 2);
}

#[tokio::test]
async fn a_count_whose_change_was_not_heard_of_is_right_after_its_time() {
    let (store, silent, _folder) = replicas(Duration::from_millis(150)).await;
    add(&store, 1).await;
    assert_eq!(store.count_unread_cached(owner()).await.unwrap(), 1);
    add(&silent, 2).await;
    let right = async || (store.count_unread_cached(owner()).await.unwrap() == 2).then_some(());
    support::eventually("the count is right again", Duration::from_secs(20), right).await;
}
