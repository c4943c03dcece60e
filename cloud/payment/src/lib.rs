//! The payment service. Owns payment_db and every decision on an order's money. The adapter's
//! records are the truth, and the books here follow them.
//!
//! The crate `custody` holds the domain, `store` the SQL, `adapter` moves the money, `courier`
//! makes the pending adapter calls, `compare` finds lost events, `reconcile` reports, `http` has
//! the routes, `events` consumes order and user events, and `jobs` runs timed work.

pub mod adapter;
pub mod compare;
mod config;
pub mod courier;
pub mod events;
mod http;
pub mod jobs;
pub mod reconcile;
mod service;
pub mod store;

texts::include_texts!(say);

use axum::Router;
use custody::CustodyLimits;
use platform::{
    Ground, answers::Answers, health::Check, letters, service as skeleton, sql::Sql,
    upstream::Upstream,
};
use process::{clock::Clock, openapi::ApiDocument, parts::CloudPart};

use adapter::{Alipay, AlipayError, Payments, Simulated};
use courier::Courier;
use events::{Orders, RevokedPayers};
use http::CallbackLimits;
use service::Service;
use store::{MIGRATIONS, Store};

pub use config::{AdapterName, Config};
pub use platform::OpenError;

pub const NAME: &str = CloudPart::Payment.name();

#[derive(Clone)]
pub struct Peers {
    /// Returns an order's current state, before we take or refund money.
    pub order: Upstream,
}

pub async fn open(config: Config, ground: Ground, peers: Peers) -> Result<Router, OpenError> {
    let sql = Sql::open_current(&config.sql_url, &MIGRATIONS, &ground.data_keys).await?;
    let limits = CustodyLimits { dispute_ms: ground.dispute_ms, ..config.limits() };
    let store = Store::new(sql.clone(), ground.clock.clone(), limits);
    let adapter = adapter(&config, &sql, &ground.clock)
        .map_err(OpenError::own("`payment.adapter`: Alipay cannot be asked"))?;
    let courier = Courier { store: store.clone(), adapter };
    let verifier = ground.verifier(NAME);
    let (orders, callbacks) = (peers.order, CallbackLimits::default());
    let service = Service { store: store.clone(), courier, verifier, orders, callbacks };
    ground.run(NAME, &sql, jobs::all(&service.reconciler(), config.payouts_at))?;
    Orders { store: store.clone() }.start(&ground.tasks, &ground.bus);
    RevokedPayers { store }.start(&ground.tasks, &ground.bus);
    let answers = Answers::new(&ground, NAME, &sql);
    let letters = letters::routes(&ground, CloudPart::Payment, &sql);
    let checks = [Check::Sql(sql), Check::Bus(ground.bus)];
    let routes = answers.over(http::router(service), &document());
    Ok(skeleton::router(NAME, routes.merge(letters), checks))
}

fn adapter(config: &Config, sql: &Sql, clock: &Clock) -> Result<Payments, AlipayError> {
    Ok(match config.adapter {
        AdapterName::Simulated => {
            let simulated = Simulated::new(sql.clone(), clock.clone(), config.simulated_scripts);
            let simulated = simulated.hearing(config.callback_secret.reveal());
            Payments::Simulated(Box::new(simulated.telling(&config.simulated_notify_url)))
        }
        AdapterName::Alipay => Payments::Alipay(Alipay::open(config.alipay(), clock.clone())?),
    })
}

/// The routes for clients.
pub fn document() -> ApiDocument {
    http::document(NAME)
}

pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    Ok(Sql::update(&config.sql_url, &MIGRATIONS).await?)
}
