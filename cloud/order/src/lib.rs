//! The order service. Owns order_db and every change of an order: people's commands over HTTP and the
//! runs of edges' logs that the hub hands in go through the same `rules`, in one transaction each.
//!
//! Rooms: the domain is the crate `rules`, `store` has the SQL, `http` the routes. It consumes no
//! events and has no jobs of its own yet.

mod http;
mod service;
pub mod store;

use axum::Router;
use platform::{
    Ground,
    health::{self, Check},
    jobs::{self, JobError},
    outbox::Relay,
    sql::{Sql, SqlError},
    upstream::Upstream,
};
use process::config::SecretUrl;
use serde::{Deserialize, Serialize};

use service::Service;
use store::{MIGRATIONS, Store};

pub const NAME: &str = "order";

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    /// order_db.
    pub sql_url: SecretUrl,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8003".to_owned(),
            sql_url: "mysql://order@127.0.0.1/order_db".into(),
        }
    }
}

/// Who acts is in the token; only how regions assign takes a question.
#[derive(Clone)]
pub struct Peers {
    /// Reaches the holders of regions, and knows which edge belongs where.
    pub hub: Upstream,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("could not open order_db")]
    Sql(#[from] SqlError),
    #[error("could not start the jobs of order")]
    Jobs(#[from] JobError),
}

pub async fn open(config: Config, ground: Ground, peers: Peers) -> Result<Router, OpenError> {
    let sql = Sql::open(config.sql_url.reveal()).await?;
    sql.check(&MIGRATIONS).await?;
    let Ground { clock, tasks, bus, keys, service_key, .. } = ground;
    jobs::start(&tasks, &sql, clock.clone(), Vec::new())?;
    Relay::start(&tasks, sql.clone(), bus.clone(), clock.clone(), NAME);
    let readiness = health::readiness([Check::Sql(sql.clone()), Check::Bus(bus)]);
    let store = Store::new(sql, clock.clone());
    let service = Service { store, clock, keys, service_key, hub: peers.hub };
    let router = http::router(service).merge(process::health::router(readiness));
    Ok(process::web::standard(router, NAME))
}

/// Brings order_db up to date.
pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    let sql = Sql::open(config.sql_url.reveal()).await?;
    sql.migrate(&MIGRATIONS).await?;
    sql.close().await;
    Ok(())
}
