//! Readiness of a service. The list of checks is closed: a service is ready if it reaches its own
//! stores and the bus, the gateway if it reaches every service. A service that calls another is
//! ready without it. A cache failure never affects readiness, because every service works without
//! the cache.

use process::{health::Readiness, problem::format_error_chain, tokens::TokenKeys};

use crate::{
    bus::Bus, cache::Cache, documents::Documents, files::Files, sql::Sql, upstream::Upstream,
};

#[derive(Clone)]
pub enum ReadinessCheck {
    Sql(Sql),
    Documents(Documents),
    Files(Files),
    Bus(Bus),
    /// Logged when it fails, but never makes the service unready.
    Cache(Cache),
    /// The keys that verify access tokens; without them every caller is refused.
    Keys(TokenKeys),
    /// A service with its name.
    Upstream(&'static str, Upstream),
}

pub fn build_readiness(checks: impl IntoIterator<Item = ReadinessCheck>) -> Readiness {
    let mut readiness = Readiness::new();
    for check in checks {
        readiness.add(check.name(), move || check.clone().run_check());
    }
    readiness
}

impl ReadinessCheck {
    fn name(&self) -> &'static str {
        match self {
            Self::Sql(_) => "sql",
            Self::Documents(_) => "documents",
            Self::Files(_) => "files",
            Self::Bus(_) => "bus",
            Self::Cache(_) => "cache",
            Self::Keys(_) => "keys",
            Self::Upstream(name, _) => name,
        }
    }

    /// Returns the error with its causes, for the operator.
    async fn run_check(self) -> Result<(), String> {
        match self {
            Self::Sql(sql) => sql.ping().await.map_err(|error| format_error_chain(&error)),
            Self::Documents(documents) => documents
                .ping()
                .await
                .map_err(|error| format_error_chain(&error)),
            Self::Files(files) => files
                .ping()
                .await
                .map_err(|error| format_error_chain(&error)),
            Self::Bus(bus) => bus.ping().await.map_err(|error| format_error_chain(&error)),
            Self::Cache(cache) => {
                if let Err(error) = cache.ping().await {
                    tracing::warn!(%error, "The cache is unreachable; continuing without it");
                }
                Ok(())
            }
            Self::Keys(keys) if keys.is_empty() => {
                Err("the token keys have not been loaded from auth yet".to_owned())
            }
            Self::Keys(_) => Ok(()),
            Self::Upstream(_, upstream) => upstream
                .ping()
                .await
                .map_err(|error| format_error_chain(&error)),
        }
    }
}
