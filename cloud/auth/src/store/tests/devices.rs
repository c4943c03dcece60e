//! The purge of ended devices.

use wire::{DeviceId, RegisteredDeviceId};

use super::*;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_ended_device_goes_after_a_day_and_a_live_one_stays(#[case] engine: Engine) {
    let database = database(engine).await;
    let Database {
        store, clock, user, ..
    } = &database;
    let ids = [1, 2].map(|n| RegisteredDeviceId(Uuid::from_u128(n)));
    for id in ids {
        let device = RegisteredDevice {
            id,
            user_id: *user,
            label: "Chrome on Android".to_owned(),
            tablet: DeviceId::new("tablet-1").unwrap(),
            first_seen_at: NOW,
            renewed_at: NOW,
            ended_at: None,
        };
        store.sql.insert(device).await.unwrap();
    }
    let ending = DeviceEnding {
        user: *user,
        device: ids[0],
        by: None,
        at: NOW,
    };
    let no_event = |session| {
        Ok(event(
            EventType::SessionRevoked,
            clock,
            *user,
            Some(session),
        ))
    };
    let ended = store.end_device(ending, no_event).await.unwrap();
    assert_eq!(ended, Some(Vec::new()));
    clock.advance(24 * HOUR_MS - 1);
    assert_eq!(jobs::purge_expired(store, clock).await.unwrap(), 0);
    clock.advance(1);
    assert_eq!(jobs::purge_expired(store, clock).await.unwrap(), 1);
    let left = store.list_devices(*user).await.unwrap();
    assert_eq!(left.iter().map(|one| one.id).collect::<Vec<_>>(), ids[1..]);
}
