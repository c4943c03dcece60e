//! The order service. Owns order_db and every order change: people's commands over HTTP and edge
//! log batches from the hub go through the same `rules`, each in one transaction.
//!
//! Modules: `rules` (a crate) is the domain, `store` has the SQL, `actions` the use cases and the
//! calls to other services, `routes` and `handlers` the API, `events` the consumers, `jobs` the
//! closing of stale orders and the sealing of plain text.

mod actions;
mod config;
pub mod events;
mod handlers;
pub mod jobs;
mod routes;
pub mod store;

texts::include_texts!(say);

use axum::Router;
use platform::{
    ServiceContext, dead_letters,
    idempotency::IdempotencyStore,
    service as skeleton,
    service::ReadinessCheck,
    sql::{ReplicaReader, Sql},
    upstream::Upstream,
};
use process::{openapi::ApiDocument, parts::CloudPart};

use actions::Service;
use events::{PaymentEventConsumer, ReviewEventConsumer, UserEventConsumer};
use store::{MIGRATIONS, Store};

pub use config::Config;
pub use platform::OpenError;

pub const NAME: &str = CloudPart::Order.name();

/// The services this one calls. Callers' identity comes from their tokens.
#[derive(Clone)]
pub struct Peers {
    /// Reaches the holders of regions, and resolves an edge to its region and epoch.
    pub hub: Upstream,
    /// Returns payments that this service has not received, before a start is refused for funds.
    pub payment: Upstream,
}

pub async fn open(
    config: Config,
    context: ServiceContext,
    peers: Peers,
) -> Result<Router, OpenError> {
    let sql = Sql::open_current(&config.sql_url, &MIGRATIONS, &context.data_keys).await?;
    let reads =
        ReplicaReader::with_replica(&sql, &config.sql_read_url, &context.tasks, &context.clock)?;
    let store = Store::new(
        sql.clone(),
        context.clock.clone(),
        config.acceptance_rules(),
    );
    let store = store.reading_from(reads);
    context.run(
        NAME,
        &sql,
        jobs::scheduled_jobs(&store, config.stale_after()),
    )?;
    UserEventConsumer {
        store: store.clone(),
    }
    .start(&context.tasks, &context.bus);
    PaymentEventConsumer {
        store: store.clone(),
    }
    .start(&context.tasks, &context.bus);
    ReviewEventConsumer {
        store: store.clone(),
    }
    .start(&context.tasks, &context.bus);
    let answers = IdempotencyStore::new(&context, NAME, &sql);
    let Peers { hub, payment } = peers;
    let service = Service {
        store,
        verifier: context.verifier_for(NAME),
        hub,
        payment,
    };
    let letters = dead_letters::build_routes(&context, CloudPart::Order, &sql);
    let checks = [ReadinessCheck::Sql(sql), ReadinessCheck::Bus(context.bus)];
    let routes = answers.wrap_routes(routes::router(service), &api_document());
    Ok(skeleton::router(NAME, routes.merge(letters), checks))
}

/// The public API.
pub fn api_document() -> ApiDocument {
    routes::api_document(NAME)
}

pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    Ok(Sql::update(&config.sql_url, &MIGRATIONS).await?)
}
