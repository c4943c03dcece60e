//! The user service: profiles of people, their addresses, and the offers of providers.
//!
//! Invariants: people change only their own profile; a change applies only to the version that was
//! read; other people see the public part of a provider and nothing of a customer, except that the
//! two people of an order see each other's contact while the job is accepted; each change writes
//! its event into the changed document.

mod background;
pub mod domain;
mod handlers;
mod routes;
pub mod store;

texts::include_texts!(say);

use std::time::Duration;

use axum::Router;
use platform::{
    OpenError, ServiceContext,
    cache::StampedCache,
    documents::Documents,
    files::{FileLinkSigner, FileRegister, Files, UploadReceiver},
    idempotency::IdempotencyStore,
    operator_routes, service as skeleton,
    service::{DataPlace, PartConfig, ReadinessCheck},
    upstream::Upstream,
};
use process::{clock::Clock, config::SecretUrl, openapi::ApiDocument, parts::CloudPart};
use serde::{Deserialize, Serialize};

use store::ProfileStore;

pub use background::ProfileEventConsumer;

pub const NAME: &str = CloudPart::User.name();

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub bind: String,
    pub documents_url: SecretUrl,
    /// The file store for people's files. All replicas must share it.
    pub files_url: SecretUrl,
    /// The lifetime of a cached public profile: the longest staleness after a lost invalidation.
    pub cache_ttl_ms: u64,
}

impl PartConfig for Config {
    fn default_for_part(part: CloudPart, place: &DataPlace) -> Self {
        let files = format!("file:{}", place.file_path("files").display());
        Self {
            bind: DataPlace::listen_address(part),
            documents_url: place.store_address(part),
            files_url: files.into(),
            cache_ttl_ms: 10_000,
        }
    }
}

/// The services this one calls. Callers' identity comes from their tokens.
#[derive(Clone)]
pub struct Peers {
    /// The order service, which decides who the two people of an order are.
    pub order: Upstream,
}

pub async fn open(
    config: Config,
    context: ServiceContext,
    peers: Peers,
) -> Result<Router, OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    let documents = documents.sealed_by(&context.data_keys);
    let ttl = Duration::from_millis(config.cache_ttl_ms);
    let cache = context.cache.clone();
    let keys = context.data_keys.clone();
    let cache = StampedCache::new(store::CACHE_PLACE, cache, keys, ttl);
    let store = ProfileStore::new(&documents, context.clock.clone()).with_cache(cache);
    store.check_schema().await?;
    let files = Files::open(config.files_url.reveal()).map_err(OpenError::own_failure(
        "`user.files_url`: could not open the file store",
    ))?;
    let register = FileRegister::new(&documents, files.clone(), context.clock.clone());
    register.check_schema().await?;
    context.run(NAME, &documents, background::build_jobs(&store, &register))?;
    let answers = IdempotencyStore::new(&context, NAME, &documents);
    ProfileEventConsumer {
        store: store.clone(),
        register: register.clone(),
    }
    .start(&context.tasks, &context.bus);
    let service = handlers::Service {
        store,
        intake: UploadReceiver::new(&files),
        register,
        links: FileLinkSigner::new(&context.service_key, context.clock.clone()),
        verifier: context.verifier_for(NAME),
        orders: peers.order,
    };
    let operator = operator_routes::build_routes(&context, CloudPart::User, &documents);
    let checks = [
        ReadinessCheck::Documents(documents),
        ReadinessCheck::Files(files),
        ReadinessCheck::Bus(context.bus),
    ];
    let routes = answers.wrap_routes(routes::router(service), &api_document());
    Ok(skeleton::router(NAME, routes.merge(operator), checks))
}

pub fn api_document() -> ApiDocument {
    routes::add_public_routes(ApiDocument::for_part(NAME))
}

/// Migrates user_db.
pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    ProfileStore::new(&documents, Clock::system())
        .migrate()
        .await?;
    Ok(FileRegister::migrate(&documents).await?)
}
