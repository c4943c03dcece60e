//! The user service: profiles of people, their addresses, and the offers of providers.
//!
//! Invariants: people change only their own profile; a change applies only to the version that was
//! read; other people see the public part of a provider and nothing of a customer; each change
//! writes its event into the changed document.

pub mod domain;
mod events;
mod http;
mod jobs;
pub mod store;

texts::include_texts!(say);

use std::time::Duration;

use axum::Router;
use platform::{
    Ground, OpenError,
    answers::Answers,
    config::{DataPlace, PartConfig},
    documents::Documents,
    files::{FileIntake, FileLinks, FileRegister, Files},
    health::Check,
    letters, service as skeleton,
    stamped::StampedMemory,
};
use process::{clock::Clock, config::SecretUrl, openapi::ApiDocument, parts::CloudPart};
use serde::{Deserialize, Serialize};

use store::ProfileStore;

pub use events::ProfileFeed;

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
    fn usual(part: CloudPart, place: &DataPlace) -> Self {
        let files = format!("file:{}", place.file("files").display());
        Self {
            bind: DataPlace::bind(part),
            documents_url: place.store(part),
            files_url: files.into(),
            cache_ttl_ms: 10_000,
        }
    }
}

/// Empty: tokens identify callers, so this service calls no other.
#[derive(Clone, Default)]
pub struct Peers {}

pub async fn open(config: Config, ground: Ground, _peers: Peers) -> Result<Router, OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    let documents = documents.sealed_by(&ground.data_keys);
    let ttl = Duration::from_millis(config.cache_ttl_ms);
    let (cache, keys) = (ground.cache.clone(), ground.data_keys.clone());
    let memory = StampedMemory::new(store::PLACE, cache, keys, ttl);
    let store = ProfileStore::new(&documents, ground.clock.clone()).remembering(memory);
    store.check().await?;
    let files = Files::open(config.files_url.reveal())
        .map_err(OpenError::own("`user.files_url`: the store of files cannot be used"))?;
    let register = FileRegister::new(&documents, files.clone(), ground.clock.clone());
    register.check().await?;
    ground.run(NAME, &documents, jobs::all(&store, &register))?;
    let answers = Answers::new(&ground, NAME, &documents);
    ProfileFeed { store: store.clone() }.start(&ground.tasks, &ground.bus);
    let service = http::Service {
        store,
        intake: FileIntake::new(&files),
        register,
        links: FileLinks::new(&ground.service_key, ground.clock.clone()),
        verifier: ground.verifier(NAME),
    };
    let letters = letters::routes(&ground, CloudPart::User, &documents);
    let checks = [Check::Documents(documents), Check::Files(files), Check::Bus(ground.bus)];
    let routes = answers.over(http::router(service), &document());
    Ok(skeleton::router(NAME, routes.merge(letters), checks))
}

pub fn document() -> ApiDocument {
    http::table(ApiDocument::of(NAME))
}

/// Migrates user_db.
pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    ProfileStore::new(&documents, Clock::system()).migrate().await?;
    Ok(FileRegister::migrate(&documents).await?)
}
