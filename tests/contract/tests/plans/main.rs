//! Every statement on money and orders caused by people, events and frequent jobs uses an index.
//! The statements come from a real run: sqlx reports each one, and the test requests its plan from
//! the engine.

#![allow(clippy::unwrap_used)]

mod messages;
mod order;
mod recorder;

use std::collections::BTreeSet;

use custody::{
    AdapterAnswer, AdapterReply, BilledOrder, LineKind, MoneyStep, MovementId, PaymentRequest,
    StatementLine,
};
use payment::{
    AdapterWorker, Config,
    adapter::{PaymentAdapter, SimulatedAdapter},
    jobs,
    store::{MoneyAct, MoneyActKind, StepMetadata, StepOutcome, Store},
};
use platform::sql::{ReadError, Row, Sql, StoredRow};
use process::clock::Clock;
use support::Engine;
use uuid::Uuid;
use wire::{Currency, OrderId, OrderStatus, UnixMillis, UserId};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
const PRICE: i64 = 20_001;
/// Unrelated rows of each table. MariaDB scans a small table despite its index.
const OTHERS: u32 = 3_000;
/// Tables of a few rows, for which scans are fine.
const SMALL: &[&str] = &[
    "fee_policies",
    "compared_until",
    "cancel_policies",
    "region_assignment",
    "region_rules",
    "fences",
    "ended_epochs",
];
const FILLED: &[&str] = &[
    "dues",
    "payments",
    "refunds",
    "refund_requests",
    "chargebacks",
    "payouts",
    "journals",
    "transactions",
    "accounts",
    "money_cases",
    "money_acts",
    "request_keys",
    "kept_methods",
    "callbacks",
    "simulated_movements",
    "simulated_chargebacks",
    "simulated_callbacks",
    "adapter_fees",
];

#[tokio::test]
async fn every_statement_about_money_uses_an_index_on_sqlite() {
    uses_indexes(Engine::Sqlite).await;
}

#[tokio::test]
async fn every_statement_about_money_uses_an_index_on_mariadb() {
    uses_indexes(Engine::MariaDb).await;
}

async fn uses_indexes(engine: Engine) {
    let recorder = recorder::installed();
    let folder = tempfile::tempdir().unwrap();
    let url = engine.address(folder.path(), "payment");
    let migrate = async |url: &str| {
        let config = Config {
            sql_url: url.into(),
            ..Config::default()
        };
        payment::migrate(&config).await.unwrap();
    };
    let name = if engine == Engine::MariaDb {
        "plans_mariadb"
    } else {
        "plans_sqlite"
    };
    let sql = testing::database(name, &url, migrate).await;
    if engine == Engine::MariaDb {
        for table in FILLED {
            fill(&sql, table).await;
        }
    }
    run(&sql).await;
    let seen = without_scans(&sql, engine, recorder, FILLED).await;
    assert!(seen > 40, "only {seen} statements were seen");
    let whole = "SELECT id FROM payments WHERE payment_method = ? AND tries = ?";
    assert_eq!(
        scans_of(&sql, engine, whole).await.len(),
        1,
        "a scan would be seen"
    );
}

#[tokio::test]
async fn every_statement_about_orders_uses_an_index_on_sqlite() {
    order::uses_indexes(Engine::Sqlite).await;
}

#[tokio::test]
async fn every_statement_about_orders_uses_an_index_on_mariadb() {
    order::uses_indexes(Engine::MariaDb).await;
}

/// The number of statements on these tables; fails if any of them scans one.
async fn without_scans(
    sql: &Sql,
    engine: Engine,
    recorder: &recorder::Recorder,
    filled: &[&str],
) -> usize {
    let mut looked_at = 0;
    let mut scans = Vec::new();
    for text in recorder.statements() {
        if filled.iter().any(|table| names(&text, table)) {
            looked_at += 1;
            scans.extend(scans_of(sql, engine, &text).await);
        }
    }
    assert_eq!(scans, Vec::<String>::new());
    looked_at
}

fn names(text: &str, table: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|word| word == table)
}

/// One order from acceptance to payout, one cancelled order, and all their queries.
async fn run(sql: &Sql) {
    let clock = Clock::fixed_at(NOW);
    let limits = Config::default().custody_limits();
    let store = Store::new(sql.clone(), clock.clone(), limits);
    let adapter = PaymentAdapter::new_simulated(sql.clone(), clock.clone(), true);
    let worker = AdapterWorker {
        store: store.clone(),
        adapter,
    };
    let first = order(1);
    let second = order(2);
    pay_orders(&worker, [first, second]).await;
    let request = refund_part(&store, first).await;
    done(&store, first, heard(first, 5, OrderStatus::Completed)).await;
    done(&store, second, heard(second, 4, OrderStatus::Cancelled)).await;
    worker.make_due_calls().await.unwrap();
    clock.advance(72 * 3_600_000);
    jobs::settle_dues(&worker).await.unwrap();
    jobs::start_due_payouts(&worker).await.unwrap();
    give_goodwill(&store, first).await;
    read(&store, first, request.0).await;
    book_adapter_fee(&store, first).await;
    let bank = SimulatedAdapter::new(sql.clone(), clock, true);
    bank.with_callback_secret("a secret")
        .with_notify_url("http://127.0.0.1:9")
        .send_callbacks()
        .await
        .unwrap();
}

async fn pay_orders(worker: &AdapterWorker, orders: [OrderId; 2]) {
    let store = &worker.store;
    for order in orders {
        done(store, order, heard(order, 3, OrderStatus::Accepted)).await;
        let wish = PaymentRequest {
            by: user(1),
            amount_minor: PRICE,
            currency: Currency::Cny,
        };
        done(store, order, MoneyStep::Pay(wish)).await;
        worker.make_order_calls(order).await.unwrap();
    }
}

/// Refunds a part of the order's payment, with one repeated query to the adapter.
async fn refund_part(store: &Store, order: OrderId) -> MovementId {
    done(store, order, heard(order, 4, OrderStatus::InProgress)).await;
    let ask = MoneyStep::RequestRefund {
        by: user(1),
        amount_minor: 5_000,
    };
    let request = done(store, order, ask).await.unwrap();
    store.open_requests(20, None).await.unwrap();
    let grant = MoneyStep::DecideRefund {
        request,
        granted_minor: Some(5_000),
    };
    let refund = done(store, order, grant).await.unwrap();
    store
        .postpone_call(&store.build_query_call(refund).await.unwrap().unwrap())
        .await
        .unwrap();
    let reply = AdapterReply {
        answer: AdapterAnswer::Done,
        chargebacks: Vec::new(),
    };
    let answered = MoneyStep::Answered {
        movement: refund,
        reply,
    };
    done(store, order, answered).await;
    request
}

async fn give_goodwill(store: &Store, order: OrderId) {
    let act = MoneyAct {
        kind: MoneyActKind::Goodwill,
        subject: None,
        amount_minor: Some(100),
        by: user(9),
        reason: "Sorry.".to_owned(),
    };
    let note = StepMetadata {
        act: Some(act),
        ..StepMetadata::default()
    };
    store
        .apply_step(order, &MoneyStep::Goodwill { amount_minor: 100 }, &note)
        .await
        .unwrap();
}

async fn book_adapter_fee(store: &Store, order: OrderId) {
    let payment = store.payments_of(order).await.unwrap()[0].id;
    let kind = LineKind::Fee(Uuid::from_u128(0xfee));
    let line = StatementLine {
        movement: MovementId(payment),
        kind,
        amount_minor: 1,
    };
    assert!(store.book_adapter_fee(&line).await.unwrap());
    assert_eq!(
        store
            .booked_statement_lines(&[payment])
            .await
            .unwrap()
            .len(),
        2
    );
}

async fn read(store: &Store, order: OrderId, id: Uuid) {
    store.load_order_money(order).await.unwrap();
    store.find_parties(order).await.unwrap();
    store.find_payment(id).await.unwrap();
    store.payments_of(order).await.unwrap();
    store.refunds_of(order).await.unwrap();
    store.find_request(id).await.unwrap();
    store.requests_of(order).await.unwrap();
    store.list_open_cases(20, None).await.unwrap();
    store.cases_of(order).await.unwrap();
    store.acts_of(order).await.unwrap();
    store.close_case(7, user(9), "Done.").await.unwrap();
    store.entries_of_order(order).await.unwrap();
    store.entries_of_provider(user(7), 20, None).await.unwrap();
    store.balances_of(user(7)).await.unwrap();
    store.count_open_matters(user(7)).await.unwrap();
    store.list_callbacks(20, None).await.unwrap();
    store.list_order_calls(order).await.unwrap();
    store.postpone_due(order).await.unwrap();
    store.load_due_versions(&[order]).await.unwrap();
    store.list_published_since(NOW, order).await.unwrap();
    store.last_used_method(user(1)).await.unwrap();
    for is_default in [true, false] {
        store
            .keep_method(user(1), "simulated", is_default)
            .await
            .unwrap();
    }
    store.kept_methods(user(1)).await.unwrap();
    store
        .remove_method(user(1), "simulated".to_owned())
        .await
        .unwrap();
    store.forget_methods(user(1), NOW).await.unwrap();
    store.erase_request_reasons(user(1)).await.unwrap();
}

async fn done(store: &Store, order: OrderId, step: MoneyStep) -> Option<custody::MovementId> {
    match store
        .apply_step(order, &step, &StepMetadata::default())
        .await
        .unwrap()
    {
        StepOutcome::Done(writes) => writes.movement,
        other => panic!("{step:?}: {other:?}"),
    }
}

fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

fn order(n: u128) -> OrderId {
    OrderId(Uuid::from_u128(0x500 + n))
}

fn heard(id: OrderId, version: u64, status: OrderStatus) -> MoneyStep {
    MoneyStep::OrderHeard(BilledOrder {
        id,
        version,
        status,
        customer_id: user(1),
        provider_id: Some(user(7)),
        price_minor: PRICE,
        currency: Currency::Cny,
        created_at: NOW,
        terms: None,
    })
}

/// Unrelated rows that are not due yet.
async fn fill(sql: &Sql, table: &'static str) {
    let columns: Vec<(String, String)> = all(
        sql,
        format!(
            "SELECT CAST(column_name AS CHAR), CAST(data_type AS CHAR) FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = '{table}' AND extra <> 'auto_increment' \
             AND extra NOT LIKE '%GENERATED%' \
             ORDER BY ordinal_position"
        ),
    )
    .await;
    let value = |(name, kind): &(String, String)| match kind.as_str() {
        "binary" if name == "body_hash" => "REPEAT('x', 32)".to_owned(),
        "binary" => format!("UNHEX(MD5(CONCAT('{name}', seq)))"),
        "tinyint" => "1".to_owned(),
        "varchar" if name == "currency" => "'CNY'".to_owned(),
        "varchar" => "CONCAT('w', seq MOD 500)".to_owned(),
        _ if name == "balance_minor" => "-seq".to_owned(),
        "int" => "1".to_owned(),
        _ => "4102444800000 + seq".to_owned(),
    };
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let values: Vec<String> = columns.iter().map(value).collect();
    let names = names.join(", ");
    let values = values.join(", ");
    let text = format!("INSERT INTO {table} ({names}) SELECT {values} FROM seq_1_to_{OTHERS}");
    sql.exec(leaked(text), Vec::new()).await.unwrap();
    let _: Vec<(String, String)> = all(sql, format!("ANALYZE TABLE {table}")).await;
}

/// The tables that the engine would scan.
async fn scans_of(sql: &Sql, engine: Engine, text: &str) -> Vec<String> {
    // The plan depends only on the statement's form, with two exceptions: a limit must be a number,
    // and a cursor must lie behind the other rows, because reading all of them in index order also
    // counts as a scan.
    let text = text.replace("LIMIT ?", "LIMIT 20");
    let text = text.replace("> ?", "> '9223372036854775807'");
    let text = text
        .replace(">= ?", ">= '9223372036854775807'")
        .replace('?', "'1'");
    let found: BTreeSet<String> = match engine {
        Engine::Sqlite => {
            // The other engine's run covers locks.
            let text = text
                .replace(" FOR UPDATE", "")
                .replace(" LOCK IN SHARE MODE", "");
            let steps: Vec<SqliteStep> = all(sql, format!("EXPLAIN QUERY PLAN {text}")).await;
            let scan = |step: &SqliteStep| step.0.starts_with("SCAN ");
            steps.into_iter().filter(scan).map(|step| step.0).collect()
        }
        Engine::MariaDb => {
            let steps: Vec<MariaDbStep> = all(sql, format!("EXPLAIN {text}")).await;
            let scan = |step: &MariaDbStep| matches!(step.how.as_deref(), Some("ALL" | "index"));
            let table = |step: MariaDbStep| step.table.unwrap_or_default();
            steps.into_iter().filter(scan).map(table).collect()
        }
    };
    let is_small = |found: &String| SMALL.iter().any(|table| names(found, table));
    let scans = found.into_iter().filter(|found| !is_small(found));
    scans.map(|found| format!("{found}: {text}")).collect()
}

async fn all<R: Row>(sql: &Sql, text: String) -> Vec<R> {
    sql.fetch_all(leaked(text.clone()), Vec::new())
        .await
        .unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// Statements must be constants; leaking a test's text makes it one.
fn leaked(text: String) -> &'static str {
    text.leak()
}

struct SqliteStep(String);

impl Row for SqliteStep {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        Ok(Self(row.get("detail")?))
    }
}

struct MariaDbStep {
    table: Option<String>,
    how: Option<String>,
}

impl Row for MariaDbStep {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            table: row.get("table")?,
            how: row.get("type")?,
        })
    }
}
