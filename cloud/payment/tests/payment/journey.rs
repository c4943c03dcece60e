//! An order's money from payment to payout, through the service's own workers and jobs.

use custody::{MoneyStep, PayoutState, Saga};
use payment::{
    events::OrderEventConsumer,
    jobs,
    store::{StepMetadata, Store},
};
use platform::{consume::EventHandler, vals};
use rstest::rstest;
use serde_json::json;
use wire::{
    Actor, CommandId, Event, EventId, EventType, Order, OrderEvent, OrderStatus, PaymentEvent,
    PaymentStatus, PayoutEvent, Role,
};

use crate::stage::*;

fn told(stage: &Stage, version: u64, status: OrderStatus) -> Event {
    let draft = support::samples::draft();
    let order = Order::new_published(order_id(0), draft, user(1), NOW, wire::Source::Portal);
    let order = Order {
        version,
        status,
        provider_id: Some(user(7)),
        ..order
    };
    let body = OrderEvent::from_order(
        order,
        Actor {
            user_id: user(7),
            role: Role::Provider,
        },
        CommandId(stage.clock.new_id()),
    );
    let id = EventId(stage.clock.new_id());
    // The state in the event counts, not the event's name.
    Event::new(id, EventType::OrderStatusChanged, NOW, "", &body).unwrap()
}

fn orders(store: &Store) -> OrderEventConsumer {
    OrderEventConsumer {
        store: store.clone(),
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_order_is_a_due_from_its_acceptance_on(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let orders = orders(&stage.store);
    orders
        .handle(&told(&stage, 2, OrderStatus::Pending))
        .await
        .unwrap();
    assert_eq!(stage.count("SELECT COUNT(*) FROM dues").await, 0);
    let accepted = told(&stage, 3, OrderStatus::Accepted);
    for _ in 0..2 {
        orders.handle(&accepted).await.unwrap();
    }
    let due = stage.money(0).await.due;
    assert_eq!(
        (due.order.version, due.payment_status),
        (3, PaymentStatus::Unpaid)
    );
    // After withdrawal the order has no provider, but keeps its due.
    orders
        .handle(&told(&stage, 4, OrderStatus::Pending))
        .await
        .unwrap();
    assert_eq!(stage.money(0).await.due.order.status, OrderStatus::Pending);
    let assigned = Event {
        kind: EventType::RegionAssigned,
        body: json!({}),
        ..accepted
    };
    orders.handle(&assigned).await.unwrap();
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_price_is_held_released_and_paid_out(#[case] engine: Engine) {
    let (stage, _) = Stage::held(engine).await;
    stage.becomes(0, 4, OrderStatus::InProgress).await;
    stage.becomes(0, 5, OrderStatus::Completed).await;
    stage.clock.advance(72 * HOUR - 1);
    jobs::settle_dues(&stage.worker).await.unwrap();
    assert_eq!(stage.money(0).await.held_minor(), PRICE);
    stage.clock.advance(1);
    jobs::settle_dues(&stage.worker).await.unwrap();
    assert_eq!(stage.money(0).await.due.payment_status, PaymentStatus::Paid);
    for _ in 0..2 {
        jobs::start_due_payouts(&stage.worker).await.unwrap();
    }
    let share = PRICE - PRICE / 10;
    let payouts: Vec<(i64, String)> = stage.rows("SELECT amount_minor, status FROM payouts").await;
    assert_eq!(
        payouts,
        [(share, PayoutState::Completed.as_str().to_owned())]
    );
    let balances = stage.store.balances_of(user(7)).await.unwrap();
    assert!(
        balances.iter().all(|row| row.balance_minor == 0),
        "{balances:?}"
    );
    let events = stage.events().await;
    let [.., released, sent] = events.as_slice() else {
        panic!("two events at least")
    };
    assert_eq!(
        (released.kind, sent.kind),
        (EventType::PaymentReleased, EventType::PayoutSent)
    );
    let sent: PayoutEvent = serde_json::from_value(sent.body.clone()).unwrap();
    assert_eq!(
        (sent.amount.minor_units(), sent.provider_id),
        (share, user(7))
    );
    let released: PaymentEvent = serde_json::from_value(released.body.clone()).unwrap();
    assert_eq!(
        (released.amount.minor_units(), released.held.minor_units()),
        (share, 0)
    );
    assert_eq!(
        (released.money_version, released.provider_id),
        (2, Some(user(7)))
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_cancelled_order_gives_everything_back(#[case] engine: Engine) {
    let (stage, _) = Stage::held(engine).await;
    stage.becomes(0, 4, OrderStatus::Cancelled).await;
    stage.worker.make_due_calls().await.unwrap();
    let money = stage.money(0).await;
    assert_eq!((money.held_minor(), money.returned_minor()), (0, PRICE));
    assert_eq!(
        (money.due.payment_status, money.due.saga),
        (PaymentStatus::Refunded, Saga::Done)
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn silence_refusal_and_expiry_end_as_the_adapter_says(#[case] engine: Engine) {
    let stage = Stage::accepted(engine).await;
    stage.pays(0, "simulated.declined").await;
    stage.clock.advance(2_000);
    stage.worker.make_due_calls().await.unwrap();
    stage.pays(0, "simulated.waiting").await;
    assert!(stage.money(0).await.open_payment().is_some());
    // Thirty minutes later, the job closes it.
    stage.clock.advance(HOUR / 2);
    jobs::settle_dues(&stage.worker).await.unwrap();
    assert!(stage.money(0).await.open_payment().is_none());
    stage.pays(0, "simulated.silent").await;
    assert_eq!(
        stage.money(0).await.due.payment_status,
        PaymentStatus::Unpaid
    );
    stage.clock.advance(2_000);
    stage.worker.make_due_calls().await.unwrap();
    assert_eq!(stage.money(0).await.due.payment_status, PaymentStatus::Held);
    let kinds: Vec<EventType> = stage
        .events()
        .await
        .iter()
        .map(|event| event.kind)
        .collect();
    let initiated = EventType::PaymentInitiated;
    let failed = EventType::PaymentFailed;
    let paid = EventType::PaymentCompleted;
    assert_eq!(
        kinds,
        [initiated, failed, initiated, failed, initiated, paid]
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn another_amount_goes_back_and_becomes_a_case(#[case] engine: Engine) {
    let stage = Stage::accepted(engine).await;
    stage.pays(0, "simulated.other_amount").await;
    let money = stage.money(0).await;
    assert_eq!(
        (money.held_minor(), money.due.payment_status),
        (0, PaymentStatus::Unpaid)
    );
    assert_eq!(money.refunds[0].amount_minor, PRICE - 1);
    let cases = stage.store.list_open_cases(10, None).await.unwrap();
    assert_eq!(
        cases
            .iter()
            .map(|case| case.kind.as_str())
            .collect::<Vec<_>>(),
        ["wrong_amount"]
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_refund_that_fails_waits_for_a_person(#[case] engine: Engine) {
    let stage = Stage::accepted(engine).await;
    stage.pays(0, "simulated.no_refund").await;
    stage.becomes(0, 4, OrderStatus::Cancelled).await;
    stage.worker.make_due_calls().await.unwrap();
    assert_eq!(stage.money(0).await.due.saga, Saga::NeedsPerson);
    stage.done(0, MoneyStep::SendAnew).await;
    stage.worker.make_due_calls().await.unwrap();
    let money = stage.money(0).await;
    assert_eq!((money.refunds.len(), money.held_minor()), (2, PRICE));
    assert_eq!(stage.count("SELECT COUNT(*) FROM money_cases").await, 2);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_case_is_told_once_however_often_it_is_seen(#[case] engine: Engine) {
    let stage = Stage::accepted(engine).await;
    stage.becomes(0, 4, OrderStatus::Completed).await;
    stage.clock.advance(14 * 24 * HOUR);
    for _ in 0..2 {
        stage.done(0, MoneyStep::TimePassed).await;
    }
    let events = stage.events().await;
    let told = events.iter().filter(|event| !event.body["case"].is_null());
    let [told] = told.collect::<Vec<_>>()[..] else {
        panic!("one case: {events:?}")
    };
    assert_eq!(told.kind, EventType::PaymentCaseOpened);
    let told: PaymentEvent = serde_json::from_value(told.body.clone()).unwrap();
    let due = stage.money(0).await.due;
    assert_eq!(
        (told.case.as_deref(), told.amount.minor_units()),
        (Some("completed_unpaid"), PRICE)
    );
    assert_eq!(
        (told.payment_status, told.money_version),
        (due.payment_status, due.money_version)
    );
}

/// A chargeback arrives with the answer to a query, here in place of one triggered by a statement.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_chargeback_is_booked_when_the_adapter_is_asked(#[case] engine: Engine) {
    let (stage, payment) = Stage::held(engine).await;
    let payment::adapter::PaymentAdapter::Simulated(simulated) = &stage.worker.adapter else {
        panic!("a simulated adapter");
    };
    simulated.charge_back(payment, PRICE, false).await.unwrap();
    for _ in 0..2 {
        assert!(stage.worker.query_movement(payment).await.unwrap());
    }
    let money = stage.money(0).await;
    assert_eq!((money.held_minor(), money.chargebacks.len()), (0, 1));
    assert_eq!(
        money.due.payment_status,
        PaymentStatus::Refunded,
        "nobody can pay it any more"
    );
    let events = stage.events().await;
    let word = events
        .iter()
        .rfind(|event| event.body["charged_back"] != serde_json::Value::Null);
    let told: PaymentEvent = serde_json::from_value(word.unwrap().body.clone()).unwrap();
    assert_eq!(
        told.order_status,
        Some(OrderStatus::Accepted),
        "people hear whether work stops"
    );
    simulated.charge_back(payment, PRICE, true).await.unwrap();
    stage.worker.query_movement(payment).await.unwrap();
    let money = stage.money(0).await;
    assert!(money.chargebacks[0].is_reversed);
    assert_eq!(
        (money.held_minor(), money.due.payment_status),
        (PRICE, PaymentStatus::Held)
    );
    let stranger = custody::MovementId(stage.clock.new_id());
    assert!(!stage.worker.query_movement(stranger).await.unwrap());
}

#[tokio::test]
async fn a_reason_is_sealed_and_sealed_anew_under_a_newer_key() {
    let (stage, _) = Stage::held(Engine::Sqlite).await;
    stage.becomes(0, 4, OrderStatus::InProgress).await;
    let step = MoneyStep::RequestRefund {
        by: user(1),
        amount_minor: 100,
    };
    let note = StepMetadata {
        reason: Some("It still drips.".into()),
        ..StepMetadata::default()
    };
    stage
        .store
        .apply_step(order_id(0), &step, &note)
        .await
        .unwrap();
    let kept: Vec<String> = stage.rows("SELECT reason FROM refund_requests").await;
    assert!(!kept[0].contains("drips"), "{}", kept[0]);
    stage
        .sql
        .exec("UPDATE refund_requests SET reason = 'plain words'", vec![])
        .await
        .unwrap();
    stage.store.resealer().run().await.unwrap();
    let kept: Vec<String> = stage.rows("SELECT reason FROM refund_requests").await;
    assert_ne!(kept[0], "plain words");
    let read = stage.store.requests_of(order_id(0)).await.unwrap();
    assert_eq!(read[0].reason, "plain words");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_movement_that_cannot_be_read_holds_up_no_other(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    for n in 0..3 {
        stage.becomes(n, 3, OrderStatus::Accepted).await;
        stage.done(n, MoneyStep::Pay(wish())).await;
    }
    let text = "UPDATE payments SET ask = 'hum' WHERE order_id = ?";
    stage.sql.exec(text, vals![order_id(0)]).await.unwrap();
    let text = "UPDATE payments SET currency = 'XXX' WHERE order_id = ?";
    stage.sql.exec(text, vals![order_id(1)]).await.unwrap();
    assert_eq!(stage.worker.make_due_calls().await.unwrap(), 1);
    assert_eq!(stage.money(2).await.held_minor(), PRICE);
    let waiting =
        "SELECT COUNT(*) FROM payments WHERE status = 'pending' AND ask_at > 1764000000000";
    assert_eq!(stage.count(waiting).await, 2, "they are read again later");
    assert!(stage.store.list_due_calls().await.unwrap().is_empty());
}
