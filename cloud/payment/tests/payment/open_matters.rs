//! How much money of a person has not come to its end, which the deletion of an account waits for.

use custody::{AdapterAnswer, MoneyStep, PayoutStep};
use payment::jobs;
use rstest::rstest;
use wire::{Currency, OrderStatus, PaymentStatus};

use crate::stage::*;

impl Stage {
    /// Of the customer and of the provider.
    async fn open(&self) -> [u64; 2] {
        let customer = self.store.count_open_matters(user(1)).await.unwrap();
        let provider = self.store.count_open_matters(user(7)).await.unwrap();
        [customer, provider]
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn money_is_open_from_the_payment_to_the_end_of_the_payout(#[case] engine: Engine) {
    let stage = Stage::accepted(engine).await;
    assert_eq!(stage.open().await, [0, 0], "an order that was never paid");
    let payment = stage.pays(0, "simulated.waiting").await;
    assert_eq!(stage.open().await, [1, 0], "the payment is under way");
    let paid = AdapterAnswer::Paid {
        amount_minor: PRICE,
    };
    stage.hears(0, payment, paid).await;
    assert_eq!(stage.open().await, [1, 1], "the price is held");
    stage.becomes(0, 4, OrderStatus::Completed).await;
    assert_eq!(stage.open().await, [1, 1], "and may be objected to");
    stage.clock.advance(72 * HOUR);
    jobs::settle_dues(&stage.worker).await.unwrap();
    assert_eq!(
        stage.open().await,
        [0, 1],
        "the provider is owed their share"
    );
    jobs::start_due_payouts(&stage.worker).await.unwrap();
    stage.worker.make_due_calls().await.unwrap();
    assert_eq!(stage.open().await, [0, 0]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn done_work_is_open_for_its_customer_until_it_is_paid(#[case] engine: Engine) {
    let stage = Stage::accepted(engine).await;
    stage.becomes(0, 4, OrderStatus::Completed).await;
    assert_eq!(stage.open().await, [1, 0], "the customer owes the price");
    let payment = stage.pays(0, "simulated.waiting").await;
    let paid = AdapterAnswer::Paid {
        amount_minor: PRICE,
    };
    stage.hears(0, payment, paid).await;
    stage.clock.advance(72 * HOUR);
    jobs::settle_dues(&stage.worker).await.unwrap();
    assert_eq!(stage.open().await, [0, 1]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn done_work_whose_whole_price_went_back_holds_no_one(#[case] engine: Engine) {
    let (stage, _) = Stage::held(engine).await;
    stage.becomes(0, 4, OrderStatus::Completed).await;
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
    assert_eq!(stage.open().await[0], 1, "the refund is under way");
    stage.hears(0, refund, AdapterAnswer::Done).await;
    stage.clock.advance(72 * HOUR);
    jobs::settle_dues(&stage.worker).await.unwrap();
    assert_eq!(stage.open().await, [0, 0]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_refund_is_open_until_the_customer_has_it(#[case] engine: Engine) {
    let (stage, _) = Stage::held(engine).await;
    stage.becomes(0, 4, OrderStatus::Cancelled).await;
    assert_eq!(stage.open().await[0], 1, "the refund is under way");
    let refund = stage.money(0).await.open_refund().unwrap().id;
    stage.hears(0, refund, AdapterAnswer::Failed).await;
    assert_eq!(stage.open().await[0], 1, "an admin must send it again");
    stage.done(0, MoneyStep::SendAnew).await;
    let again = stage.money(0).await.open_refund().unwrap().id;
    stage.hears(0, again, AdapterAnswer::Done).await;
    assert_eq!(stage.open().await, [0, 0]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn money_of_a_wrong_amount_is_open_until_it_is_back(#[case] engine: Engine) {
    let stage = Stage::accepted(engine).await;
    let payment = stage.pays(0, "simulated.waiting").await;
    let paid = AdapterAnswer::Paid {
        amount_minor: PRICE - 1,
    };
    stage.hears(0, payment, paid).await;
    let money = stage.money(0).await;
    assert_eq!(money.due.payment_status, PaymentStatus::Unpaid);
    assert_eq!(stage.open().await, [1, 0], "the refund is under way");
    let refund = money.open_refund().unwrap().id;
    stage.hears(0, refund, AdapterAnswer::Failed).await;
    assert_eq!(stage.open().await, [1, 0], "an admin must send it again");
    stage.done(0, MoneyStep::SendAnew).await;
    let again = stage.money(0).await.open_refund().unwrap().id;
    stage.hears(0, again, AdapterAnswer::Done).await;
    assert_eq!(stage.open().await, [0, 0]);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_payout_is_open_but_a_balance_too_small_for_one_is_not(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let first = "INSERT INTO accounts (account, owner_id, currency, balance_minor) \
        VALUES ('provider', ?, 'CNY', -999)";
    stage.sql.exec(first, vec![user(7).into()]).await.unwrap();
    assert_eq!(stage.open().await, [0, 0]);
    let more = "UPDATE accounts SET balance_minor = -1000";
    stage.sql.exec(more, Vec::new()).await.unwrap();
    assert_eq!(
        stage.open().await,
        [0, 1],
        "the balance waits for its payout"
    );
    stage
        .store
        .apply_payout_step(user(7), Currency::Cny, PayoutStep::HourStruck)
        .await
        .unwrap();
    assert_eq!(stage.open().await, [0, 1], "the payout is under way");
    stage.worker.make_due_calls().await.unwrap();
    assert_eq!(stage.open().await, [0, 0]);
}
