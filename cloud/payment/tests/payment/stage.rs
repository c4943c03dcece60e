//! A separate payment_db on either engine, one order of 200.01, and a test's steps on it.

use alipay_sandbox::Sandbox;
use custody::{
    AdapterAnswer, AdapterReply, BilledOrder, MoneyStep, MoneyWrites, MovementId, OrderMoney,
    PaymentRequest, PendingCall,
};
use payment::{
    AdapterName, AdapterWorker, Config,
    adapter::PaymentAdapter,
    store::{AdapterCall, AdapterCallKind, StepMetadata, StepOutcome, Store},
};
use platform::sql::{Row, Sql};
use process::clock::Clock;
use tempfile::TempDir;
use uuid::Uuid;
use wire::{Currency, Event, OrderId, OrderStatus, UnixMillis, UserId};

pub(crate) use support::Engine;

pub(crate) const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
pub(crate) const PRICE: i64 = 20_001;
pub(crate) const HOUR: i64 = 3_600_000;
const ANSWERS_LOST_MAX: u32 = 3;
/// Until the next call after an unanswered one.
const LATER_MS: i64 = 10_000;

pub(crate) struct Stage {
    pub store: Store,
    pub worker: AdapterWorker,
    pub sql: Sql,
    pub clock: Clock,
    pub config: Config,
    pub folder: TempDir,
}

pub(crate) fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

pub(crate) fn order_id(n: u128) -> OrderId {
    OrderId(Uuid::from_u128(0x500 + n))
}

/// Customer 1 and provider 7.
pub(crate) fn order(n: u128, version: u64, status: OrderStatus) -> BilledOrder {
    BilledOrder {
        id: order_id(n),
        version,
        status,
        customer_id: user(1),
        provider_id: Some(user(7)),
        price_minor: PRICE,
        currency: Currency::Cny,
        created_at: NOW,
        terms: None,
    }
}

pub(crate) fn wish() -> PaymentRequest {
    PaymentRequest {
        by: user(1),
        amount_minor: PRICE,
        currency: Currency::Cny,
    }
}

/// Uses Alipay at that bank as the adapter.
pub(crate) fn at_alipay(config: &Config, bank: &Sandbox, notify_url: &str) -> Config {
    Config {
        adapter: AdapterName::Alipay,
        alipay_gateway: bank.gateway(),
        alipay_app_id: alipay_sandbox::APP_ID.into(),
        alipay_key: alipay_sandbox::merchant_key(),
        alipay_public_key: alipay_sandbox::bank_public_key(),
        alipay_notify_url: notify_url.into(),
        ..config.clone()
    }
}

impl Stage {
    pub(crate) async fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = engine.address(folder.path(), "payment");
        let config = |url: &str| Config {
            sql_url: url.into(),
            ..Config::default()
        };
        let migrate = async |url: &str| payment::migrate(&config(url)).await.unwrap();
        let sql = testing::database("payment", &url, migrate).await;
        let config = config(&url);
        let clock = Clock::fixed_at(NOW);
        let store = Store::new(sql.clone(), clock.clone(), config.custody_limits());
        let adapter = PaymentAdapter::new_simulated(sql.clone(), clock.clone(), true);
        let worker = AdapterWorker {
            store: store.clone(),
            adapter,
        };
        Self {
            store,
            worker,
            sql,
            clock,
            config,
            folder,
        }
    }

    /// An order accepted by its provider.
    pub(crate) async fn accepted(engine: Engine) -> Self {
        let stage = Self::new(engine).await;
        stage.becomes(0, 3, OrderStatus::Accepted).await;
        stage
    }

    /// An order with its price in custody.
    pub(crate) async fn held(engine: Engine) -> (Self, MovementId) {
        let stage = Self::accepted(engine).await;
        let payment = stage.pays(0, "simulated").await;
        // A slow database makes the adapter unresponsive; the call is retried later.
        for _ in 0..ANSWERS_LOST_MAX {
            if stage.money(0).await.held_minor() == PRICE {
                break;
            }
            stage.clock.advance(LATER_MS);
            stage.worker.make_due_calls().await.unwrap();
        }
        assert_eq!(
            stage.money(0).await.held_minor(),
            PRICE,
            "the price is held"
        );
        (stage, payment)
    }

    pub(crate) async fn becomes(&self, n: u128, version: u64, status: OrderStatus) -> MoneyWrites {
        self.done(n, MoneyStep::OrderHeard(order(n, version, status)))
            .await
    }

    /// Begins a payment and makes the calls due at once.
    pub(crate) async fn pays(&self, n: u128, method: &str) -> MovementId {
        let note = StepMetadata {
            method: Some(method.into()),
            ..StepMetadata::default()
        };
        let step = MoneyStep::Pay(wish());
        let outcome = self
            .store
            .apply_step(order_id(n), &step, &note)
            .await
            .unwrap();
        let StepOutcome::Done(writes) = outcome else {
            panic!("{outcome:?}")
        };
        self.worker.make_order_calls(order_id(n)).await.unwrap();
        writes.movement.unwrap()
    }

    pub(crate) async fn step(&self, n: u128, step: MoneyStep) -> StepOutcome {
        self.store
            .apply_step(order_id(n), &step, &StepMetadata::default())
            .await
            .unwrap()
    }

    pub(crate) async fn done(&self, n: u128, step: MoneyStep) -> MoneyWrites {
        match self.step(n, step).await {
            StepOutcome::Done(writes) => *writes,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn hears(
        &self,
        n: u128,
        movement: MovementId,
        answer: AdapterAnswer,
    ) -> MoneyWrites {
        let reply = AdapterReply {
            answer,
            chargebacks: Vec::new(),
        };
        self.done(n, MoneyStep::Answered { movement, reply }).await
    }

    pub(crate) async fn money(&self, n: u128) -> OrderMoney {
        self.store
            .load_order_money(order_id(n))
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn count(&self, text: &'static str) -> i64 {
        self.rows(text).await[0]
    }

    pub(crate) async fn rows<R: Row>(&self, text: &'static str) -> Vec<R> {
        self.sql.fetch_all(text, Vec::new()).await.unwrap()
    }

    pub(crate) async fn events(&self) -> Vec<Event> {
        testing::events(&self.sql).await
    }

    pub(crate) fn charge(&self, method: &str) -> AdapterCall {
        AdapterCall {
            id: MovementId(self.clock.new_id()),
            kind: AdapterCallKind::Charge {
                order: order_id(0),
                provider: Some(user(7)),
                method: method.into(),
            },
            amount_minor: PRICE,
            currency: Currency::Cny,
            begun_at: self.clock.now(),
            call: PendingCall::first_call(NOW),
        }
    }
}
