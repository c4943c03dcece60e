//! Owns accounts and sessions: who people are, that they are who they say, and that a session which
//! was ended stays ended.
//!
//! Invariants: a password is kept as its argon2id hash alone; neither passwords nor tokens are logged;
//! auth_db is the record of every revocation, the cache only spares the question.

mod domain;
mod events;
mod http;
mod jobs;
mod passwords;
mod revocations;
mod service;
mod store;

use std::path::PathBuf;

use axum::Router;
use platform::{
    Ground,
    health::{self, Check},
    jobs::JobError,
    outbox::Relay,
    sql::{Sql, SqlError},
};
use process::{
    clock::Clock,
    config::SecretUrl,
    tokens::{Keys, KeysError, Signer, SignerError},
    trace::TraceId,
};
use serde::{Deserialize, Serialize};
use wire::{Role, UserId};

use domain::{Email, NewAccount, Password, Username};
use passwords::{PasswordError, Passwords};
use service::{Service, ServiceError};
use store::{Added, MIGRATIONS, Store};

pub const NAME: &str = "auth";

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    /// auth_db.
    pub sql_url: SecretUrl,
    /// The private key that signs tokens; made where it is missing. Replicas share one.
    pub signing_key: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8000".to_owned(),
            sql_url: "mysql://auth@127.0.0.1/auth_db".into(),
            signing_key: "auth.key".into(),
        }
    }
}

/// Auth asks nobody.
#[derive(Clone, Default)]
pub struct Peers {}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("could not open auth_db")]
    Sql(#[from] SqlError),
    #[error("could not get the key that signs tokens")]
    Signer(#[from] SignerError),
    #[error("could not use the key that signs tokens")]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error("could not start the jobs of auth")]
    Jobs(#[from] JobError),
}

#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{field}: {expected}")]
    Invalid { field: &'static str, expected: &'static str },
    #[error("the user name `{0}` is taken")]
    Taken(String),
    #[error("could not make the admin")]
    Make(#[source] ServiceError),
}

pub async fn open(config: Config, ground: Ground, _peers: Peers) -> Result<Router, OpenError> {
    let sql = Sql::open(config.sql_url.reveal()).await?;
    sql.check(&MIGRATIONS).await?;
    let signer = Signer::load_or_create(&config.signing_key)?;
    let keys = Keys::empty();
    keys.replace(&signer.jwks())?;
    let store = Store::new(sql.clone());
    let Ground { clock, tasks, bus, cache, .. } = ground;

    // Before the first request, so that a restart opens no gap in a blacklist held in memory.
    revocations::fill(&store, &cache, &clock).await;
    revocations::keep_filled(&tasks, store.clone(), cache.clone(), clock.clone());
    jobs::start(&tasks, &sql, &store, &clock)?;
    Relay::start(&tasks, sql.clone(), bus.clone(), clock.clone(), NAME);

    let readiness =
        health::readiness([Check::Sql(sql), Check::Bus(bus), Check::Cache(cache.clone())]);
    let passwords = Passwords::new()?;
    let service = Service { store, passwords, signer, keys, clock, cache };
    let router = http::router(service).merge(process::health::router(readiness));
    Ok(process::web::standard(router, NAME))
}

/// Brings auth_db up to date.
pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    let sql = Sql::open(config.sql_url.reveal()).await?;
    sql.migrate(&MIGRATIONS).await?;
    sql.close().await;
    Ok(())
}

/// Makes an admin. Nobody can register as one; an operator with the database makes the first.
pub async fn bootstrap_admin(
    config: &Config,
    username: &str,
    password: String,
) -> Result<UserId, BootstrapError> {
    let sql = Sql::open(config.sql_url.reveal()).await.map_err(OpenError::from)?;
    sql.check(&MIGRATIONS).await.map_err(OpenError::from)?;
    let new = admin(username, password)?;
    let passwords = Passwords::new().map_err(OpenError::from)?;
    let (store, clock) = (Store::new(sql.clone()), Clock::system());
    let made = service::register(&store, &passwords, &clock, new, &TraceId::random()).await;
    sql.close().await;
    match made.map_err(BootstrapError::Make)? {
        (user, Added::Yes) => Ok(user),
        (_, Added::Taken) => Err(BootstrapError::Taken(username.to_owned())),
    }
}

fn admin(username: &str, password: String) -> Result<NewAccount, BootstrapError> {
    let invalid = |error: domain::FieldError| BootstrapError::Invalid {
        field: error.field,
        expected: error.en,
    };
    Ok(NewAccount {
        username: Username::new(username).map_err(invalid)?,
        // An address is asked of everyone; `.invalid` is reserved for those that reach nobody.
        email: Email::new(&format!("{username}@admin.invalid")).map_err(invalid)?,
        password: Password::new(password).map_err(invalid)?,
        role: Role::Admin,
    })
}
