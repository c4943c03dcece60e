//! The purge of ended devices, and grants of tablets whose names differ in case.

use wire::{DeviceId, Region, RegisteredDeviceId};

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

impl Database {
    async fn grant_on(&self, tablet: &str) -> UserSession {
        let session = UserSession {
            id: SessionId(self.clock.new_id()),
            user_id: self.user,
            kind: SessionKind::DeviceGrant,
            created_at: NOW,
            expires_at: NOW.plus_ms(HOUR_MS),
            device: Some(DeviceId::new(tablet).unwrap()),
            region: Some(Region::North),
            device_id: None,
        };
        self.begin_session(&session, self.customer_sign_in()).await;
        session
    }

    fn session_revoked(&self, session: SessionId) -> Result<Event, serde_json::Error> {
        let kind = EventType::SessionRevoked;
        Ok(event(kind, &self.clock, self.user, Some(session)))
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn grants_of_tablets_whose_names_differ_in_case_end_separately(#[case] engine: Engine) {
    let database = database(engine).await;
    let Database { store, user, .. } = &database;
    let record = async |session: &UserSession, device: Option<&RegisteredDevice>| {
        let grant = NewGrant {
            session,
            device,
            now: NOW,
        };
        let ended = store.record_grant(grant, |ended| database.session_revoked(ended));
        ended.await.unwrap()
    };
    let small = database.grant_on("tab-1").await;
    assert_eq!(record(&small, None).await, []);
    let device = RegisteredDevice {
        id: RegisteredDeviceId(Uuid::from_u128(1)),
        user_id: *user,
        label: "Tab-1".to_owned(),
        tablet: DeviceId::new("Tab-1").unwrap(),
        first_seen_at: NOW,
        renewed_at: NOW,
        ended_at: None,
    };
    let capital = database.grant_on("Tab-1").await;
    assert_eq!(record(&capital, Some(&device)).await, []);
    assert_eq!(
        store.list_devices(*user).await.unwrap(),
        std::slice::from_ref(&device)
    );

    let ending = DeviceEnding {
        user: *user,
        device: device.id,
        by: None,
        at: NOW,
    };
    let ended = store.end_device(ending, |ended| database.session_revoked(ended));
    assert_eq!(ended.await.unwrap(), Some(vec![capital.id]));
    let renewed = database.grant_on("tab-1").await;
    assert_eq!(record(&renewed, None).await, [small.id]);
}
