//! The promises of the profile store, one body for MongoDB and SQLite.

#![allow(clippy::unwrap_used)]

mod counted;
mod versions;

use std::{collections::BTreeSet, time::Duration};

use contract::{DocumentsArm, LIMIT, on_every_documents};
use mongodb::bson::{self, doc};
use platform::{
    bus::{Bus, QueueSpec},
    cache::{Cache, StampedCache, StampedEntity},
    documents::Documents,
    outbox::OutboxRelay,
    sealing::DataKeys,
    vals,
};
use process::{clock::Clock, tasks::Tasks, telemetry::LogFormat};
use serde_json::json;
use support::{eventually, servers};
use user::{
    domain::{
        AddressId, CalendarDay, Certification, CertificationForm, CustomerProfile, ProfileForm,
        ProviderProfile, PublicProfile, VerificationState,
    },
    store::{
        CACHE_PLACE, CompletedJob, ProfileEventDraft, ProfileRefusal, ProfileStore,
        serving_providers_query, verification_queue_query,
    },
};
use uuid::Uuid;
use wire::{
    EventType, Exchange, OrderId, ProfileEvent, RatingEvent, Region, Role, ServiceType, UnixMillis,
    UserId,
};

const AT: UnixMillis = UnixMillis(1_764_000_000_000);
const CUSTOMER: UserId = UserId(Uuid::from_u128(1));
const PROVIDER: UserId = UserId(Uuid::from_u128(2));
const ADMIN: UserId = UserId(Uuid::from_u128(3));
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PROFILES: QueueSpec = QueueSpec::new("profiles", &[(Exchange::User, "profile.*")]);

on_every_documents! {
    every_promise_of_a_profile_is_kept,
    a_change_is_seen_at_once_at_every_replica,
    a_second_look_at_a_card_is_a_hit_and_asks_the_store_nothing,
    what_changes_a_profile_is_told_in_order,
    who_is_verified_is_told_again,
    hot_queries_are_answered_by_their_index,
}

async fn migrated(documents: &Documents) -> ProfileStore {
    let store = ProfileStore::new(documents, Clock::fixed_at(AT));
    store.migrate().await.unwrap();
    store
}

async fn every_promise_of_a_profile_is_kept(arm: DocumentsArm) {
    let store = ProfileStore::new(&arm.documents, Clock::fixed_at(AT));
    assert!(
        store.check_schema().await.is_err(),
        "a store that was never migrated is refused"
    );
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    store.check_schema().await.unwrap();

    Box::pin(one_person_has_one_profile(&store)).await;
    Box::pin(what_was_written_reads_back(&store)).await;
    Box::pin(of_changes_on_one_revision_one_is_made(&store)).await;
}

async fn one_person_has_one_profile(store: &ProfileStore) {
    let make = || store.create_blank_profile::<CustomerProfile>(CUSTOMER, Role::Customer, TRACE);
    let (a, b, c) = tokio::join!(make(), make(), make());
    let made = [a.unwrap(), b.unwrap(), c.unwrap()]
        .into_iter()
        .filter(|new| *new)
        .count();
    assert_eq!(made, 1);
    assert!(!make().await.unwrap());
    assert!(
        store
            .get::<ProviderProfile>(CUSTOMER)
            .await
            .unwrap()
            .is_none()
    );
    let unknown = store
        .change_profile::<CustomerProfile>(ADMIN, None, TRACE, |_| Ok(updated()))
        .await;
    assert!(matches!(unknown, Err(ProfileRefusal::Missing)));
}

async fn what_was_written_reads_back(store: &ProfileStore) {
    let written = offer(store, PROVIDER, Region::North).await;
    let read = store
        .get::<ProviderProfile>(PROVIDER)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read, written);
    assert_eq!(read.person.full_name, "李四 \"$set\" {}");
    let form = json!({
        "version": 1, "full_name": "张三", "phone_number": "12345", "date_of_birth": "1990-01-01",
        "preferences": { "language": "zh-CN", "currency": "USD", "service_types": ["other"] },
        "address": { "province": "北京市", "city": "海淀区", "detail": "中关村大街1号" },
    });
    let form = form_of(form, Role::Customer);
    let change = |profile: &mut CustomerProfile| {
        form.apply_to_customer(profile, AddressId(Uuid::from_u128(7)));
        Ok(updated())
    };
    let written = store
        .change_profile(CUSTOMER, Some(1), TRACE, change)
        .await
        .unwrap();
    assert_eq!(written.person.addresses[0].detail, "中关村大街1号");
    assert_eq!(
        store
            .get::<CustomerProfile>(CUSTOMER)
            .await
            .unwrap()
            .unwrap(),
        written
    );

    let form = json!({ "version": read.person.revision, "items": [
        { "name": "Electrician", "file_url": "https://papers.example.org/7.pdf" },
        { "name": "Welder", "number": "", "issuer": "City of Light" },
    ] });
    let form: CertificationForm = serde_json::from_value(form).unwrap();
    let items = form.into_certifications().unwrap();
    let change = |profile: &mut ProviderProfile| {
        profile.set_certifications(items.clone(), AT);
        Ok(updated())
    };
    let written = store
        .change_profile(PROVIDER, None, TRACE, change)
        .await
        .unwrap();
    assert_eq!(
        store
            .get::<ProviderProfile>(PROVIDER)
            .await
            .unwrap()
            .unwrap(),
        written
    );
}

async fn of_changes_on_one_revision_one_is_made(store: &ProfileStore) {
    let read = store
        .get::<CustomerProfile>(CUSTOMER)
        .await
        .unwrap()
        .unwrap()
        .person
        .revision;
    let write = async |name: &str| {
        let change = |profile: &mut CustomerProfile| {
            profile.person.full_name = name.to_owned();
            Ok(updated())
        };
        store
            .change_profile(CUSTOMER, Some(read), TRACE, change)
            .await
    };
    let (a, b, c, d) = tokio::join!(write("a"), write("b"), write("c"), write("d"));
    let mut won = Vec::new();
    for answer in [a, b, c, d] {
        match answer {
            Ok(profile) => won.push(profile.person.full_name),
            Err(ProfileRefusal::Stale(revision)) => assert_eq!(revision, read + 1),
            Err(refused) => panic!("{refused:?}"),
        }
    }
    let after = store
        .get::<CustomerProfile>(CUSTOMER)
        .await
        .unwrap()
        .unwrap()
        .person;
    assert_eq!((won, after.revision), (vec![after.full_name], read + 1));
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

async fn what_changes_a_profile_is_told_in_order(arm: DocumentsArm) {
    let store = migrated(&arm.documents).await;
    let provider = offer(&store, PROVIDER, Region::East).await;
    verify(&store, PROVIDER, provider.person.revision).await;

    let bus = Bus::open(&arm.bus_url()).await.unwrap();
    bus.bind_queue(&PROFILES).await.unwrap();
    let mut deliveries = bus.subscribe(PROFILES.name, 100).await.unwrap();
    let tasks = Tasks::new();
    OutboxRelay::start(&tasks, &arm.documents, bus, Clock::system(), "test");
    let mut told = Vec::new();
    for _ in 0..4 {
        let delivery = tokio::time::timeout(LIMIT, deliveries.next())
            .await
            .unwrap();
        let event = delivery.event().clone();
        let body: ProfileEvent = serde_json::from_value(event.body).unwrap();
        assert_eq!((body.user_id, event.trace.as_str()), (PROVIDER, TRACE));
        told.push((event.kind, body.version, body.provider.unwrap().verified));
        delivery.ack().await.unwrap();
    }
    assert_eq!(
        told,
        [
            (EventType::ProfileCreated, 1, false),
            (EventType::ProfileUpdated, 2, false),
            (EventType::ProfileUpdated, 3, false),
            (EventType::ProfileVerified, 4, true),
        ]
    );
    tasks.shutdown(LIMIT).await;
}

async fn who_is_verified_is_told_again(arm: DocumentsArm) {
    let store = migrated(&arm.documents).await;
    let user = |n: u128| UserId(Uuid::from_u128(n));
    for n in 10..12 {
        offer(&store, user(n), Region::East).await;
        submit(&store, user(n)).await;
    }
    for n in 20..23 {
        let provider = offer(&store, user(n), Region::East).await;
        verify(&store, user(n), provider.person.revision).await;
    }
    let told_before = 2 * 3 + 3 * 4;
    let before = store.get::<ProviderProfile>(user(20)).await.unwrap();
    assert_eq!(store.republish_verifications().await.unwrap(), 3);

    let bus = Bus::open(&arm.bus_url()).await.unwrap();
    bus.bind_queue(&PROFILES).await.unwrap();
    let mut deliveries = bus.subscribe(PROFILES.name, 100).await.unwrap();
    let tasks = Tasks::new();
    OutboxRelay::start(&tasks, &arm.documents, bus, Clock::system(), "test");
    let mut told = Vec::new();
    for _ in 0..told_before + 3 {
        let delivery = tokio::time::timeout(LIMIT, deliveries.next())
            .await
            .unwrap();
        let event = delivery.event().clone();
        let body: ProfileEvent = serde_json::from_value(event.body).unwrap();
        let verified = body.provider.unwrap().verified;
        if (event.kind, verified) == (EventType::ProfileUpdated, true) {
            told.push((body.user_id, body.version));
        }
        delivery.ack().await.unwrap();
    }
    told.sort_unstable();
    assert_eq!(told, (20..23).map(|n| (user(n), 4)).collect::<Vec<_>>());
    assert_eq!(
        store.get::<ProviderProfile>(user(20)).await.unwrap(),
        before
    );
    tasks.shutdown(LIMIT).await;
}

async fn hot_queries_are_answered_by_their_index(arm: DocumentsArm) {
    let store = migrated(&arm.documents).await;
    let areas = [Region::North, Region::South];
    for n in 10..60_u128 {
        let user = UserId(Uuid::from_u128(n));
        let provider = offer(&store, user, areas[usize::from(n % 2 == 0)]).await;
        if n % 3 == 0 {
            verify(&store, user, provider.person.revision).await;
        } else {
            submit(&store, user).await;
        }
    }
    let find = serving_providers_query(Region::North, ServiceType::ItTechnology, 20);
    let found = store.providers().find_documents(&find).await.unwrap();
    let expected = (10..60_u128).filter(|n| n % 3 == 0 && n % 2 == 1);
    let ids = |all: &[u128]| {
        all.iter()
            .map(|n| Uuid::from_u128(*n))
            .collect::<BTreeSet<_>>()
    };
    let found: BTreeSet<_> = found.iter().map(|document| document.id).collect();
    assert_eq!(found, ids(&expected.collect::<Vec<_>>()));

    let first = verification_queue_query(VerificationState::Waiting, None, 5);
    let page = store.providers().find_page(first.clone()).await.unwrap();
    assert_eq!(page.documents.len(), 5);
    let next = first.clone().start_after(page.next);
    for find in [find, first, next] {
        let plan = store.providers().explain_query(&find).await.unwrap();
        assert!(plan.by_index && !plan.sorts, "{}", plan.text);
    }
}

/// Simulates a foreign or buggy write to the database.
#[tokio::test]
async fn mongodb_itself_refuses_a_profile_without_its_fields_and_a_second_of_a_person() {
    let arm = contract::documents_on_mongodb().await;
    migrated(&arm.documents).await;
    let binary = |n: u128| bson::Uuid::from_bytes(Uuid::from_u128(n).into_bytes());
    for collection in ["customer_profiles", "provider_profiles"] {
        let raw = arm.mongo().await.collection(collection);
        let whole = doc! {
            "user_id": binary(7), "full_name": "A", "phone_number": "12345", "serves": [],
            "standing": 0_i64, "is_listed": false,
        };
        for field in ["user_id", "full_name", "phone_number"] {
            let mut part = whole.clone();
            part.remove(field);
            assert!(
                raw.insert_one(part).await.is_err(),
                "{collection} without {field}"
            );
        }
        raw.insert_one(whole.clone()).await.unwrap();
        assert!(
            raw.insert_one(whole).await.is_err(),
            "a second profile in {collection}"
        );
    }
}

async fn offer(store: &ProfileStore, user: UserId, area: Region) -> ProviderProfile {
    let version = store
        .load_or_create_profile::<ProviderProfile>(user, Role::Provider, TRACE)
        .await
        .unwrap();
    let version = version.person.revision;
    let form = json!({
        "version": version, "full_name": "李四 \"$set\" {}", "phone_number": "12345", "bio": "two\nlines",
        "skills": ["网络维修", "cables"], "service_categories": ["it_technology", "other"],
        "service_areas": [area], "hourly_rate": "50.50", "experience_years": 5,
        "availability": { "monday": ["09:00-12:00", "13:00-24:00"] },
        "exceptions": [{ "day": "2026-12-24", "hours": ["09:00-10:00"] }],
        "portfolio": [{ "title": "A network", "finished_on": "2025-05-05" }],
    });
    let form = form_of(form, Role::Provider);
    let change = |profile: &mut ProviderProfile| {
        form.apply_to_provider(profile, AT);
        Ok(updated())
    };
    store
        .change_profile(user, Some(version), TRACE, change)
        .await
        .unwrap()
}

async fn submit(store: &ProfileStore, user: UserId) -> i64 {
    let item = json!({ "name": "Electrician", "number": "7", "issuer": "Light", "valid_until": "2030-01-01" });
    let item: Certification = serde_json::from_value(item).unwrap();
    let change = |profile: &mut ProviderProfile| -> Result<_, ProfileRefusal> {
        profile.set_certifications(vec![item.clone()], AT);
        profile.submit_verification(AT)?;
        Ok(updated())
    };
    store
        .change_profile(user, None, TRACE, change)
        .await
        .unwrap()
        .person
        .revision
}

async fn verify(store: &ProfileStore, user: UserId, before: i64) {
    let revision = submit(store, user).await;
    assert_eq!(revision, before + 1);
    let change = |profile: &mut ProviderProfile| {
        assert_eq!(
            profile.decide_verification(true, ADMIN, "seen".into(), AT),
            Some(true)
        );
        Ok(Some(ProfileEventDraft::from_kind(
            EventType::ProfileVerified,
        )))
    };
    store
        .change_profile(user, Some(revision), TRACE, change)
        .await
        .unwrap();
}

fn form_of(form: serde_json::Value, role: Role) -> ProfileForm {
    let form: ProfileForm = serde_json::from_value(form).unwrap();
    form.validate_for_role(role, CalendarDay::from_unix_millis(AT))
        .unwrap()
}

#[allow(clippy::unnecessary_wraps)]
fn updated() -> Option<ProfileEventDraft> {
    Some(ProfileEventDraft::from_kind(EventType::ProfileUpdated))
}
