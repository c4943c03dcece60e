//! Owns saying what a service lacks. The list is closed: a service is ready when its own store, the
//! bus and the services it asks are in reach. A cache is never lacking, for everything goes on
//! without it.

use process::health::Readiness;

use crate::{bus::Bus, cache::Cache, documents::Documents, sql::Sql, upstream::Upstream};

pub enum Check {
    Sql(Sql),
    Documents(Documents),
    Bus(Bus),
    /// Named in the log when it fails, and never a reason not to be ready.
    Cache(Cache),
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
            async move { told(sql.ping().await) }
        }),
        Check::Documents(documents) => readiness.add("documents", move || {
            let documents = documents.clone();
            async move { told(documents.ping().await) }
        }),
        Check::Bus(bus) => readiness.add("bus", move || {
            let bus = bus.clone();
            async move { told(bus.ping().await) }
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
        Check::Upstream(name, upstream) => readiness.add(name, move || {
            let upstream = upstream.clone();
            async move { told(upstream.ping().await) }
        }),
    };
}

/// An error with its causes, for the operator who reads the answer.
fn told<E: std::error::Error>(result: Result<(), E>) -> Result<(), String> {
    result.map_err(|error| {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(next) = cause {
            text.push_str(": ");
            text.push_str(&next.to_string());
            cause = next.source();
        }
        text
    })
}
