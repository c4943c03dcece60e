//! Fixtures for service tests: a migrated database, and a ground.
//!
//! Every failure panics, because a test cannot continue without them.

mod routes;
mod template;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use platform::{
    ServiceContext,
    bus::Bus,
    cache::Cache,
    outbox,
    sealing::{DataKeys, SealContext},
    sql::{Migrations, Sql, create_database},
};
use process::{
    clock::Clock,
    random,
    tasks::Tasks,
    tokens::{ServiceKey, Signer, TokenKeys},
};
use tokio::sync::OnceCell;
use uuid::Uuid;
use wire::Event;

pub use routes::public_routes;
use template::Template;
pub use template::drop_trigger;

const EVENTS: &str = "SELECT event_id, event FROM outbox ORDER BY seq";

type Templates = BTreeMap<(&'static str, bool), Arc<OnceCell<Template>>>;

/// By name and engine: true for MySQL.
static TEMPLATES: Mutex<Templates> = Mutex::new(BTreeMap::new());

/// A new database at `url`, sealed by `data_keys`, with the tables that `migrate` creates. Migrates
/// only the first database of a name; later ones in this process are copies.
pub async fn database(name: &'static str, url: &str, migrate: impl AsyncFnOnce(&str)) -> Sql {
    let is_mysql = url.starts_with("mysql:");
    let template = {
        let mut templates = TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner);
        templates.entry((name, is_mysql)).or_default().clone()
    };
    let template = template.get_or_init(|| migrated(url, migrate)).await;
    template.copy(url).await.sealed_by(&data_keys())
}

/// For `database`, if the service's configuration does not run the migrations.
pub async fn migrate(url: &str, migrations: &Migrations) {
    let sql = Sql::open(url).await.expect("a database");
    sql.migrate(migrations).await.expect("migrations that run");
    sql.close().await;
}

/// An embedded bus in this folder, an in-memory cache, no public keys yet, and a service key.
pub async fn ground(folder: &Path, clock: &Clock) -> ServiceContext {
    let bus = folder.join(format!("bus-{}.db", random::secret_text(6)));
    let bus = Bus::open(&format!("embedded:{}", bus.display()))
        .await
        .expect("a bus");
    ServiceContext {
        clock: clock.clone(),
        tasks: Tasks::new(),
        bus,
        cache: Cache::open("memory:").expect("a cache in memory"),
        keys: TokenKeys::empty(),
        service_key: service_key(),
        sent_kept: outbox::SENT_KEPT,
        data_keys: data_keys(),
        dispute_ms: 3 * 24 * 3_600_000,
    }
}

/// Every event in the outbox in order, sent or not.
pub async fn events(sql: &Sql) -> Vec<Event> {
    let rows: Vec<(Uuid, String)> = sql
        .fetch_all(EVENTS, Vec::new())
        .await
        .expect("the rows of the outbox");
    let open = |(id, sealed)| {
        let place = SealContext::of_id("outbox.event", id);
        let json = sql
            .data_keys()
            .open_text(&place, sealed)
            .expect("an event of these keys");
        serde_json::from_str(&json).expect("an event")
    };
    rows.into_iter().map(open).collect()
}

/// Shared by all grounds of this process, so that a reopened service can read its data.
pub fn data_keys() -> DataKeys {
    static KEYS: LazyLock<DataKeys> = LazyLock::new(DataKeys::random);
    KEYS.clone()
}

pub fn service_key() -> ServiceKey {
    ServiceKey::from_pkcs8(&Signer::generate_pkcs8()).expect("a new key")
}

/// Creates the template next to the requested database.
async fn migrated(url: &str, migrate: impl AsyncFnOnce(&str)) -> Template {
    let url = format!("{url}_template");
    create_database(&url)
        .await
        .expect("a database for the template");
    migrate(&url).await;
    Template::of(&url).await
}
