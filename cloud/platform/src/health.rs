//! Owns the readiness of a service. The list of checks is closed: a service is ready when its own
//! store, the bus and the services it asks are in reach. A cache is never missing, for everything goes
//! on without it.

use process::{health::Readiness, problem::chain, tokens::Keys};

use crate::{bus::Bus, cache::Cache, documents::Documents, sql::Sql, upstream::Upstream};

pub enum Check {
    Sql(Sql),
    Documents(Documents),
    Bus(Bus),
    /// Named in the log when it fails, and never a reason not to be ready.
    Cache(Cache),
    /// The keys of people's tokens, without which nobody is let in.
    Keys(Keys),
    /// A service by its name.
    Upstream(&'static str, Upstream),
}

pub fn readiness(checks: impl IntoIterator<Item = Check>) -> Readiness {
    let mut readiness = Readiness::new();
    for check in checks {
        add(&mut readiness, check);
    }
    readiness
}

fn add(readiness: &mut Readiness, check: Check) {
    match check {
        Check::Sql(sql) => readiness.add("sql", move || {
            let sql = sql.clone();
            async move { sql.ping().await.map_err(told) }
        }),
        Check::Documents(documents) => readiness.add("documents", move || {
            let documents = documents.clone();
            async move { documents.ping().await.map_err(told) }
        }),
        Check::Bus(bus) => readiness.add("bus", move || {
            let bus = bus.clone();
            async move { bus.ping().await.map_err(told) }
        }),
        Check::Cache(cache) => readiness.add("cache", move || {
            let cache = cache.clone();
            async move {
                if let Err(error) = cache.ping().await {
                    tracing::warn!(%error, "The cache is out of reach; going on without it");
                }
                Ok(())
            }
        }),
        Check::Keys(keys) => readiness.add("keys", move || {
            let known = !keys.is_empty();
            async move { known.then_some(()).ok_or_else(|| "auth has given no keys yet".to_owned()) }
        }),
        Check::Upstream(name, upstream) => readiness.add(name, move || {
            let upstream = upstream.clone();
            async move { upstream.ping().await.map_err(told) }
        }),
    };
}

/// An error with its causes, for the operator who reads the answer.
fn told(error: impl std::error::Error) -> String {
    chain(&error)
}
