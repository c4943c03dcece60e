//! The contract of the adapter: an id has one effect, final states stay, closing an unknown id closes it for good.
//! An arm that is added runs the same body.

use custody::{AdapterAnswer, Ask, Errand, MovementId};
use futures::future::join_all;
use payment::{
    adapter::Payments,
    store::{AdapterCall, CallKind},
};
use rstest::rstest;
use uuid::Uuid;

use crate::stage::*;

const PAID: AdapterAnswer = AdapterAnswer::Paid { amount_minor: PRICE };

async fn answer(adapter: &Payments, call: &AdapterCall) -> AdapterAnswer {
    adapter.take(call).await.answer
}

fn asking(ask: Ask, call: &AdapterCall) -> AdapterCall {
    AdapterCall { errand: Errand { ask, ..call.errand }, ..call.clone() }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_id_has_one_effect_and_its_end_stays(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let adapter = &stage.courier.adapter;
    let charge = stage.charge("simulated");
    let answers = join_all((0..8).map(|_| answer(adapter, &charge))).await;
    assert_eq!(answers, [PAID; 8]);
    assert_eq!(stage.count("SELECT COUNT(*) FROM simulated_movements").await, 1);
    let dearer = AdapterCall { amount_minor: PRICE * 2, ..charge.clone() };
    for ask in [Ask::Call, Ask::Query, Ask::Close] {
        assert_eq!(answer(adapter, &asking(ask, &dearer)).await, PAID, "{ask}");
    }
    let refund = CallKind::Refund { order: order_id(0), payment: charge.id };
    for kind in [refund, CallKind::Payout { provider: user(7) }] {
        let call = AdapterCall { id: MovementId(stage.clock.new_id()), kind, ..charge.clone() };
        for ask in [Ask::Call, Ask::Call, Ask::Query] {
            let done = answer(adapter, &asking(ask, &call)).await;
            assert_eq!(done, AdapterAnswer::Done, "{ask}");
        }
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn what_is_closed_can_never_be_charged(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let adapter = &stage.courier.adapter;
    let unknown = stage.charge("simulated");
    assert_eq!(answer(adapter, &asking(Ask::Query, &unknown)).await, AdapterAnswer::NotFound);
    let waiting = stage.charge("simulated.waiting");
    assert_eq!(answer(adapter, &waiting).await, AdapterAnswer::Pending);
    let declined = stage.charge("simulated.declined");
    assert_eq!(answer(adapter, &declined).await, AdapterAnswer::Declined);
    for call in [unknown, waiting, declined] {
        let closed = AdapterAnswer::Closed;
        assert_eq!(answer(adapter, &asking(Ask::Close, &call)).await, closed);
        assert_eq!(answer(adapter, &asking(Ask::Call, &call)).await, closed, "a late call");
        assert_eq!(answer(adapter, &asking(Ask::Query, &call)).await, closed);
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_method_of_payment_scripts_its_charge(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let adapter = &stage.courier.adapter;
    let silent = stage.charge("simulated.silent");
    assert_eq!(answer(adapter, &silent).await, AdapterAnswer::Unknown);
    assert_eq!(answer(adapter, &asking(Ask::Query, &silent)).await, PAID);
    let other = answer(adapter, &stage.charge("simulated.other_amount")).await;
    assert_eq!(other, AdapterAnswer::Paid { amount_minor: PRICE - 1 });
    let slow = stage.charge("simulated.slow");
    assert_eq!(answer(adapter, &slow).await, AdapterAnswer::Pending);
    stage.clock.advance(3_000);
    assert_eq!(answer(adapter, &asking(Ask::Query, &slow)).await, PAID);
    let kept = stage.charge("simulated.no_refund");
    assert_eq!(answer(adapter, &kept).await, PAID);
    let kind = CallKind::Refund { order: order_id(0), payment: kept.id };
    let back = AdapterCall { id: MovementId(Uuid::from_u128(9)), kind, ..kept };
    assert_eq!(answer(adapter, &back).await, AdapterAnswer::Failed);
    assert!(!adapter.takes("simulated.unheard_of") && adapter.takes(adapter.usual_method()));
}
