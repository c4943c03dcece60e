//! Sign-ins and closings that race with another change of the account.

use super::*;

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_sign_in_that_was_under_way_ends_with_the_account(#[case] engine: Engine) {
    let database = database(engine).await;
    let build_event = |_| {
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
        .close_account(database.user, &record, build_event)
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
        device_id: None,
    };
    let begun = database
        .begin_session(&session, database.customer_sign_in())
        .await;
    assert!(!begun, "the password was right, the account is closed");
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
async fn a_sign_in_under_way_does_not_outlive_its_identity(#[case] engine: Engine) {
    let database = database(engine).await;
    let Database {
        store, clock, user, ..
    } = &database;
    let subject = IssuerSubject {
        issuer: "https://issuer.example",
        subject: "17",
    };
    let identity = IdentityId(clock.new_id());
    store
        .link_identity(
            *user,
            None,
            NewIdentity {
                id: identity,
                subject,
                at: NOW,
            },
        )
        .await
        .unwrap();
    assert_eq!(
        store.find_identity(subject).await.unwrap(),
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
            device_id: None,
        };
        let sign_in = VerifiedSignIn {
            identity: Some(identity),
            ..database.customer_sign_in()
        };
        (id, database.begin_session(&session, sign_in).await)
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
    let build_event = |session| {
        Ok(event(
            EventType::SessionRevoked,
            clock,
            *user,
            Some(session),
        ))
    };
    let removed = store
        .unlink_identity(identity, ending, build_event)
        .await
        .unwrap();
    assert!(matches!(removed, UnlinkIdentityResult::Removed(ended) if ended.contains(&before)));
    // It was looked up before the removal, but its session starts after.
    let (after, begun) = begin().await;
    assert!(!begun);
    let state = store.session_state(after, NOW).await.unwrap().unwrap();
    assert!(!state.live);
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
        let build_event = |_| Ok(event(EventType::UserRevoked, &clock, whom, None));
        store
            .close_account(whom, &record, build_event)
            .await
            .unwrap()
    };
    let (first, second) = tokio::join!(close(user, other), close(other, user));
    let refused = CloseAccountResult::Refused(RoleRefusal::Beyond(Permission::RevokePeople));
    let decided = [first, second];
    assert!(decided.contains(&CloseAccountResult::Closed), "{decided:?}");
    assert!(decided.contains(&refused), "{decided:?}");
    let active: Option<i64> = store.sql.fetch_optional(ACTIVE, Vec::new()).await.unwrap();
    assert_eq!(active, Some(1));
}
