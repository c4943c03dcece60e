//! Accounts and sessions. An ended session stays ended.
//!
//! Invariants: passwords are stored only as hashes, by argon2id, or by bcrypt if imported;
//! passwords, tokens of any issuer, phone numbers and their codes never reach the log; the tables
//! hold keyed hashes of numbers and codes, and a sealed copy of each proven number; auth_db is the
//! record of revocations, and the cache only saves queries.

mod account_change;
mod account_deletions;
mod config;
mod constant_time;
mod device_grants;
mod domain;
mod errors;
/// One module per use case: its handlers, and the actions that they call.
mod handlers {
    pub(crate) mod account_deletions;
    pub(crate) mod admin_acts;
    pub(crate) mod contacts;
    pub(crate) mod devices;
    pub(crate) mod email_addresses;
    pub(crate) mod factor_sign_ins;
    pub(crate) mod identities;
    pub(crate) mod keys;
    pub(crate) mod oidc;
    pub(crate) mod passkeys;
    pub(crate) mod password_codes;
    pub(crate) mod passwords;
    pub(crate) mod people;
    pub(crate) mod phone_codes;
    pub(crate) mod phone_links;
    pub(crate) mod roles;
    pub(crate) mod second_factors;
    pub(crate) mod sessions;
    pub(crate) mod tokens;
}
mod jobs;
mod limits;
mod lookups;
mod oidc;
mod open_matters;
mod passkeys;
mod passwords;
mod phone_codes;
mod routes;
mod second_factor;
mod service;
mod session_cache;
mod sign_in;
mod signing;
mod store;
mod totp;
mod webauthn;

texts::include_texts!(say);

use std::sync::Arc;

use axum::Router;
use platform::{
    ClientAddress, OpenError, ServiceContext, bus::topology, cache::WindowCounter,
    consume::start_consumer, idempotency::IdempotencyStore, operator_routes,
    provider_verification::ProviderVerificationConsumer, sealing::DataKeys, service as skeleton,
    service::ReadinessCheck, sql::Sql,
};
use process::{
    clock::Clock,
    openapi::ApiDocument,
    parts::CloudPart,
    tokens::{TokenKeys, TokenVerifier},
    trace::TraceId,
};
use wire::{FieldError, Role, UnixMillis, UserId};

use crate::{
    domain::{Email, NewAccount, Password, Username},
    errors::ServiceError,
    handlers::passwords::register_account,
    limits::AuthRateLimits,
    lookups::Lookups,
    oidc::Issuers,
    open_matters::OpenMatters,
    passwords::Passwords,
    phone_codes::PhoneCodes,
    service::{Service, require_live_session},
    session_cache::SessionStatusCache,
    signing::SigningKeys,
    store::{MIGRATIONS, NameHash, Store},
    webauthn::RelyingParty,
};

pub use account_deletions::{AccountDeletions, DeletionError};
pub use config::{Config, GrantHours, IssuerConfig};
pub use domain::SecondFactorPolicy;
pub use open_matters::Peers;

pub const NAME: &str = CloudPart::Auth.name();

#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{field}: {expected}")]
    Invalid {
        field: &'static str,
        expected: String,
    },
    #[error("the user name `{0}` is taken")]
    Taken(String),
    #[error("could not create the admin")]
    Make(#[source] ServiceError),
}

pub async fn open(
    config: Config,
    context: ServiceContext,
    peers: Peers,
) -> Result<Router, OpenError> {
    let sql = Sql::open_current(&config.sql_url, &MIGRATIONS, &context.data_keys).await?;
    let store = Store::new(sql.clone());
    let keys = TokenKeys::empty();
    let signing = SigningKeys::open(&store, &config, &context.clock, &keys).await?;
    signing.spawn_reload(&context.tasks);

    // Fill before the first request, so that a restart leaves no gap in a blacklist held in memory.
    let sessions = SessionStatusCache::new(&store, &context.cache, &context.clock);
    sessions.refill_blacklist().await;
    sessions.spawn_refill(&context.tasks);
    let open_matters = OpenMatters::new(peers, context.verifier_for(NAME));
    let deletions = AccountDeletions::new(&store, &sessions, open_matters.clone(), &context);
    context.run(
        NAME,
        &sql,
        jobs::build_jobs(&store, &context.clock, &signing, &deletions),
    )?;
    start_consumer(
        &context.tasks,
        &context.bus,
        topology::AUTH_MARKS,
        ProviderVerificationConsumer { sql: sql.clone() },
    );

    let operator = operator_routes::build_routes(&context, CloudPart::Auth, &sql);
    let verifier = TokenVerifier {
        keys,
        ..context.verifier_for(NAME)
    };
    let answers = IdempotencyStore::with_verifier(verifier.clone(), &context.tasks, &sql);
    let ServiceContext {
        clock,
        cache,
        bus,
        service_key,
        tasks,
        ..
    } = context;
    let checks = [
        ReadinessCheck::Sql(sql),
        ReadinessCheck::Bus(bus),
        ReadinessCheck::Cache(cache.clone()),
    ];
    let limits = AuthRateLimits::new(WindowCounter::new(cache.clone(), clock.clone()), &config);
    let passwords = prepare_passwords()?;
    let issuers = Issuers::new(&config.oidc, &config.oidc_return, &clock, &service_key);
    let issuers = issuers.map_err(OpenError::own_failure(
        "could not set up the identity providers for sign-ins",
    ))?;
    let codes = PhoneCodes::open(&config, &tasks);
    let codes = codes.map_err(OpenError::own_failure(
        "could not set up sending codes to phones",
    ))?;
    let passkey_site = RelyingParty::from_origin(&config.portal_origin);
    let passkey_site = passkey_site.map_err(OpenError::own_failure("could not set up passkeys"))?;
    let service = Service {
        store,
        passwords,
        limits,
        signing,
        issuers,
        codes,
        lookups: Lookups::new(&tasks),
        grant_hours: config.device_grant_hours,
        kiosks: parse_kiosks(&config.kiosks)?,
        second_factor: config.second_factor,
        passkey_site,
        addresses_trusted_before: parse_trusted_before(&config.addresses_trusted_before)?,
        deletion_days: config.deletion_days,
        open_matters,
        verifier,
        clock,
        cache,
        sessions,
    };
    // Replay stored answers only to live sessions, like all other answers of auth to people.
    let live = service.clone();
    let routes = routes::router(service);
    let answers =
        answers.with_caller_check(move |claims| require_live_session(live.clone(), claims));
    let routes = answers.wrap_routes(routes, &api_document()).merge(operator);
    Ok(skeleton::router(NAME, routes, checks))
}

pub fn api_document() -> ApiDocument {
    routes::add_public_routes(ApiDocument::for_part(NAME))
}

pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    Ok(Sql::update(&config.sql_url, &MIGRATIONS).await?)
}

/// Creates an admin. Admins cannot register; an operator with database access creates the first.
pub async fn bootstrap_admin(
    config: &Config,
    keys: &DataKeys,
    username: &str,
    password: String,
) -> Result<UserId, BootstrapError> {
    let opened = Sql::open_current(&config.sql_url, &MIGRATIONS, keys).await;
    let sql = opened.map_err(OpenError::from)?;
    let new = build_admin(username, password)?;
    let store = Store::new(sql.clone());
    let clock = Clock::system();
    let passwords = prepare_passwords()?;
    let from = ClientAddress::UNKNOWN;
    let trace = TraceId::random();
    let made = register_account(&store, &passwords, &clock, from, new, &trace).await;
    sql.close().await;
    let user = made.map_err(BootstrapError::Make)?;
    user.ok_or_else(|| BootstrapError::Taken(username.to_owned()))
}

/// An empty text trusts no account.
fn parse_trusted_before(text: &str) -> Result<UnixMillis, OpenError> {
    if text.is_empty() {
        return Ok(UnixMillis(0));
    }
    let parsed = text
        .parse()
        .map_err(|expected: String| std::io::Error::other(expected));
    parsed.map_err(OpenError::own_failure(
        "could not read `auth.addresses_trusted_before`",
    ))
}

fn parse_kiosks(names: &[String]) -> Result<Arc<[NameHash]>, OpenError> {
    let parsed: Result<_, FieldError> = names
        .iter()
        .map(|name| Ok(NameHash::from_username(&Username::new(name)?)))
        .collect();
    let expected =
        |_| std::io::Error::other("a user name has 3 to 100 of a-z, 0-9, `.`, `_` and `-`");
    parsed
        .map_err(expected)
        .map_err(OpenError::own_failure("could not read `auth.kiosks`"))
}

fn prepare_passwords() -> Result<Passwords, OpenError> {
    Passwords::new().map_err(OpenError::own_failure("could not set up password hashing"))
}

fn build_admin(username: &str, password: String) -> Result<NewAccount, BootstrapError> {
    // Every account requires an address; `.invalid` marks undeliverable ones.
    let email = format!("{username}@admin.invalid");
    Ok(NewAccount {
        username: Username::new(username).map_err(|error| to_invalid_field("username", error))?,
        email: Email::new(&email).map_err(|error| to_invalid_field("email", error))?,
        password: Password::new(password).map_err(|error| to_invalid_field("password", error))?,
        role: Role::Admin,
    })
}

fn to_invalid_field(field: &'static str, error: wire::FieldError) -> BootstrapError {
    BootstrapError::Invalid {
        field,
        expected: error.why.en,
    }
}
