//! Reconciliation of orders, payments, the books and the adapter; and recovery of lost events by
//! version.

mod adapter_fees;

use custody::{CompensationRequest, MoneyStep};
use payment::{
    events::OrderComparison,
    jobs,
    reconcile::{FindingKind, MoneyFinding, Reconciler},
    store::FindingContext,
};
use platform::vals;
use rstest::rstest;
use wire::{Currency, EventType, OrderStatus, PaymentEvent};

use crate::{http::Orders, stage::*};

struct Scene {
    stage: Stage,
    orders: Orders,
    reconciler: Reconciler,
}

fn kinds(found: &[MoneyFinding]) -> Vec<FindingKind> {
    found.iter().map(|finding| finding.kind).collect()
}

impl Scene {
    /// An accepted and paid order.
    async fn paid(engine: Engine) -> Self {
        Self::paid_by(engine, "simulated").await
    }

    async fn paid_by(engine: Engine, method: &str) -> Self {
        let stage = Stage::new(engine).await;
        let orders = Orders::new();
        let ground = testing::ground(stage.folder.path(), &stage.clock).await;
        let verifier = ground.verifier_for(payment::NAME);
        let comparison = OrderComparison {
            store: stage.store.clone(),
            orders: orders.upstream(),
            verifier,
        };
        let reconciler = Reconciler {
            worker: stage.worker.clone(),
            comparison,
        };
        let scene = Self {
            stage,
            orders,
            reconciler,
        };
        scene.becomes(OrderStatus::Accepted).await;
        scene.stage.pays(0, method).await;
        scene.took().await;
        scene
    }

    /// A paid order, partly refunded, released and paid out.
    async fn sound(engine: Engine) -> Self {
        let scene = Self::paid(engine).await;
        let stage = &scene.stage;
        scene.becomes(OrderStatus::InProgress).await;
        let ask = MoneyStep::RequestRefund {
            by: user(1),
            amount_minor: 5_000,
        };
        let request = stage.done(0, ask).await.movement.unwrap();
        stage
            .done(
                0,
                MoneyStep::DecideRefund {
                    request,
                    granted_minor: Some(5_000),
                },
            )
            .await;
        stage.worker.make_due_calls().await.unwrap();
        scene.becomes(OrderStatus::Completed).await;
        stage.clock.advance(72 * HOUR);
        jobs::settle_dues(&stage.worker).await.unwrap();
        jobs::start_due_payouts(&stage.worker).await.unwrap();
        assert_eq!(
            stage
                .count("SELECT COUNT(*) FROM payouts WHERE status = 'completed'")
                .await,
            1
        );
        stage.clock.advance(2 * HOUR);
        scene.took().await;
        scene
    }

    async fn becomes(&self, status: OrderStatus) {
        self.orders.change(|order| order.status = status);
        self.stage.done(0, self.orders.heard()).await;
    }

    /// The order service applies the latest money event.
    async fn took(&self) {
        self.orders
            .took(self.stage.money(0).await.due.money_version);
    }

    async fn differences(&self) -> Vec<FindingKind> {
        kinds(&self.reconciler.build_report().await.unwrap().differences)
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_sound_platform_has_an_empty_report(#[case] engine: Engine) {
    let scene = Scene::sound(engine).await;
    let report = scene.reconciler.run_reconciliation().await.unwrap();
    assert_eq!(
        (kinds(&report.differences), kinds(&report.waiting)),
        (vec![], vec![])
    );
    let kept = "SELECT COUNT(*) FROM reconciliations WHERE differences = 0 AND waiting = 0";
    assert_eq!(scene.stage.count(kept).await, 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn each_disagreement_is_named(#[case] engine: Engine) {
    for (breaks, kind) in [
        (
            "UPDATE accounts SET balance_minor = balance_minor - 1 WHERE account = 'fees'",
            FindingKind::AccountAdrift,
        ),
        (
            "UPDATE simulated_movements SET amount_minor = amount_minor + 1 WHERE kind = 'charge'",
            FindingKind::AdapterDiffers,
        ),
        (
            "UPDATE simulated_movements SET state = 'returned' WHERE kind = 'payout'",
            FindingKind::AdapterDiffers,
        ),
        (
            "DELETE FROM simulated_movements WHERE kind = 'refund'",
            FindingKind::AdapterDiffers,
        ),
        (
            "UPDATE dues SET payment_status = 'held'",
            FindingKind::ShownUnheld,
        ),
    ] {
        let scene = Scene::sound(engine).await;
        scene.stage.sql.exec(breaks, vals![]).await.unwrap();
        assert_eq!(scene.differences().await, [kind], "{breaks}");
    }
    let scene = Scene::sound(engine).await;
    testing::drop_trigger(&scene.stage.sql, "transactions_not_changed").await;
    let text = "UPDATE transactions SET amount_minor = amount_minor - 1 WHERE account = 'fees'";
    scene.stage.sql.exec(text, vals![]).await.unwrap();
    let both = [FindingKind::UnevenJournal, FindingKind::AccountAdrift];
    assert_eq!(scene.differences().await, both);
    let scene = Scene::paid(engine).await;
    scene
        .stage
        .sql
        .exec("UPDATE dues SET saga = 'done'", vals![])
        .await
        .unwrap();
    assert_eq!(scene.differences().await, [FindingKind::HeldForNothing]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_compensation_without_a_case_or_above_its_worth_is_named(#[case] engine: Engine) {
    let scene = Scene::sound(engine).await;
    let vain = user(8);
    scene.orders.lists(vain);
    let wish = CompensationRequest {
        provider: vain,
        amount_minor: 18_001,
        has_case: true,
    };
    scene.stage.done(0, MoneyStep::Compensate(wish)).await;
    assert_eq!(scene.differences().await, []);

    scene.orders.unlists(vain);
    let report = scene.reconciler.build_report().await.unwrap();
    let [found] = &report.differences[..] else {
        panic!("{:?}", report.differences)
    };
    assert_eq!(found.kind, FindingKind::CompensationUnfounded);
    let amount = Some((18_001, Currency::Cny));
    let about = FindingContext {
        provider_id: Some(vain),
        amount,
        ..FindingContext::of_order(order_id(0))
    };
    assert_eq!(found.about, about);

    scene.orders.lists(vain);
    testing::drop_trigger(&scene.stage.sql, "transactions_not_changed").await;
    for text in [
        "UPDATE transactions SET amount_minor = amount_minor + 1 \
            WHERE action = 'compensation' AND account = 'loss'",
        "UPDATE transactions SET amount_minor = amount_minor - 1 \
            WHERE action = 'compensation' AND account = 'provider'",
        "UPDATE accounts SET balance_minor = balance_minor + 1 WHERE account = 'loss'",
    ] {
        scene.stage.sql.exec(text, vals![]).await.unwrap();
    }
    const BALANCE: &str = "UPDATE accounts SET balance_minor = balance_minor - 1 \
        WHERE account = 'provider' AND owner_id = ?";
    scene.stage.sql.exec(BALANCE, vals![vain]).await.unwrap();
    assert_eq!(
        scene.differences().await,
        [FindingKind::CompensationUnfounded]
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn what_waits_too_long_is_listed_and_is_no_difference(#[case] engine: Engine) {
    let scene = Scene::sound(engine).await;
    let stage = &scene.stage;
    for text in [
        "UPDATE payouts SET status = 'pending'",
        "UPDATE dues SET saga = 'needs_person'",
    ] {
        stage.sql.exec(text, vals![]).await.unwrap();
    }
    // A case about the order alone, under an id that belongs to no movement.
    const CASE: &str = "INSERT INTO money_cases (order_id, kind, movement_id, opened_at)
        VALUES (?, 'completed_unpaid', ?, 0)";
    stage
        .sql
        .exec(CASE, vals![order_id(0), user(9)])
        .await
        .unwrap();
    let report = scene.reconciler.build_report().await.unwrap();
    assert_eq!(kinds(&report.differences), []);
    let late = [
        FindingKind::LatePayout,
        FindingKind::NeedsPerson,
        FindingKind::OpenCase,
    ];
    assert_eq!(kinds(&report.waiting), late);
    let [payout, order, case] = &report.waiting[..] else {
        panic!("{report:?}")
    };
    assert_eq!(case.about, FindingContext::of_order(order_id(0)));
    let paid_out = payout.about;
    assert_eq!(
        (paid_out.order_id, paid_out.provider_id),
        (None, Some(user(7)))
    );
    assert!(
        paid_out.amount.is_some_and(|(minor, _)| minor > 0),
        "{paid_out:?}"
    );
    assert_eq!(order.about, FindingContext::of_order(order_id(0)));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_finding_tells_its_order_and_its_amount_by_our_books(#[case] engine: Engine) {
    let of_order = FindingContext::of_order(order_id(0));
    let moved = |minor| FindingContext {
        amount: Some((minor, Currency::Cny)),
        ..of_order
    };
    for (breaks, about) in [
        (
            "UPDATE simulated_movements SET amount_minor = 1 WHERE kind = 'charge'",
            moved(PRICE),
        ),
        (
            "UPDATE simulated_movements SET amount_minor = 1 WHERE kind = 'refund'",
            moved(5_000),
        ),
        ("UPDATE dues SET payment_status = 'held'", of_order),
        (
            "UPDATE accounts SET balance_minor = balance_minor - 1 WHERE account = 'fees'",
            FindingContext::default(),
        ),
    ] {
        let scene = Scene::sound(engine).await;
        scene.stage.sql.exec(breaks, vals![]).await.unwrap();
        let report = scene.reconciler.build_report().await.unwrap();
        let [found] = &report.differences[..] else {
            panic!("{breaks}: {report:?}")
        };
        assert_eq!(found.about, about, "{breaks}");
    }
}

/// A slow payment is on the adapter's statement like any other.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_payment_that_took_a_while_is_no_difference(#[case] engine: Engine) {
    let scene = Scene::paid_by(engine, "simulated.slow").await;
    assert_eq!(scene.stage.money(0).await.held_minor(), 0);
    assert_eq!(scene.differences().await, []);
    scene.stage.clock.advance(HOUR);
    scene.stage.worker.make_due_calls().await.unwrap();
    scene.took().await;
    assert_eq!(scene.stage.money(0).await.held_minor(), PRICE);
    assert_eq!(scene.differences().await, []);
}

/// A bank takes a payment back, which shows only in the statement.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_chargeback_is_found_by_the_statement_and_asked_about(#[case] engine: Engine) {
    let scene = Scene::paid(engine).await;
    let stage = &scene.stage;
    let payment = stage.money(0).await.held_payment().unwrap();
    let payment::adapter::PaymentAdapter::Simulated(bank) = &stage.worker.adapter else {
        panic!("a simulated adapter");
    };
    bank.charge_back(payment, 3_000, false).await.unwrap();
    assert_eq!(scene.differences().await, [FindingKind::AdapterDiffers]);
    let report = scene.reconciler.run_reconciliation().await.unwrap();
    assert_eq!(kinds(&report.differences), []);
    assert_eq!(stage.money(0).await.held_minor(), PRICE - 3_000);
}

/// The payout's row is unreadable, so the adapter cannot be queried about it.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_movement_that_cannot_be_asked_about_leaves_the_report_standing(#[case] engine: Engine) {
    let scene = Scene::sound(engine).await;
    for text in [
        "UPDATE payouts SET ask = 'odd'",
        "UPDATE simulated_movements SET amount_minor = amount_minor + 1 WHERE kind = 'payout'",
    ] {
        scene.stage.sql.exec(text, vals![]).await.unwrap();
    }
    let report = scene.reconciler.run_reconciliation().await.unwrap();
    assert_eq!(kinds(&report.differences), [FindingKind::AdapterDiffers]);
    let noted = "SELECT COUNT(*) FROM reconciliations WHERE differences = 1";
    assert_eq!(scene.stage.count(noted).await, 1);
}

/// The return shows only in the statement.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_payout_that_comes_back_is_owed_again(#[case] engine: Engine) {
    let scene = Scene::paid_by(engine, "simulated.payout_back").await;
    let stage = &scene.stage;
    scene.becomes(OrderStatus::Completed).await;
    stage.clock.advance(72 * HOUR);
    jobs::settle_dues(&stage.worker).await.unwrap();
    jobs::start_due_payouts(&stage.worker).await.unwrap();
    scene.took().await;
    let owed = async || {
        let balances = stage.store.balances_of(user(7)).await.unwrap();
        balances
            .iter()
            .map(|balance| -balance.balance_minor)
            .sum::<i64>()
    };
    assert_eq!((scene.differences().await, owed().await), (vec![], 0));
    stage.clock.advance(HOUR);
    assert_eq!(scene.differences().await, [FindingKind::AdapterDiffers]);
    let report = scene.reconciler.run_reconciliation().await.unwrap();
    assert_eq!(
        (kinds(&report.differences), owed().await),
        (vec![], PRICE - PRICE / 10)
    );
    jobs::start_due_payouts(&stage.worker).await.unwrap();
    assert_eq!(owed().await, 0, "the next one arrives");
}

/// First an order event is lost, then a money event: both are found by version and recovered once.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_lost_event_is_found_by_its_version(#[case] engine: Engine) {
    let scene = Scene::paid(engine).await;
    let stage = &scene.stage;
    let comparison = &scene.reconciler.comparison;
    scene
        .orders
        .change(|order| order.status = OrderStatus::Cancelled);
    assert_eq!(
        comparison.repair_missed_events().await.unwrap(),
        0,
        "it may be on its way"
    );
    stage.clock.advance(HOUR);
    assert_eq!(scene.differences().await, [FindingKind::OrderEventMissed]);
    assert_eq!(comparison.repair_missed_events().await.unwrap(), 1);
    stage.worker.make_due_calls().await.unwrap();
    let money = stage.money(0).await;
    assert_eq!((money.held_minor(), money.returned_minor()), (0, PRICE));

    // The order service has missed the refund event.
    stage.clock.advance(HOUR);
    assert_eq!(scene.differences().await, [FindingKind::MoneyWordMissed]);
    let before = stage.events().await.len();
    assert_eq!(comparison.repair_missed_events().await.unwrap(), 1);
    let again = stage.events().await;
    assert_eq!(again.len(), before + 1);
    let word = again.last().unwrap();
    assert_eq!(word.kind, EventType::PaymentStatusChanged);
    let event: PaymentEvent = serde_json::from_value(word.body.clone()).unwrap();
    assert_eq!(event.money_version, money.due.money_version);
    assert_eq!(
        (event.payment_status, event.held.minor_units()),
        (money.due.payment_status, 0)
    );
    scene.orders.took(event.money_version);
    stage.clock.advance(HOUR);
    assert_eq!(comparison.repair_missed_events().await.unwrap(), 0);
    assert_eq!(scene.differences().await, []);
}
