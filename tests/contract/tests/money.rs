//! Replays runs of the money simulator on payment_db: each step gets the same decision, and the
//! final rows match the model's.

use custody::{CustodyLimits, MoneyStep, OrderMoney};
use money_sim::{MoneyPlan, POLICIES, RecordOf, StepRecord, run_recorded};
use payment::{
    Config,
    store::{LedgerDiscrepancies, StepContext, StepMetadata, StepOutcome, Store},
};
use platform::{sql::Sql, vals};
use process::clock::Clock;
use support::{Engine, is_deep_run};
use wire::UnixMillis;

/// Each seed's steps run one by one, on a separate database.
fn seeds_on(engine: Engine) -> u64 {
    if engine == Engine::Sqlite && is_deep_run() {
        40
    } else {
        16
    }
}

#[tokio::test]
async fn a_simulated_run_ends_in_the_same_rows_on_sqlite() {
    agrees(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_simulated_run_ends_in_the_same_rows_on_mariadb() {
    agrees(Engine::MariaDb).await;
}

async fn agrees(engine: Engine) {
    let mut steps = 0;
    let mut journals = 0;
    for seed in 0..seeds_on(engine) {
        let run = run_recorded(&MoneyPlan::from_seed(seed));
        assert_eq!(run.violation, None, "seed {seed}");
        let folder = tempfile::tempdir().unwrap();
        let (store, sql) = store(engine, &engine.address(folder.path(), "payment")).await;
        for (n, record) in run.record.steps.iter().enumerate() {
            play(&store, record, &format!("seed {seed}, step {n}")).await;
        }
        for model in &run.record.money {
            let stored = store
                .load_order_money(model.order_id())
                .await
                .unwrap()
                .unwrap();
            assert_eq!(sorted(stored), sorted(model.clone()), "seed {seed}");
            journals += model.journals.len();
        }
        let disagreements = store.find_discrepancies(UnixMillis(0)).await.unwrap();
        assert_eq!(disagreements, LedgerDiscrepancies::default(), "seed {seed}");
        steps += run.record.steps.len();
        sql.close().await;
    }
    assert!(
        steps > 100 && journals > 10,
        "{steps} steps, {journals} journals"
    );
}

async fn store(engine: Engine, url: &str) -> (Store, Sql) {
    let migrate = async |url: &str| {
        let config = Config {
            sql_url: url.into(),
            ..Config::default()
        };
        payment::migrate(&config).await.unwrap();
        let sql = Sql::open(url).await.unwrap();
        sql.exec("DELETE FROM fee_policies", vals![]).await.unwrap();
        for policy in POLICIES {
            let values = vals![
                policy.from,
                u32::from(policy.platform_fee_bp),
                u32::from(policy.cancel_fee_bp),
                policy.cancel_notice_ms
            ];
            let text = "INSERT INTO fee_policies (in_force_from, platform_fee_bp, cancel_fee_bp, cancel_notice_ms) \
                VALUES (?, ?, ?, ?)";
            sql.exec(text, values).await.unwrap();
        }
        sql.close().await;
    };
    let name = if engine == Engine::MariaDb {
        "money_mariadb"
    } else {
        "money_sqlite"
    };
    let sql = testing::database(name, url, migrate).await;
    let clock = Clock::fixed_at(UnixMillis(0));
    (
        Store::new(sql.clone(), clock, CustodyLimits::default()),
        sql,
    )
}

async fn play(store: &Store, record: &StepRecord, place: &str) {
    let StepRecord { now, fresh, of } = record.clone();
    let occasion = StepContext { now, fresh };
    match of {
        RecordOf::Order {
            order,
            opened,
            step,
            outcome,
        } => {
            if let Some(heard) = opened.filter(|_| !matches!(step, MoneyStep::OrderHeard(_))) {
                let first = MoneyStep::OrderHeard(heard);
                store
                    .apply_step_at(order, &first, &StepMetadata::default(), occasion)
                    .await
                    .unwrap();
            }
            let stored = store
                .apply_step_at(order, &step, &StepMetadata::default(), occasion)
                .await
                .unwrap();
            let expected = match outcome {
                Ok(writes) => StepOutcome::Done(writes),
                Err(refusal) => StepOutcome::Refused(refusal),
            };
            assert_eq!(stored, expected, "{place}: {step:?}");
        }
        RecordOf::Payout {
            provider,
            currency,
            step,
            outcome,
        } => {
            let stored = store
                .apply_payout_step_at(provider, currency, step, occasion)
                .await
                .unwrap();
            assert_eq!(stored, outcome, "{place}: {step:?}");
        }
        RecordOf::Fee { line } => {
            let first = store.book_adapter_fee_at(&line, now).await.unwrap();
            let again = store.book_adapter_fee_at(&line, now).await.unwrap();
            assert_eq!((first, again), (true, false), "{place}: {line:?}");
        }
    }
}

/// Rows with the same timestamp are sorted by id.
fn sorted(mut money: OrderMoney) -> OrderMoney {
    money.payments.sort_by_key(|row| row.id);
    money.refunds.sort_by_key(|row| row.id);
    money.requests.sort_by_key(|row| row.id);
    money.chargebacks.sort_by_key(|row| row.id);
    money
}
