//! The promises of the profile store, one body for MongoDB and SQLite.

#![allow(clippy::unwrap_used)]

mod cards;
mod counted;
mod versions;

use std::collections::BTreeSet;

use contract::{DocumentsArm, LIMIT, on_every_documents};
use mongodb::bson::{self, doc};
use platform::{
    bus::{Bus, QueueSpec},
    documents::Documents,
    outbox::OutboxRelay,
};
use process::{clock::Clock, tasks::Tasks};
use serde_json::json;
use user::{
    domain::{
        AddressId, CalendarDay, Certification, CertificationForm, CustomerProfile, ProfileForm,
        ProviderProfile, VerificationOutcome, VerificationState,
    },
    store::{
        ProfileEventDraft, ProfileRefusal, ProfileStore, serving_providers_query,
        verification_queue_query,
    },
};
use uuid::Uuid;
use wire::{EventType, Exchange, ProfileEvent, Region, Role, ServiceType, UnixMillis, UserId};

const AT: UnixMillis = UnixMillis(1_764_000_000_000);
const CUSTOMER: UserId = UserId(Uuid::from_u128(1));
const PROVIDER: UserId = UserId(Uuid::from_u128(2));
const ADMIN: UserId = UserId(Uuid::from_u128(3));
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PROFILES: QueueSpec = QueueSpec::new("profiles", &[(Exchange::User, "profile.*")]);

on_every_documents! {
    every_promise_of_a_profile_is_kept,
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
            profile.decide_verification(VerificationOutcome::Verified, ADMIN, "seen".into(), AT),
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
