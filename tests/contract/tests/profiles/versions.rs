//! Profiles of a previous version, and of a later one.

use contract::{DocumentsArm, on_every_documents};
use mongodb::bson::{Document as BsonDocument, doc};
use platform::{
    documents::{Collection, CollectionSchema, DocumentBody, Field},
    sealing::TableResealer,
};
use process::clock::Clock;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use user::{
    domain::{CustomerProfile, ProviderProfile, VerificationState},
    store::{ProfileRefusal, ProfileStore, verification_queue_query},
};
use uuid::Uuid;
use wire::{Region, Role, UserId};

use crate::{AT, CUSTOMER, PROVIDER, TRACE, migrated, offer, updated, verify};

on_every_documents! {
    plain_steps_of_a_verification_are_read_and_sealed_by_the_job,
}

/// A profile in its stored form.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct StoredProvider(Value);

impl DocumentBody for StoredProvider {
    const SHAPE: CollectionSchema = ProviderProfile::SHAPE;
}

async fn plain_steps_of_a_verification_are_read_and_sealed_by_the_job(arm: DocumentsArm) {
    let store = migrated(&arm.documents).await;
    let revision = offer(&store, PROVIDER, Region::East).await.person.revision;
    verify(&store, PROVIDER, revision).await;
    let read = async || {
        store
            .get::<ProviderProfile>(PROVIDER)
            .await
            .unwrap()
            .unwrap()
    };
    let profile = read().await;
    let stored: Collection<StoredProvider> = Collection::new(&arm.documents, "provider_profiles");
    let steps = async || {
        let found = stored.get(PROVIDER.0).await.unwrap().unwrap();
        (found.version, found.body.0["verification"]["steps"].clone())
    };

    // As a previous version wrote them, among sealed fields.
    let plain = serde_json::to_value(&profile.verification.steps).unwrap();
    assert!(plain.to_string().contains("seen"), "{plain}");
    let before = |StoredProvider(mut body)| {
        body["verification"]["steps"] = plain.clone();
        Some((StoredProvider(body), Vec::new()))
    };
    stored
        .change_with_retry(PROVIDER.0, before)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(steps().await.1, plain);
    assert_eq!(read().await, profile, "plain steps are read");

    store.reseal_profiles(&walks()).await.unwrap();
    let (version, sealed) = steps().await;
    let text = sealed.as_str().expect("a sealed text");
    assert!(
        testing::data_keys().is_sealed_text(text) && !text.contains("seen"),
        "{text}"
    );
    assert_eq!(read().await, profile);
    // The other profile stays in the index of the verification queue.
    let desk = verification_queue_query(VerificationState::Verified, None, 5);
    let found = store.page_verification_queue(desk).await.unwrap().documents;
    assert_eq!(
        found.iter().map(|one| &one.body).collect::<Vec<_>>(),
        [&profile]
    );

    store.reseal_profiles(&walks()).await.unwrap();
    assert_eq!(steps().await, (version, sealed), "what is sealed stays");
}

fn walks() -> [TableResealer<Uuid>; 2] {
    ["user.customer_profiles", "user.provider_profiles"].map(TableResealer::for_table)
}

const USER: Field<UserId> = Field::new("user_id");
const FULL_NAME: Field<String> = Field::new("full_name");
const PHONE: Field<String> = Field::new("phone_number");
const TIER: Field<String> = Field::new("tier");
const MAYBE_TIER: Field<String> = Field::optional("tier");

/// A customer's profile of a later version with a required tier.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct LaterCustomer(Value);

impl DocumentBody for LaterCustomer {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[USER.path(), FULL_NAME.path(), PHONE.path(), TIER.path()],
        indexes: CustomerProfile::SHAPE.indexes,
    };
}

/// The same for a version with an optional tier.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct LenientCustomer(Value);

impl DocumentBody for LenientCustomer {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[
            USER.path(),
            FULL_NAME.path(),
            PHONE.path(),
            MAYBE_TIER.path(),
        ],
        indexes: CustomerProfile::SHAPE.indexes,
    };
}

/// The reason that each new field of a document type must be optional.
#[tokio::test]
async fn a_part_starts_on_a_later_validator_and_does_not_loosen_it() {
    let arm = contract::documents_on_mongodb().await;
    migrated(&arm.documents).await;
    let later: Collection<LaterCustomer> = Collection::new(&arm.documents, "customer_profiles");
    later.migrate().await.unwrap();
    let stricter = validator(&arm).await;
    assert!(stricter.contains_key("tier"), "{stricter}");
    let whole = json!({
        "user_id": CUSTOMER, "role": "customer", "revision": 1, "full_name": "Li Si", "phone_number": "12345",
        "created_at": AT.0, "updated_at": AT.0, "tier": "gold",
    });
    assert!(
        later
            .insert(CUSTOMER.0, &LaterCustomer(whole.clone()), &[])
            .await
            .unwrap()
    );

    // Now the previous version starts, with its part's check.
    let store = ProfileStore::new(&arm.documents, Clock::fixed_at(AT));
    store.check_schema().await.unwrap();
    assert_eq!(validator(&arm).await, stricter);
    let read = store
        .get::<CustomerProfile>(CUSTOMER)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.person.full_name, "Li Si");
    let refused = store
        .create_blank_profile::<CustomerProfile>(PROVIDER, Role::Customer, TRACE)
        .await;
    assert!(refused.is_err(), "without a tier: {refused:?}");
    let refused = rename(&store, "Wang Wu").await;
    assert!(
        matches!(refused, Err(ProfileRefusal::Failed(_))),
        "{refused:?}"
    );
    let kept = later.get(CUSTOMER.0).await.unwrap().unwrap();
    assert_eq!(
        (kept.version, kept.body.0),
        (1, whole),
        "a refused change leaves all of it"
    );

    // After its own `migrate` it writes again.
    store.migrate().await.unwrap();
    assert!(!validator(&arm).await.contains_key("tier"));
    assert_eq!(
        rename(&store, "Wang Wu").await.unwrap().person.full_name,
        "Wang Wu"
    );
}

#[tokio::test]
async fn a_part_goes_on_beside_a_later_version_that_can_do_without_its_new_field() {
    let arm = contract::documents_on_mongodb().await;
    let store = migrated(&arm.documents).await;
    store
        .create_blank_profile::<CustomerProfile>(CUSTOMER, Role::Customer, TRACE)
        .await
        .unwrap();
    let lenient: Collection<LenientCustomer> = Collection::new(&arm.documents, "customer_profiles");
    lenient.migrate().await.unwrap();
    store.check_schema().await.unwrap();
    assert!(
        store
            .create_blank_profile::<CustomerProfile>(PROVIDER, Role::Customer, TRACE)
            .await
            .unwrap()
    );
    assert_eq!(
        rename(&store, "Wang Wu").await.unwrap().person.full_name,
        "Wang Wu"
    );
    assert_eq!(lenient.get(CUSTOMER.0).await.unwrap().unwrap().version, 2);
}

async fn rename(store: &ProfileStore, name: &str) -> Result<CustomerProfile, ProfileRefusal> {
    let change = |profile: &mut CustomerProfile| {
        profile.person.full_name = name.to_owned();
        Ok(updated())
    };
    store.change_profile(CUSTOMER, None, TRACE, change).await
}

/// MongoDB's requirements for each customer's profile.
async fn validator(arm: &DocumentsArm) -> BsonDocument {
    let listed = doc! {"listCollections": 1, "filter": {"name": "customer_profiles"}};
    let answer = arm.mongo().await.run_command(listed).await.unwrap();
    let batch = answer
        .get_document("cursor")
        .unwrap()
        .get_array("firstBatch")
        .unwrap();
    let options = batch[0]
        .as_document()
        .unwrap()
        .get_document("options")
        .unwrap();
    options.get_document("validator").unwrap().clone()
}
