use platform::sealing::{self, DataKeys};
use rstest::rstest;
use support::Engine;
use wire::EventType;

use super::*;
use crate::{
    domain::OneTimeCode,
    jobs,
    store::tests::{Database, HOUR_MS, database, event},
};

const OTHER: &str = "other@example.org";

async fn wish(
    Database {
        store, clock, user, ..
    }: &Database,
) {
    let at = clock.now();
    let email = Email::new(OTHER).unwrap();
    let user = *user;
    let expires_at = at.plus_ms(HOUR_MS);
    let event = event(EventType::UserAddressChangeAsked, clock, user, None);
    let wish = AddressChangeRequest {
        id: event.id,
        user,
        email,
        password_of: None,
        at,
        expires_at,
    };
    assert!(store.request_address_change(&wish, &event).await.unwrap());
}

async fn claims(store: &Store) -> i64 {
    let count = store
        .sql
        .fetch_optional("SELECT COUNT(*) FROM address_claims", Vec::new())
        .await;
    count.unwrap().unwrap()
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_job_removes_claims_that_are_over(#[case] engine: Engine) {
    let database = database(engine).await;
    wish(&database).await;
    let Database { store, clock, .. } = &database;
    clock.advance(HOUR_MS - 1);
    assert_eq!(jobs::purge_expired(store, clock).await.unwrap(), 0);
    clock.advance(1);
    assert_eq!(jobs::purge_expired(store, clock).await.unwrap(), 1);
    assert_eq!(claims(store).await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_claim_under_a_former_key_is_sealed_anew_by_the_job(#[case] engine: Engine) {
    const PLAIN: &str = "UPDATE users SET email = 'l@example.com', email_hash = NULL";
    let first = database(engine).await;
    // These keys never sealed it.
    first.store.sql.exec(PLAIN, Vec::new()).await.unwrap();
    let path = first._folder.path().join("data.keys");
    let under = |keys: &DataKeys| Store::new(first.store.sql.clone().sealed_by(keys));
    let store = under(&DataKeys::load_or_create(&path, true).unwrap());
    let clock = first.clock.clone();
    let user = first.user;
    let at = clock.now();
    let email = Email::new(OTHER).unwrap();
    let expires_at = at.plus_ms(HOUR_MS);
    let event = event(EventType::UserAddressChangeAsked, &clock, user, None);
    let wish = AddressChangeRequest {
        id: event.id,
        user,
        email,
        password_of: None,
        at,
        expires_at,
    };
    assert!(store.request_address_change(&wish, &event).await.unwrap());
    let [old] = &*sealing::list_keys(&path).unwrap() else {
        panic!("one key")
    };
    sealing::add(&path).unwrap();
    sealing::use_newest(&path).unwrap();
    let both = under(&DataKeys::load(&path, true).unwrap());
    both.resealer().run().await.unwrap();
    sealing::remove(&path, old).unwrap();
    let alone = under(&DataKeys::load(&path, true).unwrap());
    let hash = OneTimeCodeHash::from_code(&OneTimeCode::new([7; OneTimeCode::CHARS]));
    let code = AddressCode {
        id: clock.new_id(),
        user,
        hash,
        at,
        expires_at,
    };
    let to = alone
        .store_address_code(code, |_| true)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((to.email.as_str(), to.wish), (OTHER, Some(wish.id)));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_password_that_was_changed_meanwhile_asks_for_nothing(#[case] engine: Engine) {
    let Database {
        store,
        clock,
        user,
        _folder,
        ..
    } = database(engine).await;
    let at = clock.now();
    let email = Email::new(OTHER).unwrap();
    let password_of = Some(UnixMillis(1));
    let event = event(EventType::UserAddressChangeAsked, &clock, user, None);
    let wish = AddressChangeRequest {
        id: event.id,
        user,
        email,
        password_of,
        at,
        expires_at: at,
    };
    assert!(!store.request_address_change(&wish, &event).await.unwrap());
    assert_eq!(claims(&store).await, 0);
}
