//! The cancel of a paid order, step by step. Every step is in rows, so a new process can continue
//! after a crash.

use custody::{AdapterAnswer, BilledOrder, CancelTerms, LedgerAccount, MoneyStep, Saga};
use payment::{AdapterWorker, adapter::PaymentAdapter, jobs, store::Store};
use rstest::rstest;
use wire::{EventType, OrderStatus, PaymentEvent, PaymentStatus};

use crate::stage::*;

const FEE: i64 = 2_000;

fn cancelled(version: u64) -> MoneyStep {
    let terms = Some(CancelTerms {
        fee_minor: FEE,
        provider_id: Some(user(7)),
    });
    MoneyStep::OrderHeard(BilledOrder {
        terms,
        ..order(0, version, OrderStatus::Cancelled)
    })
}

/// The provider's events about a booked fee.
async fn told_fees(stage: &Stage) -> Vec<PaymentEvent> {
    let events = stage.events().await;
    let told = events
        .iter()
        .filter(|event| event.kind == EventType::PaymentStatusChanged);
    let bodies = told.map(|event| serde_json::from_value(event.body.clone()).unwrap());
    bodies
        .filter(|body: &PaymentEvent| body.cancel_fee.is_some())
        .collect()
}

/// A new process that has only the rows.
fn restarted(stage: &Stage) -> AdapterWorker {
    let store = Store::new(
        stage.sql.clone(),
        stage.clock.clone(),
        stage.config.custody_limits(),
    );
    let adapter = PaymentAdapter::new_simulated(stage.sql.clone(), stage.clock.clone(), true);
    AdapterWorker { store, adapter }
}

/// The process dies before step `stop` (receive the cancel, call the adapter, apply its answer).
/// Then every event and call is repeated.
async fn ends_right(engine: Engine, stop: usize) {
    let (stage, _) = Stage::held(engine).await;
    if stop > 0 {
        stage.done(0, cancelled(4)).await;
    }
    let calls = stage.store.list_order_calls(order_id(0)).await.unwrap();
    assert_eq!(
        calls.len(),
        usize::from(stop > 0),
        "the refund was committed before its first call"
    );
    if stop > 1 {
        // The answer is lost with the process.
        stage.worker.adapter.make_call(&calls[0]).await;
    }
    if stop > 2 {
        stage.hears(0, calls[0].id, AdapterAnswer::Done).await;
    }
    let next = restarted(&stage);
    stage.done(0, cancelled(4)).await;
    next.make_due_calls().await.unwrap();
    stage.clock.advance(HOUR);
    jobs::settle_dues(&next).await.unwrap();
    next.make_due_calls().await.unwrap();
    let money = stage.money(0).await;
    assert_eq!(
        (money.earned_minor(), money.returned_minor()),
        (FEE, PRICE - FEE),
        "stop {stop}"
    );
    assert_eq!(
        (money.held_minor(), money.due.saga),
        (0, Saga::Done),
        "stop {stop}"
    );
    assert_eq!(
        money.account_balance(LedgerAccount::Refunding(order_id(0))),
        0
    );
    assert_eq!(money.due.payment_status, PaymentStatus::PartiallyRefunded);
    let sent = "SELECT COUNT(*) FROM simulated_movements WHERE kind = 'refund'";
    assert_eq!(stage.count(sent).await, 1, "stop {stop}");
    let told = told_fees(&stage).await;
    let [told] = told.as_slice() else {
        panic!("the provider is told once at stop {stop}: {told:?}");
    };
    assert_eq!(told.provider_id, Some(user(7)));
    assert_eq!(told.cancel_fee, Some(told.amount));
    assert_eq!(
        (told.amount.minor_units(), told.held.minor_units()),
        (FEE, 0)
    );
    let cases = "SELECT COUNT(*) FROM money_cases";
    assert_eq!(stage.count(cases).await, 0, "stop {stop}");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_cancel_ends_right_after_a_crash_at_any_step(#[case] engine: Engine) {
    for stop in 0..=3 {
        ends_right(engine, stop).await;
    }
}

/// An admin grants the price back, and the customer cancels at the fee that they were shown before.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_fee_that_custody_cannot_pay_opens_one_case(#[case] engine: Engine) {
    let (stage, _) = Stage::held(engine).await;
    stage.becomes(0, 4, OrderStatus::InProgress).await;
    let request = MoneyStep::RequestRefund {
        by: user(1),
        amount_minor: PRICE,
    };
    let request = stage.done(0, request).await.movement.unwrap();
    let grant = MoneyStep::DecideRefund {
        request,
        granted_minor: Some(PRICE),
    };
    let refund = stage.done(0, grant).await.movement.unwrap();
    stage.done(0, cancelled(5)).await;
    let cases = "SELECT COUNT(*) FROM money_cases";
    assert_eq!(stage.count(cases).await, 0, "the refund may still fail");
    stage.hears(0, refund, AdapterAnswer::Done).await;
    // The event arrives again, and the job looks again.
    stage.done(0, cancelled(5)).await;
    stage.done(0, MoneyStep::TimePassed).await;
    let cases = stage.store.list_open_cases(10, None).await.unwrap();
    let [case] = cases.as_slice() else {
        panic!("one case: {cases:?}");
    };
    assert_eq!(
        (case.kind.as_str(), case.order_id),
        ("fee_shortfall", order_id(0))
    );
    let events = stage.events().await;
    let opened = events
        .iter()
        .filter(|event| event.kind == EventType::PaymentCaseOpened);
    assert_eq!(opened.count(), 1, "admins are told once");
    assert_eq!(told_fees(&stage).await, [], "no provider is told of a fee");
    assert_eq!(stage.money(0).await.earned_minor(), 0);
}

/// The refund fails: the money returns to custody, stays owed, and waits for a person. The fee
/// stays booked.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_refund_that_fails_is_made_good_and_waits_for_a_person(#[case] engine: Engine) {
    let stage = Stage::accepted(engine).await;
    stage.pays(0, "simulated.no_refund").await;
    stage.done(0, cancelled(4)).await;
    restarted(&stage).make_due_calls().await.unwrap();
    let money = stage.money(0).await;
    assert_eq!(
        (money.held_minor(), money.due.saga),
        (PRICE - FEE, Saga::NeedsPerson)
    );
    assert_eq!(money.earned_minor(), FEE);
    // Neither a repeat nor time triggers another send.
    stage.done(0, cancelled(4)).await;
    stage.done(0, MoneyStep::TimePassed).await;
    assert_eq!(stage.money(0).await, money);
    let sent = stage.done(0, MoneyStep::SendAnew).await;
    stage
        .hears(0, sent.movement.unwrap(), AdapterAnswer::Done)
        .await;
    let money = stage.money(0).await;
    assert_eq!((money.held_minor(), money.due.saga), (0, Saga::Done));
    assert_eq!(
        (money.earned_minor(), money.returned_minor()),
        (FEE, PRICE - FEE)
    );
}
