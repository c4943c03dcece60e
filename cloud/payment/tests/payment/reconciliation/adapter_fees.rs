//! The fees that the adapter keeps, as its statement lists them.

use custody::Action;
use futures::future::join_all;
use payment::reconcile::FindingKind;
use platform::vals;
use rstest::rstest;

use super::{Scene, kinds};
use crate::stage::*;

/// The adapter's fee on the price, if it keeps one.
const FEE: i64 = 120;

/// Every statement lists the fee, and every report would show it.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_adapters_own_fee_is_booked_once(#[case] engine: Engine) {
    let scene = Scene::paid_by(engine, "simulated.fee").await;
    let stage = &scene.stage;
    assert_eq!(
        scene.differences().await,
        [FindingKind::AdapterDiffers],
        "a report books nothing"
    );
    for day in 0..3 {
        let report = scene.reconciler.run_reconciliation().await.unwrap();
        assert_eq!(kinds(&report.differences), [], "{day}");
        stage.clock.advance(24 * HOUR);
    }
    let booked = stage.store.entries_of_order(order_id(0)).await.unwrap();
    let fees = booked
        .iter()
        .filter(|entry| entry.action == Action::AdapterFee);
    let fees: Vec<_> = fees
        .map(|entry| (entry.account.as_str(), entry.amount_minor))
        .collect();
    assert_eq!(fees, [("loss", FEE), ("adapter", -FEE)]);
    assert_eq!(
        stage.money(0).await.held_minor(),
        PRICE,
        "nobody but the platform pays it"
    );

    // Two replicas book one line concurrently.
    let scene = Scene::paid_by(engine, "simulated.fee").await;
    let payment = scene.stage.money(0).await.held_payment().unwrap();
    let statement = scene
        .stage
        .worker
        .adapter
        .fetch_statement(&[payment.0])
        .await
        .unwrap();
    let [line] = statement
        .iter()
        .filter(|line| line.amount_minor == FEE)
        .collect::<Vec<_>>()[..]
    else {
        panic!("{statement:?}");
    };
    let store = &scene.stage.store;
    let booked = join_all((0..4).map(|_| store.book_adapter_fee(line))).await;
    assert_eq!(
        booked
            .into_iter()
            .filter(|booked| *booked.as_ref().unwrap())
            .count(),
        1
    );
    assert_eq!(scene.differences().await, []);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_fee_that_cannot_be_true_is_a_difference(#[case] engine: Engine) {
    let booked = "SELECT COUNT(*) FROM transactions WHERE action = 'adapter_fee'";
    for minor in [-FEE, PRICE + 1] {
        let scene = Scene::paid_by(engine, "simulated.fee").await;
        let text = "UPDATE simulated_movements SET fee_minor = ?";
        scene.stage.sql.exec(text, vals![minor]).await.unwrap();
        let report = scene.reconciler.run_reconciliation().await.unwrap();
        assert_eq!(
            kinds(&report.differences),
            [FindingKind::AdapterDiffers],
            "{minor}"
        );
        assert_eq!(scene.stage.count(booked).await, 0, "{minor}");
    }
    let scene = Scene::paid_by(engine, "simulated.fee").await;
    scene.reconciler.run_reconciliation().await.unwrap();
    for changes in [
        "UPDATE simulated_movements SET fee_minor = fee_minor + 1",
        "UPDATE simulated_movements SET fee_minor = 0",
    ] {
        scene.stage.clock.advance(HOUR);
        scene.stage.sql.exec(changes, vals![]).await.unwrap();
        let report = scene.reconciler.run_reconciliation().await.unwrap();
        assert_eq!(
            kinds(&report.differences),
            [FindingKind::AdapterDiffers],
            "{changes}"
        );
    }
    assert_eq!(scene.stage.count(booked).await, 2, "what is booked stays");
}
