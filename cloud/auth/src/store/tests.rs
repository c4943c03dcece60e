//! Behaviour invisible to routes, on both engines: purges by the jobs, and filling the blacklist.

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
    events, jobs,
    revocations::{CachedSession, SessionStatusCache},
    signing::KeyChangeAudit,
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
    events::build_user_event(
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
        };
        self.store
            .begin_session(
                &session,
                (Role::Customer, None),
                (self.name, self.place),
                (None, None),
            )
            .await
            .unwrap();
        id
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
        };
        let known = Some((self.clock.new_id(), device));
        self.store
            .begin_session(
                &session,
                (Role::Customer, None),
                (self.name, self.place),
                (known, None),
            )
            .await
            .unwrap();
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
async fn the_blacklist_is_filled_page_by_page_and_then_marked_complete(#[case] engine: Engine) {
    let database = database(engine).await;
    let live = database.session(NOW.plus_ms(HOUR_MS)).await;
    let expired = database.session(NOW).await;
    database.revoke(expired).await;
    let mut revoked = Vec::new();
    for _ in 0..BATCH + 1 {
        let session = database.session(NOW.plus_ms(HOUR_MS)).await;
        database.revoke(session).await;
        revoked.push(session);
    }
    let cache = Cache::open("memory:").unwrap();
    assert_eq!(
        sessions::look_up(&cache, live).await.unwrap(),
        SessionStatus::Unknown
    );
    SessionStatusCache::new(&database.store, &cache, &database.clock)
        .refill_blacklist()
        .await;
    for session in revoked {
        assert_eq!(
            sessions::look_up(&cache, session).await.unwrap(),
            SessionStatus::Revoked
        );
    }
    for session in [live, expired] {
        assert_eq!(
            sessions::look_up(&cache, session).await.unwrap(),
            SessionStatus::Clear
        );
    }
}

#[tokio::test]
async fn while_a_session_may_have_ended_untold_the_cache_answers_for_none() {
    let database = database(Engine::Sqlite).await;
    let list = SessionStatusCache::new(
        &database.store,
        &Cache::open("memory:").unwrap(),
        &database.clock,
    );
    let claims = Claims {
        sub: database.user,
        role: Role::Customer,
        jti: SessionId(database.clock.new_id()),
        iss: "test".to_owned(),
        iat: 0,
        exp: i64::MAX,
        kind: TokenKind::Access,
        device: None,
        region: None,
        command: None,
        verified: false,
        mark_version: 0,
    };
    let unknown = CachedSession::Unknown { kept: true };
    list.refill_blacklist().await;
    list.cache_live_session(&claims, NOW, NOW.plus_ms(HOUR_MS))
        .await;
    assert_eq!(list.lookup_session(&claims).await, CachedSession::Stands);
    let ending = list.begin_revocation();
    assert_eq!(
        list.lookup_session(&claims).await,
        unknown,
        "an end is under way"
    );
    ending.mark_reported();
    assert_eq!(list.lookup_session(&claims).await, CachedSession::Stands);
    // Its caller hung up, perhaps after auth_db ended a session.
    drop(list.begin_revocation());
    assert_eq!(list.lookup_session(&claims).await, unknown);
    list.refill_blacklist().await;
    assert_eq!(list.lookup_session(&claims).await, CachedSession::Stands);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_sign_in_that_was_under_way_ends_with_the_account(#[case] engine: Engine) {
    let database = database(engine).await;
    let event_of = |_| {
        Ok(event(
            EventType::UserRevoked,
            &database.clock,
            database.user,
            None,
        ))
    };
    let record = ClosureRecord {
        at: NOW,
        by: database.user,
        why: "Asked to.".to_owned(),
    };
    let closed = database
        .store
        .close_account(database.user, &record, event_of)
        .await
        .unwrap();
    assert_eq!(closed, CloseAccountResult::Closed);
    let id = SessionId(database.clock.new_id());
    let session = UserSession {
        id,
        user_id: database.user,
        kind: SessionKind::Access,
        created_at: NOW,
        expires_at: NOW.plus_ms(HOUR_MS),
        device: None,
        region: None,
    };
    let begun = database
        .store
        .begin_session(
            &session,
            (Role::Customer, None),
            (database.name, database.place),
            (None, None),
        )
        .await;
    assert!(
        !begun.unwrap(),
        "the password was right, the account is closed"
    );
    let ended = database
        .store
        .list_revoked_sessions(SessionId(Uuid::nil()), NOW)
        .await
        .unwrap();
    assert_eq!(
        ended,
        [(id, NOW.plus_ms(HOUR_MS))],
        "its token goes on the blacklist"
    );
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
    jobs::reseal_stale_rows(store, &jobs::AuthResealCursors::default())
        .await
        .unwrap();
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
async fn a_sign_in_under_way_does_not_outlive_its_identity(#[case] engine: Engine) {
    let database = database(engine).await;
    let Database {
        store, clock, user, ..
    } = &database;
    let whose = IssuerSubject {
        issuer: "https://issuer.example",
        subject: "17",
    };
    let identity = IdentityId(clock.new_id());
    store
        .link_identity(*user, None, whose, (identity, NOW))
        .await
        .unwrap();
    assert_eq!(
        store.find_identity(whose).await.unwrap(),
        Some((identity, *user))
    );
    let begin = async || {
        let id = SessionId(clock.new_id());
        let session = UserSession {
            id,
            user_id: *user,
            kind: SessionKind::Access,
            created_at: NOW,
            expires_at: NOW.plus_ms(HOUR_MS),
            device: None,
            region: None,
        };
        let counted = (database.name, database.place);
        let looked_at = (Role::Customer, None);
        let begun = store
            .begin_session(&session, looked_at, counted, (None, Some(identity)))
            .await;
        (id, begun.unwrap())
    };
    let (before, begun) = begin().await;
    assert!(begun);
    let why = SessionEnding::ByOwner;
    let ending = OtherSessionsRevocation {
        user: *user,
        except: None,
        at: NOW,
        why,
    };
    let event_of = |session| {
        Ok(event(
            EventType::SessionRevoked,
            clock,
            *user,
            Some(session),
        ))
    };
    let removed = store
        .unlink_identity(identity, ending, event_of)
        .await
        .unwrap();
    assert!(matches!(removed, UnlinkIdentityResult::Removed(ended) if ended.contains(&before)));
    // It was looked up before the removal, but its session starts after.
    let (after, begun) = begin().await;
    assert!(!begun);
    let state = store.session_state(after, NOW).await.unwrap().unwrap();
    assert!(!state.live);
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
            .store_code(clock.new_id(), &phone, &code, term)
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

/// Both have passed all checks that a handler makes before its transaction.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn of_two_admins_who_close_each_other_at_once_one_remains(#[case] engine: Engine) {
    const ADMINS: &str = "UPDATE users SET role_id = 3";
    const ACTIVE: &str = "SELECT COUNT(*) FROM users WHERE is_active = 1";
    let Database {
        store,
        clock,
        user,
        _folder,
        ..
    } = database(engine).await;
    let other = UserId(clock.new_id());
    let account = Account {
        id: other,
        role_id: Role::Customer,
        password_hash: "x".to_owned(),
        password_changed_at: None,
        tokens_since: UnixMillis(0),
    };
    let name = Username::new("zhang").unwrap();
    let email = Email::new("z@example.com").unwrap();
    let registered = event(EventType::UserRegistered, &clock, other, None);
    store
        .add_user(&account, &name, &email, NOW, &registered)
        .await
        .unwrap();
    store.sql.exec(ADMINS, Vec::new()).await.unwrap();

    let close = async |by: UserId, whom: UserId| {
        let record = ClosureRecord {
            at: NOW,
            by,
            why: "They began it.".to_owned(),
        };
        let event_of = |_| Ok(event(EventType::UserRevoked, &clock, whom, None));
        store.close_account(whom, &record, event_of).await.unwrap()
    };
    let (first, second) = tokio::join!(close(user, other), close(other, user));
    let refused = CloseAccountResult::Refused(RoleRefusal::Beyond(Permission::RevokePeople));
    let decided = [first, second];
    assert!(decided.contains(&CloseAccountResult::Closed), "{decided:?}");
    assert!(decided.contains(&refused), "{decided:?}");
    let active: Option<i64> = store.sql.fetch_optional(ACTIVE, Vec::new()).await.unwrap();
    assert_eq!(active, Some(1));
}
