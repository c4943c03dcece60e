//! Admins' reasons are sealed in every table, and shown in clear text to authorised readers.

use super::*;

/// The longest possible reason, in the widest letters.
fn why() -> String {
    const NAMED: &str = "His aunt Wilhelmina rang us up.";
    format!("{NAMED}{}", "\u{1d11e}".repeat(500 - NAMED.len()))
}

/// The rows of all tables with admins' reasons: two of closings, one of each other kind.
#[derive(Clone, Copy)]
struct Reasons {
    user: UserId,
    readmission: Uuid,
    reset: Uuid,
    role: Uuid,
}

const KID: &str = "a-key-with-a-story";

impl Reasons {
    /// Performs every admin action that requires a reason. Closes the account at the end.
    async fn given(store: &Store, clock: &Clock, user: UserId) -> Self {
        const ADMIN: &str = "UPDATE users SET role_id = 3 WHERE id = ?";
        let [readmission, reset, role] = std::array::from_fn(|_| clock.new_id());
        let at = clock.now();
        let closing = ClosureRecord {
            at,
            by: user,
            why: why(),
        };
        let closed = |_| Ok(event(EventType::UserRevoked, clock, user, None));
        let done = store.close_account(user, &closing, closed).await.unwrap();
        assert_eq!(done, CloseAccountResult::Closed);
        assert!(
            store
                .readmit_user(readmission, user, &closing, closed)
                .await
                .unwrap()
        );
        let code = OneTimeCodeHash::from_code(&OneTimeCode::new([7; OneTimeCode::CHARS]));
        let expires_at = at.plus_ms(HOUR_MS);
        let leave = PasswordReset {
            id: reset,
            user,
            code,
            at,
            by: user,
            why: why(),
            expires_at,
        };
        store.store_reset_code(&leave).await.unwrap();
        store.sql.exec(ADMIN, vals![user]).await.unwrap();
        let order = RoleChangeAudit {
            id: role,
            at,
            by: user,
            why: why(),
        };
        let ending = OtherSessionsRevocation {
            user,
            except: None,
            at,
            why: SessionEnding::RoleChanged,
        };
        let ended = |session| Ok(event(EventType::SessionRevoked, clock, user, Some(session)));
        let customer = Role::Customer.as_number();
        store
            .give_role(customer, ending, &order, ended)
            .await
            .unwrap();
        let key = NewSigningKey::from_file(KID, [7; 32]);
        let key = NewSigningKey {
            signs_from: at.plus_ms(1),
            ..key
        };
        assert!(store.add_key(&key, at).await.unwrap());
        let order = KeyChangeAudit {
            by: user,
            why: why(),
        };
        assert!(store.begin_key(KID, &order, at).await.unwrap());
        assert!(store.kill_key(KID, &order, at).await.unwrap());
        let done = store.close_account(user, &closing, closed).await.unwrap();
        assert_eq!(done, CloseAccountResult::Closed);
        Self {
            user,
            readmission,
            reset,
            role,
        }
    }

    /// Returns all stored reasons with their seal places.
    async fn kept(self, sql: &Sql) -> Vec<(SealContext, String)> {
        let columns = [
            (
                accounts::closing_place(self.user),
                "SELECT closed_why FROM users",
            ),
            (
                accounts::closing_place(self.user),
                "SELECT closed_why FROM readmissions",
            ),
            (
                people::READMISSION_WHY.context(&vals![self.readmission]),
                "SELECT why FROM readmissions",
            ),
            (
                accounts::RESET_WHY.context(&vals![self.reset]),
                "SELECT why FROM password_resets",
            ),
            (
                people::ROLE_ACT_WHY.context(&vals![self.role]),
                "SELECT why FROM role_acts",
            ),
            (
                signing_keys::ROTATED_WHY.context(&vals![KID]),
                "SELECT rotated_why FROM signing_keys",
            ),
            (
                signing_keys::KILLED_WHY.context(&vals![KID]),
                "SELECT killed_why FROM signing_keys",
            ),
        ];
        let mut kept = Vec::new();
        for (place, text) in columns {
            let [why] =
                <[String; 1]>::try_from(sql.fetch_all(text, Vec::new()).await.unwrap()).unwrap();
            kept.push((place, why));
        }
        kept
    }

    /// Each is clear text only for authorised readers.
    async fn are_sealed(self, store: &Store) {
        let keys = store.data_keys();
        for (place, stored) in self.kept(&store.sql).await {
            assert!(!stored.contains("Wilhelmina"), "{place:?}: {stored}");
            assert!(
                !keys.is_stale_text(&stored),
                "{place:?} is sealed by the present key"
            );
            assert_eq!(keys.open_text(&place, stored).unwrap(), why(), "{place:?}");
        }
        self.are_shown(store).await;
    }

    async fn are_shown(self, store: &Store) {
        let person = store.load_person(self.user).await.unwrap().unwrap();
        assert_eq!(person.closed_why, Some(why()));
        let given = store.list_role_changes(self.user).await.unwrap();
        assert_eq!(
            given.into_iter().map(|act| act.why).collect::<Vec<_>>(),
            [why()]
        );
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn reasons_of_admins_are_sealed_and_shown(#[case] engine: Engine) {
    let Database {
        store,
        clock,
        user,
        _folder,
        ..
    } = database(engine).await;
    let reasons = Reasons::given(&store, &clock, user).await;
    reasons.are_sealed(&store).await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn reasons_of_before_and_of_a_former_key_are_sealed_by_the_job(#[case] engine: Engine) {
    const PLAIN: &str = "UPDATE users SET email = 'l@example.com', email_hash = NULL";
    let Database {
        store,
        clock,
        user,
        _folder: folder,
        ..
    } = database(engine).await;
    let path = folder.path().join("data.keys");
    let under = |keys: &DataKeys| Store::new(store.sql.clone().sealed_by(keys));
    let seal = async |store: &Store| store.resealer().run().await;
    // Restores the plain form of an older version.
    store.sql.exec(PLAIN, Vec::new()).await.unwrap();
    let reasons = Reasons::given(&under(&DataKeys::without_keys()), &clock, user).await;
    let plain = reasons.kept(&store.sql).await;
    assert!(
        plain.iter().all(|(_, stored)| *stored == why()),
        "{plain:?}"
    );
    let former = under(&DataKeys::load_or_create(&path, true).unwrap());
    reasons.are_shown(&former).await;
    seal(&former).await.unwrap();
    reasons.are_sealed(&former).await;
    let before = reasons.kept(&store.sql).await;
    seal(&former).await.unwrap();
    assert_eq!(
        reasons.kept(&store.sql).await,
        before,
        "what is sealed by the present key stays"
    );

    let [old] = &*sealing::list_keys(&path).unwrap() else {
        panic!("one key")
    };
    sealing::add(&path).unwrap();
    sealing::use_newest(&path).unwrap();
    let both = under(&DataKeys::load(&path, true).unwrap());
    reasons.are_shown(&both).await;
    seal(&both).await.unwrap();
    sealing::remove(&path, old).unwrap();
    reasons
        .are_sealed(&under(&DataKeys::load(&path, true).unwrap()))
        .await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_closing_of_before_is_sealed_where_its_readmission_keeps_it(#[case] engine: Engine) {
    const CLOSED: &str = "SELECT closed_why FROM readmissions";
    let Database {
        store,
        clock,
        user,
        _folder,
        ..
    } = database(engine).await;
    let before = Store::new(store.sql.clone().sealed_by(&DataKeys::without_keys()));
    let closing = ClosureRecord {
        at: clock.now(),
        by: user,
        why: why(),
    };
    let build_event = |_| Ok(event(EventType::UserRevoked, &clock, user, None));
    let done = before
        .close_account(user, &closing, build_event)
        .await
        .unwrap();
    assert_eq!(done, CloseAccountResult::Closed);
    assert!(
        store
            .readmit_user(clock.new_id(), user, &closing, build_event)
            .await
            .unwrap()
    );
    let kept: Option<String> = store.sql.fetch_optional(CLOSED, Vec::new()).await.unwrap();
    let kept = kept.unwrap();
    assert!(!kept.contains("Wilhelmina"), "{kept}");
    let keys = store.data_keys();
    assert_eq!(
        keys.open_text(&accounts::closing_place(user), kept)
            .unwrap(),
        why()
    );
}
