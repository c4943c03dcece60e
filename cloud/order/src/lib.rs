//! The order service. Owns order_db and every order change: people's commands over HTTP and edge
//! log batches from the hub go through the same `rules`, each in one transaction.
//!
//! Modules: `rules` (a crate) is the domain, `store` has the SQL, `actions` the use cases and the
//! calls to other services, `routes` and `handlers` the API, `icalendar` the form of calendars,
//! `events` the consumers, `jobs` the closing of stale orders, the erasure of deleted people's texts,
//! the removal of unfinished photos, the lines about unread messages and the sealing of plain text.

mod actions;
pub mod events;
mod handlers;
mod icalendar;
pub mod jobs;
mod routes;
pub mod store;

texts::include_texts!(say);

use axum::Router;
use platform::{
    ServiceContext,
    files::Files,
    idempotency::IdempotencyStore,
    operator_routes, service as skeleton,
    service::{DataPlace, PartConfig, ReadinessCheck},
    sql::{ReplicaReader, Sql},
    upstream::Upstream,
};
use process::{config::SecretUrl, openapi::ApiDocument, parts::CloudPart};
use serde::{Deserialize, Serialize};
use wire::ShareLimits;

use actions::{OrderDayCounts, PhotoStorage, Service};
use events::{PaymentEventConsumer, ReviewEventConsumer, UserEventConsumer};
use store::{AcceptanceRules, MIGRATIONS, Store};

pub use platform::OpenError;

pub const NAME: &str = CloudPart::Order.name();

/// Above a landlord with many homes, below a script that publishes all night.
const OPEN_ORDERS_MAX: u32 = 100;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

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
    let files = Files::open(config.files_url.reveal()).map_err(OpenError::own_failure(
        "`order.files_url`: could not open the file store",
    ))?;
    context.run(
        NAME,
        &sql,
        jobs::scheduled_jobs(&store, &files, config.stale_after()),
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
        photos: PhotoStorage::new(files.clone()),
        order_days: OrderDayCounts::default(),
    };
    let operator = operator_routes::build_routes(&context, CloudPart::Order, &sql);
    let checks = [
        ReadinessCheck::Sql(sql),
        ReadinessCheck::Files(files),
        ReadinessCheck::Bus(context.bus),
    ];
    let routes = answers.wrap_routes(routes::router(service), &api_document());
    Ok(skeleton::router(NAME, routes.merge(operator), checks))
}

/// The public API.
pub fn api_document() -> ApiDocument {
    routes::api_document(NAME)
}

pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    Ok(Sql::update(&config.sql_url, &MIGRATIONS).await?)
}

/// The `order` section of the configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub sql_url: SecretUrl,
    /// A replica of the database. Exports, text searches and calendars read from it while its lag
    /// is at most five seconds.
    pub sql_read_url: SecretUrl,
    /// The file store for photos of the work. All replicas must share it.
    pub files_url: SecretUrl,
    /// Limits per provider: open jobs, and acceptances and withdrawals in 24 hours. The refusal
    /// carries the limit and its reset time. Promises an edge made under its assignment right are
    /// honoured. 0 disables a limit.
    pub open_jobs_max: u32,
    pub acceptances_a_day_max: u32,
    pub withdrawals_a_day_max: u32,
    /// Limit per customer: orders not done, cancelled or rejected. The refusal carries the limit.
    /// Orders an edge promised under its assignment right are honoured. 0 disables the limit.
    pub open_orders_max: u32,
    /// Only providers verified by an admin may accept. A promise an edge made under its assignment
    /// right is honoured and opens a case.
    pub verified_providers_only: bool,
    /// Closes an order, on record, that was not approved or accepted in this many days, unless its
    /// service has yet to begin. 0 leaves orders open.
    pub stale_after_days: u32,
}

impl Config {
    /// In milliseconds; `None` if orders stay open.
    pub fn stale_after(&self) -> Option<i64> {
        (self.stale_after_days > 0).then(|| i64::from(self.stale_after_days) * DAY_MS)
    }

    pub fn acceptance_rules(&self) -> AcceptanceRules {
        let limits = ShareLimits {
            open_jobs: self.open_jobs_max,
            acceptances_a_day: self.acceptances_a_day_max,
            withdrawals_a_day: self.withdrawals_a_day_max,
        };
        AcceptanceRules {
            limits,
            open_orders: self.open_orders_max,
            verified_only: self.verified_providers_only,
        }
    }
}

/// Without a database or a file store.
impl Default for Config {
    fn default() -> Self {
        let limits = ShareLimits::default();
        Self {
            bind: String::new(),
            sql_url: SecretUrl::default(),
            sql_read_url: SecretUrl::default(),
            files_url: SecretUrl::default(),
            open_jobs_max: limits.open_jobs,
            acceptances_a_day_max: limits.acceptances_a_day,
            withdrawals_a_day_max: limits.withdrawals_a_day,
            open_orders_max: OPEN_ORDERS_MAX,
            verified_providers_only: true,
            stale_after_days: 30,
        }
    }
}

impl PartConfig for Config {
    fn default_for_part(part: CloudPart, place: &DataPlace) -> Self {
        let files = format!("file:{}", place.file_path("order-files").display());
        Self {
            bind: DataPlace::listen_address(part),
            sql_url: place.store_address(part),
            files_url: files.into(),
            ..Self::default()
        }
    }
}
