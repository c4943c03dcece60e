//! The skeleton that all services share: the dependencies that a service receives when it opens,
//! the configuration of a part, its router, its readiness, and the errors of its store and of
//! opening it.
//!
//! The list of readiness checks is closed: a service is ready if it reaches its own stores and the
//! bus, the gateway if it reaches every service. A service that calls another is ready without it.
//! A cache failure never affects readiness, because every service works without the cache.

use std::{path::PathBuf, time::Duration};

use axum::Router;
use process::{
    clock::Clock,
    config::SecretUrl,
    health::Readiness,
    parts::{CloudPart, StoreKind},
    problem::{Problem, format_error_chain, log_fault},
    tasks::Tasks,
    tokens::{ServiceKey, TokenKeys, TokenVerifier},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wire::Code;

use crate::{
    bus::{Bus, dead_letters},
    cache::Cache,
    consume::HandleError,
    documents::{Documents, DocumentsError},
    files::Files,
    jobs::{self, Job, JobError},
    ledger::Database,
    outbox::{self, OutboxRelay},
    sealing::{DataKeys, SealError},
    sql::{Sql, SqlError},
    upstream::Upstream,
};

/// The dependencies that every service receives when it opens.
#[derive(Clone)]
pub struct ServiceContext {
    pub clock: Clock,
    pub tasks: Tasks,
    pub bus: Bus,
    pub cache: Cache,
    pub keys: TokenKeys,
    pub service_key: ServiceKey,
    /// How long the outbox keeps sent events.
    pub sent_kept: Duration,
    /// The keys of the part's own store.
    pub data_keys: DataKeys,
    /// How long payment for completed work waits for an objection; users see this period.
    pub dispute_ms: i64,
}

impl ServiceContext {
    /// The same context with child tasks: a part that opens later stops earlier.
    #[must_use]
    pub fn for_part(&self) -> Self {
        Self {
            tasks: self.tasks.new_child(),
            ..self.clone()
        }
    }

    pub fn verifier_for(&self, service: &'static str) -> TokenVerifier {
        let keys = self.keys.clone();
        let service_key = self.service_key.clone();
        TokenVerifier {
            service,
            keys,
            service_key,
            clock: self.clock.clone(),
        }
    }

    /// Runs a service's jobs and its outbox relay, and counts its dead letters.
    pub fn run(
        &self,
        service: &'static str,
        database: impl Into<Database>,
        mut jobs: Vec<Job>,
    ) -> Result<(), JobError> {
        let database = database.into();
        jobs.push(outbox::purge_job(
            database.clone(),
            self.clock.clone(),
            self.sent_kept,
        ));
        jobs.push(outbox::replay_job(
            database.clone(),
            self.bus.clone(),
            self.clock.clone(),
        ));
        if let Some(part) = CloudPart::from_name(service) {
            dead_letters::watch_dead_letters(&self.tasks, self.bus.clone(), part);
        }
        jobs::start(&self.tasks, database.clone(), self.clock.clone(), jobs)?;
        OutboxRelay::start(
            &self.tasks,
            database,
            self.bus.clone(),
            self.clock.clone(),
            service,
        );
        Ok(())
    }
}

pub trait PartConfig: Serialize + DeserializeOwned {
    fn default_for_part(part: CloudPart, place: &DataPlace) -> Self;
}

/// The default location of stores and keys: a data folder, or servers at their default addresses.
#[derive(Debug, Clone, Default)]
pub struct DataPlace {
    pub data: Option<PathBuf>,
}

impl DataPlace {
    pub fn listen_address(part: CloudPart) -> String {
        format!("127.0.0.1:{}", part.port())
    }

    /// The default store address of the part; empty if the part has no store.
    pub fn store_address(&self, part: CloudPart) -> SecretUrl {
        match (part.store(), &self.data) {
            (StoreKind::Nothing, _) => "".into(),
            (StoreKind::Sql(name) | StoreKind::Documents(name), Some(data)) => {
                let file = format!("{}.db", name.trim_end_matches("_db"));
                format!("sqlite:{}", data.join(file).display()).into()
            }
            (StoreKind::Sql(name), None) => format!("mysql://{part}@127.0.0.1/{name}").into(),
            (StoreKind::Documents(name), None) => format!("mongodb://127.0.0.1/{name}").into(),
        }
    }

    pub fn file_path(&self, name: &str) -> PathBuf {
        self.data.clone().unwrap_or_default().join(name)
    }
}

/// The section of a service that configures only its document store. The default has no address.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentsConfig {
    pub bind: String,
    pub documents_url: SecretUrl,
}

impl PartConfig for DocumentsConfig {
    fn default_for_part(part: CloudPart, place: &DataPlace) -> Self {
        Self {
            bind: DataPlace::listen_address(part),
            documents_url: place.store_address(part),
        }
    }
}

/// The complete router of a service: its routes, health, metrics, and the standard middleware. The
/// service is ready when all `checks` pass.
pub fn router(
    service: &'static str,
    routes: Router,
    checks: impl IntoIterator<Item = ReadinessCheck>,
) -> Router {
    let readiness: Readiness = build_readiness(checks);
    process::web::with_standard_layers(routes.merge(process::health::router(readiness)), service)
}

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

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A restarted or overloaded database is usually back after about a second.
const RETRY_AFTER_S: u32 = 1;

/// The service's own database failed or contains invalid data. The log line or trace names the
/// service.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database failed")]
    Sql(#[from] SqlError),
    #[error("the document store failed")]
    Documents(#[from] DocumentsError),
    #[error("the store contains a value that this version cannot read: {0}")]
    Unreadable(&'static str),
    #[error("this version does not know `{word}` in {column} of the row {row}")]
    UnknownWord {
        word: String,
        column: &'static str,
        row: String,
    },
    #[error("could not decrypt a sealed value")]
    Sealed(#[from] SealError),
    #[error("the change would make the store inconsistent: {0}")]
    Contradiction(&'static str),
    #[error("could not write a value as JSON")]
    Encode(#[from] serde_json::Error),
}

impl StoreError {
    /// The same request may succeed soon, and this one stored no data.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Sql(error) => error.is_unavailable() || error.is_contention(),
            Self::Documents(error) => error.is_unavailable() || error.is_contention(),
            Self::Unreadable(_)
            | Self::UnknownWord { .. }
            | Self::Sealed(_)
            | Self::Contradiction(_)
            | Self::Encode(_) => false,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if error.is_unavailable() {
            tracing::warn!(
                cause = format_error_chain(&error),
                "The store is unreachable or overloaded"
            );
            return Self::new(Code::Unavailable).retry_after(RETRY_AFTER_S);
        }
        log_fault("Could not use the store", error)
    }
}

impl From<DocumentsError> for Problem {
    fn from(error: DocumentsError) -> Self {
        StoreError::from(error).into()
    }
}

/// Why a store did not make a change. In a transaction, both roll everything back.
#[derive(Debug)]
pub enum ChangeError {
    Refused(Code),
    Failed(StoreError),
}

impl From<Code> for ChangeError {
    fn from(code: Code) -> Self {
        Self::Refused(code)
    }
}

impl From<StoreError> for ChangeError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl From<SqlError> for ChangeError {
    fn from(error: SqlError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<serde_json::Error> for ChangeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Refused(code) => code.into(),
            ChangeError::Failed(error) => error.into(),
        }
    }
}

impl From<StoreError> for HandleError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Sql(error) => error.into(),
            StoreError::Documents(error) => error.into(),
            error => Self::retry(error),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Jobs(#[from] JobError),
    /// A key, text or setting of the service itself.
    #[error("{what}")]
    Own {
        what: &'static str,
        #[source]
        source: Cause,
    },
}

impl OpenError {
    /// The store did not respond. It may recover without intervention.
    pub fn is_store_away(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_unavailable())
    }

    /// For `map_err`; `what` names the failed step.
    pub fn own_failure<E: Into<Cause>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Own {
            what,
            source: source.into(),
        }
    }
}

impl From<SqlError> for OpenError {
    fn from(error: SqlError) -> Self {
        Self::Store(error.into())
    }
}

impl From<DocumentsError> for OpenError {
    fn from(error: DocumentsError) -> Self {
        Self::Store(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_outage_that_may_pass_by_itself_is_called_unavailable() {
        let slow = StoreError::Sql(SqlError::TimedOut { sql: String::new() });
        assert_eq!(Problem::from(slow).code(), Code::Unavailable);
        for ours in [
            StoreError::Unreadable("orders.status"),
            StoreError::Contradiction("twice"),
        ] {
            assert_eq!(Problem::from(ours).code(), Code::Internal);
        }
    }
}
