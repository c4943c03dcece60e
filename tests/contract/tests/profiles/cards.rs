//! The public card of a provider: cached, yet never older than the last change.

use std::time::Duration;

use contract::{DocumentsArm, LIMIT, on_every_documents};
use platform::{
    cache::{Cache, StampedCache, StampedEntity},
    documents::Documents,
    sealing::DataKeys,
    vals,
};
use process::{clock::Clock, telemetry::LogFormat};
use support::{eventually, servers};
use user::{
    domain::{ProviderProfile, PublicProfile},
    store::{CACHE_PLACE, CompletedJob, ProfileStore},
};
use uuid::Uuid;
use wire::{OrderId, RatingEvent, Region, UserId};

use crate::{AT, PROVIDER, TRACE, migrated, offer, updated};

on_every_documents! {
    a_change_is_seen_at_once_at_every_replica,
    a_second_look_at_a_card_is_a_hit_and_asks_the_store_nothing,
}

/// Replicas on one store, each with a separate connection to the same cache.
async fn a_change_is_seen_at_once_at_every_replica(arm: DocumentsArm) {
    migrated(&arm.documents).await;
    let memory = Cache::open("memory:").unwrap();
    let redis = || Cache::open(&servers().redis).unwrap();
    for (n, caches) in [(50, [memory.clone(), memory]), (60, [redis(), redis()])] {
        // All tests share the server.
        let provider = UserId(Clock::system().new_id());
        Box::pin(cards_follow_changes(&arm.documents, caches, provider, n)).await;
    }
}

async fn cards_follow_changes(documents: &Documents, caches: [Cache; 2], who: UserId, order: u128) {
    let minutes = Duration::from_secs(600);
    let keys = DataKeys::random();
    let memory = |cache| StampedCache::new(CACHE_PLACE, cache, keys.clone(), minutes);
    let cache = caches[0].clone();
    let [here, there] = caches
        .map(|cache| ProfileStore::new(documents, Clock::fixed_at(AT)).with_cache(memory(cache)));
    let silent = ProfileStore::new(documents, Clock::fixed_at(AT));
    let shown = async |store: &ProfileStore| store.load_public_profile(who).await.unwrap();
    offer(&here, who, Region::East).await;
    let first = shown(&there).await;
    assert_eq!(
        first,
        PublicProfile::from_provider(&silent.get(who).await.unwrap().unwrap())
    );
    let first = first.unwrap();
    let key = format!("user:card:{who}");
    // Nothing is cached if the cache is too slow, and no request waits for it.
    let kept = eventually("the card is kept", LIMIT, async || {
        shown(&there).await;
        cache.get(&key).await.unwrap()
    })
    .await;
    for plain in [first.full_name.as_str(), "two\\nlines", "网络维修"] {
        assert!(!kept.contains(plain), "{kept}");
    }

    // A change that bypasses the cache proves that the cache answers.
    rename(&silent, who, "Nobody heard").await;
    assert_eq!(shown(&there).await.as_ref(), Some(&first));
    let thing = StampedEntity {
        id: who.0,
        name: who.to_string(),
    };
    let by_hand = memory(cache.clone());
    let before = by_hand.read_stamp(&thing).await.unwrap();
    rename(&here, who, "王五").await;
    assert_eq!(shown(&there).await.unwrap().full_name, "王五");
    let old = serde_json::to_string(&first).unwrap();
    // Simulates an attacker with write access to the cache but without a data key.
    let kept = eventually("the new card is kept", LIMIT, async || {
        shown(&there).await;
        cache.get(&key).await.unwrap()
    })
    .await;
    let (stamp, _) = kept.split_once(' ').unwrap();
    cache
        .set(&key, &format!("{stamp} {old}"), minutes)
        .await
        .unwrap();
    assert_eq!(shown(&there).await.unwrap().full_name, "王五");
    // Simulates a slow reader with a value from before the change.
    by_hand.write_cached("card", &thing, &before, &old).await;
    for store in [&here, &there] {
        assert_eq!(shown(store).await.unwrap().full_name, "王五");
    }

    let told = RatingEvent {
        provider_id: who,
        average_hundredths: 450,
        total_reviews: 2,
        version: 1,
    };
    here.apply_rating(&told, TRACE).await.unwrap();
    assert_eq!(shown(&there).await.unwrap().offer.rating_hundredths, 450);
    let job = CompletedJob {
        provider_id: who,
        completed_at: AT,
    };
    here.record_completed_job(OrderId(Uuid::from_u128(order)), &job, TRACE)
        .await
        .unwrap();
    assert_eq!(shown(&there).await.unwrap().offer.completed_orders, 1);
    let close = |profile: &mut ProviderProfile| {
        profile.person.is_closed = true;
        Ok(updated())
    };
    here.change_profile(who, None, TRACE, close).await.unwrap();
    assert_eq!(shown(&there).await, None);
}

/// Uses a part name that no other test counts.
async fn a_second_look_at_a_card_is_a_hit_and_asks_the_store_nothing(arm: DocumentsArm) {
    process::start("profiles", LogFormat::Json);
    let part = match &arm.documents {
        Documents::Mongo(_) => "counted-mongodb",
        Documents::Sqlite(_) => "counted-sqlite",
    };
    let cache = Cache::open("memory:").unwrap();
    let memory = StampedCache::new((part, "user.memory"), cache, DataKeys::random(), LIMIT);
    let store = migrated(&arm.documents).await.with_cache(memory);
    offer(&store, PROVIDER, Region::East).await;
    let counted = |outcome| {
        let line = format!(
            r#"holdfast_cache_reads_total{{cache="{part}",kind="card",outcome="{outcome}"}} "#
        );
        let text = process::metrics::render_prometheus();
        let count = text
            .lines()
            .find_map(|shown| shown.strip_prefix(&line)?.parse::<u64>().ok());
        count.unwrap_or_default()
    };
    let first = store.load_public_profile(PROVIDER).await.unwrap();
    assert_eq!((counted("hit"), counted("miss")), (0, 1));
    // Without the profiles, the store itself would find none.
    match &arm.documents {
        Documents::Mongo(_) => arm.mongo().await.drop().await.unwrap(),
        Documents::Sqlite(sql) => {
            sql.exec("DROP TABLE provider_profiles", vals![])
                .await
                .unwrap();
        }
    }
    assert!(first.is_some());
    assert_eq!(store.load_public_profile(PROVIDER).await.unwrap(), first);
    assert_eq!((counted("hit"), counted("miss")), (1, 1));
}

#[tokio::test]
async fn without_the_cache_cards_come_from_the_store() {
    let arm = contract::documents_on_mongodb().await;
    let cache = Cache::open("redis://127.0.0.1:1").unwrap();
    let memory = StampedCache::new(CACHE_PLACE, cache, DataKeys::random(), LIMIT);
    let store = migrated(&arm.documents).await.with_cache(memory);
    offer(&store, PROVIDER, Region::East).await;
    for name in ["王五", "赵六"] {
        rename(&store, PROVIDER, name).await;
        assert_eq!(
            store
                .load_public_profile(PROVIDER)
                .await
                .unwrap()
                .unwrap()
                .full_name,
            name
        );
    }
}

async fn rename(store: &ProfileStore, who: UserId, name: &str) {
    let change = |profile: &mut ProviderProfile| {
        profile.person.full_name = name.to_owned();
        Ok(updated())
    };
    store
        .change_profile(who, None, TRACE, change)
        .await
        .unwrap();
}
