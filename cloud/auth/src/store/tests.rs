//! Behaviour invisible to routes, on both engines: purges by the jobs, and filling the blacklist.

mod blacklist;
mod concurrent;
mod devices;
mod sealed_reasons;

use platform::{
    ClientAddress,
    cache::Cache,
    sealing::{self, SealContext},
    sessions::{self, SessionStatus},
    sms::{CountryCode, PhoneNumber},
};
use process::{
    clock::Clock,
    problem::TimeCursor,
    tokens::{Claims, TokenKind},
    trace::TraceId,
};
use rstest::rstest;
use support::Engine;
use tempfile::TempDir;
use uuid::Uuid;
use wire::{Event, EventType, IdentityId, Permission, Role, SessionId, UnixMillis, UserId};

use super::*;
use crate::{
    domain::{DeviceSecret, Email, Lockout, OneTimeCode, RoleRefusal, SignInCode, Username},
    jobs,
    service::build_user_event,
    session_cache::{CachedSession, SessionStatusCache},
};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
pub(super) const HOUR_MS: i64 = 3_600_000;

pub(super) struct Database {
    pub store: Store,
    pub clock: Clock,
    pub user: UserId,
    name: NameHash,
    place: PlaceHash,
    pub _folder: TempDir,
}

pub(super) async fn database(engine: Engine) -> Database {
    let folder = tempfile::tempdir().unwrap();
    let url = engine.address(folder.path(), "auth");
    let migrate = async |url: &str| testing::migrate(url, &MIGRATIONS).await;
    let sql = testing::database("auth", &url, migrate).await;
    let store = Store::new(sql);
    let clock = Clock::fixed_at(NOW);
    let user = UserId(clock.new_id());
    let event = event(EventType::UserRegistered, &clock, user, None);
    let account = Account {
        id: user,
        role_id: Role::Customer,
        password_hash: "x".to_owned(),
        password_changed_at: None,
        tokens_since: UnixMillis(0),
    };
    let username = Username::new("lisi").unwrap();
    let email = Email::new("l@example.com").unwrap();
    store
        .add_user(&account, &username, &email, NOW, &event)
        .await
        .unwrap();
    let name = NameHash::from_username(&username);
    let place = place(1);
    Database {
        store,
        clock,
        user,
        name,
        place,
        _folder: folder,
    }
}

fn place(n: u8) -> PlaceHash {
    PlaceHash::from_address(ClientAddress::from_ip(Some([10, 0, 0, n].into())))
}

fn device(n: u8) -> PlaceHash {
    PlaceHash::from_device(&DeviceSecret::new(format!("{n:043}")).unwrap())
}

pub(super) fn event(
    kind: EventType,
    clock: &Clock,
    user: UserId,
    session: Option<SessionId>,
) -> Event {
    build_user_event(
        kind,
        clock,
        &TraceId::random(),
        user,
        Role::Customer,
        session,
    )
    .unwrap()
}

impl Database {
    fn customer_sign_in(&self) -> VerifiedSignIn {
        VerifiedSignIn {
            role: Role::Customer,
            password_of: None,
            name: self.name,
            place: self.place,
            known_by: (self.clock.new_id(), self.place),
            identity: None,
            factors: super::FactorStanding::default(),
        }
    }

    async fn session(&self, expires_at: UnixMillis) -> SessionId {
        let id = SessionId(self.clock.new_id());
        let user_id = self.user;
        let kind = SessionKind::Access;
        let session = UserSession {
            id,
            user_id,
            kind,
            created_at: NOW,
            expires_at,
            device: None,
            region: None,
            device_id: None,
        };
        self.begin_session(&session, self.customer_sign_in()).await;
        id
    }

    async fn begin_session(&self, session: &UserSession, sign_in: VerifiedSignIn) -> bool {
        let kind = EventType::UserNewDeviceSeen;
        let news = event(kind, &self.clock, session.user_id, None);
        let begun = self.store.begin_session(session, sign_in, &news);
        begun.await.unwrap()
    }

    async fn session_on(&self, device: PlaceHash) {
        let created_at = self.clock.now();
        let kind = SessionKind::Access;
        let id = SessionId(self.clock.new_id());
        let expires_at = created_at.plus_ms(HOUR_MS);
        let session = UserSession {
            id,
            user_id: self.user,
            kind,
            created_at,
            expires_at,
            device: None,
            region: None,
            device_id: None,
        };
        let sign_in = VerifiedSignIn {
            known_by: (self.clock.new_id(), device),
            ..self.customer_sign_in()
        };
        self.begin_session(&session, sign_in).await;
    }

    async fn revoke(&self, session: SessionId) -> bool {
        let event = event(
            EventType::SessionRevoked,
            &self.clock,
            self.user,
            Some(session),
        );
        self.store
            .revoke_session(session, NOW, SessionEnding::SignedOut, &event)
            .await
            .unwrap()
    }

    async fn fail(&self, count: usize) {
        for _ in 0..count {
            let at = self.clock.now();
            self.store
                .record_failure(self.clock.new_id(), self.name, self.place, at)
                .await
                .unwrap();
        }
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_session_is_revoked_once(#[case] engine: Engine) {
    let database = database(engine).await;
    let session = database.session(NOW.plus_ms(HOUR_MS)).await;
    assert!(database.revoke(session).await);
    assert!(!database.revoke(session).await);
    assert!(!database.revoke(SessionId(Uuid::from_u128(1))).await);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_act_of_an_admin_goes_after_two_years(#[case] engine: Engine) {
    let Database {
        store, clock, user, ..
    } = &database(engine).await;
    let act = AdminAct {
        id: clock.new_id(),
        at: clock.now(),
        by_user: *user,
        method: "POST".to_owned(),
        route: "/api/v1/admin/keys/rotate".to_owned(),
        path: "/api/v1/admin/keys/rotate".to_owned(),
        request_key: None,
        trace: String::new(),
        status: None,
    };
    store.record_act(act).await.unwrap();
    clock.advance(2 * 365 * 24 * HOUR_MS - 1);
    assert_eq!(jobs::purge_expired(store, clock).await.unwrap(), 0);
    clock.advance(1);
    assert_eq!(jobs::purge_expired(store, clock).await.unwrap(), 1);
    let left = store
        .list_acts(&ActFilter::default(), TimeCursor::START, 10)
        .await;
    assert_eq!(left.unwrap(), []);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn what_expired_is_removed_and_what_counts_is_kept(#[case] engine: Engine) {
    let database = database(engine).await;
    let old = database.session(NOW.plus_ms(HOUR_MS)).await;
    let live = database.session(NOW.plus_ms(30 * HOUR_MS)).await;
    database.fail(BATCH + 3).await;
    database.clock.advance(26 * HOUR_MS);
    database.fail(2).await;

    let removed = jobs::purge_expired(&database.store, &database.clock)
        .await
        .unwrap();
    assert_eq!(removed, BATCH + 3 + 1);
    let now = database.clock.now();
    assert!(
        database
            .store
            .session_state(old, now)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        database
            .store
            .session_state(live, now)
            .await
            .unwrap()
            .is_some_and(|s| s.live)
    );
    let since = Lockout::window_start(now);
    let kept = database
        .store
        .count_failures_everywhere(database.name, since)
        .await
        .unwrap();
    assert_eq!((kept.count, kept.newest), (2, Some(now)));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_account_knows_its_newest_twenty_devices_for_ninety_days(#[case] engine: Engine) {
    let database = database(engine).await;
    let username = Username::new("lisi").unwrap();
    let known = async |n: u8| {
        let now = database.clock.now();
        database
            .store
            .is_known_device(&username, device(n), now)
            .await
            .unwrap()
    };
    database.session_on(device(0)).await;
    for n in 1..=20 {
        database.clock.advance(1_000);
        database.session_on(device(n)).await;
        // A device that keeps signing in is not forgotten.
        database.session_on(device(1)).await;
    }
    assert!(!known(0).await, "twenty others were seen since");
    assert!(known(1).await && known(2).await && known(20).await);
    database.clock.advance(91 * 24 * HOUR_MS);
    assert!(!known(20).await);
    jobs::purge_expired(&database.store, &database.clock)
        .await
        .unwrap();
    let now = UnixMillis(0);
    assert!(
        !database
            .store
            .is_issued_device(device(20), now)
            .await
            .unwrap(),
        "its row is gone"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn wrong_passwords_are_told_apart_by_place(#[case] engine: Engine) {
    let database = database(engine).await;
    let store = &database.store;
    let name = database.name;
    let now = database.clock.now();
    for n in [1, 2, 2, 3] {
        store
            .record_failure(database.clock.new_id(), name, place(n), now)
            .await
            .unwrap();
    }
    let since = Lockout::window_start(now);
    assert_eq!(
        store
            .count_failures_here(name, place(2), since)
            .await
            .unwrap()
            .count,
        2
    );
    assert_eq!(
        store
            .count_failures_everywhere(name, since)
            .await
            .unwrap()
            .count,
        4
    );
    let elsewhere = async || {
        store
            .count_failures_elsewhere(name, place(1), since)
            .await
            .unwrap()
    };
    let report = elsewhere().await.unwrap();
    assert_eq!((report.count, report.places, report.since), (3, 2, now));
    database.session(now.plus_ms(HOUR_MS)).await;
    assert_eq!(
        store
            .count_failures_here(name, place(1), since)
            .await
            .unwrap()
            .count,
        0
    );
    assert_eq!(
        elsewhere().await,
        Some(report),
        "only those of its own place are forgotten"
    );
    let nobody = NameHash::from_username(&Username::new("nobody").unwrap());
    assert_eq!(
        store
            .count_failures_elsewhere(nobody, place(1), since)
            .await
            .unwrap(),
        None
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_address_is_sealed_and_still_belongs_to_one_account(#[case] engine: Engine) {
    const EMAILS: &str = "SELECT email FROM users ORDER BY id";
    const PLAIN: &str =
        "UPDATE users SET email = 'l@example.com', email_hash = NULL WHERE username = 'lisi'";
    const OWNERS: &str = "SELECT username FROM users WHERE email_hash IS NOT NULL ORDER BY id";
    let database = database(engine).await;
    let Database { store, clock, .. } = &database;
    let kept: Vec<String> = store.sql.fetch_all(EMAILS, Vec::new()).await.unwrap();
    assert!(!kept.iter().any(|email| email.contains('@')), "{kept:?}");
    let add = async |name: &str, address: &str| {
        let id = UserId(clock.new_id());
        let account = Account {
            id,
            role_id: Role::Customer,
            password_hash: "x".to_owned(),
            password_changed_at: None,
            tokens_since: UnixMillis(0),
        };
        let event = event(EventType::UserRegistered, clock, id, None);
        let name = Username::new(name).unwrap();
        let email = Email::new(address).unwrap();
        store
            .add_user(&account, &name, &email, NOW, &event)
            .await
            .unwrap()
    };
    let without_address = AddUserResult::MadeWithoutAddress;
    assert_eq!(
        add("wang1", "L@example.com").await,
        without_address,
        "sealed under the same hash"
    );
    // Restores the plain form of an older version.
    assert_eq!(store.sql.exec(PLAIN, Vec::new()).await.unwrap(), 1);
    assert_eq!(
        add("wang2", "l@example.com").await,
        without_address,
        "plain"
    );
    store.resealer().run().await.unwrap();
    let kept: Vec<String> = store.sql.fetch_all(EMAILS, Vec::new()).await.unwrap();
    assert!(!kept.iter().any(|email| email.contains('@')), "{kept:?}");
    assert_eq!(
        add("wang3", "l@example.com").await,
        without_address,
        "sealed by the job"
    );
    assert_eq!(add("wangwu", "w@example.com").await, AddUserResult::Made);
    assert_eq!(
        add("wangwu", "v@example.com").await,
        AddUserResult::NameTaken
    );
    let owners: Vec<String> = store.sql.fetch_all(OWNERS, Vec::new()).await.unwrap();
    assert_eq!(owners, ["lisi", "wangwu"]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn codes_to_phones_go_when_they_are_over(#[case] engine: Engine) {
    let database = database(engine).await;
    let Database { store, clock, .. } = &database;
    let at = clock.now();
    for (number, minutes) in [("13800138000", 5), ("13800138001", 60)] {
        let phone = PhoneNumber::parse_typed(number, &CountryCode::default()).unwrap();
        let term = CodeLifetime {
            at,
            expires_at: at.plus_ms(minutes * HOUR_MS / 60),
        };
        let code = SignInCode::new([7; 8]);
        store
            .store_code(clock.new_id(), &phone, &code, None, term)
            .await
            .unwrap();
    }
    assert_eq!(jobs::purge_expired(store, clock).await.unwrap(), 0);
    clock.advance(HOUR_MS / 12);
    assert_eq!(jobs::purge_expired(store, clock).await.unwrap(), 1);
    let left: Option<i64> = store
        .sql
        .fetch_optional("SELECT COUNT(*) FROM sign_in_codes", Vec::new())
        .await
        .unwrap();
    assert_eq!(left, Some(1));
}
