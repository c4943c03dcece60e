//! The books on both engines: each fact is booked once, every journal sums to zero, every account
//! keeps its side, and steps run one at a time.

use custody::{AdapterAnswer, MoneyStep};
use futures::future::join_all;
use payment::store::{KeyedRequest, StepMetadata, StepOutcome};
use platform::{sql::SqlError, vals};
use rstest::rstest;
use uuid::Uuid;
use wire::{CommandId, EventType, OrderStatus, PaymentStatus};

use crate::stage::*;

/// Counts journals or accounts that disagree with their postings.
const UNEVEN: &str = "SELECT COUNT(*) FROM \
    (SELECT journal_id FROM transactions GROUP BY journal_id, currency HAVING SUM(amount_minor) <> 0) uneven";
const ADRIFT: &str = "SELECT COUNT(*) FROM accounts WHERE balance_minor <> \
    (SELECT COALESCE(SUM(amount_minor), 0) FROM transactions WHERE transactions.account = accounts.account \
     AND transactions.owner_id = accounts.owner_id AND transactions.currency = accounts.currency)";

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn what_is_written_is_read_back_as_it_was_decided(#[case] engine: Engine) {
    let stage = Stage::accepted(engine).await;
    let mut expected = stage.money(0).await;
    let paid = AdapterAnswer::Paid {
        amount_minor: PRICE,
    };
    let begun = stage.done(0, MoneyStep::Pay(wish())).await;
    expected.apply_writes(&begun);
    expected.apply_writes(&stage.hears(0, begun.movement.unwrap(), paid).await);
    expected.apply_writes(&stage.becomes(0, 4, OrderStatus::InProgress).await);
    let ask = MoneyStep::RequestRefund {
        by: user(1),
        amount_minor: 5_000,
    };
    let asked = stage.done(0, ask).await;
    expected.apply_writes(&asked);
    let request = asked.movement.unwrap();
    let granted = MoneyStep::DecideRefund {
        request,
        granted_minor: Some(4_000),
    };
    let sent = stage.done(0, granted).await;
    expected.apply_writes(&sent);
    expected.apply_writes(
        &stage
            .hears(0, sent.movement.unwrap(), AdapterAnswer::Done)
            .await,
    );
    expected.apply_writes(&stage.becomes(0, 5, OrderStatus::Completed).await);
    stage.clock.advance(72 * HOUR);
    expected.apply_writes(&stage.done(0, MoneyStep::TimePassed).await);
    assert_eq!(stage.money(0).await, expected);
    assert_eq!(
        expected.due.payment_status,
        PaymentStatus::PartiallyRefunded
    );
    let kinds: Vec<EventType> = stage
        .events()
        .await
        .iter()
        .map(|event| event.kind)
        .collect();
    let told = [
        EventType::PaymentInitiated,
        EventType::PaymentCompleted,
        EventType::RefundRequested,
        EventType::RefundGranted,
        EventType::RefundProcessed,
        EventType::PaymentReleased,
    ];
    assert_eq!(kinds, told);
    assert_eq!(
        (stage.count(UNEVEN).await, stage.count(ADRIFT).await),
        (0, 0)
    );
    assert!(stage.count("SELECT COUNT(*) FROM transactions").await >= 9);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_key_of_a_journal_undoes_the_transaction_that_books_it_again(#[case] engine: Engine) {
    let (stage, payment) = Stage::held(engine).await;
    let before = stage.money(0).await;
    // As if the transaction had read rows from before the charge.
    stage
        .sql
        .exec("UPDATE payments SET status = 'pending'", vals![])
        .await
        .unwrap();
    testing::drop_trigger(&stage.sql, "journals_not_changed").await;
    stage
        .sql
        .exec("UPDATE journals SET order_id = NULL", vals![])
        .await
        .unwrap();
    let paid = AdapterAnswer::Paid {
        amount_minor: PRICE,
    };
    let reply = custody::AdapterReply {
        answer: paid,
        chargebacks: Vec::new(),
    };
    let step = MoneyStep::Answered {
        movement: payment,
        reply,
    };
    let twice = stage
        .store
        .apply_step(order_id(0), &step, &StepMetadata::default())
        .await;
    assert!(twice.is_err(), "{twice:?}");
    assert_eq!(stage.count("SELECT COUNT(*) FROM journals").await, 1);
    assert_eq!(stage.count("SELECT COUNT(*) FROM transactions").await, 2);
    assert_eq!(stage.count(ADRIFT).await, 0);
    assert_eq!(stage.money(0).await.due, before.due);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn no_account_that_we_owe_by_goes_above_zero(#[case] engine: Engine) {
    let (stage, _) = Stage::held(engine).await;
    let more = "UPDATE accounts SET balance_minor = balance_minor + ? WHERE account = 'held'";
    let refused = stage.sql.exec(more, vals![PRICE + 1]).await.unwrap_err();
    assert!(matches!(refused, SqlError::Statement { .. }), "{refused:?}");
    stage.sql.exec(more, vals![PRICE]).await.unwrap();
    let unsigned =
        "UPDATE accounts SET balance_minor = balance_minor - ? WHERE account = 'adapter'";
    stage.sql.exec(unsigned, vals![PRICE + 1]).await.unwrap();
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_database_lets_nobody_change_what_is_booked(#[case] engine: Engine) {
    let (stage, _) = Stage::held(engine).await;
    let before: Vec<(i64, i64)> = stage
        .rows("SELECT seq, amount_minor FROM transactions ORDER BY seq")
        .await;
    // The guards fire per row, so an empty table would refuse no statement.
    assert_eq!(before.len(), 2, "the charge is booked");
    for text in [
        "UPDATE transactions SET amount_minor = amount_minor + 1",
        "UPDATE journals SET action = 'release'",
        "DELETE FROM transactions",
        "DELETE FROM journals",
    ] {
        let refused = stage.sql.exec(text, vals![]).await.unwrap_err();
        let told = format!("{refused:?}");
        assert!(
            told.contains("bookings are never changed"),
            "{text}: {told}"
        );
    }
    let after: Vec<(i64, i64)> = stage
        .rows("SELECT seq, amount_minor FROM transactions ORDER BY seq")
        .await;
    assert_eq!(after, before);
    assert_eq!(stage.count("SELECT COUNT(*) FROM journals").await, 1);
}

/// Each task reads, decides and writes. Without the due's lock, two of them would each begin a
/// payment.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_steps_on_one_order_follow_one_another(#[case] engine: Engine) {
    let stage = Stage::accepted(engine).await;
    let begun = join_all((0..12).map(|_| stage.done(0, MoneyStep::Pay(wish())))).await;
    let first = begun[0].movement;
    assert!(begun.iter().all(|writes| writes.movement == first));
    assert_eq!(stage.count("SELECT COUNT(*) FROM payments").await, 1);
    let paid = AdapterAnswer::Paid {
        amount_minor: PRICE,
    };
    let told = join_all((0..12).map(|_| stage.hears(0, first.unwrap(), paid))).await;
    assert_eq!(
        told.iter().map(|writes| writes.events.len()).sum::<usize>(),
        1
    );
    assert_eq!(stage.money(0).await.held_minor(), PRICE);
    assert_eq!(stage.count(ADRIFT).await, 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_due_is_opened_once_and_keeps_the_highest_version(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    join_all(
        (1..=8)
            .rev()
            .map(|version| stage.becomes(0, version, OrderStatus::Accepted)),
    )
    .await;
    assert_eq!(stage.count("SELECT COUNT(*) FROM dues").await, 1);
    assert_eq!(stage.money(0).await.due.order.version, 8);
    stage.becomes(0, 7, OrderStatus::Cancelled).await;
    assert_eq!(stage.money(0).await.due.order.status, OrderStatus::Accepted);
}

/// Many concurrent orders of one provider: their releases contend for one account.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_books_of_many_orders_at_once_stay_even(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    join_all((0..24).map(async |n| {
        stage.becomes(n, 3, OrderStatus::Accepted).await;
        stage.pays(n, "simulated").await;
        stage.becomes(n, 4, OrderStatus::Completed).await;
    }))
    .await;
    stage.clock.advance(72 * HOUR);
    join_all((0..24).map(|n| stage.done(n, MoneyStep::TimePassed))).await;
    assert_eq!(
        (stage.count(UNEVEN).await, stage.count(ADRIFT).await),
        (0, 0)
    );
    let owed = stage
        .count("SELECT -balance_minor FROM accounts WHERE account = 'provider'")
        .await;
    assert_eq!(owed, 24 * (PRICE - PRICE / 10));
    let fees = "SELECT -SUM(balance_minor) FROM accounts WHERE account = 'fees'";
    let fees = if engine == Engine::MariaDb {
        "SELECT CAST(-SUM(balance_minor) AS SIGNED) FROM accounts WHERE account = 'fees'"
    } else {
        fees
    };
    assert_eq!(stage.count(fees).await, 24 * (PRICE / 10));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_key_finds_its_movement_for_ever_and_means_nothing_else(#[case] engine: Engine) {
    let stage = Stage::accepted(engine).await;
    let key = |amount_minor| {
        let key = CommandId(Uuid::from_u128(77));
        Some(KeyedRequest {
            user: user(1),
            key,
            kind: "pay",
            subject: None,
            amount_minor,
        })
    };
    let pay = async |amount_minor: i64| {
        let note = StepMetadata {
            request: key(amount_minor),
            ..StepMetadata::default()
        };
        stage
            .store
            .apply_step(order_id(0), &MoneyStep::Pay(wish()), &note)
            .await
            .unwrap()
    };
    let StepOutcome::Done(first) = pay(PRICE).await else {
        panic!()
    };
    let payment = first.movement.unwrap();
    stage.hears(0, payment, AdapterAnswer::Closed).await;
    stage.clock.advance(365 * 24 * HOUR);
    assert_eq!(pay(PRICE).await, StepOutcome::Repeated(payment));
    assert_eq!(pay(PRICE - 1).await, StepOutcome::KeyReused);
    assert_eq!(stage.count("SELECT COUNT(*) FROM payments").await, 1);
}
