//! The blacklist of revoked sessions in the cache.

use super::*;

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
        binding: None,
    };
    let unknown = CachedSession::Unknown { can_store: true };
    list.refill_blacklist().await;
    list.cache_live_session(&claims, NOW, NOW.plus_ms(HOUR_MS))
        .await;
    assert_eq!(list.lookup_session(&claims).await, CachedSession::Live);
    let ending = list.begin_revocation();
    assert_eq!(
        list.lookup_session(&claims).await,
        unknown,
        "an end is under way"
    );
    ending.mark_reported();
    assert_eq!(list.lookup_session(&claims).await, CachedSession::Live);
    // Its caller hung up, perhaps after auth_db ended a session.
    drop(list.begin_revocation());
    assert_eq!(list.lookup_session(&claims).await, unknown);
    list.refill_blacklist().await;
    assert_eq!(list.lookup_session(&claims).await, CachedSession::Live);
}
