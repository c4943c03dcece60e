//! What stays of a deleted person's profile and files.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use platform::bus::topology;
use serde_json::json;
use support::{eventually, files::png};
use wire::{Event, EventId, EventType, UserEvent};

use crate::service::{MINE, ProfileService, admin, customer, provider, provider_form};

const PHOTO: &str = "/api/v1/users/me/photo";
const PICTURES: &str = "/api/v1/users/me/pictures";

/// The bytes of all stored files.
fn stored_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                stored_files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[tokio::test]
async fn a_deleted_provider_leaves_a_blank_profile_and_no_file() {
    let service = ProfileService::new().await;
    let me = provider();
    service.submit_provider(me.user_id).await;
    let picture = format!("{PICTURES}?caption=Network");
    service.hand_in(me, "POST", &picture, png(32, 8)).await;
    let (_, set) = service.hand_in(customer(), "PUT", PHOTO, png(64, 64)).await;
    let kept = format!("/api/v1/files/{}", set["photo"].as_str().unwrap());
    let names = format!("/api/v1/admin/names?ids={}", me.user_id);
    let card = format!("/api/v1/providers/{}/profile", me.user_id);
    let named = service.done(admin(), "GET", &names, None).await;
    assert_eq!(
        named["items"],
        json!([{ "user_id": me.user_id, "full_name": "Li Si", "deleted": false }])
    );
    assert_eq!(service.ask(customer(), "GET", &card, None).await.0, 200);
    let files = service.folder.path().join("files");
    assert_eq!(stored_files(&files).len(), 2);

    let deleted = UserEvent {
        user_id: me.user_id,
        role: me.role,
        session_id: None,
    };
    let (id, at) = (EventId(service.clock.new_id()), service.clock.now());
    let deleted = Event::new(id, EventType::UserDeleted, at, "t", &deleted).unwrap();
    service
        .bus
        .bind_queue(&topology::USER_PROFILES)
        .await
        .unwrap();
    service.bus.publish(&deleted).await.unwrap();
    eventually("the files are gone", Duration::from_secs(30), async || {
        (stored_files(&files).len() == 1).then_some(())
    })
    .await;
    assert_eq!(service.ask(customer(), "GET", &kept, None).await.0, 200);

    let named = service.done(admin(), "GET", &names, None).await;
    assert_eq!(
        named["items"],
        json!([{ "user_id": me.user_id, "full_name": "", "deleted": true }])
    );
    let seen = service.ask(customer(), "GET", &card, None).await;
    let (status, told) = &seen;
    assert_eq!(
        (*status, &told["code"], &told["deleted"]),
        (404, &json!("not_found"), &json!(true)),
        "no cache answers"
    );
    let unknown = format!("/api/v1/providers/{}/profile", admin().user_id);
    let unknown = service.ask(customer(), "GET", &unknown, None).await;
    assert_eq!((unknown.0, unknown.1.get("deleted")), (404, None));
    let own = service.done(me, "GET", MINE, None).await;
    for word in ["Li Si", "138", "mend", "etwork", "Electrician", "City"] {
        assert!(!own.to_string().contains(word), "{word} is left: {own}");
    }
    // A token lives on for a moment.
    let version = &own["version"];
    let late = service.ask(me, "PUT", MINE, Some(provider_form(version)));
    assert_eq!(late.await.0, 404);
}
