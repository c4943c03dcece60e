//! Balances above the maximum price are paid out in parts, shown in full, and pass the report.

use custody::{AdapterAnswer, BilledOrder, MoneyStep, PaymentRequest, PayoutStep};
use payment::{jobs, store::StepMetadata};
use platform::vals;
use rstest::rstest;
use wire::{Currency, EventType, OrderStatus, PayoutEvent};

use crate::stage::*;

/// The maximum price of an order.
const TOP: i64 = 9_999_999_999;

impl Stage {
    /// Completes and releases orders at the maximum price.
    pub(crate) async fn released_at_top_price(&self, orders: u128) {
        let order = |n, version, status| BilledOrder {
            price_minor: TOP,
            ..order(n, version, status)
        };
        for n in 0..orders {
            self.done(n, MoneyStep::OrderHeard(order(n, 3, OrderStatus::Accepted)))
                .await;
            let pay = MoneyStep::Pay(PaymentRequest {
                amount_minor: TOP,
                ..wish()
            });
            let note = StepMetadata {
                method: Some("simulated".into()),
                ..StepMetadata::default()
            };
            self.store
                .apply_step(order_id(n), &pay, &note)
                .await
                .unwrap();
            self.worker.make_order_calls(order_id(n)).await.unwrap();
            self.done(
                n,
                MoneyStep::OrderHeard(order(n, 9, OrderStatus::Completed)),
            )
            .await;
        }
        self.clock.advance(72 * HOUR);
        jobs::settle_dues(&self.worker).await.unwrap();
    }

    async fn balance(&self) -> i64 {
        -self
            .count("SELECT balance_minor FROM accounts WHERE account = 'provider'")
            .await
    }

    async fn payouts_sent(&self) -> Vec<i64> {
        let sent = |event: &wire::Event| event.kind == EventType::PayoutSent;
        let events = self.events().await.into_iter().filter(sent);
        let bodies = events.map(|event| serde_json::from_value::<PayoutEvent>(event.body).unwrap());
        bodies.map(|payout| payout.amount.minor_units()).collect()
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_balance_above_the_highest_price_is_paid_out_in_parts(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    stage.released_at_top_price(2).await;
    let balance = stage.balance().await;
    assert!(balance > TOP, "{balance}");
    jobs::start_due_payouts(&stage.worker).await.unwrap();
    assert_eq!(stage.payouts_sent().await, [TOP]);
    assert_eq!(
        stage.balance().await,
        balance - TOP,
        "the rest waits for the next payout"
    );
    jobs::start_due_payouts(&stage.worker).await.unwrap();
    assert_eq!(stage.payouts_sent().await, [TOP, balance - TOP]);
    assert_eq!(stage.balance().await, 0);
    let open = "SELECT COUNT(*) FROM payouts WHERE status <> 'completed'";
    assert_eq!(stage.count(open).await, 0);
}

/// A payout begun before payouts were bounded, and already sent by the adapter.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_older_payout_that_no_event_can_carry_is_booked(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    stage.released_at_top_price(1).await;
    let provider = user(7);
    let currency = Currency::Cny;
    let begun = stage
        .store
        .apply_payout_step(provider, currency, PayoutStep::HourStruck)
        .await
        .unwrap();
    let payout = begun.unwrap().payout.id;
    let large = 2 * TOP;
    for text in [
        "UPDATE payouts SET amount_minor = ?",
        "UPDATE accounts SET balance_minor = -? WHERE account = 'sending'",
    ] {
        stage.sql.exec(text, vals![large]).await.unwrap();
    }
    let done = PayoutStep::Answered {
        payout,
        answer: AdapterAnswer::Done,
    };
    stage
        .store
        .apply_payout_step(provider, currency, done)
        .await
        .unwrap();
    assert_eq!(
        stage
            .count("SELECT COUNT(*) FROM payouts WHERE status = 'completed'")
            .await,
        1
    );
    assert_eq!(
        stage
            .count("SELECT balance_minor FROM accounts WHERE account = 'sending'")
            .await,
        0
    );
}
