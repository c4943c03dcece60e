//! The payment service. Owns payment_db and every decision on an order's money. The adapter's
//! records are the truth, and the books here follow them.
//!
//! The crate `custody` holds the domain, `store` the SQL, `adapter` moves the money. `routes` lists
//! the routes, `handlers` answer them, `actions` has the use cases and makes the pending adapter
//! calls. `events` consumes order and user events and finds lost ones, `reconcile` reports, and
//! `jobs` runs timed work.

mod actions;
pub mod adapter;
pub mod events;
mod handlers;
pub mod jobs;
pub mod reconcile;
mod routes;
pub mod store;

texts::include_texts!(say);

use std::path::PathBuf;

use axum::Router;
use custody::CustodyLimits;
use platform::{
    ServiceContext,
    idempotency::IdempotencyStore,
    operator_routes, service as skeleton,
    service::{DataPlace, PartConfig, ReadinessCheck},
    sql::Sql,
    upstream::Upstream,
};
use process::{
    clock::Clock,
    config::{Secret, SecretUrl},
    openapi::ApiDocument,
    parts::CloudPart,
};
use serde::{Deserialize, Serialize};

use actions::{CallbackLimits, Service};
use adapter::{Alipay, AlipayError, AlipaySettings, PaymentAdapter, SimulatedAdapter};
use events::{AccountEndConsumer, OrderEventConsumer};
use store::{MIGRATIONS, Store};

pub use actions::AdapterWorker;
pub use platform::OpenError;

pub const NAME: &str = CloudPart::Payment.name();

const ALIPAY: &str = "https://openapi.alipay.com/gateway.do";
const PAYOUTS_AT: &str = "0 30 2,3,4 * * *";

#[derive(Clone)]
pub struct Peers {
    /// Returns an order's current state, before we take or refund money.
    pub order: Upstream,
}

pub async fn open(
    config: Config,
    context: ServiceContext,
    peers: Peers,
) -> Result<Router, OpenError> {
    let sql = Sql::open_current(&config.sql_url, &MIGRATIONS, &context.data_keys).await?;
    let limits = CustodyLimits {
        dispute_ms: context.dispute_ms,
        ..config.custody_limits()
    };
    let store = Store::new(sql.clone(), context.clock.clone(), limits);
    let adapter = open_adapter(&config, &sql, &context.clock).map_err(OpenError::own_failure(
        "`payment.adapter`: could not set up Alipay",
    ))?;
    let worker = AdapterWorker {
        store: store.clone(),
        adapter,
    };
    let verifier = context.verifier_for(NAME);
    let orders = peers.order;
    let callbacks = CallbackLimits::default();
    let service = Service {
        store: store.clone(),
        worker,
        verifier,
        orders,
        callbacks,
    };
    context.run(
        NAME,
        &sql,
        jobs::build_jobs(&service.reconciler(), config.payouts_at),
    )?;
    OrderEventConsumer {
        store: store.clone(),
    }
    .start(&context.tasks, &context.bus);
    AccountEndConsumer { store }.start(&context.tasks, &context.bus);
    let answers = IdempotencyStore::new(&context, NAME, &sql);
    let operator = operator_routes::build_routes(&context, CloudPart::Payment, &sql);
    let checks = [ReadinessCheck::Sql(sql), ReadinessCheck::Bus(context.bus)];
    let routes = answers.wrap_routes(routes::router(service), &api_document());
    Ok(skeleton::router(NAME, routes.merge(operator), checks))
}

fn open_adapter(config: &Config, sql: &Sql, clock: &Clock) -> Result<PaymentAdapter, AlipayError> {
    Ok(match config.adapter {
        AdapterName::Simulated => {
            let simulated =
                SimulatedAdapter::new(sql.clone(), clock.clone(), config.simulated_scripts);
            let simulated = simulated.with_callback_secret(config.callback_secret.reveal());
            PaymentAdapter::Simulated(Box::new(
                simulated.with_notify_url(&config.simulated_notify_url),
            ))
        }
        AdapterName::Alipay => {
            PaymentAdapter::Alipay(Alipay::open(config.alipay_settings(), clock.clone())?)
        }
    })
}

/// The routes for clients.
pub fn api_document() -> ApiDocument {
    routes::api_document(NAME)
}

pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    Ok(Sql::update(&config.sql_url, &MIGRATIONS).await?)
}

/// The `payment` section of the configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub sql_url: SecretUrl,
    pub adapter: AdapterName,
    /// Lets customers choose a simulated payment's outcome through its method, for tests and
    /// demonstrations.
    pub simulated_scripts: bool,
    /// Signs the simulated adapter's callbacks. Without it, every callback is rejected.
    pub callback_secret: Secret,
    /// The URL of a `POST /api/v1/payments/callbacks/simulated`, for the simulated adapter's
    /// callbacks about scripted payments. Without it or the secret, none are sent.
    pub simulated_notify_url: String,
    /// The URL of Alipay's gateway, its sandbox, or a local one.
    pub alipay_gateway: String,
    /// Our application id at Alipay. This and the other `alipay_*` settings are read only with the
    /// adapter `alipay`.
    pub alipay_app_id: String,
    /// The file of our RSA key, which signs requests to Alipay.
    pub alipay_key: PathBuf,
    /// The file of Alipay's public key, as shown in its console.
    pub alipay_public_key: PathBuf,
    /// The public URL of our `POST /api/v1/payments/callbacks/alipay`. Without it we learn of a
    /// payment only at our next query.
    pub alipay_notify_url: String,
    /// The page that people return to, with `{order}` for the order's id.
    pub alipay_return_url: String,
    /// Older payments are closed.
    pub pay_within_ms: i64,
    /// Smaller provider balances wait until they reach this amount.
    pub payout_least_minor: i64,
    /// When to send balances to providers, in UTC: second, minute, hour, day of month, month, day
    /// of week. Several times a night let a later run reach providers that an earlier one missed.
    pub payouts_at: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AdapterName {
    #[default]
    Simulated,
    Alipay,
}

impl Config {
    /// All limits except the dispute period, which the notification service needs too.
    pub fn custody_limits(&self) -> CustodyLimits {
        CustodyLimits {
            pay_within_ms: self.pay_within_ms,
            payout_least_minor: self.payout_least_minor,
            ..CustodyLimits::default()
        }
    }

    pub fn alipay_settings(&self) -> AlipaySettings {
        AlipaySettings {
            gateway: self.alipay_gateway.clone(),
            app_id: self.alipay_app_id.clone(),
            key: self.alipay_key.clone(),
            public_key: self.alipay_public_key.clone(),
            notify_url: self.alipay_notify_url.clone(),
            return_url: self.alipay_return_url.clone(),
            pay_within_ms: self.pay_within_ms,
        }
    }
}

/// Without a database.
impl Default for Config {
    fn default() -> Self {
        let limits = CustodyLimits::default();
        Self {
            bind: String::new(),
            sql_url: SecretUrl::default(),
            adapter: AdapterName::default(),
            simulated_scripts: false,
            callback_secret: Secret::default(),
            simulated_notify_url: String::new(),
            alipay_gateway: ALIPAY.to_owned(),
            alipay_app_id: String::new(),
            alipay_key: PathBuf::new(),
            alipay_public_key: PathBuf::new(),
            alipay_notify_url: String::new(),
            alipay_return_url: String::new(),
            pay_within_ms: limits.pay_within_ms,
            payout_least_minor: limits.payout_least_minor,
            payouts_at: PAYOUTS_AT.to_owned(),
        }
    }
}

impl PartConfig for Config {
    fn default_for_part(part: CloudPart, place: &DataPlace) -> Self {
        Self {
            bind: DataPlace::listen_address(part),
            sql_url: place.store_address(part),
            ..Self::default()
        }
    }
}
