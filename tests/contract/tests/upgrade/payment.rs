//! Money from before the admin desk, the daily reports and callbacks.

use custody::MoneyStep;
use payment::{
    AdapterWorker, Config,
    adapter::PaymentAdapter,
    jobs,
    store::{MoneyAct, MoneyActKind, StepMetadata, StepOutcome, Store},
};
use process::clock::Clock;
use support::Engine;
use wire::{OrderId, UserId};

use super::{Former, clock, id};

const FORMER: Former = Former {
    part: "payment",
    home: "cloud/payment",
    step: 2,
    ground: 2,
    rows: include_str!("payment.sql"),
    empty: &[],
};

const DISPUTE_MS: i64 = 72 * 3_600_000;

pub async fn goes_on(engine: Engine) {
    let former = FORMER.make(engine).await;
    let config = Config {
        sql_url: former.url.as_str().into(),
        ..Config::default()
    };
    for _ in 0..2 {
        payment::migrate(&config).await.unwrap();
    }
    let sql = former.open().await;
    let clock = clock();
    let store = Store::new(sql.clone(), clock.clone(), config.custody_limits());
    let [paid, unpaid] = [1, 2].map(|n| OrderId(id(n)));
    the_money_of_then_reads_as_before(&store, paid, unpaid).await;

    let adapter = PaymentAdapter::new_simulated(sql.clone(), clock.clone(), true);
    let worker = AdapterWorker {
        store: store.clone(),
        adapter,
    };
    a_payment_of_then_is_released_at_its_own_fee(&worker, &clock, paid).await;
    an_admin_gives_money_on_an_order_of_then(&store, paid).await;
}

async fn the_money_of_then_reads_as_before(store: &Store, paid: OrderId, unpaid: OrderId) {
    let payments = store.payments_of(paid).await.unwrap();
    assert_eq!((payments.len(), payments[0].amount_minor), (1, 20_001));
    assert_eq!(payments[0].status, "completed");
    assert_eq!(store.payments_of(unpaid).await.unwrap()[0].status, "failed");
    let requests = store.requests_of(paid).await.unwrap();
    assert_eq!(
        (requests.len(), requests[0].reason.as_str()),
        (1, "It took too long.")
    );
    let customer = payments[0].customer_id;
    let used = store.last_used_method(customer).await.unwrap();
    assert_eq!(
        used.as_deref(),
        Some("simulated"),
        "a customer of then is proposed it"
    );
    assert!(
        store
            .keep_method(customer, "simulated", true)
            .await
            .unwrap()
    );
    let cases = store.list_open_cases(10, None).await.unwrap();
    assert_eq!(
        (cases.len(), cases[0].closed_at),
        (1, None),
        "a case of then is open"
    );
    assert_eq!(
        booked(store, paid).await,
        [("charge", "adapter", 20_001), ("charge", "held", -20_001)]
    );
}

async fn a_payment_of_then_is_released_at_its_own_fee(
    worker: &AdapterWorker,
    clock: &Clock,
    paid: OrderId,
) {
    let store = &worker.store;
    jobs::settle_dues(worker).await.unwrap();
    assert_eq!(
        booked(store, paid).await.len(),
        2,
        "the customer may still object"
    );
    clock.advance(DISPUTE_MS);
    jobs::settle_dues(worker).await.unwrap();
    let released = &booked(store, paid).await[2..];
    let expected = [
        ("release", "held", 20_001),
        ("release", "provider", -18_001),
        ("release", "fees", -2_000),
    ];
    assert_eq!(
        released, expected,
        "less ten of a hundred, as it was agreed then"
    );
}

async fn an_admin_gives_money_on_an_order_of_then(store: &Store, paid: OrderId) {
    let act = MoneyAct {
        kind: MoneyActKind::Goodwill,
        subject: None,
        amount_minor: Some(100),
        by: UserId(id(0xa001)),
        reason: "Sorry.".to_owned(),
    };
    let note = StepMetadata {
        act: Some(act),
        ..StepMetadata::default()
    };
    let step = MoneyStep::Goodwill { amount_minor: 100 };
    let done = store.apply_step(paid, &step, &note).await.unwrap();
    assert!(matches!(done, StepOutcome::Done(_)), "{done:?}");
    assert_eq!(store.acts_of(paid).await.unwrap().len(), 1);
}

async fn booked(store: &Store, order: OrderId) -> Vec<(&'static str, &'static str, i64)> {
    let entries = store.entries_of_order(order).await.unwrap();
    let word = |text: String| -> &'static str { text.leak() };
    entries
        .into_iter()
        .map(|one| (word(one.action), word(one.account), one.amount_minor))
        .collect()
}
