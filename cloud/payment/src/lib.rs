//! The payment service. Owns payment_db and every decision on an order's money. The adapter's
//! records are the truth, and the books here follow them.
//!
//! The crate `custody` holds the domain, `store` the SQL, `adapter` moves the money. `routes` lists
//! the routes, `handlers` answer them, `actions` has the use cases and makes the pending adapter
//! calls. `events` consumes order and user events and finds lost ones, `reconcile` reports, and
//! `jobs` runs timed work.

mod actions;
pub mod adapter;
mod config;
pub mod events;
mod handlers;
pub mod jobs;
pub mod reconcile;
mod routes;
pub mod store;

texts::include_texts!(say);

use axum::Router;
use custody::CustodyLimits;
use platform::{
    ServiceContext, dead_letters, idempotency::IdempotencyStore, service as skeleton,
    service::ReadinessCheck, sql::Sql, upstream::Upstream,
};
use process::{clock::Clock, openapi::ApiDocument, parts::CloudPart};

use actions::{CallbackLimits, Service};
use adapter::{Alipay, AlipayError, PaymentAdapter, SimulatedAdapter};
use events::{OrderEventConsumer, UserRevocationConsumer};
use store::{MIGRATIONS, Store};

pub use actions::AdapterWorker;
pub use config::{AdapterName, Config};
pub use platform::OpenError;

pub const NAME: &str = CloudPart::Payment.name();

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
    UserRevocationConsumer { store }.start(&context.tasks, &context.bus);
    let answers = IdempotencyStore::new(&context, NAME, &sql);
    let letters = dead_letters::build_routes(&context, CloudPart::Payment, &sql);
    let checks = [ReadinessCheck::Sql(sql), ReadinessCheck::Bus(context.bus)];
    let routes = answers.wrap_routes(routes::router(service), &api_document());
    Ok(skeleton::router(NAME, routes.merge(letters), checks))
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
