//! Owns the profiles of people: their data and addresses, and the offers of providers.
//!
//! Invariants: a person changes their own profile alone; a change is made on the version that was
//! read; other people see the public part of a provider and nothing of a customer; each change
//! writes its event into the document that it changes.

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
    /// Where the files of people are. All replicas need the same place.
    pub files_url: SecretUrl,
    /// How long the cache answers for the public part of a provider's profile. One that the cache
    /// did not hear a change of is wrong for no longer.
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

/// The service asks nobody: a token says who its caller is.
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

/// The routes for clients.
pub fn document() -> ApiDocument {
    http::table(ApiDocument::of(NAME))
}

/// Brings user_db up to date.
pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    let documents = Documents::open(config.documents_url.reveal()).await?;
    ProfileStore::new(&documents, Clock::system()).migrate().await?;
    Ok(FileRegister::migrate(&documents).await?)
}
