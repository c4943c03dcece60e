//! Profiles, their verification queue, the matching, and the job counts.

use platform::documents::Documents;
use process::clock::Clock;
use serde_json::json;
use user::{
    domain::{
        CalendarDay, Certification, CustomerProfile, ProfileForm, ProviderProfile,
        VerificationOutcome, VerificationState,
    },
    store::{
        CompletedJob, NumberShowing, ProfileEventDraft, ProfileRefusal, ProfileStore,
        serving_providers_query, verification_queue_query,
    },
};
use wire::{EventType, FileId, OrderId, RatingEvent, Region, Role, ServiceType, UserId};

use crate::{AT, OTHERS, TRACE, id, user};

pub(crate) fn store(documents: &Documents) -> ProfileStore {
    ProfileStore::new(documents, Clock::fixed_at(AT))
}

/// Half of the others wait for verification, and half are verified, for another region.
pub(crate) async fn fill(store: &ProfileStore) {
    for n in OTHERS {
        offer(store, user(n), Region::East).await;
        if n % 2 == 0 {
            verify(store, user(n)).await;
        }
        job(store, n, user(n)).await;
        show_number(store, n, user(n)).await;
        store
            .create_blank_profile::<CustomerProfile>(user(n), Role::Customer, TRACE)
            .await
            .unwrap();
    }
}

pub(crate) async fn run(store: &ProfileStore) {
    let person = store
        .load_or_create_profile::<CustomerProfile>(user(1), Role::Customer, TRACE)
        .await
        .unwrap()
        .person;
    let change = |profile: &mut CustomerProfile| {
        profile.person.full_name = "Li Si".to_owned();
        Ok(updated())
    };
    store
        .change_profile(user(1), Some(person.revision), TRACE, change)
        .await
        .unwrap();
    for n in 2..8 {
        offer(store, user(n), Region::North).await;
    }
    for n in 2..4 {
        verify(store, user(n)).await;
    }
    for owner in [user(1), user(2)] {
        assert!(!store.references_file(owner, FileId(id(9))).await.unwrap());
    }
    let serving = serving_providers_query(Region::North, ServiceType::ItTechnology, 20);
    assert_eq!(
        store.find_serving_providers(&serving).await.unwrap().len(),
        2
    );
    let queue = verification_queue_query(VerificationState::Waiting, None, 2);
    let next = store
        .page_verification_queue(queue.clone())
        .await
        .unwrap()
        .next;
    assert!(next.is_some());
    store
        .page_verification_queue(queue.start_after(next))
        .await
        .unwrap();
    for n in 1..3 {
        job(store, n, user(2)).await;
    }
    show_number(store, 1, user(2)).await;
    let order = OrderId(id(1));
    let shown = store.count_number_showings(order, user(2)).await.unwrap();
    assert_eq!(shown, 1);
    assert_eq!(store.list_number_showings(order).await.unwrap().len(), 1);
    let rating = RatingEvent {
        provider_id: user(2),
        version: 1,
        average_hundredths: 450,
        total_reviews: 2,
    };
    store.apply_rating(&rating, TRACE).await.unwrap();
    let counted = store
        .get::<ProviderProfile>(user(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((counted.completed_orders, counted.rating_version), (2, 1));
}

async fn job(store: &ProfileStore, n: u128, provider_id: UserId) {
    let job = CompletedJob {
        provider_id,
        completed_at: AT,
    };
    store
        .record_completed_job(OrderId(id(n)), &job, TRACE)
        .await
        .unwrap();
    store.recount_jobs(provider_id).await.unwrap();
}

async fn show_number(store: &ProfileStore, n: u128, reader_id: UserId) {
    let showing = NumberShowing {
        order_id: OrderId(id(n)),
        reader_id,
        reader_role: Role::Provider,
        owner_id: user(1),
        shown_at: AT,
    };
    store.record_number_showing(&showing).await.unwrap();
}

/// A profile that serves the region, and waits for verification.
async fn offer(store: &ProfileStore, provider: UserId, area: Region) {
    let own = store
        .load_or_create_profile::<ProviderProfile>(provider, Role::Provider, TRACE)
        .await
        .unwrap();
    let form = json!({
        "version": own.person.revision, "full_name": "Li Si", "phone_number": "12345", "bio": "Cables",
        "skills": ["cables"], "service_categories": ["it_technology"], "service_areas": [area],
        "hourly_rate": "50.50", "experience_years": 5,
        "availability": { "monday": ["09:00-12:00"] },
    });
    let form: ProfileForm = serde_json::from_value(form).unwrap();
    let form = form
        .validate_for_role(Role::Provider, CalendarDay::from_unix_millis(AT))
        .unwrap();
    let item = json!({ "name": "Electrician", "number": "7", "issuer": "Light", "valid_until": "2130-01-01" });
    let item: Certification = serde_json::from_value(item).unwrap();
    let change = |profile: &mut ProviderProfile| -> Result<_, ProfileRefusal> {
        form.apply_to_provider(profile, AT);
        profile.set_certifications(vec![item.clone()], AT);
        profile.submit_verification(AT)?;
        Ok(updated())
    };
    store
        .change_profile(provider, None, TRACE, change)
        .await
        .unwrap();
}

async fn verify(store: &ProfileStore, provider: UserId) {
    let change = |profile: &mut ProviderProfile| {
        assert_eq!(
            profile.decide_verification(VerificationOutcome::Verified, user(7), "seen".into(), AT),
            Some(true)
        );
        Ok(Some(ProfileEventDraft::from_kind(
            EventType::ProfileVerified,
        )))
    };
    store
        .change_profile(provider, None, TRACE, change)
        .await
        .unwrap();
}

#[allow(clippy::unnecessary_wraps)]
fn updated() -> Option<ProfileEventDraft> {
    Some(ProfileEventDraft::from_kind(EventType::ProfileUpdated))
}
