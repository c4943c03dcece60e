//! Accounts and sessions. An ended session stays ended.
//!
//! Invariants: passwords are stored only as hashes, by argon2id, or by bcrypt if imported;
//! passwords, tokens of any issuer, phone numbers and their codes never reach the log; the tables
//! hold keyed hashes of numbers and codes, and a sealed copy of each proven number; auth_db is the
//! record of revocations, and the cache only saves queries.

mod addresses;
mod codes;
mod credentials;
mod domain;
mod edge_tokens;
mod endings;
mod entry;
mod errors;
mod events;
mod grants;
mod http;
mod identities;
mod issuers;
mod jobs;
mod limits;
mod passwords;
mod renewal;
mod revocations;
mod roles;
mod service;
mod signing;
mod store;

texts::include_texts!(say);

use std::{num::NonZeroU32, path::PathBuf};

use axum::Router;
use platform::{
    ClientAddress, OpenError, ServiceContext,
    answers::IdempotencyStore,
    bus::topology,
    cache::WindowCounter,
    config::{DataPlace, PartConfig},
    consume::start_consumer,
    health::ReadinessCheck,
    letters,
    marks::ProviderVerificationConsumer,
    sealing::DataKeys,
    service as skeleton,
    sms::CountryCode,
    sql::Sql,
};
use process::{
    clock::Clock,
    config::SecretUrl,
    openapi::ApiDocument,
    parts::CloudPart,
    tokens::{TokenKeys, TokenVerifier},
    trace::TraceId,
};
use serde::{Deserialize, Serialize};
use wire::{Role, UnixMillis, UserId};

use codes::PhoneCodes;
use domain::{Email, NewAccount, Password, Username};
use errors::ServiceError;
pub use grants::GrantHours;
pub use issuers::IssuerConfig;
use issuers::Issuers;
use limits::AuthRateLimits;
use passwords::Passwords;
use revocations::SessionStatusCache;
use service::Service;
use signing::SigningKeys;
use store::{MIGRATIONS, Store};

pub const NAME: &str = CloudPart::Auth.name();

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub sql_url: SecretUrl,
    /// The first private key that signs tokens. It also seals all later keys. Created if missing.
    /// Replicas share one.
    pub signing_key: PathBuf,
    /// Confirms that the file deliberately holds a new key: all earlier tokens become invalid.
    pub signing_key_replaced: bool,
    /// How long each key signs.
    pub signing_key_days: NonZeroU32,
    /// How long a key is published before it may sign.
    pub signing_key_known_hours: NonZeroU32,
    /// How long a provider's tablet may work offline, at most 72 hours.
    pub device_grant_hours: GrantHours,
    /// Sign-ins from one address. Further ones queue separately, with one password check at a time;
    /// returns from another service are counted separately and refused until the minute ends.
    pub sign_ins_per_address_per_minute: NonZeroU32,
    /// Sign-ins with one name from one address. Further ones are refused until the minute ends.
    pub sign_ins_per_account_per_minute: NonZeroU32,
    /// Registrations from one address. Further ones are refused until midnight, UTC.
    pub registrations_per_address_per_day: NonZeroU32,
    /// Destination of codes to phones: `off`, `folder:/a/folder`, or a gateway's `https://`
    /// address.
    pub sms_url: String,
    /// The file with our secret for that gateway.
    pub sms_secret: PathBuf,
    /// The country of phone numbers without a country code.
    pub phone_country: CountryCode,
    /// The countries whose numbers get codes. Empty: only `phone_country`.
    pub phone_countries: Vec<CountryCode>,
    /// Registers a customer on the first right code for a number without an account.
    pub code_newcomers: bool,
    /// Lifetime of a code, at most an hour.
    pub code_minutes: NonZeroU32,
    /// Tries per code, at most ten. Then the code is void.
    pub code_tries: NonZeroU32,
    /// Codes to one number. Further ones are refused until the hour ends.
    pub codes_per_phone_per_hour: NonZeroU32,
    /// Codes requested from one address, such as a kiosk. Further ones are refused until the hour
    /// ends.
    pub codes_per_address_per_hour: NonZeroU32,
    /// Codes in total. Further ones go only to numbers with an account until the hour ends.
    pub codes_per_hour: NonZeroU32,
    /// Further codes to numbers with an account. Together with `codes_per_hour`, this bounds the
    /// gateway's bill.
    pub codes_for_accounts_per_hour: NonZeroU32,
    /// Confirmation mails per account and per address. Further ones are not sent until the hour
    /// ends.
    pub address_mails_per_hour: NonZeroU32,
    /// Addresses of accounts created before this moment count as confirmed, such as
    /// `2026-11-24T00:00:00Z`. Empty: none do.
    pub addresses_trusted_before: String,
    /// The address to which other services return browsers: the portal's `/sign-in/back`. Required
    /// with `oidc`.
    pub oidc_return: String,
    /// Other services for sign-ins. None by default.
    pub oidc: Vec<IssuerConfig>,
}

const SIGN_INS_PER_ADDRESS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(300).unwrap();
const SIGN_INS_PER_ACCOUNT_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).unwrap();
const REGISTRATIONS_PER_ADDRESS_PER_DAY: NonZeroU32 = NonZeroU32::new(60).unwrap();
const CODE_MINUTES: NonZeroU32 = NonZeroU32::new(5).unwrap();
const CODE_TRIES: NonZeroU32 = NonZeroU32::new(5).unwrap();
const CODES_PER_PHONE_PER_HOUR: NonZeroU32 = NonZeroU32::new(5).unwrap();
const CODES_PER_ADDRESS_PER_HOUR: NonZeroU32 = NonZeroU32::new(60).unwrap();
const CODES_PER_HOUR: NonZeroU32 = NonZeroU32::new(800).unwrap();
const CODES_FOR_ACCOUNTS_PER_HOUR: NonZeroU32 = NonZeroU32::new(200).unwrap();
const ADDRESS_MAILS_PER_HOUR: NonZeroU32 = NonZeroU32::new(5).unwrap();
const SIGNING_KEY_DAYS: NonZeroU32 = NonZeroU32::new(30).unwrap();
const SIGNING_KEY_KNOWN_HOURS: NonZeroU32 = NonZeroU32::new(24).unwrap();

impl Default for Config {
    fn default() -> Self {
        Self::default_for_part(CloudPart::Auth, &DataPlace::default())
    }
}

impl PartConfig for Config {
    fn default_for_part(part: CloudPart, place: &DataPlace) -> Self {
        let bind = DataPlace::listen_address(part);
        let sql_url = place.store_address(part);
        Self {
            bind,
            sql_url,
            signing_key: place.file_path("auth.key"),
            signing_key_replaced: false,
            signing_key_days: SIGNING_KEY_DAYS,
            signing_key_known_hours: SIGNING_KEY_KNOWN_HOURS,
            device_grant_hours: GrantHours::default(),
            sign_ins_per_address_per_minute: SIGN_INS_PER_ADDRESS_PER_MINUTE,
            sign_ins_per_account_per_minute: SIGN_INS_PER_ACCOUNT_PER_MINUTE,
            registrations_per_address_per_day: REGISTRATIONS_PER_ADDRESS_PER_DAY,
            sms_url: "off".to_owned(),
            sms_secret: PathBuf::new(),
            phone_country: CountryCode::default(),
            phone_countries: Vec::new(),
            code_newcomers: true,
            code_minutes: CODE_MINUTES,
            code_tries: CODE_TRIES,
            codes_per_phone_per_hour: CODES_PER_PHONE_PER_HOUR,
            codes_per_address_per_hour: CODES_PER_ADDRESS_PER_HOUR,
            codes_per_hour: CODES_PER_HOUR,
            codes_for_accounts_per_hour: CODES_FOR_ACCOUNTS_PER_HOUR,
            address_mails_per_hour: ADDRESS_MAILS_PER_HOUR,
            addresses_trusted_before: String::new(),
            oidc_return: String::new(),
            oidc: Vec::new(),
        }
    }
}

#[derive(Clone, Default)]
pub struct Peers {}

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
    _peers: Peers,
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
    context.run(
        NAME,
        &sql,
        jobs::build_jobs(&store, &context.clock, &signing),
    )?;
    start_consumer(
        &context.tasks,
        &context.bus,
        topology::AUTH_MARKS,
        ProviderVerificationConsumer { sql: sql.clone() },
    );

    let letters = letters::build_routes(&context, CloudPart::Auth, &sql);
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
    let grant_hours = config.device_grant_hours;
    let addresses_trusted_before = parse_trusted_before(&config.addresses_trusted_before)?;
    let service = Service {
        store,
        passwords,
        limits,
        signing,
        issuers,
        codes,
        grant_hours,
        addresses_trusted_before,
        verifier,
        clock,
        cache,
        sessions,
    };
    // Replay stored answers only to live sessions, like all other answers of auth to people.
    let live = service.clone();
    let routes = http::router(service);
    let answers =
        answers.with_caller_check(move |claims| http::require_live_session(live.clone(), claims));
    let routes = answers.wrap_routes(routes, &document()).merge(letters);
    Ok(skeleton::router(NAME, routes, checks))
}

pub fn document() -> ApiDocument {
    http::add_public_routes(ApiDocument::for_part(NAME))
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
    let made = service::register_account(&store, &passwords, &clock, from, new, &trace).await;
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
