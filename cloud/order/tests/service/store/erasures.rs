//! A deleted person's texts go from their orders, once these are closed, and nothing else goes.

mod scene;

use order::store::{DueErasure, OrderErasure};
use platform::vals;
use rstest::rstest;
use wire::{Code, CommandBody, ERASED_TITLE, Order, OrderStatus, TimelineEntry, UserId};

use crate::stage::*;
use scene::*;

const HOUR_MS: i64 = 60 * 60 * 1_000;

fn is_erasure(entry: &TimelineEntry) -> bool {
    entry.code == Some(Code::AuthorDeleted)
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_deleted_customers_orders_lose_every_word_in_them(#[case] engine: Engine) {
    let stage = plain_stage(engine).await;
    let order_id = stage.completed_with_texts().await;
    let before = stage.order(order_id).await;
    stage.clock.advance(HOUR_MS);
    stage.delete_person(customer(1)).await;
    assert_eq!(stage.erase().await, 1);
    stage
        .assert_gone(&[
            OF_ORDER,
            OF_CUSTOMER,
            WITH_PROVIDER,
            OF_FORMER,
            &[SIGNATURE],
        ])
        .await;
    stage.assert_kept(&[&["place_clean"]]).await;
    assert!(stage.done(customer(1)).await);

    let order = stage.order(order_id).await;
    let expected = Order {
        title: ERASED_TITLE.into(),
        description: String::new(),
        address: String::new(),
        version: before.version + 1,
        updated_at: NOW.plus_ms(HOUR_MS),
        ..before.clone()
    };
    assert_eq!(order, expected, "all else stays");
    let line = stage.last_line(order_id).await;
    assert!(is_erasure(&line), "{line:?}");
    assert_eq!(
        (line.version, line.from, line.to),
        (order.version, Some(order.status), order.status)
    );
    assert_eq!(
        (line.action, line.actor.user_id),
        (None, UserId(uuid::Uuid::nil()))
    );
    let told = stage.erased_events().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].order, order);
    assert_eq!(told[0].command_id, line.command_id);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_deleted_providers_own_words_go_and_the_customers_stay(#[case] engine: Engine) {
    let stage = plain_stage(engine).await;
    let order_id = stage.completed_with_texts().await;
    let before = stage.order(order_id).await;
    stage.delete_person(provider(1)).await;
    assert_eq!(stage.erase().await, 1);
    stage.assert_gone(&[WITH_PROVIDER]).await;
    stage
        .assert_kept(&[OF_ORDER, OF_CUSTOMER, OF_FORMER, &[SIGNATURE]])
        .await;
    let order = stage.order(order_id).await;
    let texts =
        |order: &Order| [&order.title, &order.description, &order.address].map(String::clone);
    assert_eq!(texts(&order), texts(&before));
    assert_eq!(order.version, before.version + 1);
    assert!(is_erasure(&stage.last_line(order_id).await));

    stage.delete_person(provider(2)).await;
    assert_eq!(stage.erase().await, 1);
    stage.assert_gone(&[WITH_PROVIDER, OF_FORMER]).await;
    stage
        .assert_kept(&[OF_ORDER, OF_CUSTOMER, &[SIGNATURE]])
        .await;
    let told = stage.erased_events().await;
    let versions: Vec<u64> = told.iter().map(|told| told.order.version).collect();
    assert_eq!(versions, [before.version + 1, before.version + 2]);
    assert!(told.iter().all(|told| told.order.title == TITLE));
}

/// An edge asks for what follows the last number that it has.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn no_message_gets_the_number_of_a_removed_one(#[case] engine: Engine) {
    let stage = plain_stage(engine).await;
    let order_id = stage.job_in_second_hands().await;
    stage.delete_person(provider(2)).await;
    assert_eq!(stage.erase().await, 1);
    stage.write(order_id, provider(1), "On my way.").await;
    stage.write(order_id, customer(1), "Thanks.").await;
    let left = stage
        .store
        .list_messages(order_id, customer(1), None, 10)
        .await;
    let numbers: Vec<u64> = left.unwrap().iter().map(|one| one.number).collect();
    assert_eq!(numbers, [3, 2]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_repeat_changes_nothing_until_texts_come_back(#[case] engine: Engine) {
    const RESTORE: &str = "UPDATE orders SET description = ? WHERE id = ?";
    let stage = plain_stage(engine).await;
    let order_id = stage.completed_with_texts().await;
    for person in [provider(1), customer(1)] {
        stage.delete_person(person).await;
        assert_eq!(stage.erase().await, 1);
    }
    let erased = stage.order(order_id).await;
    let events = stage.events().await.len();
    for person in [customer(1), provider(1), provider(2)] {
        stage.clock.advance(24 * HOUR_MS);
        stage.delete_person(person).await;
        assert_eq!(stage.erase().await, 0, "{person:?}");
        assert!(stage.done(person).await);
    }
    assert_eq!(stage.order(order_id).await, erased);
    // Another part may have been restored: the two who were deleted before are told again.
    assert_eq!(stage.events().await.len(), events + 2);
    let told = stage.erased_events().await;
    let again = told.iter().rev().take(2);
    assert!(again.into_iter().all(|told| told.order == erased));

    // As from a backup.
    let values = vals![DESCRIPTION, order_id];
    stage.sql.exec(RESTORE, values).await.unwrap();
    assert_eq!(stage.erase().await, 0, "no one is due");
    stage.delete_person(customer(1)).await;
    assert!(!stage.done(customer(1)).await);
    assert_eq!(stage.erase().await, 1);
    stage.assert_gone(&[OF_ORDER]).await;
    assert_eq!(stage.order(order_id).await.version, erased.version + 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_open_order_keeps_its_texts_until_it_is_closed(#[case] engine: Engine) {
    let stage = plain_stage(engine).await;
    let closed = stage.completed_with_texts().await;
    let open = stage.job_in_second_hands().await;
    for person in [customer(1), provider(1), provider(2)] {
        stage.delete_person(person).await;
    }
    assert_eq!(
        stage.erase().await,
        2,
        "the closed one, and the former provider's words in the open one"
    );
    assert_eq!(stage.order(closed).await.title, ERASED_TITLE);
    assert_eq!(stage.order(open).await.title, TITLE);
    stage.assert_gone(&[OF_FORMER]).await;
    let done = [
        stage.done(customer(1)).await,
        stage.done(provider(1)).await,
        stage.done(provider(2)).await,
    ];
    assert_eq!(done, [false, false, true]);

    let cancel = CommandBody::CancelOrder {
        order_id: open,
        reason: Some(REASON_AT_CASE.into()),
        fee: None,
    };
    stage.succeed(admin(), cancel).await;
    assert_eq!(stage.order(open).await.status, OrderStatus::Cancelled);
    stage.clock.advance(HOUR_MS - 1);
    assert_eq!(stage.erase().await, 0, "it looks again in an hour");
    stage.clock.advance(1);
    assert_eq!(stage.erase().await, 1);
    stage.assert_gone(&[OF_ORDER, WITH_PROVIDER]).await;
    assert!(stage.done(customer(1)).await && stage.done(provider(1)).await);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_order_that_cannot_be_read_holds_up_no_other(#[case] engine: Engine) {
    const WRITE: &str = "UPDATE orders SET title = ? WHERE id = ?";
    let stage = plain_stage(engine).await;
    let orders = stage.cancelled_with_texts(2).await;
    let write = async |title: &str| {
        let values = vals![title, orders[0]];
        stage.sql.exec(WRITE, values).await.unwrap();
    };
    write("\u{1}sealed:with a key that is gone").await;
    stage.delete_person(customer(1)).await;
    assert_eq!(stage.erase().await, 1, "the other order");
    assert!(!stage.done(customer(1)).await);
    write(TITLE).await;
    stage.clock.advance(HOUR_MS);
    assert_eq!(stage.erase().await, 1);
    assert!(stage.done(customer(1)).await);
    stage.assert_gone(&[OF_ORDER]).await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_work_goes_on_behind_the_last_order_after_a_crash(#[case] engine: Engine) {
    let stage = plain_stage(engine).await;
    let orders = stage.cancelled_with_texts(3).await;
    let store = &stage.store;
    stage.delete_person(customer(1)).await;
    let due = async || -> Vec<DueErasure> { store.list_due_erasures(10).await.unwrap() };
    let mut first = due().await;
    let found = store.list_orders_to_erase(&first[0], 2).await.unwrap();
    assert_eq!(found, orders[..2]);
    let erased = store.erase_order_texts(found[0], &first[0]).await.unwrap();
    assert_eq!(erased, OrderErasure::Erased);
    let passed = store.pass_order(&mut first[0], found[0], false).await;
    passed.unwrap();

    // The process ended here.
    let rest = store
        .list_orders_to_erase(&due().await[0], 9)
        .await
        .unwrap();
    assert_eq!(rest, orders[1..]);
    assert_eq!(stage.erase().await, 2);
    assert_eq!(due().await, []);

    // A request that comes meanwhile starts from the first order, and the end of the work before
    // it does not count.
    stage.delete_person(customer(1)).await;
    let before = due().await;
    stage.clock.advance(1);
    stage.delete_person(customer(1)).await;
    assert!(store.finish_erasure(&before[0]).await.unwrap());
    assert!(!stage.done(customer(1)).await);
    let all = store
        .list_orders_to_erase(&due().await[0], 9)
        .await
        .unwrap();
    assert_eq!(all, orders);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn feed_blocks_and_mark_of_the_person_go_at_once(#[case] engine: Engine) {
    const MARK: &str = "INSERT INTO provider_marks (user_id, version, verified) VALUES (?, ?, ?)";
    let stage = plain_stage(engine).await;
    let store = &stage.store;
    for (person, other) in [(provider(1), customer(1)), (provider(2), provider(1))] {
        store.make_calendar_feed(person).await.unwrap();
        let set = store.set_message_block(person.user_id, other.user_id, true);
        set.await.unwrap();
        let values = vals![person.user_id, 1_u64, true];
        stage.sql.exec(MARK, values).await.unwrap();
    }
    stage.delete_person(provider(1)).await;
    for text in [
        "SELECT user_id FROM calendar_feeds",
        "SELECT blocker_id FROM message_blocks",
        "SELECT user_id FROM provider_marks",
    ] {
        let left: Vec<UserId> = stage.rows(text).await;
        assert_eq!(left, [provider(2).user_id], "{text}");
    }
}
